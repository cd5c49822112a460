import {
  sql,
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "./drizzle.ts";
import { entry } from "./schema.ts";

/** The Merkle log over the entries; see `ProofStore`. Triggers keep it append-only and without gaps. */
export const logLeaf = sqliteTable(
  "log_leaf",
  {
    leafIndex: integer().primaryKey(),
    businessId: text().notNull(),
    entryId: text().notNull(),
    /** SHA-256 of the leaf, which is never stored: it is made anew from the rows. */
    hash: blob({ mode: "buffer" }).notNull(),
  },
  (table) => [
    // One entry, one leaf. Ids rise with time, so that this grows at its end.
    uniqueIndex("log_leaf_once").on(table.entryId, table.businessId),
    foreignKey({
      name: "leaf_of_entry",
      columns: [table.businessId, table.entryId],
      foreignColumns: [entry.businessId, entry.id],
    }),
    check("leaf_hash", sql`length(${table.hash}) = 32`),
  ],
);

/** Roots of complete subtrees of 256^level leaves, so that a proof reads little of a long log. */
export const logTile = sqliteTable(
  "log_tile",
  {
    level: integer().notNull(),
    idx: integer().notNull(),
    hash: blob({ mode: "buffer" }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.level, table.idx] }),
    check("tile_hash", sql`length(${table.hash}) = 32`),
  ],
);

/** Signed sizes and roots. One size has several only where another key signed it again. */
export const checkpoint = sqliteTable(
  "checkpoint",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    size: integer().notNull(),
    root: blob({ mode: "buffer" }).notNull(),
    note: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [
    index("checkpoint_by_size").on(table.size),
    check("checkpoint_root", sql`length(${table.root}) = 32`),
  ],
);
