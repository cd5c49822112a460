import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { describe } from "vitest";
import { temporaryFolder } from "../support/memory.ts";
import { databaseWith, failedStart } from "./database.ts";
import { fault } from "./rows.ts";

describe.concurrent("a file that a server is to start on", () => {
  fault(10, async ({ expect }) => {
    using database = await databaseWith(300);
    damageLeafOf(database.file, "call_event");
    const exit = await database.start();
    expect(exit).toMatchObject({ code: 3, out: "" });
    expect(exit.err).toMatch(/^DATABASE_URL: .*yesline\.db: Its pages are damaged: restore a backup\. \(/);
  });

  fault(17, async ({ expect }) => {
    const folder = temporaryFolder();
    const file = join(folder, "yesline.db");
    const client = new Database(file);
    // The name of a table that a later migration makes: those before it have run by then.
    client.exec("CREATE TABLE checkpoint (theirs TEXT); INSERT INTO checkpoint VALUES ('theirs')");
    const schema = () =>
      client.prepare("SELECT name, sql FROM sqlite_schema WHERE tbl_name <> '__drizzle_migrations'").all();
    const before = schema();
    const exit = await failedStart({ PORT: "0", DATABASE_URL: `file:${file}` });
    expect(exit).toMatchObject({ code: 3, out: "" });
    expect(exit.err).toContain("A migration failed, and everything is as it was");
    expect(exit.err).toContain("table `checkpoint` already exists");
    expect(schema()).toEqual(before);
    expect(client.prepare("SELECT * FROM checkpoint").all()).toEqual([{ theirs: "theirs" }]);
    client.close();
    rmSync(folder, { recursive: true });
  });
});

const LEAF_OF_TABLE = 0x0d;

/** Overwrites the last leaf page of a table, beyond its root, with noise. @returns its number */
function damageLeafOf(file: string, table: string): number {
  const client = new Database(file);
  const size = client.pragma("page_size", { simple: true }) as number;
  const pages = client.prepare(
    "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno DESC",
  );
  const page = Number(pages.pluck().get(table));
  client.close();
  const descriptor = openSync(file, "r+");
  const start = (page - 1) * size;
  const head = Buffer.alloc(1);
  readSync(descriptor, head, 0, 1, start);
  if (head[0] !== LEAF_OF_TABLE) throw new Error(`page ${page} is no leaf of a table`);
  writeSync(descriptor, randomBytes(size), 0, size, start);
  closeSync(descriptor);
  return page;
}
