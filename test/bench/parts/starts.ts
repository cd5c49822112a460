import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { HONO, lines, startTwilio, YESLINE } from "../lines.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { summaryOf } from "../part.ts";

const STARTS = 5;
/** What was promised: so soon, or so many times as long as a bare Hono server takes, whichever is more. */
const READY_WITHIN_MS = 1_000;
const TIMES_HONO = 3;

export const starts: Part = {
  name: "starts",
  question: "How long from the start to the first answer, and what does a server hold then?",
  run,
};

async function run({ short, folder, progress }: Bench): Promise<Chapter> {
  mkdirSync(folder, { recursive: true });
  const twilio = await startTwilio(folder);
  const contenders = lines(twilio.url);
  const measured = new Map<
    string,
    { readonly ready: number[]; readonly rss: number[]; readonly pss: number[] }
  >(contenders.map(([name]) => [name, { ready: [], rss: [], pss: [] }]));
  const times = short ? 1 : STARTS;
  // The first start of each is not counted: what it reads is in no cache yet.
  for (let n = short ? 0 : -1; n < times; n++) {
    progress(n < 0 ? "warm-up" : `start ${n + 1} of ${times}`);
    for (const [at, [name, start]] of contenders.entries()) {
      const { program, firstAnswerMs } = await start(join(folder, `${at} ${n}`));
      const [rss, pss] = [program.rssMb(), program.proportionalMb()];
      await program.stop();
      if (n < 0) continue;
      const own = measured.get(name);
      own?.ready.push(firstAnswerMs);
      if (rss !== null) own?.rss.push(rss.now);
      if (pss !== null) own?.pss.push(pss);
    }
  }
  await twilio.stop();
  const ready = (name: string) => measured.get(name)?.ready ?? [];
  const honoMs = summaryOf({ name: HONO, unit: "ms", values: ready(HONO) }).median;
  return {
    figures: [
      ...[...measured].flatMap(([name, { ready: readyMs, rss, pss }]): Figure[] => [
        {
          name: `${name}: start to first answer`,
          unit: "ms",
          values: readyMs,
          ...(name === YESLINE ? { atMost: Math.max(READY_WITHIN_MS, TIMES_HONO * honoMs) } : {}),
        },
        { name: `${name}: memory then`, unit: "MB", values: rss },
        { name: `${name}: proportional memory then`, unit: "MB", values: pss },
      ]),
      {
        name: `${YESLINE} over ${HONO}: start to first answer`,
        unit: "times",
        values: ready(YESLINE).map((ms, n) => ms / (ready(HONO)[n] ?? Number.NaN)),
      },
    ],
    notes: [
      "From the spawn of the process to the answer to a signed webhook, each time on a new file; everyone in turn.",
      `Promised: ${READY_WITHIN_MS} ms, or ${TIMES_HONO} times as long as Hono with drizzle, whichever is more.`,
    ],
  };
}
