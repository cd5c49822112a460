import type { Database } from "better-sqlite3";
import type { NumberVault } from "../../src/ledger/numbers.ts";
import type { Invented, Random } from "./console-seed-calls.ts";

/** One who was called, with what is needed to write to them and to seal what they write. */
export type Person = { readonly id: string; readonly commitment: string; readonly salt: Buffer };

/** Of a hundred confirmations, so many fail, and of those the codes. */
const FAILED_OF_100 = 3;
const CODES = [63_024, 63_014, 21_610, 63_049];
/** Of a hundred people who agreed, so many write something that nobody understands. */
const UNCLEAR_OF_100 = 2;
/** So many of those have been dealt with. */
const HANDLED_OF_100 = 95;
const DECISIONS_A_CALL = 2;
const MINUTE_MS = 60_000;
const ADDED_MS: Readonly<Record<string, number>> = { begin: 3, choice: 2, completed: 1 };

/** How the webhooks of a call were answered. */
export function webhookWriter(client: Database) {
  const add = client.prepare(
    `INSERT INTO webhook
       (business_id, call_sid, route, step, attempt, at, milliseconds, http_status, repeated, outcome)
     VALUES (?, ?, ?, ?, 1, ?, ?, ?, 0, ?)`,
  );
  return ({ business, callSid, outcome, begunAt, durationSeconds }: Invented): void => {
    const note = (route: string, step: string, at: number, status: number, said: string) =>
      add.run(business.id, callSid, route, step, at, ADDED_MS[step] ?? 1, status, said);
    const endedAt = begunAt + durationSeconds * 1000;
    note("begin", "begin", begunAt, 200, "choice");
    if (outcome === "in-progress") return;
    if (outcome !== "hung-up") note("answer", "choice", endedAt - 5_000, 200, outcome);
    note("status", "completed", endedAt, 204, "completed");
  };
}

/** What a grant brings: the confirmation, what became of it, an answer now and then, and questions of other systems. */
export function trafficWriter(
  client: Database,
  {
    random,
    vault,
    digestOf,
    uuid,
  }: {
    random: Random;
    vault: NumberVault;
    digestOf: (step: string) => string;
    uuid: (text: string) => string;
  },
) {
  const addOutgoing = client.prepare(
    `INSERT INTO outbox (business_id, id, kind, cause, subscriber_id, simulated, entry_id, payload, state, attempts,
       due_at, expires_at, provider_sid, error_code, error_message, at, finished_at)
     VALUES (?, ?, 'message', ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addMessage = client.prepare(
    `INSERT INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
       topics, sid, text_digest, sealed_body, commitment, entry_id, status, error_code, handled_at, handled_by, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addDecision = client.prepare(
    `INSERT INTO decision (business_id, id, subscriber_id, topic, simulated, send_at, allowed, reason, entry_id, key_id, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'bench', ?)`,
  );

  return (call: Invented, person: Person, topics: readonly string[], script: string): void => {
    const { business, callSid, locale } = call;
    const { jurisdiction } = business;
    const simulated = call.simulated ? 1 : 0;
    const at = call.begunAt + call.durationSeconds * 1000;
    const entryId = uuid(callSid);
    const id = uuid(`message ${callSid}`);
    const failed = random() * 100 < FAILED_OF_100;
    const code = failed ? (CODES[Math.floor(random() * CODES.length)] ?? null) : null;
    const sidOf = (text: string) => `SM${uuid(text).replaceAll("-", "")}`;
    const said = JSON.stringify(topics);
    const payload = {
      kind: "message",
      purpose: "confirmation",
      topics,
      locale,
      jurisdiction,
      script,
      sessionUntil: null,
    };
    const [state, providerSid] = failed ? ["failed", null] : ["sent", sidOf(id)];
    const [errorCode, errorMessage] = failed ? [String(code), "Twilio refused it."] : [null, null];
    addOutgoing.run(
      ...[
        business.id,
        id,
        `confirmation:${callSid}`,
        person.id,
        simulated,
        entryId,
        JSON.stringify(payload),
        state,
      ],
      ...[at, at + 1440 * MINUTE_MS, providerSid, errorCode, errorMessage, at, at + 1_000],
    );
    const about = [person.id, simulated, locale, jurisdiction, script, said];
    addMessage.run(
      ...[
        business.id,
        id,
        "out",
        "confirmation",
        ...about,
        providerSid,
        digestOf("granted"),
        null,
        null,
        entryId,
      ],
      ...[failed ? "failed" : "delivered", code, null, null, at + 1_000],
    );
    for (let n = 0; n < DECISIONS_A_CALL; n++) {
      const topic = topics[n % topics.length] ?? "";
      const [allowed, reason] = random() < 0.8 ? [1, "granted"] : [0, "quiet_hours"];
      const askedAt = at + (n + 1) * MINUTE_MS;
      const place = [business.id, uuid(`decision ${n} ${callSid}`), person.id, topic, simulated, askedAt];
      addDecision.run(...place, allowed, reason, entryId, askedAt);
    }
    if (random() * 100 >= UNCLEAR_OF_100) return;
    const words = "And what does it cost?";
    const handledAt = random() * 100 < HANDLED_OF_100 ? at + 60 * MINUTE_MS : null;
    const answer = uuid(`answer ${callSid}`);
    addMessage.run(
      ...[business.id, answer, "in", "unclear", ...about, sidOf(answer), null],
      ...[vault.seal(person.salt, words), vault.commitTo(person.salt, words), null, "received", null],
      ...[handledAt, handledAt === null ? null : "bench", at + 5 * MINUTE_MS],
    );
  };
}
