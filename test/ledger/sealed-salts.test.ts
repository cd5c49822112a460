import { createHmac, hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { finishSecretChange } from "../../src/keeping.ts";
import { isClearSalt, numberVault } from "../../src/ledger/numbers.ts";
import { resealAll } from "../../src/ledger/resealing.ts";
import { checkSecret, open, type Connection } from "../../src/ledger/sqlite/connection.ts";
import { startApiLine } from "../api/api-line.ts";
import { clinic } from "../call/clinic.ts";
import { auditOf, byHand, faultsOf } from "../proof/auditing.ts";
import { driver } from "../support/by-hand.ts";
import { cli } from "../support/cli.ts";
import { ledgerOn, openMemory, SECRET, withdrawalOf, type Memory } from "../support/memory.ts";
import { joined, NOW, TOPICS, writes } from "./correspondence.ts";

const NUMBER: E164 = "+14155557391";
const BODY = "Is this Ms Kowalski's clinic?";
const REASON = "asked by letter";
const FRESH = new Uint8Array(32).fill(9);
const vault = numberVault(SECRET);

type Rows = Pick<Memory, "connection" | "rows">;

/** Each text and each blob of each row. */
function keptValues({ connection: { client }, rows }: Rows): readonly (string | Buffer)[] {
  const tables = client
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .pluck()
    .all();
  const values = tables.flatMap((table) => rows(table).flatMap((row) => Object.values(row)));
  return values.filter((value) => typeof value === "string" || Buffer.isBuffer(value));
}

/** What bytes a value may stand for: itself, and what it, or a part of it, writes in hex or in base64. */
function readingsOf(value: string | Buffer): readonly Buffer[] {
  if (typeof value !== "string") return [value];
  const hex = value.match(/[0-9a-f]{16,}/gi) ?? [];
  const base64 = value.match(/[\w+/-]{22,}={0,2}/g) ?? [];
  return [
    Buffer.from(value),
    ...hex.map((each) => Buffer.from(each, "hex")),
    ...base64.map((each) => Buffer.from(each, "base64")),
  ];
}

/** So many bytes of a digest are no coincidence, and a shortened one is found as well. */
const ENOUGH_BYTES = 8;

/** The guesses that can be seen to be right: some value, as a key or as a salt, makes another kept value out of them. */
function confirmed(values: readonly (string | Buffer)[], guesses: readonly string[]): ReadonlySet<string> {
  const readings = values.flatMap(readingsOf);
  const begins = (bytes: Buffer) => bytes.toString("latin1", 0, ENOUGH_BYTES);
  const targets = new Set(readings.map(begins));
  const keys = new Map(readings.map((each) => [each.toString("latin1"), each])).values().toArray();
  const seen = new Set<string>();
  for (const guess of guesses) {
    const text = Buffer.from(guess);
    for (const key of keys) {
      const digests = [
        createHmac("sha256", key).update(text).digest(),
        hash("sha256", Buffer.concat([key, text]), "buffer"),
        hash("sha256", Buffer.concat([text, key]), "buffer"),
      ];
      if (digests.some((digest) => targets.has(begins(digest)))) seen.add(guess);
    }
    if (targets.has(begins(hash("sha256", text, "buffer")))) seen.add(guess);
  }
  return seen;
}

/** As a number may have been hashed: with or without its plus, its business, or what Twilio puts before it. */
function waysToWrite(number: E164): readonly string[] {
  const digits = [number, number.slice(1), number.slice(2), number.slice(-4)];
  return [...digits, ...digits.map((each) => `acme-dental\0${each}`), `whatsapp:${number}`];
}

describe("whoever has the database file and not the secret", () => {
  it("can try no number and no words: no kept value confirms a guess", async () => {
    const line = await startApiLine();
    const business = line.config.businesses.find(({ id }) => id === "acme-dental") ?? clinic();
    const gone: E164 = "+14155557392";
    const named: E164 = "+14155557393";
    await line.agrees(NUMBER);
    await line.agrees(gone);
    await writes(line.memory, NUMBER, { kind: "unclear" }, { business, body: BODY }).answered;
    const subscriber = await line.ledger.subscriber("acme-dental", NUMBER);
    const who = { businessId: "acme-dental", subscriberId: subscriber?.id ?? "" };
    await line.memory.reading.addNote({ ...who, author: "eve@example.com", text: "rang", at: NOW });
    const by = { by: "cli", byName: "command line", at: NOW };
    await line.memory.privacy.erase({ ...who, who: { number: gone }, keepSuppression: true, ...by });
    const asked = (name: string, body: object) => ({
      body: { business: "acme-dental", ...body },
      headers: { "Idempotency-Key": name },
    });
    const wanted = { to: named, topic: "policy-updates" };
    await line.ask("POST", "/api/v1/permissions", asked("permission", wanted));
    await line.ask("POST", "/api/v1/calls", asked("call", { to: named }));
    const path = `/api/v1/consents/${NUMBER}/revocations`;
    const revoked = await line.ask("POST", path, asked("revocation", { reason: REASON }));
    expect(revoked.status, revoked.text).toBe(201);

    const values = keptValues({ connection: line.connection, rows: line.rows });
    const words = [BODY, REASON, "rang", JSON.stringify(asked("", wanted).body)];
    const guesses = [...[NUMBER, gone, named].flatMap(waysToWrite), ...words];
    expect([...confirmed(values, guesses)]).toEqual([]);
    // That it would be found: so it was, as long as the salt lay beside what it has made.
    const kept = line.rows("subscriber").find(({ id }) => id === who.subscriberId)?.["salt"] as Buffer;
    const clear = numberVault(line.config.secret).openSalt(who.subscriberId, kept);
    expect([...confirmed([...values, clear], guesses)]).toEqual([NUMBER, BODY, REASON]);
    await line.stop();
  });
});

describe("a salt", () => {
  let memory: Memory;
  let connection: Connection;
  beforeEach(() => {
    memory = openMemory({ businesses: [clinic()] });
    checkSecret(memory.connection, vault, true);
    connection = open(memory.file, { busyTimeoutMs: 5_000 });
  });
  afterEach(async () => {
    connection.client.close();
    await memory.close();
  });

  /** Somebody of whom there is everything that a salt is for: commitments to number and words, words, and a note. */
  async function somebody(): Promise<string> {
    await joined(memory, { caller: NUMBER });
    await writes(memory, NUMBER, { kind: "unclear" }, { body: BODY }).answered;
    const id = (await memory.ledger.subscriber("clinic", NUMBER))?.id ?? "";
    const about = { businessId: "clinic", subscriberId: id };
    await memory.reading.addNote({ ...about, author: "eve@example.com", text: "rang", at: NOW });
    await memory.ledger.revoke({ ...withdrawalOf(NUMBER), ...about, topics: TOPICS, reason: REASON });
    return id;
  }

  /** What is read by it. */
  async function read({ reading, messages, entries, privacy }: ReturnType<typeof ledgerOn>, id: string) {
    const incoming = memory.rows("message").find((row) => row["direction"] === "in");
    const revocation = memory.rows("entry").find((row) => row["kind"] === "revoked");
    return {
      notes: (await reading.subscriber("clinic", id))?.notes.map(({ text }) => text),
      words: await messages.words("clinic", String(incoming?.["id"])),
      reason: (await entries.get(["clinic"], String(revocation?.["id"])))?.entry.reason,
      clear: await privacy.hasClearSalts(),
    };
  }
  const expected = { notes: ["rang"], words: BODY, reason: REASON, clear: false };

  /** As an older line has left the file. @returns the salts */
  function inClear(): readonly Buffer[] {
    const triggers = memory.connection.client
      .prepare<[], { name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'subscriber'",
      )
      .all();
    for (const { name } of triggers) memory.connection.client.exec(`DROP TRIGGER ${name}`);
    const put = memory.connection.client.prepare("UPDATE subscriber SET salt = ? WHERE id = ?");
    const salts = memory.rows("subscriber").map(({ id, salt }) => {
      const clear = vault.openSalt(String(id), salt as Buffer);
      put.run(clear, id);
      return clear;
    });
    for (const { sql } of triggers) memory.connection.client.exec(sql);
    return salts;
  }

  const inFiles = (salts: readonly Buffer[]) => {
    const files = ["", "-wal"].map((end) => readFileSync(`${memory.file}${end}`));
    return salts.filter((salt) => files.some((file) => file.includes(salt))).length;
  };

  it("that lies in clear is sealed when the line starts, and is gone from the file and its log", async () => {
    const id = await somebody();
    const salts = [...inClear()];
    expect(salts.map((salt) => isClearSalt(salt))).toEqual([true]);
    expect(await read(memory, id)).toEqual({ ...expected, clear: true });
    expect(inFiles(salts)).toBe(1);
    const before = memory.rows("subscriber").map(({ commitment }) => commitment);
    const told: { msg: string }[] = [];
    const log = pino({}, { write: (line) => told.push(JSON.parse(line) as { msg: string }) });
    const { privacy } = memory;
    const parts = { privacy, log, businesses: [], erasureList: "", now: () => NOW };
    await finishSecretChange(parts, () => false);
    expect(await privacy.clearTraces(NOW)).toBe(true);
    expect(told.map(({ msg }) => msg)).toEqual([
      "salts of people stand in clear, as older versions kept them: they are sealed",
      "sealed",
    ]);
    expect(inFiles(salts)).toBe(0);
    expect(await read(memory, id)).toEqual(expected);
    expect(memory.rows("subscriber").map(({ commitment }) => commitment)).toEqual(before);
    expect(faultsOf(await auditOf(memory))).toEqual([]);
    await finishSecretChange(parts, () => false);
    expect(told).toHaveLength(2);
  });

  it("that lies in clear is sealed by a command as well, where no line serves", async () => {
    const id = await somebody();
    inClear();
    const secret = Buffer.from(SECRET).toString("base64");
    const env = { DATABASE_URL: `file:${memory.file}`, YESLINE_SECRET: secret };
    expect(await cli(["secret", "rotate"], env)).toMatchObject({ code: 0, err: "" });
    expect(await read(memory, id)).toEqual(expected);
    expect(await cli(["secret", "rotate"], env)).toMatchObject({ code: 2, out: "" });
  });

  it("follows a change of the secret, from clear as from sealed", async () => {
    const id = await somebody();
    inClear();
    await joined(memory);
    checkSecret(connection, numberVault(FRESH, [SECRET]), true);
    const during = ledgerOn(connection, FRESH, [clinic()], [SECRET]);
    expect(await read(during, id)).toEqual({ ...expected, clear: true });
    expect(await resealAll(during.privacy)).toMatchObject({ numbers: 2, notes: 2, messages: 1 });
    checkSecret(connection, numberVault(FRESH), true);
    const afterwards = ledgerOn(connection, FRESH, [clinic()]);
    expect(await read(afterwards, id)).toEqual(expected);
    expect(faultsOf(await auditOf(afterwards))).toEqual([]);
    for (const { id: owner, salt } of memory.rows("subscriber"))
      expect(() => vault.openSalt(String(owner), salt as Buffer)).toThrow("authenticate");
  });

  it("is never put there in clear again, neither by hand nor by an older line", async () => {
    await somebody();
    const update = "UPDATE subscriber SET salt = randomblob(32)";
    expect(driver(memory.file, update).refused).toContain("salts are sealed");
    const insert =
      "INSERT INTO subscriber SELECT business_id, 'other', 'other', number, randomblob(32), commitment, at, NULL FROM subscriber";
    expect(driver(memory.file, insert).refused).toContain("salts are sealed");
  });

  it("that was moved to another person, or changed, is named by whoever verifies", async () => {
    await joined(memory, { caller: NUMBER });
    await joined(memory);
    const moved = () =>
      memory.connection.client.exec(
        "UPDATE subscriber SET salt = (SELECT salt FROM subscriber ORDER BY rowid DESC LIMIT 1)",
      );
    const faults = await byHand(memory, moved, async () => faultsOf(await auditOf(memory)));
    expect(faults.filter((fault) => fault.includes("the salt cannot be read"))).toHaveLength(1);
  });
});
