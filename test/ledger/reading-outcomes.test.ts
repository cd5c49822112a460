import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { complete, hangUp, HOTEL, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

const [WITHHELD, OTHER] = ["anonymous", "14155550177"];

describe("a supervisor sees what became of a call", () => {
  it.each([
    ["granted", ["1"], {}],
    ["refused", ["2"], {}],
    ["pending", ["3", OTHER, "1"], {}],
    ["unchanged", ["2"], { from: WITHHELD }],
    ["no-answer", ["", "", ""], {}],
    ["no-answer", ["7", "7", "7"], {}],
    ["agent", ["0"], {}],
    ["in-progress", [], {}],
    ["in-progress", ["", ""], {}],
    ["granted", ["2", "1", "1"], { to: HOTEL }],
    ["granted", ["2", "1", "2"], { to: HOTEL }],
    ["refused", ["2", "2", "2"], { to: HOTEL }],
  ] as const)("%s after the keys %j", async (outcome, keys, options) => {
    const call = await line.finish(keys, options);
    expect(await line.list()).toMatchObject([{ callSid: call.callSid, outcome }]);
  });

  it("a returning caller who stops everything has revoked, one who keeps it has changed nothing", async () => {
    await line.finish(["1"]);
    line.clock.now += 1_000;
    await line.finish(["1"]);
    line.clock.now += 1_000;
    await line.finish(["2"]);
    expect((await line.list()).map(({ outcome }) => outcome)).toEqual(["revoked", "unchanged", "granted"]);
  });

  it("a returning caller who moves to another number waits for its owner", async () => {
    await line.finish(["1"]);
    line.clock.now += 1_000;
    await line.finish(["3", OTHER, "1"]);
    expect((await line.list()).map(({ outcome }) => outcome)).toEqual(["pending", "granted"]);
  });

  it("somebody who hangs up at the question hung up, whichever webhook says so", async () => {
    await hangUp(await line.finish([""]));
    line.clock.now += 1_000;
    const silent = await line.finish([]);
    await complete(silent, 4);
    expect(await line.list()).toMatchObject([
      { outcome: "hung-up", durationSeconds: 4, status: "completed" },
      { outcome: "hung-up", durationSeconds: null },
    ]);
  });

  it("what somebody agreed to before they hung up stands", async () => {
    const agreed = await line.finish(["2", "1"], { to: HOTEL });
    await hangUp(agreed);
    await complete(agreed);
    line.clock.now += 1_000;
    await complete(await line.finish(["2", "2"], { to: HOTEL, from: "+34600000001" }));
    expect((await line.list()).map(({ outcome }) => outcome)).toEqual(["hung-up", "granted"]);
  });

  it("a call keeps its outcome when Twilio says that it is over", async () => {
    const call = await line.finish(["1"]);
    await complete(call, 31);
    expect(await line.list()).toMatchObject([
      { outcome: "granted", status: "completed", durationSeconds: 31, endedAt: line.clock.now },
    ]);
  });

  it.each(["busy", "no-answer", "failed", "canceled"])("nobody was reached: %s", async (status) => {
    const call = line.call({
      from: "+14155550100",
      to: "+14155550123",
      fields: { Direction: "outbound-api" },
    });
    await call.post("/voice/status", { CallStatus: "initiated", SequenceNumber: "0" });
    expect(await line.list()).toMatchObject([{ outcome: "in-progress", locale: null, script: null }]);
    await complete(call, 0, status);
    expect(await line.list()).toMatchObject([
      { outcome: "no-answer", status, direction: "outbound", locale: null, jurisdiction: null },
    ]);
  });

  it("a call that never reported its end hung up when the sweep closes it", async () => {
    await line.finish([]);
    line.clock.now += 5 * 60 * 60 * 1000;
    const { cursor } = await line.reading.changes(null, {});
    expect(await line.ledger.closeAbandoned(line.clock.now - 1, line.clock.now)).toBe(1);
    expect((await line.reading.changes(cursor, {})).rows).toMatchObject([{ outcome: "hung-up" }]);
    expect(await line.list()).toMatchObject([{ outcome: "hung-up", endedAt: line.clock.now }]);
  });

  it("the language is the one the caller chose, and none before that", async () => {
    const call = line.call({ to: HOTEL });
    await call.begin();
    expect(await line.list()).toMatchObject([{ locale: null, script: "2026-11-22" }]);
    await call.press("4");
    expect(await line.list()).toMatchObject([{ locale: "de-DE", jurisdiction: "EU" }]);
    await call.press("1");
    await call.press("1");
    expect(await line.list()).toMatchObject([{ locale: "de-DE", outcome: "granted" }]);
  });

  it("the row bears the reference that the caller heard", async () => {
    const call = line.call();
    await call.begin();
    const heard = await call.press("1");
    const [row] = await line.list();
    expect(heard.words.replaceAll(/\D/g, "")).toContain(row?.reference);
    expect(row?.reference).toMatch(/^\d{6}$/);
  });

  it("one call has its events, its words and its entries; an unknown one is null", async () => {
    const call = await line.finish(["1"]);
    await complete(call);
    const detail = await line.reading.call("acme-dental", call.callSid);
    expect(detail).toMatchObject({
      callSid: call.callSid,
      line: "+14155550100",
      caller: "+14155550123",
      outcome: "granted",
      entries: [{ kind: "granted", topics: ["appointment-reminders", "policy-updates"] }],
    });
    expect(detail?.events.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      "key begin",
      "served notice",
      "key choice",
      "served granted",
      "status completed",
    ]);
    expect(await line.reading.call("hotel-miramar", call.callSid)).toBeNull();
  });

  it("a call costs one move between facets, two where a language is chosen", async () => {
    line.connection.client.exec(
      "CREATE TEMP TABLE moved (n); CREATE TEMP TRIGGER watch AFTER UPDATE OF facet_id ON main.call BEGIN INSERT INTO moved VALUES (1); END",
    );
    await line.finish(["7", "1"]);
    expect(line.rows("moved")).toHaveLength(1);
    await line.finish(["1", "1", "1"], { to: HOTEL });
    expect(line.rows("moved")).toHaveLength(3);
  });
});
