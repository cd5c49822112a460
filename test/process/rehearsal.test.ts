import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it, type TestContext } from "vitest";
import { notesOf } from "../../src/proof/checkpoint.ts";
import { known } from "../../src/proof/lacking.ts";
import { temporaryFolder } from "../support/memory.ts";
import { rowsIn, runMain, startServer, type Environment, type Server } from "../support/server.ts";

const AGAIN = "again";

/** A machine with nothing on it but the secret, which is kept elsewhere, and a backup. */
function anotherMachine(folder: string, secret: string, env: Environment) {
  const place = { DATABASE_URL: `file:${join(folder, "yesline.db")}`, YESLINE_SECRET: secret, ...env };
  return {
    folder,
    file: join(folder, "yesline.db"),
    run: (args: readonly string[], over: Environment = {}) => runMain(args, { ...place, ...over }).exited,
    start: (over: Environment = {}) =>
      startServer({ folder, env: { YESLINE_SECRET: secret, ...env, ...over } }),
  };
}

/** A folder that goes when the test has ended. */
function folderFor({ onTestFinished }: Pick<TestContext, "onTestFinished">): string {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function agree(server: Server, from: string): Promise<string> {
  const call = server.call({ from });
  await call.begin();
  const { hangsUp } = await call.press("1");
  if (!hangsUp) throw new Error("The caller was not told that it is recorded.");
  return call.callSid;
}

const numberOf = (n: number) => `+1415555${String(2_000 + n)}`;

/** Waits, as an auditor who asks again and again. */
async function until<T>(look: () => Promise<T | null> | T | null): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look();
    if (found !== null) return found;
    await sleep(100);
  }
  throw new Error("It never came.");
}

const secretOf = ({ folder }: Server) => readFileSync(join(folder, "secret"), "utf8").trim();
const sizeIn = (note: string) => known(note)?.size ?? 0;

describe.concurrent("a line whose machine is lost", () => {
  it(
    "goes on elsewhere from a backup that was made under load: who was told before it is there, and what is missing is named",
    { timeout: 120_000 },
    async ({ expect, onTestFinished }) => {
      await using server = await startServer();
      const keep = folderFor({ onTestFinished });
      const backup = join(keep, "backup.db");
      const before = await Promise.all([0, 1, 2, 3, 4].map((n) => agree(server, numberOf(n))));
      // People go on calling while it is made, and after.
      const enough = new AbortController();
      const crowd = (async () => {
        for (let n = 100; !enough.signal.aborted; n++) await agree(server, numberOf(n));
      })();
      const made = await runMain(["backup", backup, "--json"], { DATABASE_URL: `file:${server.file}` })
        .exited;
      expect([made.code, made.err]).toEqual([0, ""]);
      const { entries } = JSON.parse(made.out) as { entries: number };
      const note = await until(async () => {
        const { text } = await server.get("/.well-known/yesline/checkpoint");
        return sizeIn(text) > entries ? text : null;
      });
      enough.abort();
      await crowd;
      await server.stop("SIGKILL");

      const outside = join(keep, "checkpoint.txt");
      writeFileSync(outside, note);
      const elsewhere = anotherMachine(folderFor({ onTestFinished }), secretOf(server), {});
      const restore = (over: Environment, ...more: string[]) =>
        elsewhere.run(["restore", backup, "--checkpoint", outside, ...more], over);
      const refused = await restore({});
      const missing = sizeIn(note) - entries;
      expect([refused.code, refused.out]).toEqual([
        1,
        expect.stringMatching(new RegExp(`: ${missing} (?:is|are) missing here`)),
      ]);
      expect(existsSync(elsewhere.file)).toBe(false);

      const renamed = { YESLINE_LOG_NAME: "yesline/127.0.0.1/2" };
      expect((await restore(renamed, "--accept-loss")).code).toBe(0);
      await using after = await elsewhere.start(renamed);
      const there = after.rows("entry").map((row) => row["call_sid"]);
      expect(there).toHaveLength(entries);
      expect(there).toEqual(expect.arrayContaining(before));
      expect((await after.call({ from: numberOf(0) }).begin()).words).toContain(AGAIN);
      await agree(after, numberOf(5));
      expect(await elsewhere.run(["ledger", "verify"], renamed)).toMatchObject({ code: 0 });
    },
  );

  it(
    "goes on elsewhere as the same log, if the backup has everything that was ever signed",
    { timeout: 120_000 },
    async ({ expect, onTestFinished }) => {
      const keep = folderFor({ onTestFinished });
      const outside = join(keep, "checkpoints.txt");
      const erasures = `file:${join(keep, "erasures.ndjson")}`;
      const env = { YESLINE_CHECKPOINTS: `file:${outside}`, YESLINE_ERASURES: erasures };
      const inPlace = () => (existsSync(outside) ? notesOf(readFileSync(outside, "utf8")) : []);
      const backup = join(keep, "backup.db");
      await using server = await startServer({ env });
      await Promise.all([0, 1, 2].map((n) => agree(server, numberOf(n))));
      await until(() => (sizeIn(inPlace().at(-1) ?? "") === 3 ? true : null));
      const made = await runMain(["backup", backup], { DATABASE_URL: `file:${server.file}` }).exited;
      expect(made).toMatchObject({ code: 0, err: "" });
      await server.stop("SIGKILL");

      const elsewhere = anotherMachine(folderFor({ onTestFinished }), secretOf(server), env);
      expect(await elsewhere.run(["restore", backup])).toMatchObject({ code: 0, err: "" });
      await using after = await elsewhere.start();
      await agree(after, numberOf(3));
      const exit = await after.stop();
      expect([exit.code, exit.err]).toEqual([0, expect.stringContaining("every entry is sealed")]);
      expect(sizeIn(inPlace().at(-1) ?? "")).toBe(4);
      // Every checkpoint that ever left is an ancestor of what stands now.
      expect(await elsewhere.run(["ledger", "verify", "--checkpoint", outside])).toMatchObject({ code: 0 });
    },
  );

  it("is not restored under a line that serves, and that one goes on", async ({ expect }) => {
    await using server = await startServer();
    const backup = join(server.folder, "backup.db");
    await agree(server, numberOf(0));
    const env = { DATABASE_URL: `file:${server.file}` };
    expect((await runMain(["backup", backup], env).exited).code).toBe(0);
    const exit = await runMain(["restore", backup, "--replace", "--accept-loss"], env).exited;
    expect([exit.code, exit.err]).toEqual([3, expect.stringContaining("is served by another process")]);
    await agree(server, numberOf(1));
    expect(rowsIn(server.file, "entry")).toHaveLength(2);
  });
});
