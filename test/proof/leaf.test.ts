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
  // Somebody presses a wrong key first, and is asked again.
  const hesitant = clinicCall({ caller: someNumber() });
  const again = { ...begins(hesitant).served, step: "choice", attempt: 2 };
  await memory.ledger.record(begins(hesitant));
  await memory.ledger.record(answers(hesitant, [], { key: "7", served: again }));
  await memory.ledger.record(answers(hesitant, [entryOf({ topics: ["visits"] })], { attempt: 2 }));
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

/** Rows that entries refer to, and of each the columns that are filled in later, or say how far something came. */
const RESTED_ON: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["an entry", "entry", "1", []],
  [
    "its call",
    "call",
    "call_sid IN (SELECT call_sid FROM entry)",
    ["status", "ended_at", "ended_by", "duration_seconds", "facet_id", "reference"],
  ],
  [
    "the notice that was heard",
    "call_event",
    "step = 'notice' AND kind = 'served' AND call_sid IN (SELECT call_sid FROM entry)",
    [],
  ],
  [
    "the question that was asked apart from it",
    "call_event",
    "step = 'choice' AND attempt = 2 AND kind = 'served'",
    [],
  ],
  [
    "the key that was pressed",
    "call_event",
    "kind = 'key' AND (call_sid, step, attempt) IN (SELECT call_sid, step, attempt FROM entry)",
    [],
  ],
  [
    "the notice that was read",
    "message",
    "id IN (SELECT notice_message_id FROM entry)",
    // Twilio's name of what left may be told later.
    ["sid", "status", "error_code"],
  ],
  [
    "the message that answered",
    "message",
    "id IN (SELECT message_id FROM entry)",
    ["status", "handled_at", "handled_by", "sealed_body"],
  ],
];

describe("whoever changes by hand what an entry rests on changes its leaf:", () => {
  it.each(RESTED_ON)("any column of %s", async (_what, table, which, free) => {
    const columns = memory.connection.client.pragma(`table_info(${table})`) as { name: string }[];
    const shown = columns.map(({ name }) => name).filter((name) => !free.includes(name));
    const unseen: string[] = [];
    let changes = 0;
    for (const column of shown) {
      const { changed, of } = await changedBy(table, column, which);
      changes += of;
      if (changed < of) unseen.push(column);
    }
    expect(changes).toBeGreaterThan(shown.length / 2);
    expect(unseen).toEqual([]);
  });

  it("the digest of served words", async () => {
    for (const column of ["words_digest", "digest"]) {
      const { changed, of } = await changedBy("served_text", column, "1");
      expect(of).toBeGreaterThan(0);
      expect(changed).toBeGreaterThan(0);
    }
  });
});

/** In how many of these rows a change of the column makes another leaf; what holds nothing is not changed. */
async function changedBy(
  table: string,
  column: string,
  which: string,
): Promise<{ changed: number; of: number }> {
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
    const ids = client
      .prepare(`SELECT rowid FROM ${table} WHERE ${which} AND ${column} IS NOT NULL`)
      .pluck()
      .all() as number[];
    let changed = 0;
    const change = client.prepare(
      `UPDATE ${table} SET ${column} = iif(typeof(${column}) = 'integer', ${column} + 1000,
         substr(${column}, 1, length(${column}) - 1) || '~') WHERE rowid = ?`,
    );
    for (const id of ids) {
      client.exec("SAVEPOINT one");
      change.run(id);
      if ((await hashes()) !== before) changed += 1;
      client.exec("ROLLBACK TO one; RELEASE one");
    }
    return { changed, of: ids.length };
  } finally {
    client.exec("ROLLBACK");
    client.pragma("ignore_check_constraints = OFF");
    client.pragma("foreign_keys = ON");
  }
}
