import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import {
  DatabaseUnusable,
  lockForServer,
  migrate,
  open,
  openToRead,
} from "../../src/ledger/sqlite/connection.ts";
import { agree, callOf, ledgerOn, openMemory, temporaryFolder } from "../support/memory.ts";
import { asUnprivileged } from "../support/unprivileged.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "yesline.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof DatabaseUnusable) return error.message;
    throw error;
  }
  return "";
}

describe("a connection", () => {
  it("keeps what it acknowledges through a power cut, checks references, and overwrites what is deleted", () => {
    const { client } = open(file, { busyTimeoutMs: 0 });
    const setting = (name: string) => client.pragma(name, { simple: true });
    expect({
      journal: setting("journal_mode"),
      synchronous: setting("synchronous"),
      references: setting("foreign_keys"),
      overwrites: setting("secure_delete"),
      waitsMs: setting("busy_timeout"),
    }).toEqual({ journal: "wal", synchronous: 2, references: 1, overwrites: 1, waitsMs: 0 });
    client.close();
  });

  it("still has these settings on a file that is there already, and in a folder that is not", () => {
    const nested = join(folder, "a", "b", "yesline.db");
    open(nested, { busyTimeoutMs: 0 }).client.close();
    const { client } = open(nested, { busyTimeoutMs: 1_234 });
    expect(client.pragma("synchronous", { simple: true })).toBe(2);
    expect(client.pragma("busy_timeout", { simple: true })).toBe(1_234);
    client.close();
  });

  it("overwrites a deleted number, so that it cannot be read from the file afterwards", () => {
    const { client } = open(file, { busyTimeoutMs: 0 });
    client.exec("CREATE TABLE secret (what TEXT); INSERT INTO secret VALUES ('forget me not')");
    client.pragma("wal_checkpoint(TRUNCATE)");
    const there = () => readFileSync(file).includes("forget me not");
    const before = there();
    client.exec("DELETE FROM secret");
    client.pragma("wal_checkpoint(TRUNCATE)");
    expect([before, there()]).toEqual([true, false]);
    client.close();
  });
});

describe("one server for one file:", () => {
  it("a second server is refused with the reason and the fix, until the first one has gone", () => {
    const unlock = lockForServer(file);
    const refusal = refusalOf(() => lockForServer(file));
    expect(refusal).toContain(`${file} is served by another process`);
    expect(refusal).toContain("DATABASE_URL");
    unlock();
    const again = lockForServer(file);
    expect(again).toBeTypeOf("function");
    again();
  });

  it("another server on another file is welcome", () => {
    const unlock = [lockForServer(file), lockForServer(join(folder, "other.db"))];
    expect(unlock).toHaveLength(2);
    for (const each of unlock) each();
  });

  it("who only reads cannot write, whatever it is made to do", () => {
    const connection = open(file, { busyTimeoutMs: 0 });
    migrate(connection);
    const reader = openToRead(file);
    expect(() => reader.client.exec("DELETE FROM access_log")).toThrow(/readonly/);
    reader.client.close();
    connection.client.close();
  });

  it("a command may write beside the server", async () => {
    const memory = openMemory({ file });
    const unlock = lockForServer(file);
    const command = openMemory({ file });
    await agree(command.ledger, callOf());
    expect(await memory.ledger.granted("acme-dental", "+14155550123", false)).toHaveLength(2);
    await command.close();
    await memory.close();
    unlock();
  });
});

describe("the schema", () => {
  it("is brought up to date once; a second time changes nothing", () => {
    const connection = open(file, { busyTimeoutMs: 0 });
    const schema = () => connection.client.prepare("SELECT type, name, sql FROM sqlite_schema").all();
    migrate(connection);
    const first = schema();
    migrate(connection);
    expect(schema()).toEqual(first);
    expect(first).toContainEqual(expect.objectContaining({ type: "trigger", name: "entry_never_changes" }));
    connection.client.close();
  });

  it("leaves the server's impatience with locks as it was, and its check of references on", () => {
    const connection = open(file, { busyTimeoutMs: 0 });
    migrate(connection);
    expect(connection.client.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(connection.client.pragma("busy_timeout", { simple: true })).toBe(0);
    connection.client.close();
  });

  it("stays as it was when a migration fails, and the refusal names the file", () => {
    const connection = open(file, { busyTimeoutMs: 0 });
    connection.client.exec("CREATE TABLE entry (theirs TEXT); INSERT INTO entry VALUES ('mine')");
    const refusal = refusalOf(() => migrate(connection));
    expect(refusal).toContain(file);
    expect(refusal).toContain("entry");
    const tables = connection.client.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck();
    expect(tables.all()).not.toContain("call");
    expect(connection.client.prepare("SELECT * FROM entry").all()).toEqual([{ theirs: "mine" }]);
    connection.client.close();
  });
});

describe("a database that cannot be used is refused with the reason and the fix:", () => {
  it("a folder stands where the file should", () => {
    mkdirSync(file);
    const refusal = refusalOf(() => open(file, { busyTimeoutMs: 0 }));
    expect(refusal).toMatch(/^DATABASE_URL: .*yesline\.db: It cannot be opened: check/);
  });

  it("a file stands where the folder should", () => {
    writeFileSync(file, "");
    const inside = join(file, "yesline.db");
    for (const act of [() => open(inside, { busyTimeoutMs: 0 }), () => lockForServer(inside)]) {
      expect(refusalOf(act)).toMatch(/^DATABASE_URL: .*: It cannot be opened: check/);
    }
  });

  it("the file is not a database", () => {
    writeFileSync(file, "Dear diary, today a stranger called me.\n".repeat(200));
    const refusal = refusalOf(() => open(file, { busyTimeoutMs: 0 }));
    expect(refusal).toContain("It is not a SQLite database: check DATABASE_URL, or restore a backup.");
  });

  it("another process holds its lock", () => {
    const other = new Database(file);
    other.exec("CREATE TABLE t (x); BEGIN EXCLUSIVE");
    const refusal = refusalOf(() => open(file, { busyTimeoutMs: 0 }));
    expect(refusal).toContain("Another process holds its lock: try again when that one is done.");
    other.close();
  });

  it("the file is read-only: not one write is acknowledged", async () => {
    const memory = openMemory({ file });
    await agree(memory.ledger, callOf());
    await memory.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o777);
    await asUnprivileged(async () => {
      const connection = open(file, { busyTimeoutMs: 0 });
      const refusal = refusalOf(() => migrate(connection));
      expect(refusal).toContain("The file or its folder is read-only: give this user the right to write");
      const { ledger } = ledgerOn(connection);
      await expect(ledger.probe()).rejects.toThrow(LedgerUnavailable);
      await expect(ledger.probe()).rejects.toThrow("SQLITE_READONLY");
      connection.client.close();
    });
  });

  it("the folder is read-only", async () => {
    const closed = join(folder, "closed");
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(folder, 0o755);
    await asUnprivileged(async () => {
      for (const act of [
        () => open(join(closed, "yesline.db"), { busyTimeoutMs: 0 }),
        () => open(join(closed, "data", "yesline.db"), { busyTimeoutMs: 0 }),
        () => lockForServer(join(closed, "yesline.db")),
      ]) {
        expect(refusalOf(act)).toMatch(/^DATABASE_URL: .*: It cannot be opened: check .* may write there/);
      }
    });
  });
});
