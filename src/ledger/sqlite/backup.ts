import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { errorCode } from "./connection.ts";

/** A file that is no database, or whose pages are damaged; the message names it. */
export class BackupUnusable extends Error {}

/** What SQLite keeps beside a database; with another database's it would be ruined. */
const BESIDE = ["-wal", "-shm", "-journal"] as const;

/** All pages in one step: between two, a writer would make SQLite begin anew, and on a busy line it would never end. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies a whole database into one file that needs nothing beside it, as it was at one moment. Whoever serves it goes on
 * writing meanwhile. The copy is checked, and on the disk, when this resolves.
 *
 * @param to a new file, for its owner alone
 * @param check `full` also holds each index against its table: minutes instead of seconds for a long log
 * @throws {BackupUnusable}
 */
export async function copyWhole(from: string, to: string, check: "quick" | "full"): Promise<void> {
  closeSync(openSync(to, "wx", 0o600));
  try {
    await copyPages(from, to);
    checkPages(from, to, check);
    sync(to);
  } catch (error) {
    discard(to);
    throw errorCode(error) === "" ? error : unusable(from, error);
  }
}

async function copyPages(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true });
  try {
    await source.backup(to, { progress: () => ALL_PAGES });
  } finally {
    source.close();
  }
}

function checkPages(from: string, to: string, check: "quick" | "full"): void {
  const copy = new Database(to);
  try {
    const [first] = copy.pragma(check === "full" ? "integrity_check(1)" : "quick_check(1)", {
      simple: false,
    }) as Record<string, string>[];
    const found = Object.values(first ?? {})[0] ?? "nothing";
    if (found !== "ok") throw new BackupUnusable(`${from} is damaged: ${found}. Take another backup.`);
    // A file in WAL mode would need one beside it, and be written to by whoever only reads it.
    copy.pragma("journal_mode = DELETE");
  } finally {
    copy.close();
  }
}

/** @throws {BackupUnusable} where it is a database, but of something else: it would be made into an empty ledger */
export function assertOurs(file: string, name: string): void {
  const client = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const tables = client
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('entry', 'call')")
      .all();
    if (tables.length < 2)
      throw new BackupUnusable(`${name} is a database, but none of Yesline: check the path.`);
  } finally {
    client.close();
  }
}

/** Folds what was written since into the one file again, and onto the disk. */
export function makeWhole(file: string): void {
  const client = new Database(file);
  try {
    client.pragma("wal_checkpoint(TRUNCATE)");
    const mode = client.pragma("journal_mode = DELETE", { simple: true });
    if (mode !== "delete") throw new BackupUnusable(`${file} is still open elsewhere.`);
  } finally {
    client.close();
  }
  sync(file);
}

/** Removes a database, and what stands beside it. */
export function discard(file: string): void {
  for (const end of ["", ...BESIDE]) rmSync(`${file}${end}`, { force: true });
}

/** Gives a file that is on the disk its name, for good. @throws where somebody has that name already */
export function publish(draft: string, file: string): void {
  linkSync(draft, file);
  rmSync(draft);
  syncFolderOf(file);
}

/**
 * Puts a database where another may be: that one is kept beside it, with all that belongs to it. A write-ahead log of
 * the old one must be gone before the new one has the name, for SQLite would play it into that.
 *
 * @param aside the name under which the old one is kept
 * @returns whether there was one
 */
export function putInPlace(draft: string, file: string, aside: string): boolean {
  const isThere = existsSync(file);
  if (isThere) {
    for (const end of ["", ...BESIDE])
      if (existsSync(`${file}${end}`)) linkSync(`${file}${end}`, `${aside}${end}`);
    syncFolderOf(file);
  }
  for (const end of BESIDE) rmSync(`${file}${end}`, { force: true });
  renameSync(draft, file);
  syncFolderOf(file);
  return isThere;
}

/** What a backup holds of the log, and what waits to be sealed. */
export type BackupContents = {
  readonly bytes: number;
  readonly entries: number;
  /** Of the log. */
  readonly size: number;
  readonly newestEntryAt: number | null;
};

/** @throws {BackupUnusable} where it is no database of ours */
export function contentsOf(file: string): BackupContents {
  const client = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const [counts] = client
      .prepare<[], Omit<BackupContents, "bytes">>(
        `SELECT (SELECT count(*) FROM entry) AS entries, (SELECT max(at) FROM entry) AS newestEntryAt,
           (SELECT coalesce(max(leaf_index), -1) + 1 FROM log_leaf) AS size`,
      )
      .all();
    if (counts === undefined) throw new BackupUnusable(`${file} holds nothing.`);
    return { bytes: statSync(file).size, ...counts };
  } catch (error) {
    throw errorCode(error) === "" ? error : unusable(file, error);
  } finally {
    client.close();
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: "is no SQLite database: check the path",
  SQLITE_CORRUPT: "is damaged: take another backup",
  SQLITE_FULL: "cannot be copied: the disk is full",
};

function unusable(file: string, cause: unknown): BackupUnusable {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const known = Object.keys(FAULTS).find((code) => errorCode(cause).startsWith(code));
  const fault = known === undefined ? "cannot be used as a backup of Yesline" : FAULTS[known];
  return new BackupUnusable(`${file} ${fault} (${reason}).`, { cause });
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolderOf(file: string): void {
  sync(dirname(file));
}
