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
/** Of a hundred questions of other systems, so many are answered with yes. */
const ALLOWED_OF_100 = 80;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
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
     VALUES (:businessId, :id, 'message', :cause, :subscriberId, :simulated, :entryId, :payload, :state, 1,
       :at, :expiresAt, :sid, :errorCode, :errorMessage, :at, :at)`,
  );
  const addMessage = client.prepare(
    `INSERT INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
       topics, sid, text_digest, sealed_body, commitment, entry_id, status, error_code, handled_at, handled_by, at)
     VALUES (:businessId, :id, :direction, :purpose, :subscriberId, :simulated, :locale, :jurisdiction, :script,
       :topics, :sid, :textDigest, :sealedBody, :commitment, :entryId, :status, :errorCode, :handledAt, :handledBy, :at)`,
  );
  const addDecision = client.prepare(
    `INSERT INTO decision (business_id, id, subscriber_id, topic, simulated, send_at, allowed, reason, entry_id, key_id, at)
     VALUES (:businessId, :id, :subscriberId, :topic, :simulated, :at, :allowed, :reason, :entryId, 'bench', :at)`,
  );
  const sidOf = (id: string) => `SM${id.replaceAll("-", "")}`;

  function confirm(about: About, call: Invented, topics: readonly string[]): void {
    const id = uuid(`message ${call.callSid}`);
    const failed = random() * 100 < FAILED_OF_100;
    const code = failed ? (CODES[Math.floor(random() * CODES.length)] ?? null) : null;
    const { at, locale, jurisdiction, script } = about;
    const payload = { kind: "message", purpose: "confirmation", topics, locale, jurisdiction, script };
    const sid = failed ? null : sidOf(id);
    addOutgoing.run({
      ...about,
      id,
      cause: `confirmation:${call.callSid}`,
      payload: JSON.stringify({ ...payload, sessionUntil: null }),
      state: failed ? "failed" : "sent",
      expiresAt: at + DAY_MS,
      sid,
      errorCode: code === null ? null : String(code),
      errorMessage: failed ? "Twilio refused it." : null,
    });
    addMessage.run({
      ...about,
      id,
      direction: "out",
      purpose: "confirmation",
      sid,
      textDigest: digestOf("granted"),
      sealedBody: null,
      commitment: null,
      status: failed ? "failed" : "delivered",
      errorCode: code,
      handledAt: null,
      handledBy: null,
    });
  }

  function answer(about: About, call: Invented, salt: Buffer): void {
    const id = uuid(`answer ${call.callSid}`);
    const words = "And what does it cost?";
    const handled = random() * 100 < HANDLED_OF_100;
    addMessage.run({
      ...about,
      id,
      direction: "in",
      purpose: "unclear",
      sid: sidOf(id),
      textDigest: null,
      sealedBody: vault.seal(salt, words),
      commitment: vault.commitTo(salt, words),
      entryId: null,
      status: "received",
      errorCode: null,
      handledAt: handled ? about.at + DAY_MS : null,
      handledBy: handled ? "bench" : null,
    });
  }

  return (call: Invented, person: Person, topics: readonly string[], script: string): void => {
    const { business, callSid, locale, begunAt, durationSeconds } = call;
    const at = begunAt + durationSeconds * 1000;
    const about: About = {
      businessId: business.id,
      subscriberId: person.id,
      simulated: call.simulated ? 1 : 0,
      locale,
      jurisdiction: business.jurisdiction,
      script,
      topics: JSON.stringify(topics),
      entryId: uuid(callSid),
      at,
    };
    confirm(about, call, topics);
    for (let n = 0; n < DECISIONS_A_CALL; n++) {
      const allowed = random() * 100 < ALLOWED_OF_100;
      addDecision.run({
        ...about,
        id: uuid(`decision ${n} ${callSid}`),
        topic: topics[n % topics.length] ?? "",
        allowed: allowed ? 1 : 0,
        reason: allowed ? "granted" : "quiet_hours",
        at: at + (n + 1) * MINUTE_MS,
      });
    }
    if (random() * 100 < UNCLEAR_OF_100) answer(about, call, person.salt);
  };
}

type About = {
  readonly businessId: string;
  readonly subscriberId: string;
  readonly simulated: 0 | 1;
  readonly locale: string;
  readonly jurisdiction: string;
  readonly script: string;
  readonly topics: string;
  readonly entryId: string;
  readonly at: number;
};
