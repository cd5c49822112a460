import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnsweredWebhook } from "../../src/ledger/ledger.ts";
import { begins, callOf, openMemory, type Memory } from "../support/memory.ts";
import { aQuarterSecondLater, timersInHand } from "../support/webhooks.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());
timersInHand();

const call = callOf();

function answered(over: Partial<AnsweredWebhook> = {}): AnsweredWebhook {
  return {
    businessId: call.businessId,
    callSid: call.callSid,
    route: "answer",
    step: "choice",
    attempt: 1,
    at: call.at,
    milliseconds: 3.14159,
    httpStatus: 200,
    repeated: false,
    outcome: "granted",
    ...over,
  };
}

function note(times: number): void {
  for (let time = 0; time < times; time++) memory.ledger.noteAnswered(answered());
}

describe("how a webhook was answered", () => {
  it("is on disk a quarter of a second later, to a tenth of a millisecond, though nobody calls meanwhile", async () => {
    memory.ledger.noteAnswered(answered());
    memory.ledger.noteAnswered(answered({ repeated: true, step: null, attempt: null }));
    expect(memory.rows("webhook")).toEqual([]);
    await aQuarterSecondLater(memory.ledger);
    const { seq: _, ...first } = memory.rows("webhook")[0] ?? {};
    expect(first).toEqual({
      business_id: call.businessId,
      call_sid: call.callSid,
      route: "answer",
      step: "choice",
      attempt: 1,
      at: call.at,
      milliseconds: 3.1,
      http_status: 200,
      repeated: 0,
      outcome: "granted",
    });
    expect(memory.rows("webhook")).toMatchObject([{}, { repeated: 1, step: null, attempt: null }]);
  });

  it("goes along in the next caller's commit once enough of them wait, and costs no commit of its own", async () => {
    note(31);
    await memory.ledger.record(begins(callOf()));
    expect([memory.count("webhook"), memory.commits]).toEqual([0, [1]]);
    note(1);
    await memory.ledger.record(begins(callOf()));
    expect([memory.count("webhook"), memory.commits]).toEqual([32, [1, 2]]);
    await aQuarterSecondLater(memory.ledger);
    expect(memory.count("webhook")).toBe(32);
  });

  it("is written before the ledger closes", async () => {
    note(3);
    // The timer that is set is the held one; closing waits for real.
    vi.useRealTimers();
    await memory.ledger.close();
    const later = openMemory({ file: memory.file });
    expect(later.count("webhook")).toBe(3);
    await later.close();
  });

  it("is kept of a call that never began here, because that is when one looks for it", async () => {
    memory.ledger.noteAnswered(answered({ callSid: `CA${"9".repeat(32)}`, outcome: "sorry" }));
    await aQuarterSecondLater(memory.ledger);
    expect(memory.rows("webhook")).toMatchObject([{ outcome: "sorry" }]);
  });
});

describe("where the disk does not take it,", () => {
  it("no caller is the worse for it: the yes is recorded, and what is not kept is told of", async () => {
    memory.connection.client.exec(
      "CREATE TRIGGER no_room BEFORE INSERT ON webhook BEGIN SELECT RAISE(ABORT, 'no room'); END",
    );
    note(32);
    expect(await memory.ledger.record(begins(call))).toMatchObject({ kind: "answered", repeated: false });
    expect(memory.count("call")).toBe(1);
    expect(memory.dropped).toEqual([[32, expect.stringContaining("no room")]]);
  });

  it("waits in memory up to a bound; what comes past it is not kept, and counted", async () => {
    note(4_096);
    // From here they wait for the commit; that is still waiting.
    vi.advanceTimersByTime(250);
    note(2);
    const told = [1, "4096 webhooks wait for the disk."];
    expect(memory.dropped).toEqual([told, told]);
    await aQuarterSecondLater(memory.ledger);
    expect(memory.count("webhook")).toBe(4_096);
    note(1);
    await aQuarterSecondLater(memory.ledger);
    expect([memory.count("webhook"), memory.dropped.length]).toEqual([4_097, 2]);
  });
});
