import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { correspondent } from "../console/correspondent.ts";
import { startLine, type Line } from "../support/line.ts";

const A_DAY_MS = 24 * 60 * 60 * 1000;
const TOPIC = "appointment-reminders";

let line: Line;
beforeEach(() => {
  line = startLine();
  line.clock.now = Date.UTC(2026, 10, 23, 9);
});
afterEach(() => line.stop());

async function agrees(from: string): Promise<void> {
  const call = line.call({ from });
  await call.begin();
  await call.press("1");
}

async function figures(simulated?: boolean) {
  const { quality } = line.memory;
  const periods = await quality.figures({ now: line.clock.now, periods: [7, 30], simulated });
  return periods.map(({ days, rows }) => ({ days, row: rows.find(({ topic }) => topic === TOPIC) }));
}

async function decides(allowed: boolean): Promise<void> {
  await line.memory.decisions.keep({
    capped: false,
    businessId: "acme-dental",
    subscriberId: null,
    topic: TOPIC,
    simulated: true,
    sendAt: line.clock.now,
    allowed,
    reason: allowed ? "granted" : "quiet_hours",
    entryId: null,
    keyId: "a key",
    at: line.clock.now,
  });
}

describe("the quality of what a business sends", () => {
  it("counts who came and left, what arrived and what was blocked, and what was allowed", async () => {
    await agrees("+14155550101");
    await agrees("+14155550102");
    await agrees("+14155550103");
    const someone = correspondent(line, "+14155550101");
    const [arrived, blocked, lost] = await someone.gets();
    if (arrived === undefined || blocked === undefined || lost === undefined) throw new Error("too few");
    await someone.fate(arrived, "delivered");
    await someone.fate(blocked, "undelivered", 63014);
    await someone.fate(lost, "failed", 63024);
    await someone.writes("STOP");
    await decides(true);
    await decides(true);
    await decides(false);
    const expected = {
      businessId: "acme-dental",
      topic: TOPIC,
      granted: 3,
      revoked: 1,
      sent: 3,
      delivered: 1,
      failed: 2,
      blocked: 1,
      allowed: 2,
      disallowed: 1,
    };
    expect(await figures()).toEqual([
      { days: 7, row: expected },
      { days: 30, row: expected },
    ]);
  });

  it("counts a withdrawal as an opt-out only where it ended a yes, topic by topic", async () => {
    const leaves = (number: "+14155550123" | "+14155550124" | "+14155550125", sourceId: string) =>
      line.ledger.revoke({
        businessId: "acme-dental",
        number,
        topics: [TOPIC, "policy-updates"],
        simulated: true,
        source: "console",
        sourceId,
        reason: null,
        locale: "en-US",
        jurisdiction: "US",
        script: "2026-11-22",
        at: line.clock.now,
      });
    const rows = async (days: number) => {
      const asked = { now: line.clock.now, periods: [days], simulated: true };
      const [period] = await line.memory.quality.figures(asked);
      return period?.rows.map(({ topic, granted, revoked }) => [topic, granted, revoked]);
    };
    // One never called; one said no; one said yes, left, and left once more.
    await leaves("+14155550125", "never");
    const call = line.call({ from: "+14155550124" });
    await call.begin();
    await call.press("2");
    await leaves("+14155550124", "said no");
    expect(await rows(1)).toEqual([]);
    await agrees("+14155550123");
    line.clock.now += A_DAY_MS;
    await leaves("+14155550123", "first");
    await leaves("+14155550123", "second");
    expect(await rows(2)).toEqual([
      [TOPIC, 1, 1],
      ["policy-updates", 1, 1],
    ]);
    expect(await rows(1)).toEqual([
      [TOPIC, 0, 1],
      ["policy-updates", 0, 1],
    ]);
  });

  it("leaves out what is simulated, unless that is asked for", async () => {
    await agrees("+14155550101");
    expect((await figures(false)).map(({ row }) => row)).toEqual([undefined, undefined]);
    expect((await figures(true))[0]?.row).toMatchObject({ granted: 1 });
  });

  it("counts a day in the month after it has left the week, and not after thirty days", async () => {
    await agrees("+14155550101");
    line.clock.now += 6 * A_DAY_MS;
    expect((await figures())[0]?.row).toMatchObject({ granted: 1 });
    line.clock.now += A_DAY_MS;
    expect(await figures()).toMatchObject([{ row: undefined }, { row: { granted: 1 } }]);
    line.clock.now += 23 * A_DAY_MS;
    expect(await figures()).toMatchObject([{ row: undefined }, { row: undefined }]);
  });

  it("shows a message that arrives the day after, and what a day brings after it was asked about", async () => {
    await agrees("+14155550101");
    const someone = correspondent(line, "+14155550101");
    const [message] = await someone.gets();
    if (message === undefined) throw new Error("no message");
    await someone.fate(message, "sent");
    line.clock.now += A_DAY_MS;
    expect((await figures())[0]?.row).toMatchObject({ sent: 1, delivered: 0 });
    await someone.fate(message, "delivered");
    await agrees("+14155550102");
    expect((await figures())[0]?.row).toMatchObject({ granted: 2, delivered: 1 });
  });
});

describe("entries that came another way than by phone", () => {
  it("are listed a page at a time, newest first, each once, though several came in one moment", async () => {
    for (let n = 0; n < 7; n++) {
      await line.ledger.revoke({
        businessId: "acme-dental",
        number: `+1415555010${n}` as never,
        topics: [TOPIC],
        source: n % 2 === 0 ? "api" : "console",
        sourceId: `request ${n}`,
        reason: null,
        locale: "en-US",
        jurisdiction: "US",
        script: "2026-11-22",
        at: line.clock.now + Math.floor(n / 3),
      });
    }
    const { quality } = line.memory;
    const seen: number[] = [];
    for (let before: string | null = null, pages = 0; pages < 9; pages++) {
      const page = await quality.elsewhere({ simulated: undefined, before, limit: 2 });
      seen.push(...page.rows.map(({ seq }) => seq));
      before = page.next;
      if (before === null) break;
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
    const only = await quality.elsewhere({ source: "console", simulated: false, before: null, limit: 9 });
    expect(only.rows.map(({ source }) => source)).toEqual(["console", "console", "console"]);
    const until = await quality.elsewhere({
      simulated: undefined,
      before: null,
      limit: 9,
      since: line.clock.now + 1,
      until: line.clock.now + 2,
    });
    expect(until.rows.map(({ seq }) => seq)).toEqual([6, 5, 4]);
  });
});
