import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../src/config.ts";
import { inFile, signCheckpoint } from "../../../src/proof/checkpoint.ts";
import { signersOf } from "../../../src/sealing.ts";
import { answering, loadCalls, startTwilio, type Line } from "../lines.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { figuresOf, interleaved, ratioOf, type Contender, type Round } from "../rounds.ts";
import { environmentOf, startYesline } from "../yesline.ts";

const SEALING = "a line that seals";
const IDLE = "a line that seals nothing";
const CONNECTIONS = 64;
/** What was promised: sealing costs the calls less than five in a hundred. */
const AT_LEAST = 0.95;
const AT_MOST = 1.05;

export const sealing: Part = {
  name: "sealing",
  question: "What does sealing entries beside the calls cost the calls?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { folder, rounds, short, progress } = bench;
  const calls = short ? 40 : 3_000;
  mkdirSync(folder, { recursive: true });
  const twilio = await startTwilio(folder);
  const lines = new Map<string, Line>();
  const contenders: Contender[] = [];
  for (const name of [SEALING, IDLE]) {
    const line = await started(join(folder, name.replaceAll(" ", "-")), twilio.url, name === IDLE);
    lines.set(name, line);
    const load = (round: number) =>
      loadCalls(bench, line, { connections: CONNECTIONS, calls, firstCaller: 1 + (round + 1) * calls });
    contenders.push({ name, program: line.program, load });
  }
  const results = await interleaved(contenders, rounds, progress);
  const leaves = await Promise.all([...lines.values()].map(leavesOf));
  await Promise.all([...contenders.map(({ program }) => program.stop()), twilio.stop()]);
  if (leaves[0] === 0 || leaves[1] !== 0)
    throw new Error(`${leaves[0]} leaves where entries are sealed, ${leaves[1]} where they are not.`);

  const over = (what: string, of: (round: Round) => number | null, promised: Partial<Figure>): Figure => ({
    name: `${SEALING} over ${IDLE}: ${what}`,
    unit: "times",
    values: ratioOf(results, [SEALING, IDLE], of),
    ...promised,
  });
  return {
    figures: [
      ...figuresOf(results),
      over("requests", ({ perSecond }) => perSecond, { atLeast: AT_LEAST }),
      over("CPU for a request", ({ cpuMicroseconds }) => cpuMicroseconds, { atMost: AT_MOST }),
      over("p99", ({ p99Ms }) => p99Ms, {}),
    ],
    notes: [
      "Whole calls as in the part about calls. The line that seals nothing was given a checkpoint of a longer log: it signs nothing more, and goes on answering. Both take their checkpoints to a file.",
    ],
  };
}

/** @param isIdle whether its sealer is stopped from the start by a checkpoint that knows more than the log */
async function started(folder: string, twilioUrl: string, isIdle: boolean): Promise<Line> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "checkpoints.txt");
  const env = { TWILIO_API_URL: twilioUrl, YESLINE_LOG_NAME: "bench", YESLINE_CHECKPOINTS: `file:${file}` };
  if (isIdle) {
    const signers = signersOf(loadConfig({ ...environmentOf(folder), ...env }));
    const longer = { origin: "bench", size: 1_000_000_000, root: new Uint8Array(32) };
    writeFileSync(file, inFile(signCheckpoint(longer, signers)));
  }
  // The one complains of its sealer, once.
  const program = await startYesline({ folder, env });
  return answering(program, program.account, () => Number.NaN);
}

/** How many entries are sealed, once the sealer has had its time. */
async function leavesOf({ program }: Line): Promise<number> {
  const metrics = await (await fetch(new URL("/metrics", program.url))).text();
  return Number(/^yesline_log_size (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
