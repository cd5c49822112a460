import type { ConsentState, EntryKind } from "../../call/consent.ts";
import type { Jurisdiction, Locale } from "../../call/business.ts";
import type { Keypress } from "../../call/keypress.ts";
import type { E164 } from "../../call/phone-number.ts";
import type { MessagePurpose, MessageStatus } from "../messages.ts";
import type { WebhookRoute } from "../ledger.ts";
import {
  sql,
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from "./drizzle.ts";
import { callFacet } from "./reading-schema.ts";

/**
 * Every table carries the business, the key that a shard would need, and all times are milliseconds since 1970.
 * Order comes from `seq`, never from a clock. What makes rows append-only stands in the migrations as triggers.
 */

/** The only place of personal data: who erases a row here has erased the person. */
export const subscriber = sqliteTable(
  "subscriber",
  {
    businessId: text().notNull(),
    /** UUIDv7: it tells when the person was first heard of, and nothing else. */
    id: text().notNull(),
    blindIndex: text().notNull(),
    /** Blind index of the last four digits; null only in rows older than it, until the start fills them. */
    lastFourIndex: text(),
    number: blob({ mode: "buffer" }).notNull(),
    /** Sealed; see `isClearSalt` for those that are not yet. */
    salt: blob({ mode: "buffer" }).notNull(),
    commitment: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.id] }),
    uniqueIndex("subscriber_number").on(table.businessId, table.blindIndex),
    index("subscriber_last_four").on(table.businessId, table.lastFourIndex),
    index("subscriber_unfilled")
      .on(table.businessId)
      .where(sql`${table.lastFourIndex} is null`),
    // Empty, once they are sealed: each start looks into it.
    index("subscriber_clear_salt")
      .on(table.businessId)
      .where(sql`length(${table.salt}) = 32`),
  ],
);

export const call = sqliteTable(
  "call",
  {
    businessId: text().notNull(),
    callSid: text().notNull(),
    accountSid: text().notNull(),
    line: text().$type<E164>().notNull(),
    direction: text().$type<"inbound" | "outbound">().notNull(),
    /** Who is at the other end; null where that is withheld. Not a foreign key: an erased person leaves the id. */
    subscriberId: text(),
    attestation: text().notNull(),
    /** Law 6. A trigger refuses to change it. */
    simulated: integer({ mode: "boolean" }).notNull(),
    status: text().notNull(),
    /** Set by the first terminal status, or by the sweep of calls that never reported their end. */
    endedAt: integer(),
    endedBy: text(),
    durationSeconds: integer(),
    begunAt: integer().notNull(),
    /** What the log filters by; null only in rows older than it, until the start fills them. */
    facetId: integer().references(() => callFacet.id),
    /** The digits the caller was told; null like the facet. */
    reference: text(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.callSid] }),
    index("call_open")
      .on(table.begunAt)
      .where(sql`${table.endedAt} is null`),
    index("call_by_time").on(table.begunAt),
    index("call_by_facet").on(table.facetId, table.begunAt),
    index("call_by_length")
      .on(table.facetId, table.durationSeconds, table.begunAt)
      .where(sql`${table.durationSeconds} is not null`),
    index("call_of_subscriber").on(table.businessId, table.subscriberId, table.begunAt),
    index("call_reference").on(table.reference),
  ],
);

/** The verbatim words of what was served, by digest. */
export const servedText = sqliteTable(
  "served_text",
  {
    businessId: text().notNull(),
    digest: text().notNull(),
    wordsDigest: text().notNull(),
    twiml: text().notNull(),
    words: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.businessId, table.digest] })],
);

export type EventKind = "key" | "served" | "status";

export const callEvent = sqliteTable(
  "call_event",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    callSid: text().notNull(),
    step: text().notNull(),
    attempt: integer().notNull(),
    kind: text().$type<EventKind>().notNull(),
    /** "und" (undetermined, BCP 47) where nothing was said: a null would escape the unique index. */
    locale: text().$type<Locale | "und">().notNull(),
    /** Of a `key` event: the key, and the served event that answered it. */
    key: text(),
    nextStep: text(),
    nextAttempt: integer(),
    /** Of a `served` event: the text, where the answer goes, and whose number was read out. */
    textDigest: text(),
    action: text(),
    subscriberId: text(),
    at: integer().notNull(),
    /** Of a `key` event: what the caller did; null where the call began, and in rows older than it. */
    keypress: text().$type<Keypress["kind"]>(),
  },
  (table) => [
    // Law 4: one keypress, one entry. This index is the idempotency, and what entries refer to (law 3).
    unique("call_event_once").on(
      table.businessId,
      table.callSid,
      table.step,
      table.attempt,
      table.kind,
      table.locale,
    ),
    foreignKey({
      name: "event_of_call",
      columns: [table.businessId, table.callSid],
      foreignColumns: [call.businessId, call.callSid],
    }),
    foreignKey({
      name: "event_text",
      columns: [table.businessId, table.textDigest],
      foreignColumns: [servedText.businessId, servedText.digest],
    }),
  ],
);

/**
 * How each webhook of a call was answered, written after the answer: what is missing here was still answered. Not a
 * foreign key, because a call whose beginning failed has no row.
 */
export const webhook = sqliteTable(
  "webhook",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    callSid: text().notNull(),
    route: text().$type<WebhookRoute>().notNull(),
    /** Of the event that it brought: "begin", the question answered, or the status; null where it brought none. */
    step: text(),
    attempt: integer(),
    /** When it was received. */
    at: integer().notNull(),
    /** From then until its answer was made. */
    milliseconds: real().notNull(),
    httpStatus: integer().notNull(),
    repeated: integer({ mode: "boolean" }).notNull(),
    /** The next question, the ending, the call's status, "sorry", or why it was refused. */
    outcome: text().notNull(),
  },
  // By time, so that writing touches the last page only: by call it would be another page for each row.
  (table) => [index("webhook_by_time").on(table.at, table.callSid)],
);

/**
 * One WhatsApp message, in or out. What it said, to whom and why never changes (triggers say so); how far it came does.
 * Words of ours stand in `served_text`; a person's own are sealed with that person's salt, and vanish with it.
 */
export const message = sqliteTable(
  "message",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    /** UUIDv7. */
    id: text().notNull(),
    direction: text().$type<"in" | "out">().notNull(),
    purpose: text().$type<MessagePurpose>().notNull(),
    /** Whose number it came from or went to. Not a foreign key: an erased person leaves the id. */
    subscriberId: text().notNull(),
    /** Law 6. */
    simulated: integer({ mode: "boolean" }).notNull(),
    locale: text().$type<Locale>().notNull(),
    jurisdiction: text().$type<Jurisdiction>().notNull(),
    script: text().notNull(),
    topics: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    /** Twilio's name of it; of what leaves, null until Twilio has accepted it. */
    sid: text(),
    /** Out: the verbatim words, and the template that carried them, where one did. */
    textDigest: text(),
    contentSid: text(),
    /** In: the person's words, sealed; null once erased. */
    sealedBody: blob({ mode: "buffer" }),
    /** In: HMAC(salt, words), hex: what stays of them for the proof. */
    commitment: text(),
    /** In: the payload of the button that was pressed. */
    payload: text(),
    /** Out: the entry that it tells of. In: the message that it answers. */
    entryId: text(),
    repliesTo: text(),
    status: text().$type<MessageStatus>().notNull(),
    errorCode: integer(),
    /** In, where nothing was understood: who has dealt with it. */
    handledAt: integer(),
    handledBy: text(),
    at: integer().notNull(),
  },
  (table) => [
    uniqueIndex("message_id").on(table.businessId, table.id),
    // Law 4, for messages: a repeated webhook writes nothing.
    // The sid first: a status callback knows nothing else.
    uniqueIndex("message_once")
      .on(table.sid, table.businessId)
      .where(sql`${table.sid} is not null`),
    // What an entry refers to (law 3): this notice, to this person, in this language, in this world.
    unique("message_as_notice").on(
      table.businessId,
      table.id,
      table.purpose,
      table.locale,
      table.subscriberId,
      table.simulated,
    ),
    index("message_of_subscriber").on(table.businessId, table.subscriberId, table.seq),
    index("message_inbox")
      .on(table.seq)
      .where(sql`${table.purpose} = 'unclear' and ${table.handledAt} is null`),
    index("message_failed")
      .on(table.at, table.businessId)
      .where(sql`${table.errorCode} is not null`),
    // The quality figures count these without touching the rows.
    index("message_tally")
      .on(table.at, table.businessId, table.simulated, table.topics, table.status, table.errorCode)
      .where(sql`${table.direction} = 'out'`),
    foreignKey({
      name: "message_text",
      columns: [table.businessId, table.textDigest],
      foreignColumns: [servedText.businessId, servedText.digest],
    }),
  ],
);

export const entry = sqliteTable(
  "entry",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    /** UUIDv7. */
    id: text().notNull(),
    businessId: text().notNull(),
    /** Not a foreign key: an erased person leaves the id, which says nothing. */
    subscriberId: text().notNull(),
    kind: text().$type<EntryKind>().notNull(),
    topics: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    locale: text().$type<Locale>().notNull(),
    jurisdiction: text().$type<Jurisdiction>().notNull(),
    script: text().notNull(),
    /** `call`, or another way in; with its id, step and attempt it makes the entry unique. */
    source: text().notNull(),
    sourceId: text().notNull(),
    step: text().notNull(),
    attempt: integer().notNull(),
    key: text(),
    /** The call and its served notice; null for what did not come by phone. */
    callSid: text(),
    noticeStep: text(),
    noticeAttempt: integer(),
    noticeKind: text(),
    /** The WhatsApp message that carried the notice, and the one that answered it; null for what came another way. */
    noticeMessageId: text(),
    noticePurpose: text().$type<MessagePurpose>(),
    messageId: text(),
    /** Of a `confirmed` entry: the pending one that it confirms. */
    confirms: text(),
    /** Of a new number's pending entry: the entry that ended the old number's consent. */
    supersedes: text(),
    attestation: text(),
    simulated: integer({ mode: "boolean" }).notNull(),
    commitment: text().notNull(),
    /** The line's own words, or a commitment to somebody's, which are kept as a note on the person; see `reason.ts`. */
    reason: text(),
    /** Of a `recorded` entry: Twilio's name of the audio, its length, its size and its SHA-256, hex. */
    recordingSid: text(),
    recordingSeconds: integer(),
    recordingBytes: integer(),
    recordingSha256: text(),
    at: integer().notNull(),
  },
  (table) => [
    uniqueIndex("entry_id").on(table.businessId, table.id),
    unique("entry_once").on(table.businessId, table.sourceId, table.step, table.attempt, table.kind),
    index("entry_of_subscriber").on(table.businessId, table.subscriberId, table.seq),
    // Those whose words are verified.
    index("entry_reasoned")
      .on(table.seq)
      .where(sql`${table.reason} is not null`),
    // The opt-out rate counts these without touching the rows.
    index("entry_tally")
      .on(table.at, table.businessId, table.simulated, table.kind, table.topics)
      .where(sql`${table.kind} in ('granted', 'confirmed', 'revoked')`),
    // What came another way than by phone, the newest first.
    index("entry_elsewhere")
      .on(table.source, table.at, table.kind, table.businessId, table.simulated)
      .where(sql`${table.source} <> 'call'`),
    // Law 3: heard, then asked. The notice was served in this call and in this language, or there is no grant.
    foreignKey({
      name: "heard_then_asked",
      columns: [
        table.businessId,
        table.callSid,
        table.noticeStep,
        table.noticeAttempt,
        table.noticeKind,
        table.locale,
      ],
      foreignColumns: [
        callEvent.businessId,
        callEvent.callSid,
        callEvent.step,
        callEvent.attempt,
        callEvent.kind,
        callEvent.locale,
      ],
    }),
    foreignKey({
      name: "read_then_asked",
      columns: [
        table.businessId,
        table.noticeMessageId,
        table.noticePurpose,
        table.locale,
        table.subscriberId,
        table.simulated,
      ],
      foreignColumns: [
        message.businessId,
        message.id,
        message.purpose,
        message.locale,
        message.subscriberId,
        message.simulated,
      ],
    }),
    foreignKey({
      name: "entry_message",
      columns: [table.businessId, table.messageId],
      foreignColumns: [message.businessId, message.id],
    }),
    foreignKey({
      name: "entry_confirms",
      columns: [table.businessId, table.confirms],
      foreignColumns: [table.businessId, table.id],
    }),
    foreignKey({
      name: "entry_supersedes",
      columns: [table.businessId, table.supersedes],
      foreignColumns: [table.businessId, table.id],
    }),
    // A moved consent is pending without a notice: it is nobody's yes yet, and its verification carries the notice.
    check(
      "grant_needs_notice",
      sql`${table.kind} not in ('granted', 'pending') or (${table.callSid} is not null and ${table.noticeStep} is 'notice' and ${table.noticeAttempt} is not null and ${table.noticeKind} is 'served') or (${table.noticeMessageId} is not null and ${table.noticePurpose} is 'notice') or (${table.kind} is 'pending' and ${table.supersedes} is not null)`,
    ),
    // Law 1: silence is never consent.
    check(
      "grant_needs_key",
      sql`${table.kind} not in ('granted', 'pending') or length(coalesce(${table.key}, '')) = 1 or ${table.messageId} is not null or (${table.kind} is 'pending' and ${table.supersedes} is not null)`,
    ),
    check(
      "confirmed_needs_reply",
      sql`${table.kind} is not 'confirmed' or (${table.confirms} is not null and ${table.messageId} is not null and ${table.noticeMessageId} is not null and ${table.noticePurpose} is 'verification')`,
    ),
    // What is said to be recorded can be told from any other audio; and nobody was recorded who had not been told.
    check(
      "recorded_has_recording",
      sql`(${table.kind} is 'recorded') = (${table.recordingSid} is not null and ${table.recordingSeconds} is not null and ${table.recordingBytes} is not null and length(coalesce(${table.recordingSha256}, '')) = 64) and (${table.kind} is 'recorded' or coalesce(${table.recordingSid}, ${table.recordingSeconds}, ${table.recordingBytes}, ${table.recordingSha256}) is null)`,
    ),
    check(
      "recorded_was_announced",
      sql`${table.kind} is not 'recorded' or (${table.callSid} is not null and ${table.noticeStep} is 'notice' and ${table.noticeAttempt} is not null and ${table.noticeKind} is 'served')`,
    ),
    check(
      "entry_kind",
      sql`${table.kind} in ('granted', 'refused', 'pending', 'confirmed', 'revoked', 'recorded')`,
    ),
  ],
);

/** Present consent, folded from the entries in the same transaction that adds one. It can be rebuilt at any time. */
export const consent = sqliteTable(
  "consent",
  {
    businessId: text().notNull(),
    subscriberId: text().notNull(),
    topic: text().notNull(),
    /** Law 6: the two worlds never meet. */
    simulated: integer({ mode: "boolean" }).notNull(),
    state: text().$type<ConsentState>().notNull(),
    entryId: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.subscriberId, table.topic, table.simulated] }),
    // What waits for an answer, so that silence can end it.
    index("consent_pending")
      .on(table.businessId, table.at)
      .where(sql`${table.state} = 'pending'`),
  ],
);

/** One row that the readiness check writes to. */
export const probe = sqliteTable("probe", {
  id: integer().primaryKey(),
  at: integer().notNull(),
});

/** One row: what only the right secret can make, so that a wrong one is noticed before anything is written with it. */
export const secretCheck = sqliteTable("secret_check", {
  id: integer().primaryKey(),
  fingerprint: text().notNull(),
});
