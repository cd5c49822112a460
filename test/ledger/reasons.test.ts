import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { numberVault } from "../../src/ledger/numbers.ts";
import { committedIn } from "../../src/ledger/reason.ts";
import { recordOf } from "../../src/ledger/record.ts";
import { leafOf } from "../../src/proof/leaf.ts";
import { recordFaults } from "../../src/proof/record-leaf.ts";
import { clinic } from "../call/clinic.ts";
import { auditOf, byHand, faultsOf } from "../proof/auditing.ts";
import { agreements, sealerOn } from "../proof/sealing.ts";
import { driver } from "../support/by-hand.ts";
import { openMemory, SECRET, someNumber, withdrawalOf, type Memory } from "../support/memory.ts";
import { DAY_MS, joined, NOW, TOPICS } from "./correspondence.ts";

const NUMBER: E164 = "+14155557391";
const NAME = "Wilhelmina Featherstonehaugh";
const WORDS = `${NAME} asked by letter`;

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

/** Somebody joins, and a supervisor withdraws it for a reason. */
async function withdrawn(reason: string | null = WORDS, number = NUMBER) {
  await joined(memory, { caller: number });
  const withdrawal = { ...withdrawalOf(number), businessId: "clinic", topics: TOPICS, reason };
  const [entry] = await memory.ledger.revoke({
    ...withdrawal,
    sourceId: `request of ${number}`,
    at: NOW + 1,
  });
  if (entry === undefined) throw new Error("Nothing was withdrawn.");
  return entry;
}

const viewOf = async (id: string) => {
  const view = await memory.entries.get(["clinic"], id);
  if (view === null) throw new Error("There is no such entry.");
  return view;
};

const bytes = () =>
  [memory.file, `${memory.file}-wal`].map((file) => readFileSync(file).toString("latin1")).join("");

const eraseIt = () =>
  memory.privacy.erase({
    businessId: "clinic",
    who: { number: NUMBER },
    keepSuppression: false,
    by: "cli",
    byName: "command line",
    at: NOW + DAY_MS,
  });

describe("why somebody withdrew", () => {
  it("is read in words by whoever reads the log, and stands in neither the entry nor its leaf", async () => {
    const entry = await withdrawn();
    const row = await memory.proof.leafRow("clinic", entry.id);
    if (row === null) throw new Error("The entry has no row.");
    const vault = numberVault(SECRET);
    const salt = vault.openSalt(entry.subscriberId, memory.rows("subscriber")[0]?.["salt"] as Buffer);
    const commitment = vault.commitTo(salt, WORDS);
    expect(leafOf(row)).toMatchObject({ reason: `hmac-sha256:${commitment}` });
    const record = recordOf(await viewOf(entry.id), clinic());
    expect(record).toMatchObject({ reason: WORDS, reasonCommitment: commitment });
    expect(recordFaults(record, leafOf(row))).toEqual([]);
    expect(bytes()).not.toContain(NAME);
    const person = await memory.reading.subscriber("clinic", entry.subscriberId);
    expect(person?.entries.map(({ reason }) => reason)).toEqual([null, WORDS]);
    expect(person?.notes).toEqual([]);
  });

  it("is erased with the person, and the entry proves what it proved", async () => {
    await withdrawn();
    const entry = memory.rows("entry").at(-1);
    const sealed = memory.rows("note").map((row) => (row["text"] as Buffer).toString("latin1"));
    const before = await memory.proof.leafRow("clinic", String(entry?.["id"]));
    const { erased, remaining } = await eraseIt();
    expect(erased.noteTexts).toBe(1);
    expect(remaining.map(({ reasonStays }) => reasonStays)).toEqual([false, false]);
    await memory.privacy.clearTraces(NOW + DAY_MS);
    for (const each of [...sealed, NAME]) expect(bytes()).not.toContain(each);
    expect(await memory.proof.leafRow("clinic", String(entry?.["id"]))).toEqual(before);
    const view = await viewOf(String(entry?.["id"]));
    expect(view.entry.reason).toBeNull();
    expect(view.reasonCommitment).toBe(committedIn(before?.reason ?? null));
    expect((await auditOf(memory)).ok).toBe(true);
  });

  it("is named by whoever verifies, where its words were changed, swapped or taken away", async () => {
    await agreements(memory, 1);
    const [entry, other] = [await withdrawn(), await withdrawn("another one", someNumber())];
    await sealerOn(memory.proof).seal();
    expect(await auditOf(memory)).toMatchObject({ ok: true });
    const { client } = memory.connection;
    for (const sql of [
      `UPDATE note SET text = (SELECT text FROM note WHERE id = '${other.id}') WHERE id = '${entry.id}'`,
      `DELETE FROM note WHERE id = '${entry.id}'`,
      `UPDATE note SET text = x'' WHERE id = '${entry.id}'`,
    ]) {
      const report = await byHand(
        memory,
        () => client.exec(sql),
        () => auditOf(memory),
      );
      expect(faultsOf(report).join("\n"), sql).toContain("its reason is not in the words it commits to");
      expect(faultsOf(report)[0], sql).toContain(entry.id);
    }
  });

  it("can be changed in no record that is handed on, as far as the leaf can tell", async () => {
    const { id } = await withdrawn();
    const row = await memory.proof.leafRow("clinic", id);
    if (row === null) throw new Error("The entry has no row.");
    const record = recordOf(await viewOf(id), clinic());
    expect(recordFaults({ ...record, reasonCommitment: "0".repeat(64) }, leafOf(row))).toEqual([
      "reasonCommitment is not what the leaf says",
    ]);
  });

  it("stays as it was in entries from before, which are verified as ever and cannot be erased", async () => {
    const { client } = memory.connection;
    client.exec("DROP TRIGGER entry_keeps_no_words");
    await withdrawn(null);
    client.exec(
      `INSERT INTO entry SELECT NULL, 'old', business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source,
         'old', step, attempt, key, call_sid, notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose,
         message_id, confirms, supersedes, attestation, simulated, commitment, 'asked by letter', recording_sid,
         recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE kind = 'revoked'`,
    );
    const record = recordOf(await viewOf("old"), clinic());
    expect(record).toMatchObject({ reason: "asked by letter", reasonCommitment: null });
    const row = await memory.proof.leafRow("clinic", "old");
    expect(row === null ? [] : recordFaults({ ...record, reason: "another" }, leafOf(row))).toEqual([
      "reason is not what the leaf says",
    ]);
    const { remaining } = await eraseIt();
    expect(remaining.filter(({ reasonStays }) => reasonStays).map(({ id }) => id)).toEqual(["old"]);
  });

  it.each(["asked by letter", "hmac-sha256:x", `hmac-sha256:${"Z".repeat(64)}`])(
    "is refused by the database where an entry would keep %j itself",
    async (words) => {
      await withdrawn();
      const sql = `INSERT INTO entry SELECT NULL, 'other', business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source,
         'other', step, attempt, key, call_sid, notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose,
         message_id, confirms, supersedes, attestation, simulated, commitment, '${words}', recording_sid,
         recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE kind = 'revoked'`;
      expect(driver(memory.file, sql).refused).toContain("an entry keeps no words of people");
    },
  );
});
