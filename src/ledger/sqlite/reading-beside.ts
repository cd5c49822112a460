import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { LedgerUnavailable } from "../ledger.ts";
import type { CallRow, Page, Reading } from "../reading.ts";
import type { SqliteReading } from "./reading.ts";

/** What of the reading takes long, and writes nothing: all of it takes and gives plain data. */
export const READ_BESIDE = [
  "calls",
  "countCalls",
  "changes",
  "call",
  "subscriber",
  "findSubscribers",
  "overview",
  "accesses",
  "accessNames",
] as const satisfies readonly (keyof Reading)[];
export type ReadBeside = (typeof READ_BESIDE)[number];

/** What the reader's thread is given: where to read, and what the numbers are sealed with. */
export type ReaderData = {
  readonly file: string;
  readonly secret: Uint8Array;
  readonly olderSecrets: readonly Uint8Array[];
};
export type ReaderAsked = {
  readonly id: number;
  readonly read: ReadBeside;
  readonly args: readonly unknown[];
};
export type ReaderSays = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly failed: string }
);

/** So many may be asked at once; past it the console is busy, and calls are answered as ever. */
const MAX_ASKED = 512;
const EXPORTED_AT_ONCE = 200;
/** How long an export holds the event loop: a webhook takes some five turns of it, and waits this long for each. */
const EXPORT_TURN_MS = 2;

/**
 * Reads in a thread and on a connection of its own, so that no caller waits for a supervisor: a search through a long
 * log takes a tenth of a second. The thread begins with the first question; one that ends is followed by another.
 */
export function readingBeside(
  own: SqliteReading,
  data: ReaderData,
  monotonicMs: () => number,
): Reading & { readonly end: () => Promise<void> } {
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let reader: Worker | null = null;
  let lastId = 0;
  let ended = false;

  function start(): Worker {
    const started = new Worker(new URL("reading-worker.ts", import.meta.url), { workerData: data });
    started.unref();
    started.on("message", (said: ReaderSays) => {
      const waiting = asked.get(said.id);
      asked.delete(said.id);
      if ("value" in said) waiting?.resolve(said.value);
      else waiting?.reject(new Error(said.failed));
    });
    const gone = (reason: string) => {
      if (reader !== started) return;
      reader = null;
      for (const { reject } of asked.values()) reject(new LedgerUnavailable(reason));
      asked.clear();
    };
    started.once("error", (error: unknown) => gone(`The reader has failed: ${String(error)}`));
    started.once("exit", () => gone("The reader has ended."));
    return started;
  }

  async function ask(read: ReadBeside, args: readonly unknown[]): Promise<unknown> {
    await own.ready();
    if (ended) throw new LedgerUnavailable("The ledger is closed.");
    if (asked.size >= MAX_ASKED)
      throw new LedgerUnavailable(`More than ${MAX_ASKED} questions wait for the reader.`);
    reader ??= start();
    const answer = Promise.withResolvers<unknown>();
    lastId += 1;
    asked.set(lastId, answer);
    // It holds the process as long as somebody waits, and no longer.
    reader.ref();
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    reader.postMessage({ id: lastId, read, args } satisfies ReaderAsked);
    try {
      return await answer.promise;
    } finally {
      if (asked.size === 0) reader?.unref();
    }
  }

  const beside = Object.fromEntries(
    READ_BESIDE.map((read) => [read, (...args: readonly unknown[]) => ask(read, args)]),
  ) as Pick<Reading, ReadBeside>;

  return {
    ...own,
    ...beside,
    async *exportCalls(filter) {
      let begunAt = monotonicMs();
      for (let cursor: string | null = null; ;) {
        const page: Page<CallRow> = await beside.calls(filter, {
          cursor,
          limit: EXPORTED_AT_ONCE,
          direction: "next",
        });
        for (const row of page.rows) {
          if (monotonicMs() - begunAt >= EXPORT_TURN_MS) {
            await setImmediate();
            begunAt = monotonicMs();
          }
          yield row;
        }
        cursor = page.next;
        if (cursor === null) return;
      }
    },
    async end() {
      ended = true;
      await reader?.terminate();
    },
  };
}
