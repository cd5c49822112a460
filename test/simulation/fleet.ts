import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PlantName } from "./plants.ts";
import type { Outcome } from "./play.ts";

export type Played = Omit<Outcome, "trace"> & { readonly trace?: readonly string[] };

export type FleetOrder = {
  readonly from: number;
  readonly amount: number;
  /** Processes at once; each takes every so-manieth seed. */
  readonly processes: number;
  /** From one seed to the next, where one process plays them all; backwards where it is negative. */
  readonly stride?: number;
  readonly plant?: PlantName;
  /** Everything that happened comes with each outcome. */
  readonly traced?: boolean;
  readonly onOutcome: (outcome: Played) => void;
};

const WORKER = new URL("worker.ts", import.meta.url).pathname;
const MAX_TOLD = 2_000;

/** Plays seeds in processes of their own: the clock and the timers of a process are one world's at a time. */
export async function playSeeds(order: FleetOrder): Promise<void> {
  const processes = Math.min(order.processes, order.amount);
  const stride = order.stride ?? processes;
  await Promise.all(Array.from({ length: processes }, (_, place) => playSome(order, place, stride)));
}

/** @throws where the process ends before it has told of every seed, with the seed that it was at */
async function playSome(order: FleetOrder, place: number, stride: number): Promise<void> {
  const { from, amount, plant = "", traced = false, onOutcome } = order;
  const first = from + place;
  const own = Math.ceil((amount - place) / Math.abs(stride));
  const given = [first, own, stride].map(String);
  const child = spawn(process.execPath, [WORKER, ...given, plant, ...(traced ? ["trace"] : [])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "yesline-test-compile-cache") },
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  let told = 0;
  let isFound = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const outcome = JSON.parse(line) as Played;
    told += 1;
    isFound = plant !== "" && outcome.broken.length > 0;
    onOutcome(outcome);
  }
  const code = await ended;
  if (code === 0 && (told === own || isFound)) return;
  throw new Error(`Seed ${first + told * stride} ended its process (${code}): ${errors.slice(-MAX_TOLD)}`);
}

/** What plays it again. */
export function replayOf(seed: number): string {
  return `npm run soak -- seeds --seed ${seed} --amount 1`;
}
