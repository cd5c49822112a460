import { Gauge, type Registry } from "prom-client";

export type MachineStatus = {
  readonly skewMs: () => number;
  /** Milliseconds since 1970. */
  readonly pagesSoundAt: () => number | null;
  readonly walBytes: () => number;
};

/** What an operator watches of the machine: a clock that was set, a disk that rots or fills. */
export function watchMachine(registry: Registry, { skewMs, pagesSoundAt, walBytes }: MachineStatus): void {
  registry.registerMetric(
    new Gauge({
      name: "yesline_clock_skew_seconds",
      help: "How far the clock has jumped since the start, or stood from what was written last before it; zero: it goes evenly.",
      registers: [],
      collect() {
        this.set(skewMs() / 1000);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "yesline_pages_sound_timestamp_seconds",
      help: "When the last look at every page of the database ended that found no damage.",
      registers: [],
      collect() {
        const at = pagesSoundAt();
        // Not a number until there is one: a zero would be an alarm.
        this.set(at === null ? Number.NaN : at / 1000);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "yesline_wal_bytes",
      help: "Size of the write-ahead log, which is emptied again and again: by the line, or by Litestream alone.",
      registers: [],
      collect() {
        this.set(walBytes());
      },
    }),
  );
}
