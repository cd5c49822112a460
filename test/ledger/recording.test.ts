import Database from "better-sqlite3";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  agree,
  answers,
  begins,
  callOf,
  entryOf,
  openMemory,
  sha256,
  someNumber,
  textOf,
  type Memory,
} from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

describe("one keypress, one entry:", () => {
  it("twenty deliveries of the same keypress at once make one entry, and all get the same answer", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    const turn = answers(call, [entryOf()]);
    const recorded = await Promise.all(Array.from({ length: 20 }, () => memory.ledger.record(turn)));
    expect(memory.count("entry")).toBe(1);
    expect(recorded.filter((each) => each.kind === "answered" && !each.repeated)).toHaveLength(1);
    const said = recorded.map((each) => (each.kind === "answered" ? [each.served, each.entries] : null));
    expect(said).toEqual(Array.from({ length: 20 }, () => said[0]));
    expect(said[0]).toMatchObject([{ twiml: turn.served.text.twiml }, [{ kind: "granted" }]]);
  });

  it("a repeated webhook hears what was stored, not what the code would say today", async () => {
    const call = callOf();
    const { ledger } = memory;
    await ledger.record(begins(call));
    await ledger.record(answers(call, [entryOf()]));
    const rows = ["call", "call_event", "entry", "consent", "served_text", "subscriber"].map(memory.rows);
    const today = answers(call, [entryOf({ kind: "refused" })], {
      key: "2",
      served: { ...answers(call, [entryOf()]).served, text: textOf("Something else."), action: "/elsewhere" },
    });
    expect(await ledger.record(today)).toMatchObject({
      kind: "answered",
      repeated: true,
      entries: [{ kind: "granted", key: "1" }],
      served: { twiml: answers(call, [entryOf()]).served.text.twiml, action: null },
    });
    expect(["call", "call_event", "entry", "consent", "served_text", "subscriber"].map(memory.rows)).toEqual(
      rows,
    );
  });

  it("the beginning of a call is repeated too, with the same question", async () => {
    const turn = begins(callOf());
    const first = await memory.ledger.record(turn);
    const again = await memory.ledger.record(turn);
    expect(again).toEqual({ ...first, repeated: true });
    expect(memory.count("call_event")).toBe(2);
  });

  it("two people who press the same key in the same moment each have an entry of their own", async () => {
    const calls = Array.from({ length: 50 }, () => callOf({ caller: someNumber() }));
    await Promise.all(calls.map((call) => memory.ledger.record(begins(call))));
    await Promise.all(calls.map((call) => memory.ledger.record(answers(call, [entryOf()]))));
    const sources = memory.rows("entry").map((row) => String(row["source_id"]));
    expect(sources.toSorted()).toEqual(calls.map((call) => call.callSid).toSorted());
  });

  it("one key that moves consent to another number makes two entries, in order", async () => {
    const call = callOf();
    const other = await memory.ledger.register("acme-dental", someNumber(), call.at);
    await agree(memory.ledger, callOf());
    await memory.ledger.record(begins(call));
    const moved = [entryOf({ kind: "revoked" }), entryOf({ kind: "pending", subscriberId: other })];
    const turn = answers(call, moved, { step: "confirm-number" });
    await memory.ledger.record(turn);
    const again = await memory.ledger.record(turn);
    expect(again).toMatchObject({ repeated: true, entries: [{ kind: "revoked" }, { kind: "pending" }] });
    expect(memory.rows("entry").map((row) => row["kind"])).toEqual(["granted", "revoked", "pending"]);
  });
});

describe("record, then speak:", () => {
  it("when the answer is ready, another process sees the entry", async () => {
    const reader = new Database(memory.file, { readonly: true });
    const call = callOf();
    await memory.ledger.record(begins(call));
    const seen = () => reader.prepare("SELECT count(*) FROM entry").pluck().get();
    const recording = memory.ledger.record(answers(call, [entryOf()])).then(seen);
    const before = seen();
    expect([before, await recording]).toEqual([0, 1]);
    reader.close();
  });

  it("entry, event, words and projection stand or fall together", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    const tables = ["call_event", "entry", "consent", "served_text"];
    const before = tables.map(memory.rows);
    const turn = answers(call, [entryOf({ kind: "pending", subscriberId: "nobody" })]);
    await expect(
      memory.ledger.record({ ...turn, served: { ...turn.served, text: textOf("New words.") } }),
    ).rejects.toThrow("erased");
    expect(tables.map(memory.rows)).toEqual(before);
  });

  it("the same words are kept once, however many callers hear them", async () => {
    for (let i = 0; i < 5; i++) await agree(memory.ledger, callOf({ caller: someNumber() }));
    expect(memory.count("served_text")).toBe(1);
    expect(memory.rows("entry")).toHaveLength(5);
  });
});

describe("a call's status", () => {
  const STATUSES = ["queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed"] as const;
  const TERMINAL: ReadonlySet<string> = new Set(["completed", "busy", "failed"]);
  const change = (status: string, sequence: number, at = Date.UTC(2026, 10, 23, 9, 1)) => ({
    status,
    sequence,
    terminal: TERMINAL.has(status),
    durationSeconds: TERMINAL.has(status) ? 42 : null,
    at,
  });

  it("never goes back, in whatever order, however late and however often callbacks come", async () => {
    const callback = fc.record({ status: fc.constantFrom(...STATUSES), sequence: fc.nat(3) });
    const property = fc.asyncProperty(
      fc.array(callback, { maxLength: 10 }),
      fc.nat(10),
      async (callbacks, begin) => {
        const call = callOf();
        let end: string | undefined;
        for (const [index, { status, sequence }] of callbacks.entries()) {
          if (index === begin) await memory.ledger.record(begins(call));
          await memory.ledger.recordStatus(call, change(status, sequence, call.at + index));
          end ??= TERMINAL.has(status) ? `${status} ${call.at + index}` : undefined;
        }
        const row = memory.rows("call").find((each) => each["call_sid"] === call.callSid);
        const ended = row === undefined || row["ended_at"] === null;
        return (ended ? undefined : `${String(row["status"])} ${String(row["ended_at"])}`) === end;
      },
    );
    await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined();
  });

  it("is kept once for each callback, even if it comes twice", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    for (let i = 0; i < 3; i++) await memory.ledger.recordStatus(call, change("completed", 4));
    const events = memory.rows("call_event").filter((row) => row["kind"] === "status");
    expect(events).toMatchObject([{ step: "completed", attempt: 4, locale: "und" }]);
    expect(memory.rows("call")).toMatchObject([
      { status: "completed", duration_seconds: 42, ended_by: "twilio" },
    ]);
  });

  it("may come before the call: what the caller then does is an event, and the line hangs up", async () => {
    const call = callOf();
    await memory.ledger.recordStatus(call, change("completed", 1));
    expect(await memory.ledger.record(begins(call))).toEqual({ kind: "ended" });
    expect(await memory.ledger.record(answers(call, [entryOf()]))).toEqual({ kind: "ended" });
    expect(memory.rows("entry")).toEqual([]);
    expect(memory.rows("call_event").map((row) => row["kind"])).toEqual(["status", "key", "key"]);
  });

  it("says that it is over: a key that comes later is kept as an event, and is no consent", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    await memory.ledger.recordStatus(call, change("completed", 1));
    const turn = answers(call, [entryOf()]);
    expect(await memory.ledger.record(turn)).toEqual({ kind: "ended" });
    expect(await memory.ledger.record(turn)).toEqual({ kind: "ended" });
    expect(memory.rows("entry")).toEqual([]);
    expect(memory.rows("consent")).toEqual([]);
    const keys = memory.rows("call_event").filter((row) => row["step"] === "choice");
    expect(keys).toMatchObject([{ kind: "key", key: "1", next_step: null }]);
  });

  it("says that it is over: the key that came before is still answered as it was", async () => {
    const call = callOf();
    const first = await agree(memory.ledger, call);
    await memory.ledger.recordStatus(call, change("completed", 1));
    const again = await memory.ledger.record(answers(call, [entryOf()]));
    expect(again).toEqual({ ...first, repeated: true });
  });

  it("never comes: a sweep closes the call, and only calls that are old enough", async () => {
    const at = Date.UTC(2026, 10, 23, 9);
    const old = callOf({ at: at - 1 });
    const young = callOf({ at });
    const over = callOf({ at: at - 1 });
    for (const call of [old, young, over]) await memory.ledger.record(begins(call));
    await memory.ledger.recordStatus(over, change("completed", 1, at));
    expect(await memory.ledger.closeAbandoned(at, at + 5)).toBe(1);
    expect(await memory.ledger.closeAbandoned(at, at + 5)).toBe(0);
    const rows = memory.rows("call").map((row) => [row["call_sid"], row["ended_by"], row["ended_at"]]);
    expect(rows).toEqual([
      [old.callSid, "sweep", at + 5],
      [young.callSid, null, null],
      [over.callSid, "twilio", at],
    ]);
    const statuses = memory.rows("call_event").filter((row) => row["kind"] === "status");
    expect(statuses.map((row) => [row["call_sid"], row["step"], row["at"]])).toEqual([
      [over.callSid, "completed", at],
      [old.callSid, "swept", at + 5],
    ]);
    await memory.ledger.recordStatus(old, change("failed", 9, at + 9));
    expect(memory.rows("call")[0]).toMatchObject({ status: "completed", ended_by: "sweep" });
  });
});

describe("reading the ledger", () => {
  it("gives every entry once and in commit order, over more entries than a page holds", async () => {
    const calls = Array.from({ length: 1_003 }, () => callOf({ caller: "+14155550123" }));
    await Promise.all(calls.map((call) => agree(memory.ledger, call)));
    const seen: number[] = [];
    for await (const { entry } of memory.ledger.entries({})) seen.push(entry.seq);
    expect(seen).toEqual(calls.map((_, index) => index + 1));
  });

  it("takes only what was asked for: business, kind, time (from, before), world", async () => {
    const hour = (h: number) => Date.UTC(2026, 10, 23, h);
    await agree(memory.ledger, callOf({ at: hour(1) }));
    await agree(memory.ledger, callOf({ at: hour(2), simulated: true }));
    await agree(memory.ledger, callOf({ at: hour(3), businessId: "hotel-miramar" }));
    await agree(memory.ledger, callOf({ at: hour(4) }), { kind: "refused" });
    const seqs = async (filter: Parameters<typeof memory.ledger.entries>[0]) => {
      const found: number[] = [];
      for await (const { entry } of memory.ledger.entries(filter)) found.push(entry.seq);
      return found;
    };
    expect(await seqs({})).toEqual([1, 2, 3, 4]);
    expect(await seqs({ businessId: "hotel-miramar" })).toEqual([3]);
    expect(await seqs({ kind: "refused" })).toEqual([4]);
    expect(await seqs({ since: hour(2), until: hour(4) })).toEqual([2, 3]);
    expect(await seqs({ simulated: true })).toEqual([2]);
    expect(await seqs({ simulated: false, businessId: "acme-dental" })).toEqual([1, 4]);
  });

  it("gives with each entry its number, the words of its notice and its call", async () => {
    const call = callOf();
    await agree(memory.ledger, call);
    for await (const view of memory.ledger.entries({})) {
      expect(view).toMatchObject({
        number: call.caller,
        notice: { words: begins(call).served.text.words, wordsDigest: begins(call).served.text.wordsDigest },
        call: { line: "+14155550100", direction: "inbound", status: "in-progress", begunAt: call.at },
      });
    }
    expect(await memory.ledger.subscriber("acme-dental", "+14155550123")).toMatchObject({
      consents: [{ state: "granted" }, { state: "granted" }],
      entries: [{ kind: "granted" }],
    });
  });

  it("says which voice spoke the notice, and in a call about another number who called", async () => {
    const [call, other] = [callOf(), someNumber()];
    const spoken = '<Response><Say language="en-US" voice="Polly.Joanna-Neural">Words.</Say></Response>';
    const subscriberId = await memory.ledger.register("acme-dental", other, call.at);
    const { text } = begins(call).served;
    await memory.ledger.record(begins(call, { text: { ...text, twiml: spoken, digest: sha256(spoken) } }));
    await memory.ledger.record(answers(call, [entryOf({ kind: "pending", subscriberId })]));
    const caller = (await memory.ledger.subscriber("acme-dental", call.caller ?? other))?.id;
    for await (const view of memory.ledger.entries({}))
      expect(view).toMatchObject({
        number: other,
        notice: { name: "notice", voice: "Polly.Joanna-Neural" },
        call: { subscriberId: caller },
      });
  });

  it("knows nothing of a number that never called this business", async () => {
    await agree(memory.ledger, callOf());
    expect(await memory.ledger.subscriber("hotel-miramar", "+14155550123")).toBeNull();
    expect(await memory.ledger.subscriber("acme-dental", "+14155550124")).toBeNull();
    expect(await memory.ledger.granted("acme-dental", "+14155550124", false)).toEqual([]);
  });

  it("still tells what an entry was about when the person behind it was erased", async () => {
    await agree(memory.ledger, callOf());
    memory.connection.client.exec("DELETE FROM subscriber");
    const views = [];
    for await (const view of memory.ledger.entries({})) views.push(view);
    expect(views).toMatchObject([
      { number: null, entry: { kind: "granted" }, call: { status: "in-progress" } },
    ]);
  });
});
