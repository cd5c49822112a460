import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { seed } from "../bench/console-seed.ts";
import { someNumber, temporaryFolder } from "../support/memory.ts";
import { startServer, type Server } from "../support/server.ts";
import { ADMIN, ADMIN_ENV, browserOf } from "./operator.ts";
import { fault } from "./rows.ts";

/**
 * More than all the buffers between a server and its reader hold. A million takes minutes to make: `npm run bench --
 * console` does it, and measures memory and what callers notice.
 */
const CALLS = 20_000;
const SECRET = new Uint8Array(32).fill(7);

/** On a busy machine, whoever gives way to callers gives way to everybody. */
const PATIENCE_MS = 120_000;

const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  const options = {
    file: join(folder, "yesline.db"),
    calls: CALLS,
    people: 1_000,
    days: 30,
    secret: SECRET,
    seed: 1,
  };
  seed({ ...options, now: Date.now() });
  const env = { ...ADMIN_ENV, YESLINE_SECRET: Buffer.from(SECRET).toString("base64") };
  server = await startServer({ folder, env });
}, PATIENCE_MS);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody agrees. */
async function agrees(): Promise<string> {
  const call = server.call({ from: someNumber() });
  await call.begin();
  return (await call.press("1")).words;
}

/** Something about the oldest call changes; another process writes it. */
function changeTheOldest(seconds: number): void {
  const client = new Database(server.file, { timeout: 5_000 });
  client
    .prepare("UPDATE call SET duration_seconds = ? WHERE rowid = (SELECT min(rowid) FROM call)")
    .run(seconds);
  client.close();
}

describe("who asks for much", () => {
  fault(
    59,
    async () => {
      const admin = browserOf(server);
      await admin.signIn(ADMIN);
      const cookie = [...admin.jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(`${server.url}/console/log/export/ndjson`, {
        method: "POST",
        headers: { cookie, origin: server.url },
        body: new URLSearchParams({ query: "world=all" }),
      });
      expect([answer.status, answer.headers.get("content-length")]).toEqual([200, null]);
      const reader = answer.body?.getReader();
      const first = await reader?.read();
      // The reader takes a rest: callers are answered, and what was not sent is not in memory, but still to be read.
      for (let calls = 0; calls < 10; calls++) expect(await agrees()).toContain("recorded");
      changeTheOldest(86_399);
      let text = "";
      const decoder = new TextDecoder();
      for (let piece = first; piece?.done === false; piece = await reader?.read())
        text += decoder.decode(piece.value, { stream: true });
      const rows = text.trimEnd().split("\n");
      expect(rows.length).toBeGreaterThanOrEqual(CALLS);
      expect(JSON.parse(rows.at(-1) ?? "")).toMatchObject({ duration_seconds: 86_399 });
      expect(await agrees()).toContain("recorded");
    },
    PATIENCE_MS,
  );

  fault(
    61,
    async () => {
      // Each address tries seldom, and each guess is at somebody else: nobody comes to rest, every password is hashed.
      const guess = (n: number) =>
        browserOf(server, `127.0.2.${1 + (n % 30)}`).signIn({
          email: `guess-${n}@example.com`,
          password: "a-guess",
        });
      await browserOf(server).get("/console/sign-in");
      let isOver = false;
      const flood = Promise.all(Array.from({ length: 24 }, (_, n) => guess(n))).finally(
        () => (isOver = true),
      );
      const seen: ReturnType<typeof atWork>[] = [];
      const watch = setInterval(() => seen.push(atWork()), 10);
      for (let calls = 0; calls < 12; calls++) expect(await agrees()).toContain("recorded");
      expect(isOver).toBe(false);
      const statuses = new Set((await flood).map(({ status }) => status));
      clearInterval(watch);
      expect([...statuses].filter((status) => status !== 401 && status !== 429)).toEqual([]);
      // Node's own pool computes as if it were a caller; it may read a file now and then.
      expect(seen.length).toBeGreaterThan(20);
      expect(seen.filter(({ pool }) => pool > 0).length).toBeLessThan(seen.length / 5);
      expect(seen.filter(({ givingWay }) => givingWay > 0).length).toBeGreaterThan(seen.length / 2);
      expect((await browserOf(server, "127.0.3.1").signIn(ADMIN)).status).toBe(303);
    },
    PATIENCE_MS,
  );
});

/** Threads of the server that compute, or would: those of Node's pool, and those that let callers go first. */
function atWork(): { readonly pool: number; readonly givingWay: number } {
  const tasks = `/proc/${server.pid}/task`;
  const busy = readdirSync(tasks)
    .map((task) => readFileSync(join(tasks, task, "stat"), "utf8"))
    .map((stat) => ({ name: /\((.*)\)/.exec(stat)?.[1], fields: stat.replace(/^.*\) /, "").split(" ") }))
    .filter(({ fields }) => fields[0] === "R");
  return {
    pool: busy.filter(({ name }) => name === "libuv-worker").length,
    givingWay: busy.filter(({ fields }) => Number(fields[NICE]) > 0).length,
  };
}

/** In a thread's stat, counted from its state (proc_pid_stat(5)). */
const NICE = 16;
