import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { seededRandom, type Random } from "../../src/simulator/random.ts";
import { inject } from "../support/breaking.ts";
import { temporaryFolder } from "../support/memory.ts";
import { runMain, startServer, type Environment, type Server } from "../support/server.ts";
import { crowd, tryAgain, type Crowd } from "./crowd.ts";
import type { SoakOptions, SoakReport } from "./part.ts";

export type Blow = {
  readonly env: Environment;
  /** What the blow does to the files, beside killing the process. */
  readonly after: (random: Random, round: number) => void;
};

const CALLERS = 24;
const MAX_LIFE_MS = 600;
/** A commit of everyone's keys is more writes than that. */
const MAX_WRITES = 100;
const LONGEST_MS = 15_000;

/**
 * The line is struck down under load, starts again on what is left, and everyone who was told that an answer is recorded
 * must stand there, once; who got no answer is served again. At the end all of it is verified against the newest
 * checkpoint that was kept elsewhere.
 */
export async function struckAgainAndAgain(
  { seed, amount, say }: SoakOptions & { readonly amount: number },
  folder: string,
  { env, after }: Blow,
): Promise<SoakReport> {
  const random = seededRandom(seed);
  const file = join(folder, "yesline.db");
  const elsewhere = temporaryFolder();
  const checkpoints = join(elsewhere, "checkpoints.txt");
  const all = { LOG_LEVEL: "warn", YESLINE_CHECKPOINTS: `file:${checkpoints}`, ...env };
  const broken: string[] = [];
  const figures = { rounds: 0, acknowledged: 0, lost: 0, "tried again": 0, twice: 0 };
  let last: Crowd | null = null;
  let seen = 0;

  async function settle(server: Server, round: number): Promise<void> {
    if (last === null) return;
    const before = entriesAfter(file, seen);
    const lost = last.told.filter(({ callSid, key }) => before.get(callSid)?.[0] !== key);
    const refused = await tryAgain(server, last.unanswered);
    const entries = entriesAfter(file, seen);
    const once = [...last.told, ...last.unanswered].filter(
      ({ callSid }) => entries.get(callSid)?.length !== 1,
    );
    seen = newest(file);
    figures.rounds += 1;
    figures.acknowledged += last.told.length;
    figures.lost += lost.length;
    figures["tried again"] += last.unanswered.length;
    figures.twice += once.length;
    for (const { callSid } of lost)
      broken.push(`round ${round}, seed ${seed}: ${callSid} was told, and is lost`);
    for (const { callSid } of refused)
      broken.push(`round ${round}, seed ${seed}: ${callSid} tried again, and was not told`);
    for (const { callSid } of once) broken.push(`round ${round}, seed ${seed}: ${callSid} has not one entry`);
  }

  /** Errors in its log are breaches as well, and so is what is no line of a log. */
  async function end(server: Server, signal: NodeJS.Signals, round: number): Promise<void> {
    const { err } = await server.stop(signal);
    for (const line of err.split("\n"))
      if (line !== "" && !/^\{"level":[1-4]0,/.test(line))
        broken.push(`round ${round}, seed ${seed}: the log says: ${line.slice(0, 500)}`);
  }

  for (let round = 0; round <= amount; round++) {
    const server = await startServer({ folder, env: all });
    try {
      await settle(server, round);
      if (round === amount) {
        await end(server, "SIGTERM", round);
        continue;
      }
      last = crowd(server, CALLERS, random);
      await last.begun;
      await kill(server, last, random, round);
      await last.over;
      await end(server, "SIGKILL", round);
      after(random, round);
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
    if ((round + 1) % 10 === 0) say(`${round + 1} rounds: ${JSON.stringify(figures)}`);
  }
  const verified = await runMain(["ledger", "verify", "--checkpoint", checkpoints], {
    DATABASE_URL: `file:${file}`,
  }).exited;
  if (verified.code !== 0) broken.push(`seed ${seed}: ledger verify: ${verified.out}${verified.err}`);
  for (const each of [folder, elsewhere]) rmSync(each, { recursive: true, force: true });
  return { kept: broken.length === 0, figures, broken };
}

/** `kill -9`: in every other round in the middle of a batch of keys, as one of its writes begins. */
async function kill(server: Server, { gather }: Crowd, random: Random, round: number): Promise<void> {
  if (round % 2 === 0) {
    const writes = 1 + Math.floor(random() * MAX_WRITES);
    const press = await gather();
    await using _ = await inject(server.pid, `pwrite64:signal=SIGKILL:when=${writes}`);
    press();
    await Promise.race([server.exited, sleep(LONGEST_MS, undefined, { ref: false })]);
  } else await sleep(random() * MAX_LIFE_MS);
  server.kill("SIGKILL");
  await server.exited;
}

/** The keys of each call's entries since then. */
function entriesAfter(file: string, seq: number): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { callSid, key } of read<{ callSid: string; key: string }>(
    file,
    "SELECT call_sid AS callSid, key FROM entry WHERE seq > ? AND call_sid IS NOT NULL",
    seq,
  )) {
    const keys = found.get(callSid) ?? [];
    found.set(callSid, [...keys, key]);
  }
  return found;
}

function newest(file: string): number {
  return read<{ seq: number }>(file, "SELECT coalesce(max(seq), ?) AS seq FROM entry", 0)[0]?.seq ?? 0;
}

function read<Row>(file: string, sql: string, parameter: number): Row[] {
  const client = new Database(file, { readonly: true });
  try {
    return client.prepare<[number], Row>(sql).all(parameter);
  } finally {
    client.close();
  }
}
