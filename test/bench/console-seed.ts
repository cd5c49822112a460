import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Database } from "better-sqlite3";
import type { Keypress } from "../../src/call/keypress.ts";
import { numberVault, type NumberVault } from "../../src/ledger/numbers.ts";
import { referenceOf } from "../../src/ledger/reference.ts";
import { migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { facetBook, type Facet } from "../../src/ledger/sqlite/facets.ts";
import {
  BUSINESSES,
  inventCall,
  inventNumber,
  randomness,
  type Invented,
  type Random,
} from "./console-seed-calls.ts";
import { trafficWriter, webhookWriter, type Person } from "./console-seed-traffic.ts";
import { SECRET } from "./yesline.ts";

export type SeedOptions = {
  readonly file: string;
  readonly calls: number;
  readonly people: number;
  readonly days: number;
  /** The last call begins a moment before. */
  readonly now: number;
  readonly secret: Uint8Array;
  readonly seed: number;
  readonly progress?: (written: number) => void;
};

const ROWS_A_TRANSACTION = 20_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const SCRIPT = "2026-11-22";
/** So many of the last calls go on. */
const IN_PROGRESS = 12;

/** Fills a new file with invented calls as the line would have written them; nothing of it is real consent. */
export function seed(options: SeedOptions): void {
  const { file, calls, now, days } = options;
  const connection = open(file, { busyTimeoutMs: 0 });
  migrate(connection);
  const { client } = connection;
  // Nobody waits for these rows, and they are made to be right: triggers come back when they are in.
  client.pragma("synchronous = OFF");
  client.pragma("foreign_keys = OFF");
  client.pragma("cache_size = -400000");
  const triggers = client.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() as {
    name: string;
    sql: string;
  }[];
  for (const { name } of triggers) client.exec(`DROP TRIGGER ${name}`);
  const random = randomness(options.seed);
  const people = inTransaction(client, () => addPeople(client, options, random));
  const texts = inTransaction(client, () => addTexts(client, now));
  const write = callWriter(client, people, texts, facetIds(facetBook(connection)));
  const noteWebhooks = webhookWriter(client);
  const vault = numberVault(options.secret);
  const addTraffic = trafficWriter(client, { random, vault, digestOf: texts, uuid });
  const begin = now - days * DAY_MS;
  for (let written = 0; written < calls; written += ROWS_A_TRANSACTION) {
    inTransaction(client, () => {
      for (let n = written; n < Math.min(calls, written + ROWS_A_TRANSACTION); n++) {
        const begunAt = begin + Math.floor(((n + random()) / calls) * (now - begin - 1));
        const call = inventCall(random, options.people, begunAt);
        const invented: Invented = n < calls - IN_PROGRESS ? call : { ...call, outcome: "in-progress" };
        const { person, topics } = write(invented, n);
        noteWebhooks(invented);
        if (invented.outcome === "granted") addTraffic(invented, person, topics, SCRIPT);
      }
    });
    options.progress?.(Math.min(calls, written + ROWS_A_TRANSACTION));
  }
  for (const { sql } of triggers) client.exec(sql);
  client.pragma("wal_checkpoint(TRUNCATE)");
  client.close();
}

function inTransaction<T>(client: Database, act: () => T): T {
  client.exec("BEGIN");
  const value = act();
  client.exec("COMMIT");
  return value;
}

type People = ReadonlyMap<string, readonly Person[]>;

function addPeople(client: Database, { people, secret, now }: SeedOptions, random: Random): People {
  const vault: NumberVault = numberVault(secret);
  const add = client.prepare(
    `INSERT OR IGNORE INTO subscriber
       (business_id, id, blind_index, last_four_index, number, salt, commitment, at)
     VALUES (:businessId, :id, :blindIndex, :lastFourIndex, :number, :salt, :commitment, :at)`,
  );
  const each = BUSINESSES.map((business) => {
    const added = Array.from({ length: people }, (_, person) => {
      const number = inventNumber(business, person, random);
      const id = uuid(`${business.id} ${person}`);
      const { salt, commitment } = vault.commit(number);
      add.run({
        businessId: business.id,
        id,
        blindIndex: vault.blindIndex(business.id, number),
        lastFourIndex: vault.lastFourIndex(business.id, number),
        number: vault.encrypt(id, number),
        salt: vault.sealSalt(id, salt),
        commitment,
        at: now,
      });
      return { id, commitment, salt };
    });
    return [business.id, added] as const;
  });
  return new Map(each);
}

/** @returns the digest of the words of each step */
function addTexts(client: Database, at: number): (step: string) => string {
  const add = client.prepare(
    "INSERT INTO served_text (business_id, digest, words_digest, twiml, words, at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const digests = new Map<string, string>();
  const steps = ["notice", "granted", "refused", "no-answer", "unchanged", "pending", "revoked", "agent"];
  for (const step of steps) {
    const words = `Invented words of ${step}.`;
    const twiml = `<Response><Say>${words}</Say></Response>`;
    const digest = sha256(twiml);
    digests.set(step, digest);
    for (const { id } of BUSINESSES) add.run(id, digest, sha256(words), twiml, words, at);
  }
  return (step) => digests.get(step) ?? "";
}

function facetIds(book: ReturnType<typeof facetBook>): (facet: Facet) => number {
  const known = new Map<string, number>();
  return (facet) => {
    const key = Object.values(facet).join("|");
    const id = known.get(key) ?? book.idOf(facet);
    known.set(key, id);
    return id;
  };
}

function callWriter(
  client: Database,
  people: People,
  digestOf: (step: string) => string,
  facetId: (facet: Facet) => number,
): (call: Invented, n: number) => { readonly person: Person; readonly topics: readonly string[] } {
  const addCall = client.prepare(
    `INSERT INTO call (business_id, call_sid, account_sid, line, direction, subscriber_id, attestation, simulated,
       status, ended_at, ended_by, duration_seconds, begun_at, facet_id, reference)
     VALUES (:businessId, :callSid, :accountSid, :line, :direction, :subscriberId, :attestation, :simulated,
       :status, :endedAt, :endedBy, :durationSeconds, :begunAt, :facetId, :reference)`,
  );
  const addEvent = client.prepare(
    `INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, key, next_step, next_attempt,
       text_digest, action, subscriber_id, at, keypress)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)`,
  );
  const addEntries = entryWriter(client);

  return (call, n) => {
    const { business, callSid, locale, outcome, begunAt, durationSeconds } = call;
    const person = people.get(business.id)?.[call.person];
    if (person === undefined) throw new Error("A call of nobody.");
    const topics = addEntries(call, person, n);
    const live = outcome === "in-progress";
    addCall.run({
      ...call,
      businessId: business.id,
      accountSid: `AC${"0".repeat(32)}`,
      line: business.line,
      subscriberId: person.id,
      simulated: call.simulated ? 1 : 0,
      status: live ? "in-progress" : "completed",
      endedAt: live ? null : begunAt + durationSeconds * 1000,
      endedBy: live ? null : "twilio",
      durationSeconds: live ? null : durationSeconds,
      facetId: facetId(facetOf(call, topics)),
      reference: referenceOf(callSid),
      business: null,
    });
    const event = (
      step: string,
      kind: string,
      tongue: string,
      at: number,
      ...rest: (string | number | null)[]
    ) =>
      addEvent.run(
        business.id,
        callSid,
        step,
        1,
        kind,
        tongue,
        ...rest,
        at,
        pressed(kind, step, rest[0] ?? null),
      );
    event("begin", "key", locale, begunAt, null, "notice", 1, null, null);
    event("notice", "served", locale, begunAt, null, null, null, digestOf("notice"), "/choice?try=1");
    if (live) return { person, topics };
    const endedAt = begunAt + durationSeconds * 1000;
    if (outcome !== "hung-up") {
      const key = KEYS[outcome] ?? null;
      event("choice", "key", locale, endedAt - 5_000, key, outcome, 1, null, null);
      event(outcome, "served", locale, endedAt - 5_000, null, null, null, digestOf(outcome), null);
    }
    event("completed", "status", "und", endedAt, null, null, null, null, null);
    return { person, topics };
  };
}

/** What the caller did at an event; null where the call began, or nobody was asked. */
function pressed(kind: string, step: string, key: string | number | null): Keypress["kind"] | null {
  if (kind !== "key" || step === "begin") return null;
  return key === null ? "silence" : "key";
}

const KEYS: Readonly<Partial<Record<string, string>>> = {
  granted: "1",
  pending: "1",
  refused: "2",
  revoked: "2",
  unchanged: "1",
  agent: "0",
};
const MAKES_ENTRIES: ReadonlySet<string> = new Set(["granted", "refused", "pending", "revoked"]);

function entryWriter(client: Database) {
  const add = client.prepare(
    `INSERT INTO entry (id, business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source,
       source_id, step, attempt, key, call_sid, notice_step, notice_attempt, notice_kind, attestation, simulated,
       commitment, reason, at)
     VALUES (:id, :businessId, :subscriberId, :outcome, :topics, :locale, :jurisdiction, :script, 'call',
       :callSid, 'choice', 1, :key, :callSid, :noticeStep, :noticeAttempt, :noticeKind, :attestation, :simulated,
       :commitment, NULL, :at)`,
  );
  const setConsent = client.prepare(
    `INSERT INTO consent (business_id, subscriber_id, topic, simulated, state, entry_id, at)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, entry_id = excluded.entry_id, at = excluded.at`,
  );

  /** @returns the topics, as the facet has them */
  return (call: Invented, person: { id: string; commitment: string }, n: number): readonly string[] => {
    const { business, outcome, begunAt, durationSeconds } = call;
    if (!MAKES_ENTRIES.has(outcome)) return [];
    // One in three callers of the business that asks one by one takes only the first topic.
    const topics = n % 3 === 0 && business.locales.length > 1 ? business.topics.slice(0, 1) : business.topics;
    const id = uuid(call.callSid);
    const at = begunAt + durationSeconds * 1000 - 5_000;
    const simulated = call.simulated ? 1 : 0;
    const heard = outcome !== "revoked";
    add.run({
      ...call,
      business: null,
      id,
      businessId: business.id,
      subscriberId: person.id,
      commitment: person.commitment,
      topics: JSON.stringify(topics),
      jurisdiction: business.jurisdiction,
      script: SCRIPT,
      key: KEYS[outcome] ?? null,
      noticeStep: heard ? "notice" : null,
      noticeAttempt: heard ? 1 : null,
      noticeKind: heard ? "served" : null,
      simulated,
      at,
    });
    for (const topic of topics) setConsent.run(business.id, person.id, topic, simulated, outcome, id, at);
    return topics.toSorted();
  };
}

function facetOf(call: Invented, topics: readonly string[]): Facet {
  const { business, outcome, direction, attestation, simulated, locale } = call;
  const early = outcome === "hung-up" || outcome === "in-progress";
  return {
    businessId: business.id,
    outcome,
    progress: early ? "reached" : outcome === "no-answer" ? "heard" : "answered",
    topics: JSON.stringify(topics),
    locale: locale as Facet["locale"],
    jurisdiction: business.jurisdiction as Facet["jurisdiction"],
    script: SCRIPT,
    direction,
    attestation,
    simulated,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Ids of UUID's form that are the same for the same seed. */
function uuid(text: string): string {
  const hash = createHash("md5").update(text).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-7${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20)}`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      calls: { type: "string", default: "1000000" },
      people: { type: "string" },
      days: { type: "string", default: "365" },
      out: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.out === undefined) throw new Error("--out FILE says where to write.");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(values.out + suffix, { force: true });
  const calls = Number(values.calls);
  seed({
    file: values.out,
    calls,
    people: Number(values.people ?? Math.ceil(calls / 5)),
    days: Number(values.days),
    now: Date.now(),
    secret: SECRET,
    seed: Number(values.seed),
    progress: (written) => process.stderr.write(`\r${written} of ${calls} calls`),
  });
  process.stderr.write(`\nThe bench's secret opens ${values.out}.\n`);
}
