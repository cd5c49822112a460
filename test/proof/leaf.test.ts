import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LeafRow } from "../../src/ledger/proof-store.ts";
import { canonical } from "../../src/proof/canonical.ts";
import { leafHashOf, leafOf, leafText } from "../../src/proof/leaf.ts";
import { leafHash } from "../../src/proof/tree.ts";
import { clinic } from "../call/clinic.ts";
import { clinicCall, leaves, NOW, writes } from "../ledger/correspondence.ts";
import { agree, answers, begins, entryOf, openMemory, someNumber, type Memory } from "../support/memory.ts";
import { agreements } from "./sealing.ts";

let memory: Memory;
let rows: readonly LeafRow[];
const words = "I should like to speak to somebody.";

beforeAll(async () => {
  memory = openMemory({ businesses: [clinic()] });
  await agreements(memory, 2);
  // Somebody names another number, whose owner says yes on WhatsApp.
  const [caller, other] = [someNumber(), someNumber()];
  const call = clinicCall({ caller });
  const subscriberId = await memory.ledger.register(call.businessId, other, NOW);
  await memory.ledger.record(begins(call));
  await memory.ledger.record(answers(call, [entryOf({ kind: "pending", topics: ["visits"], subscriberId })]));
  await leaves(memory, NOW + 60_000);
  await writes(memory, other, { kind: "yes" }, { at: NOW + 120_000 }).answered;
  await writes(memory, other, { kind: "stop", topics: null }, { at: NOW + 180_000, body: words }).answered;
  await agree(memory.ledger, clinicCall({ caller: someNumber(), simulated: true }));
  rows = await memory.proof.unsealed(100);
});
afterAll(() => memory.close());

describe("the leaf of an entry", () => {
  it("is canonical JSON, byte for byte", () => {
    expect(rows.map(({ kind }) => kind)).toEqual([
      "granted",
      "granted",
      "pending",
      "confirmed",
      "revoked",
      "granted",
    ]);
    for (const row of rows) {
      expect(leafText(row)).toBe(canonical(leafOf(row)));
      expect(Buffer.from(leafHashOf(row))).toEqual(leafHash(Buffer.from(canonical(leafOf(row)))));
    }
  });

  it("stays canonical whatever a row holds", () => {
    const [row] = rows;
    if (row === undefined) throw new Error("no row");
    const odd = { ...row, reason: 'é "\\ud800" \u2028\u007f\t€😀', topics: '["\\u00e9"]', key: "\\" };
    expect(leafText(odd)).toBe(canonical(leafOf(odd)));
    expect(() => leafText({ ...row, topics: '["\\ud800"]' })).toThrow("lone surrogate");
    expect(() => leafText({ ...row, reason: "\udc00" })).toThrow("lone surrogate");
    expect(leafText({ ...row, topics: "[" })).toContain('"topics":"["');
    expect(leafText({ ...row, simulated: 2 })).toContain('"simulated":2,');
  });

  it("says what was heard, asked, pressed and answered, in which call, for whom", () => {
    const [granted, , pending, confirmed, revoked, simulated] = rows.map(leafOf);
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(granted).toMatchObject({
      v: 1,
      kind: "granted",
      subject: digest,
      call: { line: "+14155550100", direction: "inbound", simulated: false },
      notice: { step: "notice", attempt: 1, digest, wordsDigest: digest },
      question: { digest, wordsDigest: digest },
      press: { key: "1", kind: "key" },
      reply: null,
      simulated: false,
    });
    expect(pending).toMatchObject({ kind: "pending", notice: { step: "notice" }, reply: null });
    expect(confirmed).toMatchObject({
      kind: "confirmed",
      call: null,
      press: null,
      question: null,
      notice: { purpose: "verification", digest, wordsDigest: digest },
      reply: { commitment: digest, direction: "in", sid: expect.stringMatching(/^SM/) },
      confirms: rows[2]?.id,
    });
    expect(revoked).toMatchObject({ kind: "revoked", reply: { commitment: digest } });
    expect(simulated).toMatchObject({ simulated: true, call: { simulated: true } });
  });

  it("holds no number of anybody, and no word that a person wrote", () => {
    const all = rows.map(leafText).join("\n").replaceAll('"line":"+14155550100"', "");
    expect(all).not.toMatch(/\+\d{7,}/);
    expect(all).not.toMatch(/"\d{9,12}"/);
    expect(all).not.toContain(words);
  });
});

/** What is no evidence for an entry: where a row stands, how far things came, what is filled in later, what is personal. */
const FREE: Readonly<Record<string, readonly string[]>> = {
  entry: [],
  call: ["status", "ended_at", "ended_by", "duration_seconds", "facet_id", "reference"],
  call_event: ["seq"],
  message: ["seq", "status", "error_code", "handled_at", "handled_by", "sealed_body"],
};

describe("whoever changes by hand what an entry rests on changes its leaf:", () => {
  it.each(["entry", "call", "call_event", "message"])("any column of %s", async (table) => {
    const { client } = memory.connection;
    const columns = client.pragma(`table_info(${table})`) as { name: string }[];
    const free = FREE[table] ?? [];
    for (const { name } of columns.filter((column) => !free.includes(column.name))) {
      const changed = await changedBy(table, name);
      expect([table, name, changed]).toEqual([table, name, true]);
    }
  });

  it("the digest of served words", async () => {
    expect(await changedBy("served_text", "words_digest")).toBe(true);
    expect(await changedBy("served_text", "digest")).toBe(true);
  });
});

/** Whether a leaf is another one after one row of the table was changed in this column; the change is undone. */
async function changedBy(table: string, column: string): Promise<boolean> {
  const { client } = memory.connection;
  const hashes = async () => (await memory.proof.unsealed(100)).map(leafHashOf).join("\n");
  const before = await hashes();
  client.pragma("foreign_keys = OFF");
  client.exec("BEGIN");
  try {
    for (const { name } of client
      .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?")
      .all(table) as { name: string }[])
      client.exec(`DROP TRIGGER ${name}`);
    client.pragma("ignore_check_constraints = ON");
    const ids = client.prepare(`SELECT rowid FROM ${table}`).pluck().all() as number[];
    for (const id of ids) {
      client.exec("SAVEPOINT one");
      const number = `typeof(${column}) = 'integer'`;
      client
        .prepare(
          `UPDATE ${table} SET ${column} = iif(${number}, ${column} + 1000, coalesce(substr(${column}, 1, length(${column}) - 1), '') || '~') WHERE rowid = ?`,
        )
        .run(id);
      const after = await hashes();
      client.exec("ROLLBACK TO one; RELEASE one");
      if (after !== before) return true;
    }
    return false;
  } finally {
    client.exec("ROLLBACK");
    client.pragma("ignore_check_constraints = OFF");
    client.pragma("foreign_keys = ON");
  }
}
