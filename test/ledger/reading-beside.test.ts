import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import type { CallRow } from "../../src/ledger/reading.ts";
import { readingBeside } from "../../src/ledger/sqlite/reading-beside.ts";
import { sqliteReading } from "../../src/ledger/sqlite/reading.ts";
import { numberVault } from "../../src/ledger/numbers.ts";
import { agreements } from "../proof/sealing.ts";
import { openMemory, SECRET, type Memory } from "../support/memory.ts";

let memory: Memory;
let beside: ReturnType<typeof readingBeside>;
beforeEach(() => {
  memory = openMemory();
  beside = readingBeside(ownOf(memory), { file: memory.file, secret: SECRET, olderSecrets: [] }, () =>
    performance.now(),
  );
});
afterEach(async () => {
  await beside.end();
  await memory.close();
});

function ownOf({ connection }: Memory) {
  return sqliteReading(connection, {
    vault: numberVault(SECRET, []),
    write: async (job) => job(),
    newId: () => "",
    monotonicMs: () => performance.now(),
  });
}

const FIRST = { cursor: null, limit: 50, direction: "next" } as const;

async function all(rows: AsyncIterable<CallRow>): Promise<CallRow[]> {
  const found: CallRow[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

describe("a supervisor who is answered by a thread beside the line", () => {
  it("reads the same as in the line's own, to the last field", async () => {
    await agreements(memory, 12);
    const own = memory.reading;
    const page = await own.calls({}, FIRST);
    expect(page.rows).toHaveLength(12);
    expect(await beside.calls({}, FIRST)).toEqual(page);
    const [row] = page.rows;
    const [business, sid, person] = [row?.businessId ?? "", row?.callSid ?? "", row?.subscriberId ?? ""];
    expect(await beside.call(business, sid)).toEqual(await own.call(business, sid));
    expect(await beside.subscriber(business, person)).toEqual(await own.subscriber(business, person));
    const asked = { now: memory.clock.now, days: 7, utcOffsetMinutes: 0, simulated: undefined };
    expect(await beside.overview(asked)).toEqual(await own.overview(asked));
    expect(await beside.countCalls({}, 10)).toBe(10);
    expect(await beside.call(business, "CAnone")).toBeNull();
  });

  it("sees at once what was committed, and exports all of it, page after page", async () => {
    await agreements(memory, 1);
    expect((await beside.calls({}, FIRST)).rows).toHaveLength(1);
    await agreements(memory, 450);
    const rows = await all(beside.exportCalls({}));
    expect([rows.length, rows]).toEqual([451, await all(memory.reading.exportCalls({}))]);
  });

  it("gives way to callers in an export, whenever it has held the event loop for two milliseconds", async () => {
    await agreements(memory, 20);
    let [ms, turns] = [0, 0];
    const slow = readingBeside(ownOf(memory), { file: memory.file, secret: SECRET, olderSecrets: [] }, () => {
      ms += 1.5;
      return ms;
    });
    await slow.calls({}, FIRST);
    const seen: number[] = [];
    for await (const _ of slow.exportCalls({})) {
      setImmediate(() => (turns += 1));
      seen.push(turns);
    }
    await slow.end();
    // Each look at the clock is a row: it is at most every other one that the callers have waited for.
    expect(new Set(seen).size).toBeGreaterThan(seen.length / 3);
  });

  it("leaves the line alone: its event loop turns while a question is answered", async () => {
    await agreements(memory, 300);
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 0);
    // To begin, the thread takes a tenth of a second or more.
    await beside.calls({}, FIRST);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
  });

  it("hears what went wrong, and is answered the next time", async () => {
    await expect(beside.calls({}, { ...FIRST, limit: "many" as never })).rejects.toThrow(/\S/);
    await agreements(memory, 2);
    expect((await beside.calls({}, FIRST)).rows).toHaveLength(2);
  });

  it("is turned away at once where five hundred others ask already, and they are answered", async () => {
    await agreements(memory, 2);
    const asked = Array.from({ length: 513 }, () => beside.countCalls({}, 10));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.slice(0, 512)).toEqual(
      Array.from({ length: 512 }, () => ({ status: "fulfilled", value: 2 })),
    );
    expect(outcomes[512]).toMatchObject({ status: "rejected", reason: expect.any(LedgerUnavailable) });
  });

  it("is told that the line has stopped while it was waiting, and never left without an answer", async () => {
    await agreements(memory, 2);
    const asked = Promise.allSettled([beside.calls({}, FIRST), beside.countCalls({}, 10)]);
    // It has been asked, and the thread is beginning.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await beside.end();
    for (const outcome of await asked)
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(LedgerUnavailable) });
  });

  it("is told that the line has stopped; then the file is one file again", async () => {
    await beside.calls({}, FIRST);
    await beside.end();
    await expect(beside.calls({}, FIRST)).rejects.toThrow(LedgerUnavailable);
    await memory.ledger.close();
    expect(existsSync(`${memory.file}-wal`)).toBe(false);
  });
});
