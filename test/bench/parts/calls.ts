import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  EXPRESS,
  HONO,
  LIMIT,
  lines,
  loadCalls,
  startTwilio,
  YESLINE,
  yeslineWith,
  type Line,
} from "../lines.ts";
import type { Bench, Chapter, Part } from "../part.ts";
import { profileIn } from "../profile.ts";
import { driverFigureOf, figuresOf, interleaved, ratioOf, threadFiguresOf, type Round } from "../rounds.ts";

const CONNECTIONS = 64;
/** What was promised: times Express, times the limit, and its p99 and its peak memory over Express's. */
const TIMES_EXPRESS = 3;
const TIMES_LIMIT = 0.6;
const P99_OVER_EXPRESS = 0.5;
const MEMORY_OVER_EXPRESS = 1;

export const calls: Part = {
  name: "calls",
  question: "How many webhooks a second of whole, signed calls?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { rounds, folder, progress } = bench;
  mkdirSync(folder, { recursive: true });
  const twilio = await startTwilio(folder);
  const started = new Map<string, Line>();
  for (const [name, start] of lines(twilio.url))
    started.set(name, await start(join(folder, String(started.size))));
  const memory = memoryBook();
  const contenders = [...started].map(([name, line]) => ({
    name,
    program: line.program,
    async load(round: number) {
      const driven = await loadRound(bench, line, round);
      memory.look(name, line);
      return driven;
    },
  }));
  const results = await interleaved(contenders, rounds, progress);
  await Promise.all([...started.values()].map(({ program }) => program.stop()));
  for (const [name, line] of started) assertRecorded(name, line, (rounds + 1) * callsOf(bench));
  const profile = bench.profile ? await profiled(bench, twilio.url) : undefined;
  await twilio.stop();

  const over = (what: string, other: string, of: (round: Round) => number | null) => ({
    name: `${YESLINE} over ${other}: ${what}`,
    unit: "times" as const,
    values: ratioOf(results, [YESLINE, other], of),
  });
  const perSecond = (round: Round) => round.perSecond;
  const cpu = (round: Round) => round.cpuMicroseconds;
  return {
    figures: [
      ...figuresOf(results),
      ...threadFiguresOf(results),
      driverFigureOf(results),
      ...memory.figures(),
      { ...over("requests", EXPRESS, perSecond), atLeast: TIMES_EXPRESS },
      { ...over("requests", LIMIT, perSecond), atLeast: TIMES_LIMIT },
      over("requests", HONO, perSecond),
      { ...over("p99", EXPRESS, ({ p99Ms }) => p99Ms), atMost: P99_OVER_EXPRESS },
      {
        name: `${YESLINE} over ${EXPRESS}: peak memory`,
        unit: "times",
        values: [memory.peakMb(YESLINE) / memory.peakMb(EXPRESS)],
        atMost: MEMORY_OVER_EXPRESS,
      },
      ...[EXPRESS, LIMIT, HONO].map((other) => over("CPU for a request", other, cpu)),
      {
        name: `${HONO} over ${LIMIT}: requests`,
        unit: "times",
        values: ratioOf(results, [HONO, LIMIT], perSecond),
      },
    ],
    notes: [
      `${CONNECTIONS} keep-alive connections; three webhooks a call: it rings, the caller presses 1, it is over; ${callsOf(bench)} calls a round, each from a new caller. Each answer is looked into, and each yes is counted on the disk at the end.`,
      "Yesline keeps entry, events, words, consent and an outgoing message of each call, and sends the messages to a stand-in for Twilio meanwhile; Express keeps one row a call and one a consent; the others keep one row a request. All of them have it on the disk before they answer.",
      "Proportional memory: what processes share, such as Node's own code, counts in parts.",
    ],
    ...(profile === undefined ? {} : { profile }),
  };
}

/** Memory of each, looked at after each round. */
function memoryBook() {
  const peaks = new Map<string, number>();
  const proportional = new Map<string, number[]>();
  return {
    look(name: string, { program }: Line): void {
      const [rss, part] = [program.rssMb(), program.proportionalMb()];
      if (rss !== null) peaks.set(name, rss.peak);
      if (part !== null) proportional.set(name, [...(proportional.get(name) ?? []), part]);
    },
    peakMb: (name: string) => peaks.get(name) ?? Number.NaN,
    figures: () => [
      ...[...peaks].map(([name, peak]) => ({
        name: `${name}: peak memory`,
        unit: "MB" as const,
        values: [peak],
      })),
      ...[...proportional].map(([name, values]) => ({
        name: `${name}: proportional memory`,
        unit: "MB" as const,
        values,
      })),
    ],
  };
}

function callsOf({ short }: Bench): number {
  return short ? 40 : 3_000;
}

/** So many whole calls, each from a new caller; the warm-up is round -1. */
function loadRound(bench: Bench, line: Line, round: number) {
  const count = callsOf(bench);
  return loadCalls(bench, line, {
    connections: CONNECTIONS,
    calls: count,
    firstCaller: 1 + (round + 1) * count,
  });
}

/** Whoever is fast and forgets is out of the competition. */
function assertRecorded(name: string, { recorded }: Line, expected: number): void {
  const found = recorded();
  if (found !== expected) throw new Error(`${name} has ${found} answers of ${expected} callers on the disk.`);
}

async function profiled(bench: Bench, twilioUrl: string) {
  bench.progress("where the time goes");
  const folder = join(bench.folder, "profiled");
  const line = await yeslineWith(twilioUrl)(folder, true);
  await loadRound(bench, line, 0);
  await line.program.stop();
  return profileIn(folder);
}
