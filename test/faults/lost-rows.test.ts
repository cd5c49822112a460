import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe } from "vitest";
import { temporaryFolder } from "../support/memory.ts";
import { rowsIn, runMain, startServer, type Server } from "../support/server.ts";
import { fastClock } from "./clock.ts";
import { fault } from "./rows.ts";

const HALF = 5;
/** Verification begins a minute after the start; what a server waits for a request passes as fast. */
const TIMES_AS_FAST = 6;

/** What was kept elsewhere, a copy of the files as they lay there while the line was serving, and a backup from before. */
const elsewhere = temporaryFolder();
const checkpoints = join(elsewhere, "checkpoints.txt");
const copy = join(elsewhere, "copy");
const backup = join(elsewhere, "backup.db");
/** How long the write-ahead log was before the second half agreed. */
let walBytes = 0;

beforeAll(async () => {
  await using server = await startServer({ env: { YESLINE_CHECKPOINTS: `file:${checkpoints}` } });
  await agree(server);
  const other = new Database(server.file);
  other.pragma("wal_checkpoint(TRUNCATE)");
  await other.backup(backup);
  other.close();
  walBytes = statSync(`${server.file}-wal`).size;
  await agree(server);
  while (!/^yesline_log_size 10$/m.test((await server.get("/metrics")).text)) await sleep(50);
  cpSync(server.folder, copy, { recursive: true });
  // In stopping, the newest checkpoint is taken elsewhere.
  await server.stop();
}, 120_000);
afterAll(() => rmSync(elsewhere, { recursive: true }));

async function agree(server: Server): Promise<void> {
  for (let callers = 0; callers < HALF; callers++) {
    const call = server.call();
    await call.begin();
    await call.press(call.action().includes("/choice?") ? "1" : "2");
  }
}

type Expect = Parameters<Parameters<typeof fault>[1]>[0]["expect"];

/** A line on such files answers, signs nothing more, and says that it is not what was signed; so does the command. */
async function alarms(expect: Expect, left: number, tamper: (file: string) => void): Promise<void> {
  const folder = temporaryFolder();
  cpSync(copy, folder, { recursive: true });
  tamper(join(folder, "yesline.db"));
  const env = { YESLINE_CHECKPOINTS: `file:${checkpoints}` };
  const published = readFileSync(checkpoints, "utf8");
  await using server = await startServer({ folder, env: { ...env, ...fastClock(TIMES_AS_FAST) } });
  expect(server.rows("entry")).toHaveLength(left);
  await server.says(/the last ones were dropped, or an old file was put back/);
  await server.says(/the ledger is NOT what was signed/);
  const { text } = await server.get("/metrics");
  expect(text).toMatch(/^yesline_log_broken 1$/m);
  expect(text).toMatch(/^yesline_ledger_verified 0$/m);
  expect((await server.call().begin()).status).toBe(200);
  expect(readFileSync(checkpoints, "utf8")).toBe(published);

  const args = ["ledger", "verify", "--checkpoint", checkpoints];
  const verify = await runMain(args, { DATABASE_URL: `file:${server.file}` }).exited;
  expect(verify.code).toBe(1);
  expect(verify.out).toContain("10 entries");
}

describe.concurrent("entries that were signed, and are not there any more:", () => {
  fault(11, ({ expect }) =>
    alarms(expect, HALF, (file) => {
      const wal = readFileSync(`${file}-wal`);
      const at = walBytes + 200;
      wal.writeUInt8(wal.readUInt8(at) ^ 1, at);
      writeFileSync(`${file}-wal`, wal);
    }),
  );

  fault(12, async ({ expect }) => {
    await alarms(expect, HALF, (file) => {
      expect(existsSync(`${file}-wal`)).toBe(true);
      rmSync(`${file}-wal`);
    });
    // Under a line that is serving: it saves what it can, and stops before it writes more of what nobody would find.
    await using server = await startServer();
    await agree(server);
    rmSync(`${server.file}-wal`);
    const exit = await server.exited;
    expect([exit.code, exit.err]).toEqual([1, expect.stringContaining("-wal was removed or replaced")]);
    expect(rowsIn(server.file, "entry")).toHaveLength(HALF);
  });

  fault(13, ({ expect }) =>
    alarms(expect, HALF, (file) => {
      rmSync(`${file}-wal`);
      rmSync(`${file}-shm`);
      cpSync(backup, file);
    }),
  );
});
