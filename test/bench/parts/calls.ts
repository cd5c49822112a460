import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { caller } from "../../support/caller.ts";
import type { CallChains } from "../chains/calls.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { profileIn, startProgram, type Program } from "../programs.ts";
import { figuresOf, interleaved, ratioOf, type Contender } from "../rounds.ts";
import { startYesline } from "../yesline.ts";

const CONNECTIONS = 64;
/** What was promised: times Express, times the limit, and its p99 over Express's. */
const TIMES_EXPRESS = 3;
const TIMES_LIMIT = 0.6;
const P99_OVER_EXPRESS = 0.5;
const MEMORY_OVER_EXPRESS = 1;
const STARTS = 5;

const YESLINE = "yesline";
const EXPRESS = "express + twilio + a commit a request";
const LIMIT = "node:http + one HMAC + grouped commits";

export const calls: Part = {
  name: "calls",
  question: "How many webhooks a second of whole, signed calls?",
  run,
};

/** A server that takes calls, and with what the load signs and where it posts. */
export type Line = { readonly program: Program; readonly firstAnswerMs: number } & Pick<
  CallChains,
  "accountSid" | "authToken" | "paths"
>;
type Start = (folder: string, profile?: boolean) => Promise<Line>;

async function run(bench: Bench): Promise<Chapter> {
  const { short, rounds, folder, progress } = bench;
  mkdirSync(folder, { recursive: true });
  const twilio = await startProgram({
    args: ["test/bench/contenders/twilio.ts"],
    folder: join(folder, "twilio"),
  });
  const starts: readonly (readonly [string, Start])[] = [
    [YESLINE, yeslineWith(twilio.url)],
    [EXPRESS, other("express.ts")],
    [LIMIT, other("bare-node.ts")],
  ];
  const started = new Map<string, number[]>(starts.map(([name]) => [name, []]));
  for (let n = 0; n < (short ? 0 : STARTS); n++) {
    progress(`start ${n + 1} of ${STARTS}`);
    for (const [name, start] of starts) {
      const { program, firstAnswerMs } = await start(
        join(folder, `start ${n} of ${name}`.replaceAll("/", " ")),
      );
      started.get(name)?.push(firstAnswerMs);
      await program.stop();
    }
  }

  const contenders: Contender[] = [];
  for (const [name, start] of starts) {
    const line = await start(join(folder, `${contenders.length}`));
    started.get(name)?.push(line.firstAnswerMs);
    contenders.push({ name, program: line.program, load: (round) => loadRound(bench, line, round) });
  }
  const results = await interleaved(contenders, rounds, progress);
  const memory = contenders.map(({ name, program }): Figure & { name: string } => {
    const rss = program.rssMb();
    return { name: `${name}: peak memory`, unit: "MB", values: rss === null ? [] : [rss.peak] };
  });
  await Promise.all(contenders.map(({ program }) => program.stop()));
  const profile = bench.profile ? await profiled(bench, yeslineWith(twilio.url)) : undefined;
  await twilio.stop();

  const perSecond = (round: { readonly perSecond: number }) => round.perSecond;
  const [own, express] = memory.map(({ values }) => values[0] ?? Number.NaN);
  return {
    figures: [
      ...figuresOf(results),
      ...memory,
      ...startFigures(started),
      timesOf("requests", EXPRESS, ratioOf(results, [YESLINE, EXPRESS], perSecond), {
        atLeast: TIMES_EXPRESS,
      }),
      timesOf("requests", LIMIT, ratioOf(results, [YESLINE, LIMIT], perSecond), { atLeast: TIMES_LIMIT }),
      timesOf(
        "p99",
        EXPRESS,
        ratioOf(results, [YESLINE, EXPRESS], ({ p99Ms }) => p99Ms),
        { atMost: P99_OVER_EXPRESS },
      ),
      timesOf("peak memory", EXPRESS, [(own ?? Number.NaN) / (express ?? Number.NaN)], {
        atMost: MEMORY_OVER_EXPRESS,
      }),
      timesOf(
        "CPU for a request",
        EXPRESS,
        ratioOf(results, [YESLINE, EXPRESS], ({ cpuMicroseconds }) => cpuMicroseconds),
      ),
      timesOf(
        "CPU for a request",
        LIMIT,
        ratioOf(results, [YESLINE, LIMIT], ({ cpuMicroseconds }) => cpuMicroseconds),
      ),
    ],
    notes: [
      `${CONNECTIONS} connections; three webhooks a call: it rings, the caller presses 1, it is over; ${callsOf(bench)} calls a round, each from a new caller.`,
      "Yesline keeps entry, events, words, consent and an outgoing message of each call, and sends the messages to a stand-in for Twilio meanwhile; Express keeps one row a call and one a consent; the limit keeps one row a request.",
    ],
    ...(profile === undefined ? {} : { profile }),
  };
}

function timesOf(
  what: string,
  over: string,
  values: readonly number[],
  promised: Pick<Figure, "atLeast" | "atMost"> = {},
): Figure {
  return { name: `${YESLINE} over ${over}: ${what}`, unit: "times", values, ...promised };
}

function callsOf({ short }: Bench): number {
  return short ? 40 : 3_000;
}

/** So many whole calls, each from a new caller. */
export function loadRound(bench: Bench, { program, accountSid, authToken, paths }: Line, round: number) {
  const count = callsOf(bench);
  // The warm-up is round -1; caller 0 has been asked for the paths.
  const options: CallChains = {
    accountSid,
    authToken,
    paths,
    calls: count,
    firstCaller: 1 + (round + 1) * count,
  };
  return bench.drive({ url: program.url, connections: CONNECTIONS, chains: "calls", options });
}

/** From the spawn to the first answer to a signed webhook, on a new file each time. */
function startFigures(started: ReadonlyMap<string, readonly number[]>): Figure[] {
  return [...started].map(([name, values]) => ({
    name: `${name}: start to first answer`,
    unit: "ms",
    values,
    ...(name === YESLINE ? { atMost: READY_WITHIN_MS } : {}),
  }));
}

const READY_WITHIN_MS = 1_000;

async function profiled(bench: Bench, start: Start) {
  bench.progress("where the time goes");
  const folder = join(bench.folder, "profiled");
  const line = await start(folder, true);
  await loadRound(bench, line, 0);
  await line.program.stop();
  return profileIn(folder);
}

function yeslineWith(twilioUrl: string): Start {
  return async (folder, profile = false) => {
    const program = await startYesline({ folder, profile, env: { TWILIO_API_URL: twilioUrl } });
    return answering(program, program.account);
  };
}

function other(file: string): Start {
  return async (folder) => {
    const account = { accountSid: `AC${"0".repeat(32)}`, authToken: randomBytes(16).toString("hex") };
    mkdirSync(folder, { recursive: true });
    const program = await startProgram({
      args: [`test/bench/contenders/${file}`, `--file=${join(folder, "line.db")}`],
      env: { TWILIO_AUTH_TOKEN: account.authToken },
      folder,
    });
    return answering(program, account);
  };
}

/** The first caller tells where the answers go. */
export async function answering(
  program: Program,
  account: { readonly accountSid: string; readonly authToken: string },
): Promise<Line> {
  const first = caller((request) => fetch(request), {
    publicUrl: program.url,
    ...account,
    from: "+14152000000",
  });
  const { status, action } = await first.begin();
  const firstAnswerMs = performance.now() - program.spawnedAt;
  if (status !== 200 || action === null) throw new Error(`${program.url} answered ${status} to a call.`);
  return { program, firstAnswerMs, ...account, paths: ["/voice", action, "/voice/status"] };
}
