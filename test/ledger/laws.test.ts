import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UnknownCall } from "../../src/ledger/ledger.ts";
import {
  agree,
  answers,
  begins,
  callOf,
  entryOf,
  openMemory,
  someNumber,
  withdrawalOf,
  type Memory,
} from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

/** Inserts a copy of the granted entry, past all of our code, with some columns different. */
function insertEntry(changes: Readonly<Record<string, unknown>>): void {
  const row = { ...memory.rows("entry")[0], seq: null, id: "copy", step: "copy", ...changes };
  const names = Object.keys(row);
  memory.connection.client
    .prepare(`INSERT INTO entry (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`)
    .run(row);
}

describe("heard, then asked: the schema itself refuses", () => {
  const call = callOf();
  beforeEach(() => agree(memory.ledger, call));

  it("nothing, where a copy of a rightful grant has a step of its own", () => {
    insertEntry({});
    expect(memory.count("entry")).toBe(2);
  });

  const withoutNotice: readonly [string, Readonly<Record<string, unknown>>][] = [
    ["without a notice", { notice_step: null, notice_attempt: null, notice_kind: null }],
    ["without a call", { call_sid: null }],
    ["without the notice's attempt, which would escape the foreign key", { notice_attempt: null }],
    ["that names another step than the notice", { notice_step: "choice" }],
    ["that names what the caller did as the notice", { notice_kind: "key" }],
  ];
  for (const kind of ["granted", "pending"]) {
    it.each(withoutNotice)(`a ${kind} entry %s`, (_, changes) => {
      expect(() => insertEntry({ kind, ...changes })).toThrow("CHECK constraint failed: grant_needs_notice");
      expect(memory.count("entry")).toBe(1);
    });

    it.each([
      ["without a key", { key: null }],
      ["with an empty key", { key: "" }],
      ["with more keys than one", { key: "11" }],
    ])(`a ${kind} entry %s, for silence is never consent`, (_, changes) => {
      expect(() => insertEntry({ kind, ...changes })).toThrow("CHECK constraint failed: grant_needs_key");
      expect(memory.count("entry")).toBe(1);
    });

    it(`a ${kind} entry with a notice in another language`, () => {
      expect(() => insertEntry({ kind, locale: "es-ES" })).toThrow("FOREIGN KEY constraint failed");
      expect(memory.count("entry")).toBe(1);
    });

    it(`a ${kind} entry with a serving of the notice that was not`, () => {
      expect(() => insertEntry({ kind, notice_attempt: 2 })).toThrow("FOREIGN KEY constraint failed");
      expect(memory.count("entry")).toBe(1);
    });

    it(`a ${kind} entry with the notice of another call`, async () => {
      const other = callOf();
      await memory.ledger.record(begins(other, { step: "language" }));
      const changes = { kind, call_sid: other.callSid, source_id: other.callSid };
      expect(() => insertEntry(changes)).toThrow("FOREIGN KEY constraint failed");
      expect(memory.count("entry")).toBe(1);
    });

    it(`a ${kind} entry of another business`, () => {
      expect(() => insertEntry({ kind, business_id: "hotel-miramar" })).toThrow(
        /mark of its call|FOREIGN KEY/,
      );
      expect(memory.count("entry")).toBe(1);
    });
  }

  it("an entry of a kind that there is not", () => {
    expect(() => insertEntry({ kind: "assumed" })).toThrow("CHECK constraint failed: entry_kind");
    expect(memory.count("entry")).toBe(1);
  });

  it("a second entry for the same keypress, under another id", () => {
    expect(() => insertEntry({ step: "choice" })).toThrow("entries never change");
    expect(memory.count("entry")).toBe(1);
  });
});

describe("a caller who never heard the whole notice", () => {
  it("is not opted in by any key, and nothing of the attempt stays", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call, { step: "language" }));
    const before = memory.rows("call_event");
    await expect(memory.ledger.record(answers(call, [entryOf()]))).rejects.toThrow("FOREIGN KEY");
    expect(memory.rows("call_event")).toEqual(before);
    expect(memory.rows("entry")).toEqual([]);
    expect(memory.rows("consent")).toEqual([]);
  });

  it("is not opted in by a notice in another language than the question", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call, { locale: "es-ES" }));
    await expect(memory.ledger.record(answers(call, [entryOf()]))).rejects.toThrow("FOREIGN KEY");
    expect(memory.rows("consent")).toEqual([]);
  });

  it("is not opted in by silence, even if the code asked for it", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    const silent = answers(call, [entryOf()], { key: null });
    await expect(memory.ledger.record(silent)).rejects.toThrow("grant_needs_key");
    expect(memory.rows("consent")).toEqual([]);
  });

  it("can leave all the same, with one key", async () => {
    const first = callOf();
    await agree(memory.ledger, first);
    const second = callOf();
    await memory.ledger.record(begins(second, { step: "welcome-back" }));
    const revoked = [entryOf({ kind: "revoked" })];
    await memory.ledger.record(answers(second, revoked, { step: "welcome-back", key: "2" }));
    expect(memory.rows("consent").map((row) => row["state"])).toEqual(["revoked", "revoked"]);
  });

  it("cannot be put on record as refusing where the number is withheld", async () => {
    const call = callOf({ caller: null });
    await memory.ledger.record(begins(call));
    const refusal = answers(call, [entryOf({ kind: "refused" })], { key: "2" });
    await expect(memory.ledger.record(refusal)).rejects.toThrow("withheld");
    expect(memory.rows("entry")).toEqual([]);
  });
});

describe("a simulated call is never consent:", () => {
  it("what someone granted in a simulated call is not granted to the real line, nor the other way round", async () => {
    const caller = someNumber();
    await agree(memory.ledger, callOf({ caller, simulated: true }), { topics: ["policy-updates"] });
    await agree(memory.ledger, callOf({ caller }), { topics: ["appointment-reminders"] });
    expect(await memory.ledger.granted("acme-dental", caller, true)).toEqual(["policy-updates"]);
    expect(await memory.ledger.granted("acme-dental", caller, false)).toEqual(["appointment-reminders"]);
  });

  it("a really signed answer cannot go on with a simulated call, nor the other way round", async () => {
    for (const simulated of [true, false]) {
      const call = callOf({ simulated });
      await memory.ledger.record(begins(call));
      const crossed = { ...call, simulated: !simulated };
      await expect(memory.ledger.record(answers(crossed, [entryOf()]))).rejects.toThrow(UnknownCall);
      await expect(memory.ledger.record(begins(crossed))).rejects.toThrow(UnknownCall);
    }
    expect(memory.rows("entry")).toEqual([]);
    expect(memory.rows("call").map((row) => row["simulated"])).toEqual([1, 0]);
  });

  it("a really signed status cannot end a simulated call", async () => {
    const call = callOf({ simulated: true });
    await memory.ledger.record(begins(call));
    const change = { status: "completed", terminal: true, sequence: 1, durationSeconds: 9, at: call.at };
    await expect(memory.ledger.recordStatus({ ...call, simulated: false }, change)).rejects.toThrow(
      UnknownCall,
    );
    expect(memory.rows("call")).toMatchObject([{ status: "in-progress", ended_at: null }]);
  });

  it("an answer in a call that never began here is not known", async () => {
    await expect(memory.ledger.record(answers(callOf(), [entryOf()]))).rejects.toThrow(UnknownCall);
    expect(memory.rows("call")).toEqual([]);
  });

  it("a supervisor's withdrawal is recorded in each world where there is something to withdraw", async () => {
    const caller = someNumber();
    await agree(memory.ledger, callOf({ caller, simulated: true }));
    await agree(memory.ledger, callOf({ caller }));
    const entries = await memory.ledger.revoke(withdrawalOf(caller));
    expect(entries.map(({ kind, simulated }) => `${kind} ${simulated}`).toSorted()).toEqual([
      "revoked false",
      "revoked true",
    ]);
    for (const simulated of [true, false]) {
      expect(await memory.ledger.granted("acme-dental", caller, simulated)).toEqual([]);
    }
  });

  it("a withdrawal that has nothing to withdraw is a real one, and repeated it writes nothing", async () => {
    const withdrawal = withdrawalOf(someNumber());
    const [first, ...more] = await memory.ledger.revoke(withdrawal);
    expect([first?.simulated, more]).toEqual([false, []]);
    expect(await memory.ledger.revoke(withdrawal)).toEqual([first]);
    expect(memory.count("entry")).toBe(1);
  });
});
