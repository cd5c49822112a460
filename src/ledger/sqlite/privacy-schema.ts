import type { ErasureCause, SuppressionReason } from "../privacy.ts";
import { sql, blob, check, index, integer, primaryKey, sqliteTable, text } from "./drizzle.ts";

/** Append-only: who was erased, when and by whom. Holds no personal data; the certificate is made from it. */
export const erasure = sqliteTable(
  "erasure",
  {
    businessId: text().notNull(),
    /** UUIDv7; the certificate's number. */
    id: text().notNull(),
    /** The random id that is left of the person; null where nothing was kept of the number. */
    subscriberId: text(),
    cause: text().$type<ErasureCause>().notNull(),
    /** An operator's id, `cli`, or `retention`. */
    by: text().notNull(),
    byName: text().notNull(),
    suppressed: integer({ mode: "boolean" }).notNull(),
    /** How many rows of each table were erased, and which entries are left. */
    report: text({ mode: "json" }).$type<Readonly<Record<string, unknown>>>().notNull(),
    at: integer().notNull(),
    /** When the write-ahead log was emptied, so that no old page is left; null as long as it could not be. */
    tracesGoneAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.id] }),
    index("erasure_of_subscriber").on(table.businessId, table.subscriberId),
    index("erasure_unfinished")
      .on(table.at)
      .where(sql`${table.tracesGoneAt} is null`),
    check("erasure_cause", sql`${table.cause} in ('request', 'retention')`),
  ],
);

/** Numbers that stay withdrawn though nothing else is kept of them: HMACs under a key of their own. */
export const suppression = sqliteTable(
  "suppression",
  {
    businessId: text().notNull(),
    /** Hex. */
    hash: text().notNull(),
    reason: text().$type<SuppressionReason>().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.businessId, table.hash] }),
    check("suppression_reason", sql`${table.reason} in ('withdrawn', 'erased')`),
  ],
);

/** Keys that outlive a rotation, because nobody could make anew what was made with them: sealed with the secret. */
export const sealedKey = sqliteTable("sealed_key", {
  name: text().primaryKey(),
  sealed: blob({ mode: "buffer" }).notNull(),
});
