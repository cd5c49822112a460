import type { RunResult } from "better-sqlite3";
import type { Connection } from "./connection.ts";
import { getTableColumns, getTableName, type SQLiteTable } from "./drizzle.ts";

type Value = string | number | Uint8Array | null;

/**
 * Inserts whole rows of a table; the sequence is SQLite's to give. Drizzle's own statement, which looks at each value
 * anew, takes twice as long.
 *
 * @param onConflict what follows the values
 */
export function rowInserter<T extends SQLiteTable>(
  { client }: Pick<Connection, "client">,
  table: T,
  onConflict = "",
): (row: Omit<T["$inferInsert"], "seq">) => RunResult {
  const columns = Object.entries(getTableColumns(table))
    .filter(([name]) => name !== "seq")
    .map(([name, column]) => ({ name, sql: snakeCase(name), encode: encoderOf(column.dataType) }));
  const names = columns.map(({ sql }) => sql).join(", ");
  const places = columns.map(() => "?").join(", ");
  const statement = client.prepare<Value[]>(
    `INSERT INTO ${getTableName(table)} (${names}) VALUES (${places}) ${onConflict}`,
  );
  return (row: Readonly<Record<string, unknown>>) =>
    statement.run(...columns.map(({ name, encode }) => encode(row[name] ?? null)));
}

/** As `casing` of the connection names the columns. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** SQLite knows no booleans and no JSON. */
function encoderOf(dataType: string): (value: unknown) => Value {
  switch (dataType) {
    case "boolean":
      return (value) => (value === null ? null : value === true ? 1 : 0);
    case "json":
      return (value) => (value === null ? null : JSON.stringify(value));
    default:
      return (value) => value as Value;
  }
}
