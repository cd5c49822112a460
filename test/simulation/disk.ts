import { appendFileSync, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { open, type Connection } from "../../src/ledger/sqlite/connection.ts";

/** What the next commit meets. `after`: it is on the disk all the same. */
export type Mishap =
  /** fsync or write fails: nobody knows what is on the disk, and the process must stop. */
  | "io-error"
  | "io-error-after"
  /** The process is killed there. */
  | "killed"
  | "killed-after";

/**
 * A real file in memory, with real faults where SQLite has them: another connection that holds the lock, a file that may
 * not grow. Only what a file in memory never does, an fsync that fails, is played.
 */
export type Disk = ReturnType<typeof diskIn>;

/** @param template a migrated, empty database */
export function diskIn(folder: string, template: string) {
  mkdirSync(folder, { recursive: true });
  let generation = 0;
  let frozen = false;
  let mishap: Mishap | null = null;
  let locker: Database.Database | null = null;
  let client: Database.Database | null = null;
  let witness: Database.Database;
  let killed: () => void = freeze;
  const left: Database.Database[] = [];
  const fileOf = (which: number) => join(folder, `line-${which}.db`);
  copyFileSync(template, fileOf(0));

  /** The disk as it is now is what the next process finds; whatever the old one still does, is lost. */
  function freeze(torn: Buffer | null = null): void {
    if (frozen) return;
    frozen = true;
    for (const suffix of ["", "-wal"]) {
      const from = fileOf(generation) + suffix;
      if (existsSync(from)) copyFileSync(from, fileOf(generation + 1) + suffix);
    }
    // The frames that were just being written when the power went: never synced, so never complete.
    if (torn !== null && existsSync(`${fileOf(generation + 1)}-wal`))
      appendFileSync(`${fileOf(generation + 1)}-wal`, torn);
  }

  function commit(exec: () => void): void {
    const met = mishap;
    mishap = null;
    if (met === null) return exec();
    if (met.endsWith("-after")) exec();
    if (!met.startsWith("io-error")) {
      killed();
      throw new Killed();
    }
    throw new Database.SqliteError("disk I/O error", "SQLITE_IOERR_FSYNC");
  }

  return {
    /** A process opens its file. @param onKilled it is gone: at once, and in the middle of a commit */
    open(onKilled: () => void): Connection {
      if (frozen) generation += 1;
      frozen = false;
      mishap = null;
      killed = onKilled;
      const connection = open(fileOf(generation), { busyTimeoutMs: 0 });
      client = connection.client;
      const exec = client.exec.bind(client);
      const opened = client;
      client.exec = (sql: string) => {
        if (sql === "COMMIT") commit(() => void exec(sql));
        else exec(sql);
        return opened;
      };
      witness = new Database(fileOf(generation), { readonly: true });
      left.push(client, witness);
      return connection;
    },
    /** Another connection, which sees only what is committed. */
    witness: () => witness,
    freeze,
    meet: (next: Mishap) => (mishap = next),
    /** The file may not grow any more. */
    fill() {
      if (client?.open !== true) return;
      client.pragma(`max_page_count = ${Number(client.pragma("page_count", { simple: true }))}`);
    },
    empty() {
      if (client?.open === true) client.pragma("max_page_count = 1000000");
    },
    /** Another process writes, and does not end. */
    lock() {
      if (locker !== null || frozen) return;
      locker = new Database(fileOf(generation), { timeout: 0 });
      locker.exec("BEGIN IMMEDIATE");
    },
    unlock() {
      locker?.close();
      locker = null;
    },
    isLocked: () => locker !== null,
    path: () => fileOf(generation),
    remove() {
      locker?.close();
      for (const connection of left) connection.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The process ends in the middle of what it does. */
export class Killed extends Error {}
