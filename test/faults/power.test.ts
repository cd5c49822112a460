import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import power from "../soak/power.ts";
import { temporaryFolder } from "../support/memory.ts";
import type { Environment } from "../support/server.ts";
import { forgetfulDisk } from "./power.ts";
import { fault } from "./rows.ts";

const WRITES = `
  const { closeSync, fsyncSync, openSync, writeSync } = require("node:fs");
  const file = openSync(process.argv[1], "w");
  writeSync(file, "synced ".repeat(1000));
  fsyncSync(file);
  writeSync(file, "written ".repeat(1000));
  writeSync(file, "SYNCED", 0);
  closeSync(file);
`;

test("a disk that loses its power has what was synced, and of the rest what it happens to keep", () => {
  const contents = [0, 1].map((keep) => {
    const folder = temporaryFolder();
    using disk = forgetfulDisk(folder);
    const file = join(folder, "file");
    execFileSync(process.execPath, ["-e", WRITES, file], { env: disk.env });
    disk.lose(() => 0.5, keep);
    const left = readFileSync(file, "utf8");
    rmSync(folder, { recursive: true });
    return left;
  });
  const synced = "synced ".repeat(1000);
  expect(contents[0]).toBe(synced);
  expect(contents[1]).toBe(`SYNCED${synced.slice(6)}${"written ".repeat(1000)}`);
});

/** Fills a table; then writes until the write-ahead log was to be emptied many times, looks at the files, and dies. */
const COMMITS = `
  const { writeSync } = await import("node:fs");
  const [ledger, file, times] = process.argv.slice(1);
  const { client } = (await import(ledger + "connection.ts")).open(file, { busyTimeoutMs: 0 });
  const { standing } = await import(ledger + "standing.ts");
  client.exec("CREATE TABLE IF NOT EXISTS told (n INTEGER PRIMARY KEY, time INTEGER, what BLOB)");
  const put = client.prepare("INSERT INTO told VALUES (?, ?, randomblob(3000)) ON CONFLICT DO UPDATE SET time = excluded.time");
  for (let time = 0; time < Number(times); time++) for (let n = 0; n < 500; n++) put.run(n, time);
  const looks = [64e6, 1e6].map((bytes) => standing({ client }, bytes)()?.message ?? "nothing");
  writeSync(1, JSON.stringify(looks));
  if (Number(times) > 1) process.kill(process.pid, "SIGKILL");
  client.close();
`;

test("an fsync that fails as the write-ahead log is emptied: SQLite tells nobody, nothing acknowledged is lost, and the line says so before the log has filled the disk", () => {
  const folder = temporaryFolder();
  using disk = forgetfulDisk(folder);
  const file = join(folder, "yesline.db");
  const ledger = new URL("../../src/ledger/sqlite/", import.meta.url).href;
  const run = (times: number, env: Environment) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", COMMITS, ledger, file, String(times)], {
      env: { ...disk.env, ...env },
      encoding: "utf8",
    });
  expect(run(1, {})).toMatchObject({ status: 0, stdout: '["nothing","nothing"]' });
  const { signal, stdout, stderr } = run(20, { POWER_FAILS: "yesline.db" });
  expect(signal).toBe("SIGKILL");
  expect(JSON.parse(stdout)).toEqual([
    "nothing",
    `The disk refuses what ${file}-wal holds: nothing of it is lost; bring both files to a sound disk.`,
  ]);
  // Places that were written, and that the disk does not have.
  expect(stderr.match(/forgets [1-9]\d* places/g)?.length).toBeGreaterThan(3);
  expect(disk.lose(() => 0.5, 0)).toBeGreaterThan(0);
  const client = new Database(file);
  expect(client.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(client.prepare("SELECT time, count(*) FROM told GROUP BY time").raw().all()).toEqual([[19, 500]]);
  client.close();
  rmSync(folder, { recursive: true });
});

fault(
  3,
  async () => {
    const report = await power({ seed: 3, amount: 2, say: () => undefined });
    expect(report.broken).toEqual([]);
    expect(report.figures).toMatchObject({ rounds: 2, lost: 0, twice: 0 });
    expect(report.figures["acknowledged"]).toBeGreaterThan(0);
    // Three servers start after each other.
  },
  180_000,
);
