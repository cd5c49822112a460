import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { DatabaseUnusable } from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import { drizzle, migrate as runMigrations } from "./drizzle.ts";

export { DatabaseUnusable };

export type Connection = ReturnType<typeof open>;

/** The folder of the migrations. */
export const MIGRATIONS = fileURLToPath(new URL("../../../migrations/sqlite", import.meta.url));

/** What a connection must report before anything is acknowledged on it. better-sqlite3 makes NORMAL of FULL in WAL. */
const REQUIRED = { journal_mode: "wal", synchronous: 2, foreign_keys: 1, secure_delete: 1 } as const;

/** SQLite's own 2 MB are read anew for each page of a long log: a million calls' figures take three times as long. */
const CACHE_KIB = 64 * 1024;

/**
 * So many pages come together before a commit moves them into the database, 16 MB: what is written again meanwhile is
 * moved once, and of a busy line's commits a quarter as many wait for it as with SQLite's own thousand.
 */
const CHECKPOINT_PAGES = 4_000;

export type OpenOptions = {
  readonly busyTimeoutMs: number;
  /** Whether somebody else empties the write-ahead log, and reads it first. */
  readonly litestream?: boolean;
};

/**
 * Opens the file, durable settings asserted.
 *
 * @param busyTimeoutMs how long a statement may wait for another process's lock. It blocks the event loop while it
 * waits: zero in the server, which tries again by itself; some seconds in a command.
 * @throws {DatabaseUnusable}
 */
export function open(file: string, { busyTimeoutMs, litestream = false }: OpenOptions) {
  makeFolderOf(file);
  const client = explain(file, () => new Database(file, { timeout: busyTimeoutMs }));
  explain(file, () => {
    client.pragma("journal_mode = WAL");
    client.pragma("synchronous = FULL");
    client.pragma("foreign_keys = ON");
    client.pragma("secure_delete = ON");
    client.pragma(`cache_size = -${CACHE_KIB}`);
    client.pragma(`wal_autocheckpoint = ${litestream ? 0 : CHECKPOINT_PAGES}`);
    for (const [name, expected] of Object.entries(REQUIRED)) {
      const actual = client.pragma(name, { simple: true });
      if (actual !== expected) throw new Error(`PRAGMA ${name} is ${String(actual)}, not ${expected}.`);
    }
  });
  return { client, db: drizzle(client, { casing: "snake_case" }) };
}

/** A connection that only reads, beside the one that writes. @throws {DatabaseUnusable} */
export function openToRead(file: string) {
  const client = explain(file, () => new Database(file, { readonly: true, fileMustExist: true }));
  client.pragma(`cache_size = -${CACHE_KIB}`);
  return { client, db: drizzle(client, { casing: "snake_case" }) };
}

/** How long the start waits for a command that writes, or for a server that stops; nobody is on the line yet. */
export const START_LOCK_WAIT_MS = 5_000;

/**
 * Brings the schema up to date; one transaction, so that a failing migration leaves the old schema.
 *
 * @throws {DatabaseUnusable} also where nothing was to be done, but the file takes no writes
 */
export function migrate({ client, db }: Connection): void {
  explain(client.name, () => {
    assertNotNewer(client);
    const busyTimeoutMs = Number(client.pragma("busy_timeout", { simple: true }));
    client.pragma(`busy_timeout = ${START_LOCK_WAIT_MS}`);
    // A table that is made anew would be searched once for each row of the old one, as that one is dropped.
    client.pragma("foreign_keys = OFF");
    const before = client.pragma("schema_version", { simple: true });
    try {
      runMigrations(db, { migrationsFolder: MIGRATIONS });
    } catch (error) {
      if (!/^SQLITE_(?:ERROR|CONSTRAINT)/.test(errorCode(error))) throw error;
      throw new DatabaseUnusable(
        `DATABASE_URL: ${client.name}: A migration failed, and everything is as it was: start the version from before, and report this. (${reasonOf(error)})`,
        { cause: error },
      );
    }
    client.pragma("foreign_keys = ON");
    if (before !== client.pragma("schema_version", { simple: true })) checkForeignKeys(client);
    // A read-only file opens without complaint: only a write finds out, and this one changes nothing.
    client.exec("UPDATE probe SET at = at");
    client.pragma(`busy_timeout = ${busyTimeoutMs}`);
  });
}

/**
 * A program older than the schema would start, and write what its successor's tables no longer mean.
 *
 * @throws {DatabaseUnusable}
 */
export function assertNotNewer(client: Database.Database): void {
  const isMigrated = client.prepare("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'");
  if (isMigrated.get() === undefined) return;
  const [theirs] = client
    .prepare<[], { count: number; madeAt: number }>(
      "SELECT count(*) AS count, coalesce(max(created_at), 0) AS madeAt FROM __drizzle_migrations",
    )
    .all();
  const journal = readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8");
  const { entries } = JSON.parse(journal) as { entries: { when: number; tag: string }[] };
  const newest = entries.at(-1);
  if (theirs === undefined || newest === undefined || theirs.madeAt <= newest.when) return;
  throw new DatabaseUnusable(
    `DATABASE_URL: ${client.name}: A newer program has brought its schema to migration ${theirs.count}, of ${new Date(theirs.madeAt).toISOString()}; this one knows ${entries.length}, up to ${newest.tag}. Run the newer program; or restore a backup from before it.`,
  );
}

/** What the migrations have moved still refers to what is there. */
function checkForeignKeys(client: Database.Database): void {
  const [broken] = client.pragma("foreign_key_check") as { table: string; parent: string }[];
  if (broken === undefined) return;
  throw new Error(`A migration has left a row of ${broken.table} without its ${broken.parent}.`);
}

/**
 * Law of one writer: a second server on the same file is refused. The lock is SQLite's own, on a file beside the
 * database, so the operating system frees it when the process ends, however it ends. It guards migrations as well: of
 * two processes that start at once, one migrates and the other waits.
 *
 * @param waitMs how long to wait for it; nothing else happens in this process meanwhile
 * @returns frees the lock
 * @throws {DatabaseUnusable} where another process holds it
 */
export function lockForServer(file: string, waitMs = 0): () => void {
  makeFolderOf(file);
  const lock = explain(file, () => new Database(`${file}.lock`, { timeout: waitMs }));
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (errorCode(error) !== "SQLITE_BUSY") throw error;
    throw new DatabaseUnusable(
      `${file} is served by another process. Stop that one, or give this one its own DATABASE_URL.`,
      { cause: error },
    );
  }
  return () => lock.close();
}

/**
 * With another secret no number could be read, and nobody would be recognised. While a secret is changed, the older ones
 * are on record until everything of theirs is sealed anew: without them, too, people would be lost.
 *
 * @param isOnlyWriter only who holds the server's lock may begin to write with another secret: a line that is running
 * would not know it
 * @throws {DatabaseUnusable} where the database was made with another secret
 */
export function checkSecret(
  { client }: Connection,
  { fingerprint, older }: Pick<NumberVault, "fingerprint" | "older">,
  isOnlyWriter = false,
): void {
  const read = client.prepare<[], string>("SELECT fingerprint FROM secret_check ORDER BY id").pluck();
  // Only the first one writes: a command need not wait for a busy server's lock to be checked.
  if (read.get() === undefined) {
    client
      .prepare("INSERT INTO secret_check (id, fingerprint) VALUES (1, ?) ON CONFLICT DO NOTHING")
      .run(fingerprint);
  }
  const kept = read.all();
  const ours = new Set([fingerprint, ...older.map((each) => each.fingerprint)]);
  if (!kept.every((each) => ours.has(each))) {
    throw new DatabaseUnusable(kept.length > 1 ? UNFINISHED_CHANGE : WRONG_SECRET);
  }
  if (kept.at(-1) === fingerprint) return;
  if (!isOnlyWriter) throw new DatabaseUnusable(UNKNOWN_TO_THE_LINE);
  client.transaction(() => {
    client.prepare("DELETE FROM secret_check WHERE fingerprint = ?").run(fingerprint);
    client
      .prepare("INSERT INTO secret_check (id, fingerprint) SELECT max(id) + 1, ? FROM secret_check")
      .run(fingerprint);
  })();
}

const WRONG_SECRET =
  "YESLINE_SECRET is not the one that this database's numbers are encrypted with: restore that one, or give this line its own DATABASE_URL.";
const UNFINISHED_CHANGE =
  "YESLINE_SECRET is being changed, and one of its values is missing: set NEW,OLD until `yesline secret rotate` says that the old one may go.";
const UNKNOWN_TO_THE_LINE =
  "YESLINE_SECRET begins with a value that this database does not know yet: restart the line with it first, then run the command again.";

/** SQLite's name of what went wrong (`SQLITE_FULL`, `SQLITE_CONSTRAINT_TRIGGER`, …); "" for other errors. */
export function errorCode(error: unknown): string {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if ("code" in cause && typeof cause.code === "string" && cause.code.startsWith("SQLITE_"))
      return cause.code;
  }
  return "";
}

const FIXES: Readonly<Record<string, string>> = {
  SQLITE_READONLY: "The file or its folder is read-only: give this user the right to write there.",
  SQLITE_CANTOPEN: "It cannot be opened: check that the folder exists and that this user may write there.",
  SQLITE_NOTADB: "It is not a SQLite database: check DATABASE_URL, or restore a backup.",
  SQLITE_CORRUPT: "Its pages are damaged: restore a backup.",
  SQLITE_BUSY: "Another process holds its lock: try again when that one is done.",
};

function makeFolderOf(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DatabaseUnusable(`DATABASE_URL: ${file}: ${FIXES["SQLITE_CANTOPEN"]} (${reason})`, {
      cause: error,
    });
  }
}

function explain<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error;
    const code = errorCode(error);
    const known = Object.keys(FIXES).find((name) => code.startsWith(name));
    const reason = reasonOf(error);
    const fix = known === undefined ? reason : `${FIXES[known]} (${reason})`;
    throw new DatabaseUnusable(`DATABASE_URL: ${file}: ${fix}`, { cause: error });
  }
}

/** SQLite's own words, where drizzle has put a whole statement before them. */
function reasonOf(error: unknown): string {
  let reason = error;
  for (let depth = 0; reason instanceof Error && reason.cause instanceof Error && depth < 5; depth++)
    reason = reason.cause;
  return reason instanceof Error ? reason.message : String(reason);
}
