import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { open } from "../../src/ledger/sqlite/connection.ts";
import { standing } from "../../src/ledger/sqlite/standing.ts";
import { inject, readOnly, smallDisk } from "../support/breaking.ts";
import { rowsIn, startServer, type Server } from "../support/server.ts";
import { databaseWith } from "./database.ts";
import { fault } from "./rows.ts";

const MEGABYTES = 24;

describe("a disk that is full", () => {
  let disk: ReturnType<typeof smallDisk>;
  let server: Server;
  beforeAll(async () => {
    disk = smallDisk(MEGABYTES);
    server = await startServer({ folder: disk.folder });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    disk[Symbol.dispose]();
  });

  fault(4, async () => {
    const [before, call] = [server.call(), server.call()];
    await before.begin();
    await before.press("1");
    await call.begin();
    disk.fill();
    const crowd = await Promise.all(Array.from({ length: 10 }, () => server.call().begin()));
    // Words that nobody has heard yet: they are not on record either.
    for (const answer of [await call.press("2"), ...crowd]) {
      expect(answer).toMatchObject({ status: 200, hangsUp: true });
      expect(answer.words).toContain("Nothing was saved just now.");
      expect(answer.words).not.toMatch(/recorded/i);
    }
    expect(await server.get("/readyz")).toMatchObject({
      status: 503,
      text: expect.stringContaining("SQLITE_FULL"),
    });
    expect((await server.get("/healthz")).status).toBe(200);
    expect(server.rows("entry").map((row) => row["call_sid"])).toEqual([before.callSid]);
  });

  fault(5, async () => {
    disk.free();
    expect(await server.get("/readyz")).toEqual({ status: 200, text: "ready\n" });
    const call = server.call({ from: "+14155550199" });
    await call.begin();
    expect((await call.press("2")).words).toContain("We have recorded that you do not agree.");
    expect(server.rows("entry")).toHaveLength(2);
  });
});

it("a full disk that the write-ahead log cannot be brought to is no broken one: there may be room again", () => {
  using disk = smallDisk(MEGABYTES);
  const connection = open(join(disk.folder, "yesline.db"), { busyTimeoutMs: 0 });
  const { client } = connection;
  client.exec("CREATE TABLE filler (what BLOB)");
  const look = standing(connection, 0);
  client.pragma("wal_autocheckpoint = 0");
  client.exec("INSERT INTO filler VALUES (randomblob(4000000))");
  disk.fill();
  expect(() => client.pragma("wal_checkpoint(PASSIVE)")).toThrow("full");
  expect(look()).toBeNull();
  client.close();
});

describe("a disk that is broken", () => {
  fault(6, () => fails("fsync:error=EIO:when=1"));
  fault(7, () => fails("pwrite64:error=EIO:when=1"));
});

/** The first time only: whoever went on would find that the next write succeeds. */
async function fails(injected: string): Promise<void> {
  await using server = await startServer();
  const told = server.call();
  await told.begin();
  await told.press("1");
  const crowd = Array.from({ length: 10 }, () => server.call());
  await Promise.all(crowd.map((call) => call.begin()));
  await using _ = await inject(server.pid, injected);
  const answers = await Promise.allSettled(crowd.map((call) => call.press("1")));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(["rejected"]));
  const exit = await server.exited;
  expect([exit.code, exit.signal]).toEqual([1, null]);
  expect(server.log().at(-1)).toMatchObject({
    level: 60,
    msg: "the disk cannot be trusted any more; stopping",
    err: { message: "disk I/O error" },
  });
  expect(rowsIn(server.file, "entry").map((row) => row["call_sid"])).toContain(told.callSid);
}

describe("a disk that hangs in the middle of a write", () => {
  it("keeps waiting who is in that write; the others hear in time that nothing was saved, and whoever watches is answered", async () => {
    await using server = await startServer();
    const [told, late, later] = [server.call(), server.call(), server.call()];
    for (const call of [told, late, later]) await call.begin();
    await vi.waitFor(() => expect(server.rows("webhook")).toHaveLength(3), {
      timeout: 30_000,
      interval: 200,
    });
    const [action, lateAction] = [told.action(), late.action()];
    await using _ = await inject(server.pid, `fsync:delay_exit=${HANGS_MS * 1000}:when=1`);
    const begun = performance.now();
    const answered = told.press("1");
    await sleep(SETTLED_MS);
    // Twilio, which has waited long enough, sends it again.
    const again = told.post(action, { CallStatus: "in-progress", Digits: "1" });
    const refusal = late.press("1");
    expect((await server.get("/healthz")).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(HANGS_MS / 4);
    expect((await refusal).words).toContain("Nothing was saved just now.");
    expect(await server.get("/readyz")).toMatchObject({
      status: 503,
      text: expect.stringContaining("The disk does not answer"),
    });
    // By now nobody has to wait to hear so.
    const since = performance.now();
    expect((await later.press("1")).words).toContain("Nothing was saved just now.");
    expect(performance.now() - since).toBeLessThan(AT_ONCE_MS);
    expect(performance.now() - begun).toBeLessThan(HANGS_MS);

    expect((await answered).words).toContain("It's recorded");
    expect(performance.now() - begun).toBeGreaterThanOrEqual(HANGS_MS);
    expect(await again).toEqual(await answered);
    const yes = () => server.rows("entry").map((row) => row["call_sid"]);
    expect(yes()).toEqual([told.callSid]);
    expect(await server.get("/readyz")).toEqual({ status: 200, text: "ready\n" });
    expect((await late.post(lateAction, { CallStatus: "in-progress", Digits: "1" })).words).toContain(
      "It's recorded",
    );
    expect(await server.stop()).toMatchObject({ code: 0 });
  });
});

/** Longer than anybody waits for the disk. */
const HANGS_MS = 8_000;
/** The write has begun by then. */
const SETTLED_MS = 300;
const AT_ONCE_MS = 1_000;

describe("a file that cannot be used", () => {
  fault(8, async () => {
    using database = await databaseWith(1);
    using _ = readOnly(database.file);
    const exit = await database.start();
    expect(exit).toMatchObject({ code: 3, out: "" });
    expect(exit.err).toMatch(
      /^DATABASE_URL: .*yesline\.db: The file or its folder is read-only: give this user the right to write there\./,
    );
  });
});
