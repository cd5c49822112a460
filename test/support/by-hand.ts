import { spawnSync } from "node:child_process";
import Database from "better-sqlite3";

/** Someone with the file and a tool: what they type, and what the database answers. */
export type Hand = (file: string, sql: string) => { readonly refused: string | null; readonly out: string };

/** The `sqlite3` command-line tool. It does not enforce foreign keys unless it is told to: triggers must do. */
export const sqlite3: Hand = (file, sql) => {
  const { error, status, stdout, stderr } = spawnSync("sqlite3", ["-bail", file, sql], { encoding: "utf8" });
  if (error !== undefined) {
    throw new Error("These tests need the sqlite3 command: install it (apt-get install sqlite3).", {
      cause: error,
    });
  }
  return { refused: status === 0 ? null : stderr.trim(), out: stdout };
};

/** A program with a driver of its own, and none of our settings. */
export const driver: Hand = (file, sql) => {
  const client = new Database(file);
  try {
    client.pragma("foreign_keys = OFF");
    client.exec(sql);
    return { refused: null, out: "" };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error), out: "" };
  } finally {
    client.close();
  }
};
