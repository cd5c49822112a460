import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXPRESS, lines, loadCalls, startTwilio, YESLINE, type Line } from "../lines.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { interleaved, ratioOf, type Rounds } from "../rounds.ts";

/** Connections, and calls a round. */
const LOADS = [
  { connections: 1, calls: 300 },
  { connections: 16, calls: 1_500 },
  { connections: 64, calls: 2_500 },
  { connections: 256, calls: 2_500 },
] as const;
const SHORT_CALLS = 20;
/** What was promised, at 64 connections. */
const P99_OVER_EXPRESS = 0.5;
const PROMISED_AT = 64;

export const latency: Part = {
  name: "latency",
  question: "How long does a webhook take, at 1, 16, 64 and 256 connections?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { short, rounds, folder, progress } = bench;
  mkdirSync(folder, { recursive: true });
  const twilio = await startTwilio(folder);
  const started = new Map<string, Line>();
  for (const [name, start] of lines(twilio.url))
    started.set(name, await start(join(folder, String(started.size))));
  const figures: Figure[] = [];
  let firstCaller = 1;
  for (const { connections, calls: usual } of LOADS) {
    const calls = short ? SHORT_CALLS : usual;
    const first = firstCaller;
    firstCaller += calls * (rounds + 1);
    const contenders = [...started].map(([name, line]) => ({
      name,
      program: line.program,
      load: (round: number) =>
        loadCalls(bench, line, { connections, calls, firstCaller: first + (round + 1) * calls }),
    }));
    const results = await interleaved(contenders, rounds, (text) =>
      progress(`${connections} connections, ${text}`),
    );
    figures.push(...figuresAt(connections, results));
  }
  await Promise.all([...started.values(), { program: twilio }].map(({ program }) => program.stop()));
  return {
    figures,
    notes: ["Whole calls as in the part about calls, each connection as fast as it is answered."],
  };
}

function figuresAt(connections: number, results: Rounds): Figure[] {
  const at = `${connections} connection${connections === 1 ? "" : "s"}`;
  return [
    ...[...results].flatMap(([name, each]): Figure[] => [
      { name: `${at}, ${name}: median`, unit: "ms", values: each.map(({ medianMs }) => medianMs) },
      { name: `${at}, ${name}: p99`, unit: "ms", values: each.map(({ p99Ms }) => p99Ms) },
    ]),
    {
      name: `${at}, ${YESLINE} over ${EXPRESS}: p99`,
      unit: "times",
      values: ratioOf(results, [YESLINE, EXPRESS], ({ p99Ms }) => p99Ms),
      ...(connections === PROMISED_AT ? { atMost: P99_OVER_EXPRESS } : {}),
    },
  ];
}
