import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewAccess } from "../../src/ledger/reading.ts";
import { FIRST, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

const DAY_MS = 24 * 60 * 60 * 1000;

function log(access: Partial<NewAccess> = {}): Promise<void> {
  return line.reading.logAccess({
    actor: "op-1",
    actorName: "eve@example.com",
    action: "looked",
    businessId: "acme-dental",
    subject: "CA1",
    detail: "",
    at: line.clock.now,
    ...access,
  });
}

describe("the access log", () => {
  it("tells who did what to whom, newest first, page by page", async () => {
    for (const detail of ["one", "two", "three", "four", "five"]) await log({ detail });
    const details = (page: { rows: readonly { detail: string }[] }) => page.rows.map(({ detail }) => detail);
    const two = { ...FIRST, limit: 2 };
    const first = await line.reading.accesses({}, two);
    const second = await line.reading.accesses({}, { ...two, cursor: first.next });
    const last = await line.reading.accesses({}, { ...two, direction: "last" });
    const back = await line.reading.accesses({}, { ...two, cursor: second.previous, direction: "previous" });
    expect([first, second, last, back].map(details)).toEqual([
      ["five", "four"],
      ["three", "two"],
      ["two", "one"],
      ["five", "four"],
    ]);
    expect([first.previous, last.next, back.previous]).toEqual([null, null, null]);
    expect(details(await line.reading.accesses({}, { ...two, cursor: "made up" }))).toEqual(["five", "four"]);
    expect(first.rows[0]).toEqual({
      seq: 5,
      actor: "op-1",
      actorName: "eve@example.com",
      action: "looked",
      businessId: "acme-dental",
      subject: "CA1",
      detail: "five",
      at: line.clock.now,
    });
  });

  it("is searched by actor, action, subject and time, alone and together", async () => {
    const now = line.clock.now;
    await log({ detail: "a", at: now - 10 * DAY_MS });
    await log({ detail: "b", action: "revealed", subject: "s1", at: now - 5 * DAY_MS });
    await log({
      detail: "c",
      actor: null,
      actorName: "bob@example.com",
      action: "sign-in-failed",
      subject: null,
    });
    await log({ detail: "d", action: "revealed", subject: "s2", at: now + 1 });
    // A clock that was put back an hour: the order is that of the log, the time is what it said.
    await log({ detail: "e", at: now - 60 * 60 * 1000 });
    const found = async (filter: Parameters<typeof line.reading.accesses>[0]) =>
      (await line.reading.accesses(filter, FIRST)).rows.map(({ detail }) => detail).join("");
    expect(await found({})).toBe("edcba");
    expect(await found({ actorNames: ["bob@example.com"] })).toBe("c");
    expect(await found({ action: "revealed" })).toBe("db");
    expect(await found({ subjects: ["s1"] })).toBe("b");
    expect(await found({ since: now })).toBe("dc");
    expect(await found({ until: now })).toBe("eba");
    expect(await found({ since: now - 6 * DAY_MS, until: now })).toBe("eb");
    expect(
      await found({ action: "revealed", subjects: ["s2"], since: now, actorNames: ["eve@example.com"] }),
    ).toBe("d");
    expect(await found({ action: "revealed", subjects: ["s1"], since: now })).toBe("");
  });

  it("knows who is in it by the beginning of a name, and lists several people as one list", async () => {
    const names = ["eve@example.com", "eva@example.com", "bob@example.com", "eve@example.com", "Eve"];
    for (const [n, actorName] of names.entries())
      await log({ actorName, detail: String(n), subject: `s${n}` });
    await log({ subject: null, detail: "nobody" });
    const known = (prefix: string, limit = 10) => line.reading.accessNames("actorName", prefix, limit);
    expect(await known("ev")).toEqual(["eva@example.com", "eve@example.com"]);
    expect(await known("")).toHaveLength(4);
    expect(await known("", 2)).toHaveLength(2);
    expect(await known("zoe")).toEqual([]);
    expect(await line.reading.accessNames("subject", "s", 10)).toEqual(["s0", "s1", "s2", "s3", "s4"]);
    const filter = { actorNames: ["bob@example.com", "eva@example.com", "eve@example.com"] };
    const details = (page: { rows: readonly { detail: string }[] }) => page.rows.map(({ detail }) => detail);
    const two = { ...FIRST, limit: 2 };
    const first = await line.reading.accesses(filter, two);
    const second = await line.reading.accesses(filter, { ...two, cursor: first.next });
    const back = await line.reading.accesses(filter, {
      ...two,
      cursor: second.previous,
      direction: "previous",
    });
    expect([first, second, back].map(details)).toEqual([
      ["nobody", "3"],
      ["2", "1"],
      ["nobody", "3"],
    ]);
    expect(details(await line.reading.accesses({ ...filter, subjects: ["s1", "s4"] }, FIRST))).toEqual(["1"]);
    expect(details(await line.reading.accesses({ actorNames: [] }, FIRST))).toEqual([]);
  });

  it("keeps a detail with quotes, line breaks and a formula as it is", async () => {
    const detail = `=HYPERLINK("x")\r\n'; DROP TABLE access_log; --`;
    await log({ detail });
    expect((await line.reading.accesses({}, FIRST)).rows).toMatchObject([{ detail }]);
  });
});

describe("what was looked at and what was noted", () => {
  const note = { businessId: "acme-dental", author: "eve@example.com", text: "Called back at noon.", at: 1 };

  beforeEach(async () => {
    await line.finish(["1"]);
    await log();
    await line.reading.addNote({ ...note, subscriberId: await subscriberId() });
  });

  it.each([
    "UPDATE access_log SET detail = 'nothing happened'",
    "DELETE FROM access_log",
    "INSERT OR REPLACE INTO access_log SELECT seq, actor, 'mallory', action, business_id, subject, detail, at FROM access_log",
    "UPDATE note SET author = 'mallory'",
    "DELETE FROM note",
    "INSERT OR REPLACE INTO note SELECT seq, id, business_id, subscriber_id, 'mallory', text, at FROM note",
    "INSERT OR REPLACE INTO note SELECT seq + 1, id, business_id, subscriber_id, 'mallory', text, at FROM note",
    "UPDATE call_facet SET outcome = 'granted'",
    "DELETE FROM call_facet",
    "INSERT OR REPLACE INTO call_facet SELECT id, business_id, 'granted', progress, topics, locale, jurisdiction, script, direction, attestation, simulated FROM call_facet",
  ])("cannot be changed with SQL: %s", (statement) => {
    const tables = () => ["access_log", "note", "call_facet"].map((table) => line.rows(table));
    const before = tables();
    expect(() => line.connection.client.exec(statement)).toThrow(/never (?:change|vanish)/);
    expect(tables()).toEqual(before);
  });

  it("a note is not readable in the file, nor by anyone once the person is erased", async () => {
    const id = await subscriberId();
    const [row] = line.rows("note");
    const sealed = row?.["text"] as Buffer;
    expect(sealed.toString("latin1")).not.toContain("noon");
    const [person] = line.rows("subscriber");
    const salt = line.vault.openSalt(id, person?.["salt"] as Buffer);
    expect(line.vault.unseal(salt, sealed)).toBe(note.text);
    expect(() => line.vault.unseal(Buffer.alloc(32), sealed)).toThrow("authenticate");
    line.connection.client.exec("DELETE FROM subscriber");
    await expect(line.reading.addNote({ ...note, subscriberId: id })).rejects.toThrow("erased");
    expect(line.rows("note")).toHaveLength(1);
  });

  it("a note about someone of another business is refused", async () => {
    const subscriber = await subscriberId();
    await expect(
      line.reading.addNote({ ...note, businessId: "hotel-miramar", subscriberId: subscriber }),
    ).rejects.toThrow("unknown");
  });
});

async function subscriberId(): Promise<string> {
  const [person] = await line.reading.findSubscribers({ kind: "number", number: "+14155550123" }, 1);
  return person?.id ?? "";
}
