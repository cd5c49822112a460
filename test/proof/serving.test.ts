import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { notesOf, openCheckpoint, type Checkpoint } from "../../src/proof/checkpoint.ts";
import { parseVerifier } from "../../src/proof/note.ts";
import { driver } from "../support/by-hand.ts";
import { someNumber, temporaryFolder } from "../support/memory.ts";
import { runMain, startServer, type Server } from "../support/server.ts";

/** What an auditor finds at the line's address; null until something is signed. */
async function published(server: Server): Promise<{ note: string; checkpoint: Checkpoint } | null> {
  const [{ status, text: note }, keys] = await Promise.all([
    server.get("/.well-known/yesline/checkpoint"),
    server.get("/.well-known/yesline/log-key"),
  ]);
  if (status === 404) return null;
  const opened = openCheckpoint(note, keys.text.trimEnd().split("\n").map(parseVerifier));
  if (opened.kind === "refused") throw new Error(opened.reason);
  return { note, checkpoint: opened.checkpoint };
}

async function until(size: number, server: Server): Promise<{ note: string; checkpoint: Checkpoint }> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await published(server);
    if (found !== null && found.checkpoint.size >= size) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The log never had ${size} entries.`);
}

async function agrees(server: Server): Promise<void> {
  const call = server.call({ from: someNumber() });
  await call.begin();
  await call.press("1");
}

describe("a server", () => {
  it("seals what callers said within seconds, publishes it, and takes it elsewhere", async ({ expect }) => {
    const elsewhere = temporaryFolder();
    const path = join(elsewhere, "checkpoints.txt");
    const env = { YESLINE_CHECKPOINTS: `file:${path},stdout`, YESLINE_LOG_NAME: "audit.example/log" };
    await using server = await startServer({ env });
    await agrees(server);
    const { note, checkpoint } = await until(1, server);
    expect(checkpoint).toMatchObject({ origin: "audit.example/log", size: 1 });
    const metrics = (await server.get("/metrics")).text;
    expect(metrics).toMatch(/^yesline_log_size 1$/m);
    expect(metrics).toMatch(/^yesline_log_unsealed 0$/m);
    expect(metrics).toMatch(/^yesline_log_broken 0$/m);
    expect(metrics).toMatch(/^yesline_checkpoint_destinations 2$/m);
    const env2 = { DATABASE_URL: `file:${server.file}`, ...env };
    const [shown, keys] = await Promise.all([
      runMain(["log", "checkpoint"], env2).exited,
      runMain(["log", "key", "--json"], env2).exited,
    ]);
    expect([shown.code, shown.out]).toEqual([0, note]);
    const [{ key }] = JSON.parse(keys.out) as [{ key: string }];
    expect((await server.get("/.well-known/yesline/log-key")).text).toBe(`${key}\n`);
    const page = await fetch(`${server.url}/.well-known/yesline/verify`);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(await page.text()).toContain("Verify a receipt of consent");
    await Promise.all([agrees(server), agrees(server), agrees(server)]);
    const { code, out, err } = await server.stop();
    expect(code).toBe(0);
    // What was recorded last is sealed, signed and elsewhere before the end.
    expect(server.rows("log_leaf")).toHaveLength(4);
    const kept = notesOf(readFileSync(path, "utf8"));
    expect(openCheckpoint(kept.at(-1) ?? "", [parseVerifier(key)])).toMatchObject({
      checkpoint: { size: 4 },
    });
    expect(out).toContain(kept.at(-1));
    expect(err).not.toContain("YESLINE_CHECKPOINTS");
    rmSync(elsewhere, { recursive: true });
  });

  it("seals at its end what a kill left, and warns as long as nothing leaves the host", async ({
    expect,
  }) => {
    await using first = await startServer();
    await agrees(first);
    first.kill("SIGKILL");
    await first.exited;
    await using second = await startServer({ folder: first.folder });
    await until(1, second);
    const { err } = await second.stop();
    expect(err).toContain("YESLINE_CHECKPOINTS is not set");
    expect(second.rows("log_leaf")).toHaveLength(1);
  });

  it("whose log was cut goes on answering, signs nothing, and says so in log and metrics", async ({
    expect,
  }) => {
    await using first = await startServer();
    await Promise.all([agrees(first), agrees(first)]);
    await first.stop();
    const cut = "DROP TRIGGER log_leaf_never_vanishes; DELETE FROM log_leaf WHERE leaf_index = 1";
    expect(driver(first.file, cut).refused).toBeNull();
    await using second = await startServer({ folder: first.folder });
    await second.says(/the last ones were dropped, or an old file was put back/);
    await agrees(second);
    expect((await second.get("/metrics")).text).toMatch(/^yesline_log_broken 1$/m);
    expect((await published(second))?.checkpoint.size).toBe(2);
    expect((await second.stop()).code).toBe(0);
    expect(second.rows("entry")).toHaveLength(3);
    expect(second.rows("log_leaf")).toHaveLength(1);
  });
});

it("an auditor of a line that never started is told so", async ({ expect }) => {
  const folder = temporaryFolder();
  const env = { DATABASE_URL: `file:${folder}/yesline.db` };
  expect((await runMain(["migrate"], env).exited).code).toBe(0);
  const { code, out, err } = await runMain(["log", "checkpoint"], env).exited;
  expect([code, out, err]).toEqual([1, "", "Nothing is signed yet: start the line once (npm start).\n"]);
  rmSync(folder, { recursive: true });
});
