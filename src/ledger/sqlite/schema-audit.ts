import Database from "better-sqlite3";
import type { SchemaFault } from "../audit-store.ts";
import { drizzle, migrate } from "./drizzle.ts";
import { MIGRATIONS, type Connection } from "./connection.ts";

/**
 * Whether what holds the laws is what the migrations make: the triggers that refuse changes, unique indexes, keys and
 * checks. A law that was taken away for a while and put back shows in the rows; one that is gone shows here.
 */
export function schemaAudit({ client }: Pick<Connection, "client">): () => readonly SchemaFault[] {
  const present = client.prepare<[], Made>(MADE);
  let expected: ReadonlyMap<string, Made> | null = null;
  return () => {
    expected ??= named(migrated());
    const found = named(present.all());
    return [...gone(expected, found), ...added(expected, found)];
  };
}

type Made = { readonly type: string; readonly name: string; readonly table: string; readonly sql: string };

const MADE = `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name`;

/** What an empty file becomes. */
function migrated(): readonly Made[] {
  const client = new Database(":memory:");
  try {
    migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
    return client.prepare<[], Made>(MADE).all();
  } finally {
    client.close();
  }
}

function* gone(
  expected: ReadonlyMap<string, Made>,
  found: ReadonlyMap<string, Made>,
): Generator<SchemaFault> {
  for (const [name, { sql, table, type }] of expected) {
    const now = found.get(name);
    if (now === undefined)
      yield { name, what: type === "table" ? "it is gone." : `it is gone, and guards ${table} no more.` };
    else if (now.sql !== sql) yield { name, what: "it is not what the migrations made." };
  }
}

/** Tables and indexes of others, such as a replicator's, do nothing to our rows; a trigger could. */
function* added(
  expected: ReadonlyMap<string, Made>,
  found: ReadonlyMap<string, Made>,
): Generator<SchemaFault> {
  for (const [name, { type, table }] of found) {
    if (type === "trigger" && !expected.has(name))
      yield { name, what: `no migration made it, and it acts on ${table}.` };
  }
}

function named(all: readonly Made[]): ReadonlyMap<string, Made> {
  return new Map(all.map((made) => [`${made.type} ${made.name}`, made]));
}
