import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import { startLine, type Line } from "../support/line.ts";
import { aQuarterSecondLater, timersInHand } from "../support/webhooks.ts";

let line: Line;
let broken = false;
beforeEach(() => {
  broken = false;
  line = startLine({
    wrapLedger: (ledger) => ({
      ...ledger,
      record: (turn) => (broken ? Promise.reject(new LedgerUnavailable("disk full")) : ledger.record(turn)),
      recordStatus: (call, change) =>
        broken ? Promise.reject(new LedgerUnavailable("disk full")) : ledger.recordStatus(call, change),
    }),
  });
});
afterEach(() => line.stop());
timersInHand();

async function kept() {
  await aQuarterSecondLater(line.ledger);
  return line
    .rows("webhook")
    .map(({ route, step, attempt, http_status, repeated, outcome }) => [
      route,
      step,
      attempt,
      http_status,
      repeated,
      outcome,
    ]);
}

describe("of each webhook is kept how it was answered:", () => {
  it("a call from its beginning to its end, with milliseconds and the time it came", async () => {
    const call = line.call();
    await call.begin();
    await call.press("7");
    await call.press("1");
    await call.post("/voice/status", { CallStatus: "completed", SequenceNumber: "3", CallDuration: "9" });
    expect(await kept()).toEqual([
      ["begin", "begin", 1, 200, 0, "choice"],
      ["answer", "choice", 1, 200, 0, "choice"],
      ["answer", "choice", 2, 200, 0, "granted"],
      ["status", "completed", 3, 204, 0, "completed"],
    ]);
    for (const row of line.rows("webhook")) {
      expect(row).toMatchObject({
        business_id: "acme-dental",
        call_sid: call.callSid,
        at: line.clock.now,
        milliseconds: expect.any(Number),
      });
      expect(row["milliseconds"]).toBeGreaterThanOrEqual(0);
    }
  });

  it("one that came again, whatever it is", async () => {
    const call = line.call();
    const path = "/voice/status";
    const status = { CallStatus: "completed", SequenceNumber: "3" };
    await call.begin();
    const question = call.action();
    await call.press("1");
    await call.post(question, { CallStatus: "in-progress", Digits: "1" });
    await call.post("/voice", { CallStatus: "ringing" });
    await call.post(path, status);
    await call.post(path, status);
    const repeated = (await kept()).map(([route, , , , again]) => [route, again]);
    expect(repeated).toEqual([
      ["begin", 0],
      ["answer", 0],
      ["answer", 1],
      ["begin", 1],
      ["status", 0],
      ["status", 1],
    ]);
  });

  it("one that failed, and the same one that did not when it came again", async () => {
    const call = line.call();
    await call.begin();
    const question = call.action();
    broken = true;
    await call.post(question, { Digits: "1" });
    await call.post("/voice/status", { CallStatus: "in-progress", SequenceNumber: "2" });
    broken = false;
    await call.post(question, { Digits: "1" });
    expect((await kept()).slice(1)).toEqual([
      ["answer", "choice", 1, 200, 0, "sorry"],
      ["status", "in-progress", 2, 500, 0, "sorry"],
      ["answer", "choice", 1, 200, 0, "granted"],
    ]);
  });

  it("one whose path this line never gave; but nothing of one that nobody signed", async () => {
    const call = line.call();
    await call.begin();
    await call.post("/voice/1999-01-01/en-US/choice?try=1", { Digits: "1" });
    await line.call({ authToken: "f".repeat(32) }).begin();
    expect((await kept()).slice(1)).toEqual([
      ["answer", null, null, 400, 0, "The path is not one that this line gave."],
    ]);
  });

  it("in the words of its event, wherever the question is asked", async () => {
    const call = line.call({ from: "anonymous", to: "+34915550100" });
    await call.begin();
    for (const keys of ["1", "34612345678", "1", "1", "2", "1"]) {
      if (call.action() !== "") await call.press(keys);
    }
    const events = line.rows("call_event").filter(({ kind }) => kind === "key");
    const places = events.map(({ step, attempt }) => [step, attempt]);
    expect((await kept()).map(([, step, attempt]) => [step, attempt])).toEqual(places);
    expect(places.map(([step]) => step)).toContain("topic:reservation-updates:other-number");
  });
});

describe("what a caller did stands in the event, and a number's digits do not:", () => {
  it.each([
    ["one key", "9", "key", "9"],
    ["several keys", "12", "digits", null],
    ["nothing", "", "silence", null],
    ["a hang-up", "hangup", "hang-up", null],
  ])("%s", async (_, keys, keypress, key) => {
    const call = line.call();
    await call.begin();
    await call.press(keys);
    expect(line.rows("call_event").filter(({ kind }) => kind === "key")).toMatchObject([
      { step: "begin", keypress: null, key: null },
      { step: "choice", keypress, key },
    ]);
  });

  it("a number that was keyed in", async () => {
    const call = line.call();
    await call.begin();
    await call.press("3");
    await call.press("14155550199");
    expect(
      line.rows("call_event").find(({ step, kind }) => step === "other-number" && kind === "key"),
    ).toMatchObject({
      keypress: "digits",
      key: null,
    });
    expect(JSON.stringify(line.rows("call_event"))).not.toContain("5550199");
  });
});
