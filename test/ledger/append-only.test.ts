import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { driver, sqlite3, type Hand } from "../support/by-hand.ts";
import { agree, callOf, openMemory, someNumber, type Memory } from "../support/memory.ts";
import { leaves, NOW, writes } from "./correspondence.ts";

let memory: Memory;
const call = callOf({ callSid: `CA${"1".repeat(32)}`, simulated: true });
const ended = callOf({ callSid: `CA${"2".repeat(32)}` });

beforeEach(async () => {
  memory = openMemory();
  await agree(memory.ledger, call);
  await agree(memory.ledger, ended);
  const at = ended.at + 60_000;
  const change = { status: "completed", terminal: true, sequence: 2, durationSeconds: 60, at };
  await memory.ledger.recordStatus(ended, change);
  const { businessId, callSid } = ended;
  memory.connection.client
    .prepare("INSERT INTO webhook VALUES (NULL, ?, ?, 'status', 'completed', 2, ?, 3.5, 204, 0, 'completed')")
    .run(businessId, callSid, at);
  await leaves(memory, at);
  const { messageId } = await writes(memory, someNumber(), { kind: "unclear" }, { body: "What?" }).answered;
  await memory.messages.handle("clinic", messageId, "eve@example.com", at);
  const about = { businessId, subscriberId: null, topic: "policy-updates", simulated: false, entryId: null };
  await memory.decisions.keep({
    capped: false,
    ...about,
    sendAt: NOW,
    allowed: false,
    reason: "no_consent",
    keyId: "key",
    at,
  });
});
afterEach(() => memory.close());

const HANDS: readonly [string, Hand][] = [
  ["with the sqlite3 command", sqlite3],
  ["with a program of one's own", driver],
];
const TABLES = ["entry", "call_event", "served_text", "call", "webhook", "message", "decision"];

/** What someone may try, and words of the refusal. */
const REFUSED: readonly [string, string, string][] = [
  ["an entry's kind is changed", "UPDATE entry SET kind = 'refused'", "entries never change"],
  ["an entry's time is changed", "UPDATE entry SET at = 0 WHERE seq = 1", "entries never change"],
  ["an entry is changed into itself", "UPDATE entry SET seq = seq", "entries never change"],
  ["an entry is deleted", "DELETE FROM entry WHERE seq = 1", "entries never vanish"],
  ["all entries are deleted", "DELETE FROM entry", "entries never vanish"],
  [
    "an entry is replaced by its sequence",
    "INSERT OR REPLACE INTO entry SELECT seq, 'other', business_id, subscriber_id, 'refused', topics, locale, jurisdiction, script, 'cli', 'other', step, attempt, key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, attestation, simulated, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE seq = 1",
    "entries never change",
  ],
  [
    "an entry is replaced by its id",
    "INSERT OR REPLACE INTO entry SELECT 99, id, business_id, subscriber_id, 'refused', topics, locale, jurisdiction, script, 'cli', 'other', step, attempt, key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, attestation, simulated, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE seq = 1",
    "entries never change",
  ],
  [
    "an entry is replaced by its keypress",
    "INSERT OR REPLACE INTO entry SELECT 99, 'other', business_id, subscriber_id, kind, '[]', locale, jurisdiction, script, source, source_id, step, attempt, key, call_sid, notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose, message_id, confirms, supersedes, attestation, simulated, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE seq = 1",
    "entries never change",
  ],
  ["an event's key is changed", "UPDATE call_event SET key = '2'", "events never change"],
  ["an event is deleted", "DELETE FROM call_event", "events never vanish"],
  ["a keypress becomes another kind", "UPDATE call_event SET keypress = 'key'", "events never change"],
  ["a webhook's time is changed", "UPDATE webhook SET milliseconds = 1", "webhooks never change"],
  ["a webhook is deleted", "DELETE FROM webhook", "webhooks never vanish"],
  [
    "a webhook is replaced",
    "INSERT OR REPLACE INTO webhook SELECT seq, business_id, call_sid, route, step, attempt, at, 1, http_status, repeated, outcome FROM webhook",
    "webhooks never change",
  ],
  ["a message becomes somebody else's", "UPDATE message SET subscriber_id = 'eve'", "messages never change"],
  ["a confirmation becomes a notice", "UPDATE message SET purpose = 'notice'", "messages never change"],
  ["a message says something else", "UPDATE message SET text_digest = NULL", "messages never change"],
  ["a simulated message becomes real", "UPDATE message SET simulated = 0", "messages never change"],
  ["a message gets another name", "UPDATE message SET sid = 'SM1'", "a message keeps its name"],
  ["a person's words are replaced", "UPDATE message SET sealed_body = x'00'", "words never change"],
  [
    "somebody else has dealt with it",
    "UPDATE message SET handled_by = 'bob'",
    "what was dealt with stays so",
  ],
  ["a message is deleted", "DELETE FROM message", "messages never vanish"],
  ["a decision is changed", "UPDATE decision SET allowed = 1", "decisions never change"],
  ["a decision is deleted", "DELETE FROM decision", "decisions never vanish"],
  [
    "a decision is replaced",
    "INSERT OR REPLACE INTO decision SELECT * FROM decision",
    "decisions never change",
  ],
  ["served words are changed", "UPDATE served_text SET words = 'Hello.'", "served words never change"],
  ["served words are deleted", "DELETE FROM served_text", "served words never vanish"],
  ["a call is deleted", "DELETE FROM call", "calls never vanish"],
  [
    "a call's simulated mark is cleared",
    `UPDATE call SET simulated = 0 WHERE call_sid = '${call.callSid}'`,
    "the simulated mark cannot be changed",
  ],
  [
    "a real call is marked as simulated",
    `UPDATE call SET simulated = 1 WHERE call_sid = '${ended.callSid}'`,
    "the simulated mark cannot be changed",
  ],
  [
    "an ended call is ended again",
    `UPDATE call SET status = 'failed' WHERE call_sid = '${ended.callSid}'`,
    "a call that has ended stays ended",
  ],
  [
    "an ended call is opened again",
    `UPDATE call SET ended_at = NULL WHERE call_sid = '${ended.callSid}'`,
    "a call that has ended stays ended",
  ],
  [
    "a real entry is put into a simulated call",
    "INSERT INTO entry SELECT NULL, 'other', business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source, source_id, 'other', attempt, key, call_sid, notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose, message_id, confirms, supersedes, attestation, 0, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE simulated = 1",
    "an entry bears the mark of its call",
  ],
  [
    "a simulated entry is put into a real call",
    "INSERT INTO entry SELECT NULL, 'other', business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source, source_id, 'other', attempt, key, call_sid, notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose, message_id, confirms, supersedes, attestation, 1, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE simulated = 0",
    "an entry bears the mark of its call",
  ],
  [
    "an entry is put into a call that never was",
    "INSERT INTO entry SELECT NULL, 'other', business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source, 'other', 'other', attempt, key, 'CAnone', notice_step, notice_attempt, notice_kind, notice_message_id, notice_purpose, message_id, confirms, supersedes, attestation, simulated, commitment, reason, recording_sid, recording_seconds, recording_bytes, recording_sha256, at FROM entry WHERE seq = 1",
    "an entry bears the mark of its call",
  ],
];

/** Replacing these is not an error, because the line itself relies on it for repeated webhooks; it does nothing. */
const WITHOUT_EFFECT: readonly [string, string][] = [
  [
    "an event is replaced",
    "INSERT OR REPLACE INTO call_event SELECT seq, business_id, call_sid, step, attempt, kind, locale, '9', next_step, next_attempt, text_digest, action, subscriber_id, 0, NULL FROM call_event",
  ],
  [
    "an event is replaced by its place in the call",
    "INSERT OR REPLACE INTO call_event SELECT seq + 1000, business_id, call_sid, step, attempt, kind, locale, '9', next_step, next_attempt, text_digest, action, subscriber_id, 0, NULL FROM call_event",
  ],
  ["a message is replaced", "INSERT OR REPLACE INTO message SELECT * FROM message"],
  [
    "a message is replaced by its name",
    "INSERT OR REPLACE INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script, topics, sid, status, at) SELECT business_id, 'other', direction, 'notice', subscriber_id, simulated, locale, jurisdiction, script, topics, sid, status, at FROM message",
  ],
  [
    "served words are replaced",
    "INSERT OR REPLACE INTO served_text SELECT business_id, digest, words_digest, twiml, 'Hello.', at FROM served_text",
  ],
  [
    "a call is replaced by a real one",
    "INSERT OR REPLACE INTO call SELECT business_id, call_sid, account_sid, line, direction, subscriber_id, attestation, 0, 'in-progress', NULL, NULL, NULL, 0 FROM call",
  ],
];

describe.each(HANDS)("by hand, %s,", (_, hand) => {
  it.each(REFUSED)("the database refuses that %s", (_what, sql, words) => {
    const before = TABLES.map(memory.rows);
    expect(hand(memory.file, sql).refused).toContain(words);
    expect(TABLES.map(memory.rows)).toEqual(before);
  });

  it.each(WITHOUT_EFFECT)("nothing is different after %s", (_what, sql) => {
    const before = TABLES.map(memory.rows);
    hand(memory.file, sql);
    expect(TABLES.map(memory.rows)).toEqual(before);
  });

  it("a person's words can be erased, and how far a message came can be told", () => {
    const erasing =
      "UPDATE message SET sealed_body = NULL; UPDATE message SET status = 'read', error_code = 1";
    expect(hand(memory.file, erasing).refused).toBeNull();
    expect(memory.rows("message").map((row) => [row["sealed_body"], row["status"]])).toEqual(
      memory.rows("message").map(() => [null, "read"]),
    );
  });

  it("a call that is under way can be ended, so the refusals are not for want of a right", () => {
    const sql = `UPDATE call SET status = 'completed', ended_at = 1 WHERE call_sid = '${call.callSid}'`;
    expect(hand(memory.file, sql).refused).toBeNull();
    expect(memory.rows("call")).toContainEqual(
      expect.objectContaining({ call_sid: call.callSid, status: "completed" }),
    );
  });
});
