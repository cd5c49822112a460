import { createHash, randomBytes } from "node:crypto";
import type { Database } from "better-sqlite3";
import { referenceOf } from "../../../src/ledger/reference.ts";
import type { Connection } from "../../../src/ledger/sqlite/connection.ts";
import { facetBook } from "../../../src/ledger/sqlite/facets.ts";
import { BUSINESSES, type SeededBusiness } from "../console-seed-calls.ts";
import type { Kind, Person } from "./people.ts";

const SCRIPT = "2026-11-22";

export type DecidedCall = Person & {
  readonly n: number;
  readonly at: number;
  /** Of its entry. */
  readonly id: string;
  readonly kind: Kind;
};

export const DECIDED_AFTER_MS = 31_000;
const ENDED_AFTER_MS = 36_000;
const KEYS = { granted: "1", refused: "2", revoked: "2" } as const;

/** Writes a call down as the line would have: its events, its entry, and words when they are first served. */
export function callWriter(connection: Connection): (call: DecidedCall) => void {
  const { client } = connection;
  const textOf = textsOf(client);
  const facetOf = facetsOf(connection);
  const sids = callSids();
  const addCall = client.prepare(
    `INSERT INTO call (business_id, call_sid, account_sid, line, direction, subscriber_id, attestation, simulated,
       status, ended_at, ended_by, duration_seconds, begun_at, facet_id, reference)
     VALUES (?, ?, ?, ?, 'inbound', ?, 'passed-A', 0, 'completed', ?, 'twilio', ?, ?, ?, ?)`,
  );
  const addKey = client.prepare(
    `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, key, next_step, next_attempt, keypress, at)
     VALUES (?, ?, ?, 1, 'key', ?, ?, ?, 1, ?, ?)`,
  );
  const addServed = client.prepare(
    `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, text_digest, action, at)
     VALUES (?, ?, ?, 1, 'served', ?, ?, ?, ?)`,
  );
  const addStatus = client.prepare(
    `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, at)
     VALUES (?, ?, 'completed', 1, 'status', 'und', ?)`,
  );
  const addEntry = client.prepare(
    `INSERT INTO entry (id, business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source,
       source_id, step, attempt, key, call_sid, notice_step, notice_attempt, notice_kind, attestation, simulated,
       commitment, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, '${SCRIPT}', 'call', ?, 'choice', 1, ?, ?, 'notice', 1, 'served', 'passed-A', 0, ?, ?)`,
  );
  const account = `AC${"0".repeat(32)}`;
  const topicsOf = new Map(BUSINESSES.map(({ id, topics }) => [id, JSON.stringify(topics)]));

  return ({ n, at, id, kind, business, person, subscriberId, commitment }) => {
    const sid = sids();
    const locale = business.locales[person % business.locales.length] ?? "";
    const [decidedAt, endedAt] = [at + DECIDED_AFTER_MS, at + ENDED_AFTER_MS + (n % 100) * 1_000];
    const seconds = (endedAt - at) / 1000;
    const facet = facetOf(business, kind, locale);
    addCall.run(
      business.id,
      sid,
      account,
      business.line,
      subscriberId,
      endedAt,
      seconds,
      at,
      facet,
      referenceOf(sid),
    );
    addKey.run(business.id, sid, "begin", locale, null, "notice", null, at);
    addServed.run(
      business.id,
      sid,
      "notice",
      locale,
      textOf("notice", business, at),
      `/voice/${SCRIPT}/${locale}/choice?try=1`,
      at,
    );
    addKey.run(business.id, sid, "choice", locale, KEYS[kind], kind, "key", decidedAt);
    addServed.run(business.id, sid, kind, locale, textOf(kind, business, decidedAt), null, decidedAt);
    const topics = topicsOf.get(business.id);
    addEntry.run(
      id,
      business.id,
      subscriberId,
      kind,
      topics,
      locale,
      business.jurisdiction,
      sid,
      KEYS[kind],
      sid,
      commitment,
      decidedAt,
    );
    addStatus.run(business.id, sid, endedAt);
  };
}

type Texts = (step: string, business: SeededBusiness, at: number) => string;

/** @returns the digest of the words of a step, which are written down when they are first served */
function textsOf(client: Database): Texts {
  const add = client.prepare(
    "INSERT INTO served_text (business_id, digest, words_digest, twiml, words, at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const known = new Map<string, string>();
  return (step, { id }, at) => {
    const key = `${id} ${step}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const words = `Invented words of ${step}.`;
    const twiml = `<Response><Say>${words}</Say></Response>`;
    const digest = sha256(twiml);
    add.run(id, digest, sha256(words), twiml, words, at);
    known.set(key, digest);
    return digest;
  };
}

function facetsOf(connection: Connection): (business: SeededBusiness, kind: Kind, locale: string) => number {
  const book = facetBook(connection);
  const known = new Map<string, number>();
  return ({ id, jurisdiction, topics }, outcome, locale) => {
    const key = `${id} ${outcome} ${locale}`;
    const found =
      known.get(key) ??
      book.idOf({
        businessId: id,
        outcome,
        progress: "answered",
        topics: JSON.stringify(topics.toSorted()),
        locale: locale as "en-US",
        jurisdiction: jurisdiction as "US",
        script: SCRIPT,
        direction: "inbound",
        attestation: "passed-A",
        simulated: false,
      });
    known.set(key, found);
    return found;
  };
}

/** In no order, as Twilio's are. */
function callSids(): () => string {
  let bytes = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used === bytes.length) [bytes, used] = [randomBytes(SID_BYTES * SIDS_AT_ONCE), 0];
    used += SID_BYTES;
    return `CA${bytes.toString("hex", used - SID_BYTES, used)}`;
  };
}

const SID_BYTES = 16;
const SIDS_AT_ONCE = 4_096;

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
