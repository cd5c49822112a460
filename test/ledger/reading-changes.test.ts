import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complete, sids, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

describe("a supervisor who watches the tail", () => {
  it("is told of what happens from now on: a call begins, is answered, ends; and of nothing twice", async () => {
    await line.finish(["1"]);
    const { cursor: start, rows } = await line.reading.changes(null, {});
    expect(rows).toEqual([]);
    const call = line.call({ from: "+14155550177" });
    await call.begin();
    const begun = await line.reading.changes(start, {});
    expect(begun.rows).toMatchObject([{ callSid: call.callSid, outcome: "in-progress" }]);
    await call.press("2");
    const answered = await line.reading.changes(begun.cursor, {});
    expect(answered.rows).toMatchObject([{ callSid: call.callSid, outcome: "refused", endedAt: null }]);
    await complete(call, 12);
    const ended = await line.reading.changes(answered.cursor, {});
    expect(ended.rows).toMatchObject([{ callSid: call.callSid, outcome: "refused", durationSeconds: 12 }]);
    expect(await line.reading.changes(ended.cursor, {})).toEqual({
      cursor: ended.cursor,
      rows: [],
      others: [],
    });
  });

  it("sees each call once, as it is now, in the order of the last change", async () => {
    const { cursor } = await line.reading.changes(null, {});
    const first = await line.finish([]);
    const second = await line.finish(["1"], { from: "+14155550188" });
    await first.press("1");
    const { rows } = await line.reading.changes(cursor, {});
    expect(sids(rows)).toEqual([second.callSid, first.callSid]);
    expect(rows.map(({ outcome }) => outcome)).toEqual(["granted", "granted"]);
  });

  it("sees only what the filter of the page allows, and the cursor goes on all the same", async () => {
    const { cursor } = await line.reading.changes(null, {});
    const refused = await line.finish(["2"]);
    const simulated = line.simulatedCall();
    await simulated.begin();
    const [row] = await line.list({ reference: refused.callSid });
    for (const filter of [
      { outcome: "refused" },
      { simulated: false },
      { search: { kind: "number", number: "+14155550123" }, simulated: false },
      { reference: row?.reference },
      { since: line.clock.now, until: line.clock.now + 1, businessIds: ["acme-dental"], simulated: false },
    ] as const) {
      expect(sids((await line.reading.changes(cursor, filter)).rows)).toEqual([refused.callSid]);
    }
    for (const filter of [
      { outcome: "agent" },
      { businessIds: [] },
      { until: line.clock.now },
      { search: { kind: "number", number: "+14155550199" } },
    ] as const) {
      const none = await line.reading.changes(cursor, filter);
      expect(none.rows).toEqual([]);
      expect(Number(none.cursor)).toBeGreaterThan(Number(cursor));
    }
  });

  it("is told which calls changed and are not what the page lists: a call in progress that ended", async () => {
    const call = await line.finish([]);
    const { cursor } = await line.reading.changes(null, {});
    await call.press("1");
    const inProgress = await line.reading.changes(cursor, { outcome: "in-progress" });
    expect([inProgress.rows, inProgress.others]).toEqual([[], [call.callSid]]);
    expect((await line.reading.changes(cursor, { outcome: "granted" })).others).toEqual([]);
  });

  it("starts from now where the cursor is none of ours, or from a later life of the file", async () => {
    await line.finish(["1"]);
    const now = await line.reading.changes(null, {});
    for (const strange of ["", "x", "-1", "1e3", "99999999"]) {
      expect(await line.reading.changes(strange, {})).toEqual(now);
    }
  });

  it("catches up with thousands of events in bounded steps, leaving nothing out", async () => {
    const { cursor } = await line.reading.changes(null, {});
    const call = line.call();
    await call.begin();
    line.connection.client.exec(
      `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
       INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, at)
       SELECT 'acme-dental', '${call.callSid}', 'ringing', n, 'status', 'und', 1 FROM n`,
    );
    const last = await line.finish(["1"], { from: "+14155550188" });
    const one = await line.reading.changes(cursor, {});
    expect(sids(one.rows)).toEqual([call.callSid]);
    const two = await line.reading.changes(one.cursor, {});
    expect(sids(two.rows)).toEqual([call.callSid, last.callSid]);
    expect((await line.reading.changes(two.cursor, {})).rows).toEqual([]);
  });
});
