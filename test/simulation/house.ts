import { pino } from "pino";
import { createApp } from "../../src/app.ts";
import { dispatchWith } from "../../src/dispatch.ts";
import { clearTraces, forgetWhoHasExpired, type KeepingParts } from "../../src/keeping.ts";
import { sqliteMemory, type Memory } from "../../src/ledger/sqlite/memory.ts";
import { webhookLog } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import type { Post } from "../../src/outbox/post.ts";
import { receiptsWith } from "../../src/receipts.ts";
import { sealWith } from "../../src/sealing.ts";
import { upkeep } from "../../src/upkeep.ts";
import type { Disk } from "./disk.ts";
import type { Nature } from "./nature.ts";
import { OWN_URL, PUBLIC_URL, type Setting } from "./setting.ts";

/** One process of the line, from its start to its end: what `main.ts` wires, without the console and a socket. */
export type House = {
  readonly memory: Memory;
  readonly request: (request: Request) => Promise<Response>;
  /** False from the moment that it dies or begins to stop. */
  readonly answers: () => boolean;
  readonly isAlive: () => boolean;
  /** Nothing of it is heard any more. */
  readonly die: () => void;
  /** SIGTERM: what is under way is finished. */
  readonly stop: () => Promise<void>;
};

/** Puts a fault of the line's own in place of what is right; only for the test of the tests. */
export type Plant = (memory: Memory) => Memory;

export type HouseParts = {
  readonly setting: Setting;
  readonly nature: Nature;
  readonly disk: Disk;
  readonly post: Post;
  readonly plant: Plant;
  /** Lines of the log. */
  readonly log: (line: string) => void;
  /** Checkpoints that have left the host. */
  readonly shipped: (note: string) => void;
  readonly onDeath: () => void;
};

export function openHouse({
  setting,
  nature,
  disk,
  post,
  plant,
  log: writeLog,
  shipped,
  onDeath,
}: HouseParts): House {
  const { config, scripts, vault } = setting;
  const { businesses, accounts } = config;
  const { now, monotonicMs, newId, random } = nature;
  let alive = true;
  nature.beginProcess();
  const log = pino({ level: "info", base: null, timestamp: false }, { write: writeLog });
  const metrics = createMetrics();
  const memory = plant(
    sqliteMemory(disk.open(die), {
      vault,
      businesses,
      newId,
      now,
      monotonicMs,
      onCommit: metrics.committed,
      onDropped: (webhooks) => void metrics.dropped(webhooks),
      onFatal: die,
    }),
  );
  const { ledger } = memory;

  function die(): void {
    if (!alive) return;
    alive = false;
    disk.freeze();
    nature.endProcess();
    onDeath();
  }

  const sealing = sealWith(config, { store: memory.proof, log, out: shipped, now, monotonicMs });
  const stopping = new AbortController();
  const onError = (error: unknown) => log.error({ err: error }, "request failed");
  const logWebhook = webhookLog(log);
  const { worker, calls } = dispatchWith(config, {
    memory,
    scripts,
    publicUrl: PUBLIC_URL,
    ownUrl: OWN_URL,
    post,
    log,
    count: metrics.outgoing,
    now,
    random,
  });
  const leaving = worker.run(stopping.signal);
  const door = { publicUrl: PUBLIC_URL, accounts, businesses, scripts, now, monotonicMs };
  const app = createApp({
    voice: {
      ...door,
      ledger,
      liveCalls: memory.liveCalls,
      recordings: memory.recordings,
      observe(webhook, error) {
        logWebhook(webhook, error);
        metrics.webhook(webhook, error);
        if (webhook.entries.length > 0 || webhook.route === "status") worker.wake();
      },
    },
    whatsapp: {
      ...door,
      messages: memory.messages,
      wake: worker.wake,
      observe(webhook, error) {
        logWebhook(webhook, error);
        metrics.message(webhook, error);
      },
    },
    phone: null,
    api: {
      ...memory,
      receipt: receiptsWith(config, memory, now),
      publicUrl: PUBLIC_URL,
      businesses,
      calls,
      wake: worker.wake,
      now,
      newId,
      onError,
    },
    log: sealing.published,
    metrics: metrics.text,
    isServing: () => !stopping.signal.aborted,
    onError,
  });
  sealing.start();
  const stopUpkeep = upkeep({ ledger, messages: memory.messages, businesses, log, now });
  const stopKeeping = keepInTurn({
    privacy: memory.privacy,
    businesses,
    erasureList: config.erasureList,
    log,
    now,
  });

  return {
    memory,
    request: async (request) => app.fetch(request),
    answers: () => alive && !stopping.signal.aborted,
    isAlive: () => alive,
    die,
    async stop() {
      stopping.abort();
      await stopUpkeep();
      await stopKeeping();
      await leaving;
      await sealing.finish();
      await ledger.close();
      die();
    },
  };
}

/** The rounds of `keepPromises`, without the list of erasures: that is a file of its own, read and written in real time. */
function keepInTurn(parts: KeepingParts): () => Promise<void> {
  let round = Promise.resolve();
  const timers = [
    setInterval(() => void (round = round.then(() => clearTraces(parts))), MINUTE_MS),
    setInterval(() => void (round = round.then(() => forgetWhoHasExpired(parts))), DAY_MS),
  ];
  return () => {
    timers.forEach(clearInterval);
    return round;
  };
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
