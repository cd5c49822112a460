import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CallFilter } from "../../src/ledger/reading.ts";
import { complete, FIRST, HOTEL, sids, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

const [ANN, BEN] = ["+14155550123", "+16505550123"] as const;

describe("a supervisor who looks for a person", () => {
  it("finds the calls of a whole number in every business, and nobody else's", async () => {
    const dental = await line.finish(["1"], { from: ANN });
    line.clock.now += 1_000;
    const hotel = await line.finish(["2", "1", "1"], { from: ANN, to: HOTEL });
    await line.finish(["1"], { from: BEN });
    const search = { kind: "number", number: ANN } as const;
    expect(sids(await line.list({ search }))).toEqual([hotel.callSid, dental.callSid]);
    expect(sids(await line.list({ search, businessIds: ["acme-dental"] }))).toEqual([dental.callSid]);
    expect(await line.list({ search: { kind: "number", number: "+14155550199" } })).toEqual([]);
  });

  it("finds everyone with the same last four digits; more digits tell them apart, fewer find nobody", async () => {
    await line.finish(["1"], { from: ANN });
    await line.finish(["1"], { from: BEN });
    await line.finish(["1"], { from: "+14155550124" });
    const find = async (digits: string, limit = 10) =>
      (await line.reading.findSubscribers({ kind: "last-digits", digits }, limit)).map(
        ({ number }) => number,
      );
    expect((await find("0123")).toSorted()).toEqual([ANN, BEN]);
    expect(await find("4155550123")).toEqual([ANN]);
    expect(await find("0123", 1)).toHaveLength(1);
    expect(await find("123")).toEqual([]);
    expect(await find("9999")).toEqual([]);
    expect(await line.list({ search: { kind: "last-digits", digits: "0123" } })).toHaveLength(2);
  });

  it("finds who never called but was named by another caller, and is told so", async () => {
    await line.finish(["1"], { from: ANN });
    await line.finish([BEN.slice(1), "1"], { from: "anonymous" });
    const found = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 10);
    expect(new Map(found.map(({ number, called }) => [number, called]))).toEqual(
      new Map([
        [ANN, true],
        [BEN, false],
      ]),
    );
  });

  it("counts the calls of a filter up to a limit, and of a person", async () => {
    await line.finish(["1"], { from: ANN });
    await line.finish(["2"], { from: ANN });
    const other = await line.finish(["1"], { from: BEN });
    const count = (filter: CallFilter, limit = 100) => line.reading.countCalls(filter, limit);
    expect(await count({})).toBe(3);
    expect(await count({}, 2)).toBe(2);
    expect(await count({ outcome: "granted" })).toBe(2);
    expect(await count({ search: { kind: "number", number: ANN }, outcome: "granted" })).toBe(1);
    expect(await count({ reference: other.callSid })).toBe(1);
    // No length is known yet: the order changes what is listed, and not what there is.
    expect(await count({ sort: "longest" })).toBe(3);
  });

  it("looks only in the businesses that were asked for", async () => {
    await line.finish(["1"], { from: ANN });
    await line.finish(["2", "1", "1"], { from: ANN, to: HOTEL });
    const search = { kind: "number", number: ANN } as const;
    expect(await line.reading.findSubscribers(search, 10)).toHaveLength(2);
    expect(await line.reading.findSubscribers(search, 10, ["hotel-miramar"])).toMatchObject([
      { businessId: "hotel-miramar", number: ANN },
    ]);
  });

  it("finds a call by what the caller was told, and by its SID", async () => {
    const call = await line.finish(["1"]);
    await line.finish(["1"], { from: BEN });
    const [row] = await line.list({ reference: call.callSid });
    expect(sids(await line.list({ reference: row?.reference }))).toEqual([call.callSid]);
    expect(await line.list({ reference: "CAnothing" })).toEqual([]);
    expect(await line.list({ reference: call.callSid, businessIds: ["hotel-miramar"] })).toEqual([]);
  });

  it("keeps no digit of a number in clear", async () => {
    await line.finish(["1"], { from: ANN });
    expect(JSON.stringify([line.rows("subscriber"), line.rows("call"), line.rows("call_facet")])).not.toMatch(
      /5550123|0123"/,
    );
  });

  it("finds who has been erased no more, and still sees that there was a call", async () => {
    const call = await line.finish(["1"], { from: ANN });
    const [person] = await line.reading.findSubscribers({ kind: "number", number: ANN }, 1);
    await line.reading.addNote({
      businessId: "acme-dental",
      subscriberId: person?.id ?? "",
      author: "eve@example.com",
      text: "Called back.",
      at: line.clock.now,
    });
    line.connection.client.exec("DELETE FROM subscriber");
    expect(await line.list({ search: { kind: "number", number: ANN } })).toEqual([]);
    expect(await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 10)).toEqual([]);
    expect(await line.list()).toMatchObject([{ callSid: call.callSid, caller: null, outcome: "granted" }]);
    expect(await line.reading.call("acme-dental", call.callSid)).toMatchObject({ caller: null });
    expect(await line.reading.subscriber("acme-dental", person?.id ?? "")).toBeNull();
  });

  it("sees where a person stands: consents, entries, notes and calls", async () => {
    await line.finish(["1"], { from: ANN });
    line.clock.now += 1_000;
    const second = await line.finish(["2"], { from: ANN });
    const [person] = await line.reading.findSubscribers({ kind: "number", number: ANN }, 1);
    const note = { businessId: "acme-dental", subscriberId: person?.id ?? "", author: "eve@example.com" };
    await line.reading.addNote({ ...note, text: "<b>first</b>", at: 1 });
    await line.reading.addNote({ ...note, text: "second", at: 2 });
    const detail = await line.reading.subscriber("acme-dental", person?.id ?? "");
    expect(detail).toMatchObject({
      number: ANN,
      consents: [{ state: "revoked" }, { state: "revoked" }],
      entries: [{ kind: "granted" }, { kind: "revoked" }],
      notes: [
        { text: "<b>first</b>", author: "eve@example.com", at: 1 },
        { text: "second", at: 2 },
      ],
    });
    expect(detail?.calls).toHaveLength(2);
    expect(detail?.calls[0]?.callSid).toBe(second.callSid);
    expect(await line.reading.subscriber("hotel-miramar", person?.id ?? "")).toBeNull();
  });
});

describe("calls and people from before there was a console", () => {
  it("are found like the others when somebody first looks", async () => {
    const granted = await line.finish(["1"], { from: ANN });
    const hungUp = await line.finish([], { from: BEN });
    await complete(hungUp);
    const partly = await line.finish(["4", "1"], { from: BEN, to: HOTEL });
    await complete(partly);
    const open = await line.finish([], { from: "+14155550124" });
    const before = await line.reading.calls({}, FIRST);
    const funnel = async () =>
      (
        await line
          .openReading()
          .overview({ now: line.clock.now, days: 1, utcOffsetMinutes: 0, simulated: undefined })
      ).funnel;
    const figures = await funnel();
    line.connection.client.exec(
      "UPDATE call SET facet_id = NULL, reference = NULL; UPDATE subscriber SET last_four_index = NULL",
    );
    const reading = line.openReading();
    const after = await reading.calls({}, FIRST);
    const known = ({ callSid, outcome, locale, reference }: (typeof after.rows)[number]) => ({
      callSid,
      outcome,
      locale,
      reference,
    });
    expect(after.rows.map(known)).toEqual(before.rows.map(known));
    expect(sids(after.rows).toSorted()).toEqual(
      [granted, hungUp, partly, open].map(({ callSid }) => callSid).toSorted(),
    );
    expect(await reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 10)).toHaveLength(3);
    expect(await funnel()).toEqual(figures);
  });

  it("are filled once the disk takes writes again", async () => {
    await line.finish(["1"]);
    line.connection.client.exec("UPDATE call SET facet_id = NULL");
    line.connection.client.exec(
      "CREATE TEMP TRIGGER full BEFORE UPDATE ON main.call BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const reading = line.openReading();
    await expect(reading.calls({}, FIRST)).rejects.toThrow("full");
    line.connection.client.exec("DROP TRIGGER temp.full");
    expect((await reading.calls({}, FIRST)).rows).toMatchObject([{ outcome: "granted" }]);
  });
});
