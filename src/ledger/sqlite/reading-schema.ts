import type { Jurisdiction, Locale } from "../../call/business.ts";
import type { AccessAction, CallOutcome } from "../reading.ts";
import { sql, blob, check, index, integer, sqliteTable, text, unique, uniqueIndex } from "./drizzle.ts";

/** How far a caller came. Whoever answered has heard the notice, in this call or an earlier one. */
export const PROGRESS = ["none", "reached", "heard", "answered"] as const;
export type Progress = (typeof PROGRESS)[number];

/**
 * What calls have in common and the log can be filtered by. A million calls share some hundreds of facets, so any
 * filter is a set of facets and one index finds its calls in order, however rare they are. Rows never change: a call
 * moves from one facet to another. "" stands for "not known yet", because a null would escape the unique index.
 */
export const callFacet = sqliteTable(
  "call_facet",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    businessId: text().notNull(),
    outcome: text().$type<CallOutcome>().notNull(),
    progress: text().$type<Progress>().notNull(),
    /** Topics of the entries that the call made, in alphabetical order; JSON. */
    topics: text().notNull(),
    locale: text().$type<Locale | "">().notNull(),
    jurisdiction: text().$type<Jurisdiction | "">().notNull(),
    script: text().notNull(),
    direction: text().$type<"inbound" | "outbound">().notNull(),
    attestation: text().notNull(),
    simulated: integer({ mode: "boolean" }).notNull(),
  },
  (table) => [
    unique("call_facet_once").on(
      table.businessId,
      table.outcome,
      table.progress,
      table.topics,
      table.locale,
      table.jurisdiction,
      table.script,
      table.direction,
      table.attestation,
      table.simulated,
    ),
    check("facet_progress", sql`${table.progress} in ('none', 'reached', 'heard', 'answered')`),
  ],
);

/** Append-only: who looked at, revealed, exported or changed what. Holds no personal data of callers. */
export const accessLog = sqliteTable(
  "access_log",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    actor: text(),
    actorName: text().notNull(),
    action: text().$type<AccessAction>().notNull(),
    businessId: text(),
    subject: text(),
    detail: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    index("access_by_actor").on(table.actorName, table.seq),
    index("access_by_action").on(table.action, table.seq),
    index("access_by_subject").on(table.subject, table.seq),
    index("access_by_time").on(table.at),
  ],
);

/** Append-only. The text is sealed with the subscriber's salt: when that row is erased, nobody can read the note. */
export const note = sqliteTable(
  "note",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull(),
    businessId: text().notNull(),
    /** Not a foreign key: an erased person leaves the id, which says nothing. */
    subscriberId: text().notNull(),
    author: text().notNull(),
    text: blob({ mode: "buffer" }).notNull(),
    at: integer().notNull(),
  },
  (table) => [
    uniqueIndex("note_id").on(table.businessId, table.id),
    index("note_of_subscriber").on(table.businessId, table.subscriberId, table.seq),
  ],
);
