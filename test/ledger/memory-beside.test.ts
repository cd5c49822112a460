import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable, DatabaseUnusable, UnknownCall } from "../../src/ledger/ledger.ts";
import { memoryBeside, type MemoryBeside } from "../../src/ledger/sqlite/memory-beside.ts";
import { rowsIn } from "../support/server.ts";
import {
  agree,
  answers,
  begins,
  callOf,
  entryOf,
  openMemory,
  SECRET,
  temporaryFolder,
} from "../support/memory.ts";

let folder: string;
let file: string;
let commits: number[];
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "yesline.db");
  commits = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function beside(secret = SECRET): MemoryBeside {
  return memoryBeside(
    { file, litestream: false, secret, olderSecrets: [], businesses: [] },
    {
      monotonicMs: () => performance.now(),
      onCommit: (jobs) => commits.push(jobs),
      onTurnedAway: () => undefined,
      onDropped: () => undefined,
      onFatal(error) {
        throw error;
      },
    },
  );
}

async function begun() {
  const thread = beside();
  await thread.open();
  return thread.begin();
}

describe("a memory in a thread of its own", () => {
  it("keeps and tells the same as in this one", async () => {
    const { memory, hasOperators, lastWrittenAt } = await begun();
    expect([hasOperators, lastWrittenAt]).toEqual([false, null]);
    const call = callOf();
    const recorded = await agree(memory.ledger, call);
    expect(recorded).toMatchObject({ kind: "answered", repeated: false, entries: [{ kind: "granted" }] });
    const view = await memory.ledger.call(call.businessId, call.callSid);
    const page = await memory.entries.page({ businessIds: [call.businessId] }, 0, 10);
    const leaves = await memory.proof.unsealed(10);
    await memory.ledger.close();

    const own = openMemory({ file });
    expect(view).toEqual(await own.ledger.call(call.businessId, call.callSid));
    expect(page).toEqual(await own.entries.page({ businessIds: [call.businessId] }, 0, 10));
    expect(leaves).toEqual(await own.proof.unsealed(10));
    await own.close();
  });

  it("shares a commit between all that one turn of the event loop brings, and says how many", async () => {
    const { memory } = await begun();
    const before = commits.length;
    await Promise.all(Array.from({ length: 50 }, () => memory.ledger.record(begins(callOf()))));
    expect(commits.slice(before)).toEqual([50]);
    await memory.ledger.close();
  });

  it("tells a door by its class what is wrong, and what others asked in the same turn is kept", async () => {
    const { memory } = await begun();
    const call = callOf();
    const [stray, kept] = await Promise.allSettled([
      memory.ledger.record(answers(callOf(), [entryOf()])),
      memory.ledger.record(begins(call)),
    ]);
    expect(stray).toMatchObject({ status: "rejected", reason: expect.any(UnknownCall) });
    expect(kept).toMatchObject({ status: "fulfilled" });
    await memory.ledger.close();
    expect(rowsIn(file, "call")).toMatchObject([{ call_sid: call.callSid }]);
  });

  it("keeps times of webhooks, which nobody waits for, until it is closed; then the file is one file", async () => {
    const { memory } = await begun();
    const call = callOf();
    await agree(memory.ledger, call);
    memory.ledger.noteAnswered({
      businessId: call.businessId,
      callSid: call.callSid,
      route: "begin",
      step: "begin",
      attempt: 1,
      at: call.at,
      milliseconds: 1,
      httpStatus: 200,
      repeated: false,
      outcome: "choice",
    });
    await memory.ledger.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(rowsIn(file, "webhook")).toHaveLength(1);
    await expect(memory.ledger.probe()).rejects.toThrow(LedgerUnavailable);
    await expect(memory.reading.countCalls({}, 1)).rejects.toThrow(LedgerUnavailable);
  });

  it("does not begin with a secret that is not the file's, and says so", async () => {
    const { memory } = await begun();
    await memory.ledger.close();
    const wrong = beside(new Uint8Array(32).fill(9));
    await wrong.open();
    await expect(wrong.begin()).rejects.toThrow(DatabaseUnusable);
    await expect(wrong.begin()).rejects.toThrow("YESLINE_SECRET is not the one");
  });
});
