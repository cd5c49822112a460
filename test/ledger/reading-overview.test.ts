import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OUTCOMES, type CallFilter, type OverviewOptions } from "../../src/ledger/reading.ts";
import { complete, hangUp, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

function overview(options: Partial<OverviewOptions> = {}) {
  return line.reading.overview({
    now: line.clock.now,
    days: 3,
    utcOffsetMinutes: 0,
    simulated: false,
    ...options,
  });
}

describe("a supervisor's first look in the morning", () => {
  it("counts each day's calls by what became of them", async () => {
    await line.finish(["1"]);
    line.clock.now += DAY_MS;
    await line.finish(["2"], { from: "+14155550144" });
    await line.finish(["", "", ""], { from: "+14155550145" });
    line.clock.now += DAY_MS;
    const { days } = await overview();
    expect(days.map(({ from }) => from)).toEqual([
      Date.UTC(2026, 5, 1),
      Date.UTC(2026, 5, 2),
      Date.UTC(2026, 5, 3),
    ]);
    expect(days.map(({ calls }) => calls)).toEqual([1, 2, 0]);
    expect(days[1]?.outcomes).toEqual({
      granted: 0,
      refused: 1,
      pending: 0,
      revoked: 0,
      unchanged: 0,
      "no-answer": 1,
      agent: 0,
      machine: 0,
      "hung-up": 0,
      "in-progress": 0,
    });
  });

  it.each([
    [0, Date.UTC(2026, 5, 1)],
    [120, Date.UTC(2026, 4, 31, 22)],
    [330, Date.UTC(2026, 4, 31, 18, 30)],
    [-480, Date.UTC(2026, 5, 1, 8)],
  ])(
    "begins the day at midnight where the reader is, %i minutes east of UTC",
    async (utcOffsetMinutes, from) => {
      const now = Date.UTC(2026, 5, 1, 9);
      line.clock.now = from - 1;
      await line.finish(["1"], { from: "+14155550144" });
      line.clock.now = from;
      await line.finish(["1"], { from: "+14155550145" });
      const { days } = await overview({ now, utcOffsetMinutes, days: 2 });
      expect(days.map((day) => [day.from, day.calls])).toEqual([
        [from - DAY_MS, 1],
        [from, 1],
      ]);
    },
  );

  it("tells how far today's callers came", async () => {
    await line.finish(["1"], { from: "+14155550141" });
    await line.finish(["1"], { from: "+14155550141" });
    await line.finish(["7", "2"], { from: "+14155550142" });
    await line.finish(["", "", ""], { from: "+14155550143" });
    await hangUp(await line.finish([], { from: "+14155550144" }));
    await hangUp(await line.finish([""], { from: "+14155550145" }));
    await line.finish([], { from: "+14155550146" });
    const unreached = line.call({
      from: "+14155550100",
      to: "+14155550147",
      fields: { Direction: "outbound-api" },
    });
    await complete(unreached, 0, "busy");
    const { funnel, inProgress } = await overview();
    // Reached: all but the busy one. Heard: neither who hung up at once nor who is still listening.
    expect(funnel).toEqual({ reached: 7, noticeHeard: 5, answered: 3, granted: 1 });
    expect(inProgress).toBe(1);
  });

  it("counts what the log lists under the same filter, for every outcome, every step and every day", async () => {
    await line.finish(["1"], { from: "+14155550141" });
    line.clock.now += DAY_MS;
    await line.finish(["1"], { from: "+14155550142" });
    await line.finish(["2"], { from: "+14155550143" });
    await hangUp(await line.finish([""], { from: "+14155550144" }));
    await line.finish([], { from: "+14155550145" });
    const { days, funnel } = await overview();
    for (const { from, calls, outcomes } of days) {
      const day = { since: from, until: from + DAY_MS, simulated: false };
      const counted = async (filter: CallFilter) => {
        const listed = await line.list({ ...day, ...filter });
        expect(await line.reading.countCalls({ ...day, ...filter }, 100)).toBe(listed.length);
        return listed.length;
      };
      expect(await counted({})).toBe(calls);
      for (const outcome of OUTCOMES) expect(await counted({ outcome })).toBe(outcomes[outcome]);
      if (from !== days.at(-1)?.from) continue;
      expect(await counted({ reach: "reached" })).toBe(funnel.reached);
      expect(await counted({ reach: "heard" })).toBe(funnel.noticeHeard);
      expect(await counted({ reach: "answered" })).toBe(funnel.answered);
    }
    expect([funnel.reached, funnel.noticeHeard, funnel.answered]).toEqual([4, 3, 2]);
  });

  it("leaves simulated calls out of real figures, shows them alone, or both", async () => {
    await line.finish(["1"]);
    const simulated = line.simulatedCall({ from: "+14155550199" });
    await simulated.begin();
    await simulated.press("2");
    const calls = async (which: boolean | undefined) => {
      const { days, funnel } = await overview({ simulated: which });
      return [days.at(-1)?.calls, funnel.reached, funnel.granted];
    };
    expect(await calls(false)).toEqual([1, 1, 1]);
    expect(await calls(true)).toEqual([1, 1, 0]);
    expect(await calls(undefined)).toEqual([2, 2, 1]);
  });

  it("sees a call of an earlier day change as long as it goes on", async () => {
    const late = await line.finish([]);
    line.clock.now += 2 * DAY_MS;
    expect((await overview()).days[0]?.outcomes).toMatchObject({ "in-progress": 1 });
    await complete(late);
    const [first] = (await overview()).days;
    expect(first?.outcomes).toMatchObject({ "in-progress": 0, "hung-up": 1 });
  });

  it("is asked for a bounded number of days", async () => {
    expect((await overview({ days: 1_000_000 })).days).toHaveLength(92);
    expect((await overview({ days: 0 })).days).toHaveLength(1);
  });
});
