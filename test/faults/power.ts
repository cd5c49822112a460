import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../src/simulator/random.ts";
import { temporaryFolder } from "../support/memory.ts";
import type { Environment } from "../support/server.ts";

/** What a disk keeps at least, and at most, of what was written and not yet synced. */
const SECTOR_BYTES = 512;

/**
 * A disk that can lose power: a server with its environment keeps a copy of what it has synced. Whoever made it disposes
 * of it: `using`.
 *
 * @throws with the reason where this machine has no compiler
 */
export function forgetfulDisk(folder: string) {
  const own = temporaryFolder();
  const durable = join(own, "durable");
  const shim = join(own, "power-loss.so");
  const source = new URL("power-loss.c", import.meta.url).pathname;
  try {
    execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl", "-lpthread"]);
  } catch (error) {
    throw new Error("gcc and libc6-dev are needed: apt-get install gcc libc6-dev.", { cause: error });
  }
  mkdirSync(durable);
  const env: Environment = { LD_PRELOAD: shim, POWER_FROM: folder, POWER_TO: durable };
  return {
    env,
    /**
     * The power is gone: of what was not synced, each sector is kept with this chance, whatever the order it was
     * written in. @returns how many sectors were lost
     */
    lose(random: Random, keep: number): number {
      let lost = 0;
      for (const name of readdirSync(folder)) {
        const copy = join(durable, name);
        if (existsSync(copy)) lost += loseSectors(join(folder, name), copy, () => random() < keep);
        else rmSync(join(folder, name));
      }
      rmSync(durable, { recursive: true });
      cpSync(folder, durable, { recursive: true });
      return lost;
    },
    [Symbol.dispose]: () => rmSync(own, { recursive: true, force: true }),
  };
}

function loseSectors(file: string, copy: string, isKept: () => boolean): number {
  const written = readFileSync(file);
  let synced = readFileSync(copy);
  let lost = 0;
  for (let at = 0; at < written.length; at += SECTOR_BYTES) {
    const sector = written.subarray(at, at + SECTOR_BYTES);
    if (sector.equals(synced.subarray(at, at + SECTOR_BYTES))) continue;
    if (!isKept()) {
      lost += 1;
      continue;
    }
    const end = at + sector.length;
    if (synced.length < end) synced = Buffer.concat([synced, Buffer.alloc(end - synced.length)]);
    sector.copy(synced, at);
  }
  writeFileSync(file, synced);
  return lost;
}
