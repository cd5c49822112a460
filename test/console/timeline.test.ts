import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import { aQuarterSecondLater, timersInHand } from "../support/webhooks.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
let viewer: Awaited<ReturnType<ConsoleLine["operator"]>>;
let broken = false;
beforeEach(async () => {
  broken = false;
  line = await startConsoleLine({
    wrapLedger: (ledger) => ({
      ...ledger,
      record: (turn) => (broken ? Promise.reject(new LedgerUnavailable("disk full")) : ledger.record(turn)),
    }),
  });
  viewer = await line.operator("viewer");
});
afterEach(() => line.stop());
timersInHand();

/** The lines of a call's timeline, without their times and the words that were served. */
async function timelineOf(callSid: string): Promise<string[]> {
  await aQuarterSecondLater(line.ledger);
  const page = await viewer.page(`/console/calls/acme-dental/${callSid}`);
  const list = /<ol class="timeline">([^]*?)<\/ol>/.exec(page)?.[1] ?? "";
  return list
    .split("<li ")
    .slice(1)
    .map((item) =>
      item.replace(/<p class="when">[^]*?<\/p>|<blockquote[^]*/g, "").replaceAll(/^[^>]*>|<[^>]*>/g, " "),
    )
    .map((item) =>
      item
        .replaceAll(/\s+/g, " ")
        .replaceAll(/\d+(?:\.\d)?\sms/g, "N ms")
        .trim(),
    );
}

const heard = expect.stringMatching(/^(?:Notice and question|Question)/);

describe("a supervisor who opens a call", () => {
  it("reads what was pressed, after how long, and how fast the line answered", async () => {
    const call = line.call();
    await call.begin();
    line.clock.now += 7_000;
    await call.press("");
    line.clock.now += 3_000;
    await call.press("1");
    await call.post("/voice/status", { CallStatus: "completed", SequenceNumber: "3", CallDuration: "11" });
    expect(await timelineOf(call.callSid)).toEqual([
      "The call began answered in N ms",
      heard,
      "Pressed nothing question, after 0:07, answered in N ms",
      heard,
      "1 Pressed 1 question, after 0:03, answered in N ms",
      expect.stringMatching(/^Agreed/),
      "The call ended status from the carrier, answered in N ms",
    ]);
    expect(await viewer.page(`/console/calls/acme-dental/${call.callSid}`)).toMatch(
      /<dt>Webhooks<\/dt>\s*<dd>4, the slowest answered in [\d.,]+\sms<\/dd>/,
    );
  });

  it.each([
    ["12", "Pressed several keys question"],
    ["hangup", "Hung up question"],
    ["", "Pressed nothing question"],
  ])("is told what %j was", async (keys, words) => {
    const call = line.call();
    await call.begin();
    await call.press(keys);
    expect((await timelineOf(call.callSid))[2]).toContain(words);
  });

  it("is not shown words as heard that nobody was there to hear", async () => {
    const call = line.call();
    await call.begin();
    await call.press("hangup");
    expect((await timelineOf(call.callSid))[3]).toBe("Nothing more was heard nobody listened");
  });

  it("is told of a number that was keyed in, and never its digits", async () => {
    const call = line.call();
    await call.begin();
    await call.press("3");
    await call.press("14155550199");
    const lines = await timelineOf(call.callSid);
    expect(lines).toContainEqual(expect.stringMatching(/^Keyed in a number another number, after 0:00/));
    expect(await viewer.page(`/console/calls/acme-dental/${call.callSid}`)).not.toContain("5550199");
  });

  it("sees where the carrier asked again, and where the caller heard the apology", async () => {
    const call = line.call();
    await call.begin();
    const question = call.action();
    line.clock.now += 2_000;
    broken = true;
    await call.post(question, { Digits: "1" });
    broken = false;
    line.clock.now += 2_000;
    await call.post(question, { Digits: "1" });
    line.clock.now += 2_000;
    await call.post(question, { Digits: "1" });
    await call.post("/voice/1999-01-01/en-US/choice?try=1", { Digits: "1" });
    expect(await timelineOf(call.callSid)).toEqual([
      "The call began answered in N ms",
      heard,
      "Something failed on our side question, the caller heard the apology, answered in N ms",
      "1 Pressed 1 question, after 0:04, answered in N ms",
      expect.stringMatching(/^Agreed/),
      "The carrier asked again question, same answer, nothing was written, answered in N ms",
      "Refused with 400 The path is not one that this line gave, answered in N ms",
    ]);
  });

  it("sees that the line itself closed a call of which the carrier told no end", async () => {
    const call = line.call();
    await call.begin();
    line.clock.now += 5 * 60 * 60 * 1000;
    await line.ledger.closeAbandoned(line.clock.now - 1, line.clock.now);
    expect((await timelineOf(call.callSid)).at(-1)).toBe(
      "Closed by the line itself the carrier never told of an end",
    );
  });

  it("sees also what failed before the call could begin, and after the last word", async () => {
    const call = line.call();
    broken = true;
    await call.begin();
    broken = false;
    line.clock.now += 20_000;
    await call.begin();
    line.clock.now += 2 * 60_000;
    await call.post("/voice/1999-01-01/en-US/choice?try=1", { Digits: "1" });
    const another = line.call();
    await another.begin();
    expect(await timelineOf(call.callSid)).toEqual([
      "Something failed on our side the call began, the caller heard the apology, answered in N ms",
      "The call began answered in N ms",
      heard,
      "Refused with 400 The path is not one that this line gave, answered in N ms",
    ]);
  });

  it("reads a call from before all this was kept, without a guess", async () => {
    const call = line.call();
    await call.begin();
    const { client } = line.connection;
    client
      .prepare(
        `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, key, at)
         VALUES ('acme-dental', ?, 'choice', ?, 'key', 'en-US', ?, ?)`,
      )
      .run(call.callSid, 1, null, line.clock.now);
    client
      .prepare(
        `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, key, at)
         VALUES ('acme-dental', ?, 'choice', ?, 'key', 'en-US', ?, ?)`,
      )
      .run(call.callSid, 2, "2", line.clock.now);
    expect((await timelineOf(call.callSid)).slice(2)).toEqual([
      "Pressed nothing, several keys, or hung up question, after 0:00",
      "2 Pressed 2 question, after 0:00",
    ]);
  });
});
