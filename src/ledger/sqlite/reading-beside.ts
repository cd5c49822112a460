import { setImmediate } from "node:timers/promises";
import { askingThread } from "../asking-thread.ts";
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
export type ReaderAsked = { readonly read: ReadBeside; readonly args: readonly unknown[] };

/** So many may be asked at once; past it the console is busy, and calls are answered as ever. */
const MAX_ASKED = 512;
const EXPORTED_AT_ONCE = 200;
/** How long an export holds the event loop: a webhook takes some five turns of it, and waits this long for each. */
const EXPORT_TURN_MS = 2;

/**
 * Reads in a thread and on a connection of its own, so that no caller waits for a supervisor: a search through a long
 * log takes a tenth of a second.
 */
export function readingBeside(
  own: Omit<SqliteReading, ReadBeside | "exportCalls">,
  data: ReaderData,
  monotonicMs: () => number,
): Reading & { readonly end: () => Promise<void> } {
  const reader = askingThread<ReaderAsked>(new URL("reading-worker.ts", import.meta.url), {
    data,
    lost: (error) =>
      new LedgerUnavailable(
        error === null ? "The reader has ended." : `The reader has failed: ${String(error)}`,
      ),
  });
  let ended = false;

  async function ask(read: ReadBeside, args: readonly unknown[]): Promise<unknown> {
    await own.ready();
    if (ended) throw new LedgerUnavailable("The ledger is closed.");
    if (reader.waiting() >= MAX_ASKED)
      throw new LedgerUnavailable(`More than ${MAX_ASKED} questions wait for the reader.`);
    return reader.ask({ read, args });
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
      await reader.end();
    },
  };
}
