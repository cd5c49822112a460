import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { describe } from "vitest";
import { sid } from "../support/line.ts";
import { temporaryFolder } from "../support/memory.ts";
import { run, runMain, startServer } from "../support/server.ts";
import { underWay } from "../support/under-way.ts";
import { failedStart } from "./database.ts";
import { fault } from "./rows.ts";

const HELD_MS = 10_000;
/** What nobody waits longer for, and what a busy machine adds to it. */
const [BOUND_MS, SLACK_MS] = [2_000, 4_000];
/** An event loop that waits for a lock answers nobody. */
const ALIVE_MS = 3_000;

describe.concurrent("two processes and one file:", () => {
  fault(9, async ({ expect }) => {
    await using server = await startServer();
    const [call, later] = [server.call(), server.call()];
    await Promise.all([call.begin(), later.begin()]);
    const other = new Database(server.file);
    other.exec("BEGIN IMMEDIATE");
    const held = performance.now();
    const answered = call.press("1").then((answer) => ({ answer, afterMs: performance.now() - held }));
    let slowestMs = 0;
    while (performance.now() - held < HELD_MS) {
      const asked = performance.now();
      expect((await server.get("/healthz")).status).toBe(200);
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      await sleep(100);
    }
    const { answer, afterMs } = await answered;
    const readiness = await server.get("/readyz");
    other.exec("COMMIT");
    other.close();
    expect(slowestMs).toBeLessThan(ALIVE_MS);
    expect(answer.words).toContain("Nothing was saved just now.");
    expect(afterMs).toBeGreaterThan(BOUND_MS);
    expect(afterMs).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(server.rows("entry")).toEqual([]);
    expect(readiness).toEqual({
      status: 503,
      text: "not ready: Another process holds the database's lock.\n",
    });
    expect((await server.get("/readyz")).status).toBe(200);
    expect((await later.press("1")).words).toContain("It's recorded");
  });

  fault(14, async ({ expect }) => {
    await using server = await startServer();
    const env = { PORT: "0", DATABASE_URL: `file:${server.file}` };
    const refused = await Promise.all([failedStart(env), runMain(["migrate"], env).exited]);
    const err = `${server.file} is served by another process. Stop that one, or give this one its own DATABASE_URL.\n`;
    for (const exit of refused) expect(exit).toMatchObject({ code: 3, out: "", err });
    expect((await server.call().begin()).status).toBe(200);
  });

  fault(18, async ({ expect }) => {
    const file = join(temporaryFolder(), "yesline.db");
    // Nothing is generated, so that the first fsync is the database's own, once its lock is held.
    const env = {
      DATABASE_URL: `file:${file}`,
      YESLINE_SECRET: randomBytes(32).toString("base64"),
      TWILIO_ACCOUNT_SID: sid("AC"),
      TWILIO_AUTH_TOKEN: "token",
    };
    const stopped = ["-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGSTOP:when=1"];
    const first = run("strace", [...stopped, process.execPath, "src/main.ts", "migrate"], env);
    await first.says(/stopped by SIGSTOP/);
    // In the middle of its migration the first one stands still, until the second one is at the lock.
    const waiting = runMain(["migrate"], env);
    const atLock = async () => {
      while (!filesOf(waiting.pid).includes(`${file}.lock`)) await sleep(10);
    };
    await Promise.race([atLock(), waiting.exited]);
    process.kill(childOf(first.pid), "SIGCONT");
    const second = await waiting.exited;
    const one = await first.exited;
    expect([one.code, second.code]).toEqual([0, 0]);
    for (const exit of [one, second]) expect(exit.out).toBe(`${file} is up to date\n`);
    const client = new Database(file, { readonly: true });
    const applied = client
      .prepare("SELECT count(*), count(DISTINCT hash) FROM __drizzle_migrations")
      .raw()
      .get();
    client.close();
    const [rows, different] = applied as [number, number];
    expect(rows).toBe(different);
    rmSync(dirname(file), { recursive: true });
  });

  fault(19, async ({ expect }) => {
    await using first = await startServer();
    const asked = first.call();
    await asked.begin();
    const begun = await Promise.all(Array.from({ length: 5 }, () => underWay(first)));
    first.kill("SIGTERM");
    await first.says(/stopping: no new connections/);
    // The next one starts at once, and waits until the file is free.
    const starting = startServer({ folder: first.folder });
    await expect(fetch(`${first.url}/healthz`)).rejects.toThrow("fetch failed");
    const answers = await Promise.all(begun.map((call) => call.finish()));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, connection: "close" });
      expect(answer.body).toContain("<Gather");
    }
    expect(await first.exited).toMatchObject({ code: 0, err: expect.stringMatching(/"stopped"\}\n$/) });
    await using second = await starting;
    const calls = second.rows("call").map((row) => String(row["call_sid"]));
    expect(calls.toSorted()).toEqual([asked, ...begun].map(({ callSid }) => callSid).toSorted());
    const next = second.call({ callSid: asked.callSid });
    const answer = await next.post(asked.action(), { CallStatus: "in-progress", Digits: "1" });
    expect(answer.words).toContain("It's recorded");
    expect(second.rows("entry")).toMatchObject([{ kind: "granted", call_sid: asked.callSid }]);
  });
});

/** What a process has open; nothing once it has ended. */
function filesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
}
