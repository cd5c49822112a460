import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complete, FIRST, sids, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
let oldToNew: string[];
beforeEach(async () => {
  line = startReading();
  oldToNew = [];
  // Seven calls, three of them in the same millisecond.
  for (const later of [0, 1_000, 0, 0, 1_000, 1_000, 1_000]) {
    line.clock.now += later;
    oldToNew.push((await line.finish(["1"])).callSid);
  }
});
afterEach(() => line.stop());

const TWO = { ...FIRST, limit: 2 };

describe("a supervisor who turns pages", () => {
  it("sees each call once on the way forwards, and the same pages on the way back", async () => {
    const newToOld = oldToNew.toReversed();
    const one = await line.reading.calls({}, TWO);
    const two = await line.reading.calls({}, { ...TWO, cursor: one.next });
    const three = await line.reading.calls({}, { ...TWO, cursor: two.next });
    const four = await line.reading.calls({}, { ...TWO, cursor: three.next });
    expect([one, two, three, four].map(({ rows }) => sids(rows))).toEqual([
      newToOld.slice(0, 2),
      newToOld.slice(2, 4),
      newToOld.slice(4, 6),
      newToOld.slice(6),
    ]);
    expect([one.previous, four.next]).toEqual([null, null]);
    const back = await line.reading.calls({}, { ...TWO, cursor: four.previous, direction: "previous" });
    expect(sids(back.rows)).toEqual(sids(three.rows));
    const top = await line.reading.calls({}, { ...TWO, cursor: two.previous, direction: "previous" });
    expect(sids(top.rows)).toEqual(sids(one.rows));
    expect(top.previous).toBeNull();
    expect(top.next).toBe(one.next);
  });

  it("comes to the last page at once, and from there backwards", async () => {
    const last = await line.reading.calls({}, { ...TWO, direction: "last" });
    expect(sids(last.rows)).toEqual([oldToNew[1], oldToNew[0]]);
    expect(last.next).toBeNull();
    const before = await line.reading.calls({}, { ...TWO, cursor: last.previous, direction: "previous" });
    expect(sids(before.rows)).toEqual([oldToNew[3], oldToNew[2]]);
    expect(before.next).not.toBeNull();
  });

  it("misses and repeats nothing while calls come in between two pages", async () => {
    const one = await line.reading.calls({}, TWO);
    const [newcomer] = [await line.finish(["2"])];
    const two = await line.reading.calls({}, { ...TWO, cursor: one.next });
    expect(sids(two.rows)).toEqual([oldToNew[4], oldToNew[3]]);
    const top = await line.reading.calls({}, { ...FIRST, cursor: two.previous, direction: "previous" });
    expect(sids(top.rows)).toEqual([newcomer.callSid, oldToNew[6], oldToNew[5]]);
  });

  it("sees the first page at a cursor that somebody made up", async () => {
    for (const cursor of [
      "",
      "x",
      "e30",
      "WzEsMl0",
      Buffer.from('[1,"acme-dental","CAx"]').toString("base64url"),
    ]) {
      for (const direction of ["next", "previous"] as const) {
        const page = await line.reading.calls({}, { cursor, limit: 3, direction });
        expect(sids(page.rows)).toEqual(oldToNew.slice(-3).toReversed());
      }
    }
  });

  it("sees an empty page where nothing matches, without a way on", async () => {
    for (const direction of ["next", "last"] as const) {
      const page = await line.reading.calls({ outcome: "agent" }, { cursor: null, limit: 5, direction });
      expect(page).toEqual({ rows: [], next: null, previous: null });
    }
  });

  it("sees the longest calls first, and no call whose length is not known", async () => {
    const lengths = [30, 90, 60, 90];
    const calls = [];
    for (const seconds of lengths) {
      const call = await line.finish(["1"], { from: "+14155550188" });
      await complete(call, seconds);
      calls.push(call.callSid);
    }
    const longest = { sort: "longest" } as const;
    const one = await line.reading.calls(longest, TWO);
    const two = await line.reading.calls(longest, { ...TWO, cursor: one.next });
    expect([...sids(one.rows), ...sids(two.rows)]).toEqual([calls[3], calls[1], calls[2], calls[0]]);
    expect(two.next).toBeNull();
  });
});
