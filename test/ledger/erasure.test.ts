import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { fold } from "../../src/call/consent.ts";
import type { ErasureOrder } from "../../src/ledger/privacy.ts";
import { clinic } from "../call/clinic.ts";
import { driver } from "../support/by-hand.ts";
import { answers, begins, entryOf, openMemory, type Memory } from "../support/memory.ts";
import { clinicCall, DAY_MS, joined, leaves, NOW, outbox, TOPICS, writes } from "./correspondence.ts";

const NUMBER: E164 = "+14155557391";
const NAME = "Wilhelmina Featherstonehaugh";

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

function orderOf(over: Partial<ErasureOrder> = {}): ErasureOrder {
  return {
    businessId: "clinic",
    who: { number: NUMBER },
    keepSuppression: false,
    by: "cli",
    byName: "command line",
    at: NOW + DAY_MS,
    ...over,
  };
}

/** Somebody of whom as much is kept as can be. */
async function wellKnown(number: E164 = NUMBER) {
  const { call } = await joined(memory, { caller: number });
  await writes(memory, number, { kind: "unclear" }, { body: `This is ${NAME}, call ${number}` }).answered;
  await leaves(memory, NOW);
  const found = await memory.ledger.subscriber("clinic", number);
  const subscriberId = found?.id ?? "";
  const text = `${NAME} asked by letter; reach her at ${number}`;
  await memory.reading.addNote({
    businessId: "clinic",
    subscriberId,
    author: "eve@example.com",
    text,
    at: NOW,
  });
  return { call, subscriberId };
}

function bytes(): string {
  return [memory.file, `${memory.file}-wal`, `${memory.file}-shm`]
    .map((file) => readFileSync(file).toString("latin1"))
    .join("");
}

describe("whoever is forgotten", () => {
  it("leaves neither number, name, salt nor index in the database and its logs, whole or in part", async () => {
    await wellKnown();
    const [person = {}] = memory.rows("subscriber");
    const sealed = [
      ...["number", "salt"].map((column) => (person[column] as Buffer).toString("latin1")),
      ...["blind_index", "last_four_index"].map((column) => person[column] as string),
      ...memory
        .rows("message")
        .flatMap((row) => (row["sealed_body"] as Buffer | null)?.toString("latin1") ?? []),
      ...memory.rows("note").map((row) => (row["text"] as Buffer).toString("latin1")),
    ];
    expect(sealed.length).toBeGreaterThanOrEqual(6);
    for (const each of sealed) expect(bytes()).toContain(each);
    await memory.privacy.erase(orderOf());
    expect(await memory.privacy.clearTraces(NOW + DAY_MS)).toBe(true);
    for (const each of [...sealed, NAME, "Wilhelmina", NUMBER, "14155557391", "4155557391", "5557391"]) {
      expect(bytes()).not.toContain(each);
    }
  });

  it("leaves nothing of what Twilio said of their number, nor the address that their call goes back to", async () => {
    const { call } = await joined(memory, { caller: NUMBER });
    await memory.liveCalls.add({
      businessId: "clinic",
      callSid: call.callSid,
      returnUrl: `https://agents.example/back?name=${NAME.replace(" ", "+")}`,
      requestedBy: "key-1",
      at: NOW,
    });
    await writes(memory, NUMBER, { kind: "stop", topics: null }).answered;
    const due = { now: NOW + 1, leaseMs: 60_000, limit: 10, kinds: ["message"] as const };
    const [job] = await memory.outgoing.claim(due);
    const message = `The 'To' number whatsapp:${NUMBER} is not valid.`;
    await memory.outgoing.end(String(job?.id), "failed", { code: "21211", message }, NOW + 1);
    expect(bytes()).toContain(message);
    expect(bytes()).toContain("Wilhelmina+Featherstonehaugh");
    const { erased } = await memory.privacy.erase(orderOf());
    expect(erased.liveCalls).toBe(1);
    expect(await memory.privacy.clearTraces(NOW + DAY_MS)).toBe(true);
    for (const each of [NUMBER, "5557391", "Wilhelmina"]) expect(bytes()).not.toContain(each);
  });

  it("leaves no yes behind in either world", async () => {
    await joined(memory, { caller: NUMBER });
    await joined(memory, { caller: NUMBER, simulated: true });
    const { revoked } = await memory.privacy.erase(orderOf());
    expect(revoked).toHaveLength(2);
    const states = memory
      .rows("consent")
      .map(({ state, simulated }) => `${String(state)} ${String(simulated)}`);
    expect(states.toSorted()).toEqual(["revoked 0", "revoked 0", "revoked 1", "revoked 1"]);
  });

  it("is unknown from then on: to the console, to a permission, and to whoever opens the messages", async () => {
    const { subscriberId, call } = await wellKnown();
    await memory.privacy.erase(orderOf());
    expect(await memory.ledger.subscriber("clinic", NUMBER)).toBeNull();
    expect(await memory.ledger.numberOf("clinic", subscriberId)).toBeNull();
    expect(await memory.reading.subscriber("clinic", subscriberId)).toBeNull();
    expect((await memory.reading.call("clinic", call.callSid))?.caller).toBeNull();
    const incoming = memory.rows("message").find((row) => row["direction"] === "in");
    expect(await memory.messages.words("clinic", String(incoming?.["id"]))).toBeNull();
    expect(await memory.messages.inbox({ after: 0, limit: 10 })).toEqual([]);
    const question = { businessId: "clinic", number: NUMBER, topic: "visits", simulated: false };
    const standing = memory.decisions.standing({ ...question, sendAt: NOW, windowMs: 0 });
    expect(standing).toMatchObject({ subscriberId: null, state: "none" });
  });

  it("has left first: what stood ends by an entry, other systems are told, and nobody writes to them", async () => {
    const at = NOW;
    await memory.endpoints.add(
      {
        businessId: "clinic",
        id: "crm",
        url: "https://crm.example/",
        kinds: ["revoked"],
        description: "",
        createdAt: at,
        createdBy: "cli",
      },
      "whsec_x",
    );
    const call = clinicCall({ caller: NUMBER });
    await memory.ledger.record(begins(call));
    await memory.ledger.record(answers(call, [entryOf({ topics: TOPICS })]));
    expect(await outbox(memory)).toEqual(["confirmation offers+visits"]);
    const certificate = await memory.privacy.erase(orderOf());
    const [granted, revoked] = memory.rows("entry");
    expect(revoked).toMatchObject({
      kind: "revoked",
      source: "erasure",
      source_id: certificate.id,
      topics: JSON.stringify(TOPICS.toSorted()),
      commitment: granted?.["commitment"],
      script: granted?.["script"],
    });
    const waiting = await memory.outgoing.list({ limit: 10, states: ["waiting"] });
    expect(waiting.map(({ payload, entryId }) => [payload.kind, entryId])).toEqual([
      ["event", revoked?.["id"]],
    ]);
    const [cancelled] = await memory.outgoing.list({ limit: 10, states: ["cancelled"] });
    expect(cancelled?.payload).toMatchObject({ kind: "message", topics: [], sessionUntil: null });
    expect(certificate.erased.cancelledMessages).toBe(1);
  });

  it("leaves a projection that equals the fold, and entries whose leaves are what they were", async () => {
    const { subscriberId } = await wellKnown();
    const before = memory.rows("entry").map(({ id }) => id as string);
    const rows = await Promise.all(before.map((id) => memory.proof.leafRow("clinic", id)));
    await memory.privacy.erase(orderOf());
    const after = await Promise.all(before.map((id) => memory.proof.leafRow("clinic", id)));
    expect(after).toEqual(rows);
    const entries = memory.rows("entry").map(({ kind, topics }) => ({
      kind: kind as "granted",
      topics: JSON.parse(topics as string) as string[],
    }));
    const stored = memory.rows("consent").map((row) => [row["topic"], row["state"]]);
    expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(fold(entries)));
    expect(memory.rows("consent").every((row) => row["subscriber_id"] === subscriberId)).toBe(true);
    const { entries: views } = await memory.entries.page({ businessIds: ["clinic"] }, 0, 10);
    expect(views[0]).toMatchObject({ number: null, entry: { kind: "granted", subscriberId } });
  });

  it("takes nobody along: another person's words, notes and consent stay", async () => {
    await wellKnown();
    const other = await wellKnown("+14155558264");
    const before = await memory.reading.subscriber("clinic", other.subscriberId);
    await memory.privacy.erase(orderOf());
    expect(await memory.reading.subscriber("clinic", other.subscriberId)).toEqual(before);
    expect(before?.notes).toHaveLength(1);
  });

  it("is not what becomes of their numbers at another business", async () => {
    await wellKnown();
    await memory.ledger.register("acme-dental", NUMBER, NOW);
    await memory.privacy.erase(orderOf());
    expect(await memory.ledger.subscriber("acme-dental", NUMBER)).not.toBeNull();
  });

  it("may come back, as somebody nobody knows", async () => {
    const { subscriberId } = await wellKnown();
    await memory.privacy.erase(orderOf());
    await joined(memory, { caller: NUMBER });
    const again = await memory.ledger.subscriber("clinic", NUMBER);
    expect(again?.id).not.toBe(subscriberId);
    expect(await memory.ledger.granted("clinic", NUMBER, false)).toEqual(TOPICS.toSorted());
  });

  it("in the middle of a call: the key they press next is refused, and nothing is recorded", async () => {
    const call = clinicCall({ caller: NUMBER });
    await memory.ledger.record(begins(call));
    await memory.privacy.erase(orderOf());
    await expect(memory.ledger.record(answers(call, [entryOf({ topics: TOPICS })]))).rejects.toThrow(
      "erased",
    );
    expect(memory.count("entry")).toBe(0);
  });

  it("is forgotten whole or not at all, whatever fails in between", async () => {
    await wellKnown();
    memory.connection.client.exec(
      "CREATE TEMP TRIGGER power_cut BEFORE UPDATE OF text ON note BEGIN SELECT RAISE(ABORT, 'cut'); END",
    );
    const tables = ["subscriber", "entry", "consent", "message", "note", "outbox", "erasure", "suppression"];
    const before = tables.map(memory.rows);
    await expect(memory.privacy.erase(orderOf({ keepSuppression: true }))).rejects.toThrow("cut");
    expect(tables.map(memory.rows)).toEqual(before);
  });

  it("gets a certificate that names what is left and nothing of who it was", async () => {
    const { subscriberId } = await wellKnown();
    const { id } = await memory.privacy.erase(orderOf());
    await memory.privacy.clearTraces(NOW + DAY_MS + 1);
    const certificate = await memory.privacy.certificateOf("clinic", subscriberId);
    expect(certificate).toMatchObject({
      id,
      subscriberId,
      cause: "request",
      byName: "command line",
      at: NOW + DAY_MS,
      tracesGoneAt: NOW + DAY_MS + 1,
      suppressed: false,
      erased: { subscriber: 1, noteTexts: 1, messageBodies: 1 },
      checkpoint: null,
    });
    expect(certificate?.remaining.map(({ kind }) => kind)).toEqual(["granted", "revoked"]);
    expect(certificate?.remaining[0]?.commitment).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(certificate)).not.toMatch(/555-?7391|Wilhelmina/);
    expect(await memory.privacy.certificates("clinic", 10)).toEqual([certificate]);
  });

  it("gets one, too, where nothing was kept of the number", async () => {
    const certificate = await memory.privacy.erase(orderOf());
    expect(certificate).toMatchObject({ subscriberId: null, erased: { subscriber: 0 }, remaining: [] });
  });

  it("has answers to other systems deleted that lead to them, and no others", async () => {
    await wellKnown();
    const [entry] = memory.rows("entry");
    for (const [name, body] of [
      ["theirs", JSON.stringify({ entries: [{ id: entry?.["id"] }] })],
      ["another's", JSON.stringify({ entries: [{ id: "01a20640-be81-73e4-9d40-ec4ea8502155" }] })],
    ] as const) {
      await memory.idempotency.begin("key", name, "digest", NOW);
      await memory.idempotency.keep("key", name, { status: 201, body });
    }
    const { erased } = await memory.privacy.erase(orderOf());
    expect(erased.idempotencyAnswers).toBe(1);
    expect(memory.rows("idempotency").map((row) => row["idempotency_key"])).toEqual(["another's"]);
  });

  it.each([
    ["an erasure is changed", "UPDATE erasure SET \"by\" = 'eve'", "erasures never change"],
    ["an erasure is deleted", "DELETE FROM erasure", "erasures never vanish"],
    [
      "an erasure is replaced",
      "INSERT OR REPLACE INTO erasure SELECT * FROM erasure",
      "erasures never change",
    ],
    ["its end is moved", "UPDATE erasure SET traces_gone_at = 1", "erasures never change"],
    ["a note is emptied whose person is there", "UPDATE note SET text = x''", "notes never change"],
    ["a note is rewritten", "UPDATE note SET text = zeroblob(length(text))", "notes never change"],
    ["a message is rewritten", "UPDATE message SET sealed_body = zeroblob(5)", "words never change"],
  ])("by hand, the database refuses that %s", async (_what, sql, words) => {
    await wellKnown();
    await wellKnown("+14155558264");
    await memory.privacy.erase(orderOf());
    await memory.privacy.clearTraces(NOW);
    expect(driver(memory.file, sql).refused).toContain(words);
  });
});
