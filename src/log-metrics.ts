import { Counter, Gauge, type Registry } from "prom-client";
import type { LogStatus } from "./sealing.ts";

/** What an operator watches of the log. Everything is read when it is asked for, once for all of these. */
export function watchLog(registry: Registry, status: () => Promise<LogStatus>, now: () => number): void {
  let reading: Promise<LogStatus> | null = null;
  /** The gauges of one scrape are collected together. */
  function read(): Promise<LogStatus> {
    if (reading === null) {
      reading = status();
      setImmediate(() => (reading = null));
    }
    return reading;
  }
  function gauge(name: string, help: string, valueOf: (log: LogStatus) => number | null): void {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          const value = valueOf(await read());
          if (value !== null) this.set(value);
        },
      }),
    );
  }
  gauge("yesline_log_size", "Entries that have their place in the log.", ({ size }) => size);
  gauge("yesline_log_unsealed", "Entries that have none yet.", ({ unsealed }) => unsealed);
  gauge(
    "yesline_log_oldest_unsealed_seconds",
    "For how long the oldest of them has waited; zero where none waits.",
    ({ oldestUnsealedAt: at }) => (at === null ? 0 : Math.max(0, (now() - at) / 1000)),
  );
  gauge(
    "yesline_log_broken",
    "1: the log is not the one that was signed, and nothing more is signed.",
    ({ broken }) => (broken === null ? 0 : 1),
  );
  gauge(
    "yesline_checkpoint_destinations",
    "Places off this host that take checkpoints; zero: whoever holds the key could rewrite the log unnoticed.",
    ({ shipped }) => shipped.length,
  );
  registry.registerMetric(
    new Counter({
      name: "yesline_log_failures_total",
      help: "Times that entries could not be sealed.",
      registers: [],
      async collect() {
        this.reset();
        this.inc((await read()).failures);
      },
    }),
  );
  watchShipping(registry, read);
}

function watchShipping(registry: Registry, read: () => Promise<LogStatus>): void {
  const labelNames = ["destination"];
  registry.registerMetric(
    new Gauge({
      name: "yesline_checkpoint_shipped_size",
      help: "Size of the newest checkpoint that has arrived there.",
      labelNames,
      registers: [],
      async collect() {
        for (const { name, size } of (await read()).shipped)
          if (size !== null) this.set({ destination: name }, size);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "yesline_checkpoint_shipped_timestamp_seconds",
      help: "When it arrived.",
      labelNames,
      registers: [],
      async collect() {
        for (const { name, at } of (await read()).shipped)
          if (at !== null) this.set({ destination: name }, at / 1000);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: "yesline_checkpoint_failures_total",
      help: "Times that a checkpoint did not arrive.",
      labelNames,
      registers: [],
      async collect() {
        this.reset();
        for (const { name, failures } of (await read()).shipped) this.inc({ destination: name }, failures);
      },
    }),
  );
}
