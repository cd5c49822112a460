import type { Jurisdiction, Locale } from "../../call/business.ts";
import type { EntryKind } from "../../call/consent.ts";
import type { Reason } from "../../call/permission.ts";
import type { Scope } from "../integration.ts";
import type { OutgoingKind, OutgoingState, Payload } from "../outgoing.ts";
import type { RecordingState } from "../recordings.ts";
import {
  sql,
  blob,
  check,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from "./drizzle.ts";

/** What leaves, one row each, made in the transaction of what caused it; see `Outgoing`. */
export const outbox = sqliteTable(
  "outbox",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    /** UUIDv7. */
    id: text().notNull(),
    kind: text().$type<OutgoingKind>().notNull(),
    cause: text().notNull(),
    subscriberId: text(),
    simulated: integer({ mode: "boolean" }).notNull(),
    entryId: text(),
    payload: text({ mode: "json" }).$type<Payload>().notNull(),
    state: text().$type<OutgoingState>().notNull(),
    attempts: integer().notNull(),
    dueAt: integer().notNull(),
    expiresAt: integer().notNull(),
    /** While a worker has it: since when, and until when. */
    claimedAt: integer(),
    leasedUntil: integer(),
    unclearSince: integer(),
    providerSid: text(),
    errorCode: text(),
    errorMessage: text(),
    requestedBy: text(),
    at: integer().notNull(),
    finishedAt: integer(),
  },
  (table) => [
    // The id first: a worker and a status callback know nothing else.
    uniqueIndex("outbox_id").on(table.id, table.businessId),
    // One cause, one message: the index says so, not a look-up.
    unique("outbox_once").on(table.businessId, table.kind, table.cause),
    index("outbox_due")
      .on(table.kind, table.dueAt, table.seq)
      .where(sql`${table.state} = 'waiting'`),
    index("outbox_leased")
      .on(table.leasedUntil)
      .where(sql`${table.state} = 'sending'`),
    // A list by state, world and kind is short looks into one of these, however rare what it asks for. What has ended
    // is listed once, and what has not is not moved as it is tried.
    index("outbox_open")
      .on(table.simulated, table.kind, table.seq, table.businessId)
      .where(sql`${table.finishedAt} is null`),
    index("outbox_by_state")
      .on(table.state, table.simulated, table.kind, table.seq)
      .where(sql`${table.finishedAt} is not null`),
    index("outbox_of_business")
      .on(table.businessId, table.state, table.simulated, table.kind, table.seq)
      .where(sql`${table.finishedAt} is not null`),
    index("outbox_of_subscriber").on(table.businessId, table.subscriberId, table.kind, table.at),
    index("outbox_calls")
      .on(table.businessId, table.at, table.requestedBy)
      .where(sql`${table.kind} = 'call'`),
    check(
      "outbox_state",
      sql`${table.state} in ('waiting', 'sending', 'sent', 'failed', 'expired', 'cancelled')`,
    ),
  ],
);

/** Append-only: every answer to "may I send this?". */
export const decision = sqliteTable(
  "decision",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    id: text().notNull(),
    subscriberId: text(),
    topic: text().notNull(),
    simulated: integer({ mode: "boolean" }).notNull(),
    sendAt: integer().notNull(),
    allowed: integer({ mode: "boolean" }).notNull(),
    /** It was allowed, and the business had a cap that it counts towards. */
    capped: integer({ mode: "boolean" }).notNull().default(false),
    reason: text().$type<Reason>().notNull(),
    entryId: text(),
    keyId: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    uniqueIndex("decision_id").on(table.businessId, table.id),
    index("decision_cap")
      .on(table.businessId, table.subscriberId, table.topic, table.simulated, table.sendAt)
      // By person, so each row dirties a page of its own: only where a cap will ask.
      .where(sql`${table.capped} = 1`),
    index("decision_tally").on(table.at, table.businessId, table.simulated, table.topic, table.allowed),
  ],
);

/** Keys of other systems; of the key itself only a digest. */
export const apiKey = sqliteTable(
  "api_key",
  {
    id: text().primaryKey(),
    digest: text().notNull(),
    name: text().notNull(),
    prefix: text().notNull(),
    scopes: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    businesses: text({ mode: "json" }).$type<readonly string[]>(),
    createdAt: integer().notNull(),
    createdBy: text().notNull(),
    expiresAt: integer(),
    revokedAt: integer(),
    lastUsedAt: integer(),
  },
  (table) => [uniqueIndex("api_key_digest").on(table.digest), uniqueIndex("api_key_prefix").on(table.prefix)],
);

/** The answers to POSTs that may be repeated; status null while the first one is under way. */
export const idempotency = sqliteTable(
  "idempotency",
  {
    keyId: text().notNull(),
    idempotencyKey: text().notNull(),
    requestDigest: text().notNull(),
    status: integer(),
    body: text(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.keyId, table.idempotencyKey] }),
    index("idempotency_by_time").on(table.at),
  ],
);

/** Where events go. The secret is sealed. */
export const endpoint = sqliteTable(
  "endpoint",
  {
    businessId: text().notNull(),
    id: text().notNull(),
    url: text().notNull(),
    secret: blob({ mode: "buffer" }).notNull(),
    kinds: text({ mode: "json" }).$type<readonly EntryKind[]>().notNull(),
    description: text().notNull(),
    createdAt: integer().notNull(),
    createdBy: text().notNull(),
    disabledAt: integer(),
  },
  (table) => [primaryKey({ columns: [table.businessId, table.id] })],
);

/** Agents' calls that were brought into the flow. */
export const liveCall = sqliteTable(
  "live_call",
  {
    businessId: text().notNull(),
    callSid: text().notNull(),
    returnUrl: text(),
    requestedBy: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.businessId, table.callSid] })],
);

/**
 * Calls that are recorded, one row each, made in the transaction that serves the announcement. The audio is at Twilio;
 * what proves it is in the `recorded` entry. Holds no personal data.
 */
export const recording = sqliteTable(
  "recording",
  {
    businessId: text().notNull(),
    callSid: text().notNull(),
    simulated: integer({ mode: "boolean" }).notNull(),
    /** Of the notice that announced it. */
    locale: text().$type<Locale>().notNull(),
    jurisdiction: text().$type<Jurisdiction>().notNull(),
    script: text().notNull(),
    state: text().$type<RecordingState>().notNull(),
    /** Twilio's name of it; null until it has begun. */
    sid: text(),
    /** Of one that is missing: why. It holds no number. */
    reason: text(),
    entryId: text(),
    at: integer().notNull(),
    changedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.callSid] }),
    // Few, and what somebody has to see.
    index("recording_unwell")
      .on(table.state, table.changedAt)
      .where(sql`${table.state} in ('missing', 'deleting')`),
    check(
      "recording_state",
      sql`${table.state} in ('wanted', 'started', 'kept', 'missing', 'deleting', 'deleted')`,
    ),
  ],
);
