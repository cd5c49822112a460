import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ADMIN, measureLines, measurePages, type Grown } from "../growth/live.ts";
import { answering } from "../lines.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { runProgram, watchProgram, type Watched } from "../programs.ts";
import { addKey, databaseIn, environmentOf, startYesline, type Yesline } from "../yesline.ts";

/** The shortest log that the others are held against. */
const FROM_ENTRIES = 10_000;
/** What was promised, of the second half of an export over its first; a short one is over before it has what it needs. */
const EXPORT_GROWTH_MB = 50;
const EXPORT_TELLS_FROM = 100_000;
/** An export of more is broken off: its memory has told by then. */
const MAX_EXPORTED = 300_000;
const KEYS = 4;
/** A line looks at its pages and verifies itself when it has started, of ten million entries for half an hour. */
const MAX_SETTLING_MS = 90 * 60 * 1000;
const SETTLING_LOOK_MS = 2_000;

export const growth: Part = {
  name: "growth",
  question: "What becomes slower as the log grows?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { short, folder, progress } = bench;
  const figures: Figure[] = [];
  const logs: { readonly entries: number; readonly name: string; readonly folder: string }[] = [];
  for (const entries of sizesTo(bench)) {
    const log = {
      entries,
      name: `${entries.toLocaleString("en-US")} entries`,
      folder: join(folder, String(entries)),
    };
    logs.push(log);
    mkdirSync(log.folder, { recursive: true });
    progress(`${log.name} are written down, and sealed`);
    figures.push(...(await seeded(log)));
  }
  const grown: Grown[] = [];
  try {
    for (const log of logs) {
      progress(`a line starts on ${log.name}`);
      const keys: string[] = [];
      while (keys.length < (short ? 1 : KEYS)) keys.push(await addKey(log.folder));
      const yesline = await startYesline({ folder: log.folder, env: ADMIN_ENV });
      const line = await answering(yesline, yesline.account, () => Number.NaN);
      grown.push({ ...line, ...log, keys });
      figures.push({ name: `start, ${log.name}`, unit: "ms", values: [yesline.announcedMs] });
    }
    for (const log of logs) {
      progress(`${log.name} are verified, and exported`);
      figures.push(...(await verified(log)), ...(await exported(log)));
    }
    for (const { program, name } of short ? [] : grown) {
      progress(`the line with ${name} has looked at its pages and verified itself, or does so now`);
      await settled(program);
    }
    figures.push(...(await measureLines(bench, grown)), ...(await measurePages(bench, grown)));
    for (const { program, name } of grown)
      figures.push({
        name: `peak memory of the line, ${name}`,
        unit: "MB",
        values: [program.rssMb()?.peak ?? Number.NaN],
      });
  } finally {
    await Promise.all(grown.map(({ program }) => program.stop()));
  }
  return {
    figures,
    notes: [
      "Each entry with its call, five events, its person (four calls each), consents and leaf; without what has left, and without what systems have asked: the part about the console has those.",
      `Recording, consents and permissions: on all logs in turn, as fast as they are answered. Exports and verifications of ${MAX_EXPORTED.toLocaleString("en-US")} entries at the most, and of all; a line verifies itself meanwhile.`,
    ],
  };
}

const ADMIN_ENV = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password };

/** From ten thousand on, ten times as many each; the last is what was asked for. */
function sizesTo({ entries, short }: Bench): number[] {
  const sizes: number[] = [];
  const from = short ? entries / 10 : FROM_ENTRIES;
  for (let size = from; size < entries; size *= 10) sizes.push(size);
  return [...sizes, entries];
}

type Log = { readonly entries: number; readonly name: string; readonly folder: string };

async function seeded({ entries, name, folder }: Log): Promise<Figure[]> {
  const begun = performance.now();
  const file = databaseIn(folder);
  await runProgram(["test/bench/growth/seed.ts", "--entries", String(entries), "--out", file]);
  return [
    { name: `written down and sealed, ${name}`, unit: "s", values: [(performance.now() - begun) / 1000] },
    { name: `database, ${name}`, unit: "MB", values: [statSync(file).size / 2 ** 20] },
  ];
}

async function verified({ entries, name, folder }: Log): Promise<Figure[]> {
  let report = "";
  const watched = await watchProgram(["src/main.ts", "ledger", "verify", "--json"], environmentOf(folder), {
    onOut: (chunk) => void (report += chunk.toString()),
  });
  const { ok, entries: seen } = JSON.parse(report) as { readonly ok: boolean; readonly entries: number };
  // Those who called to see whether the line is there have decided nothing.
  if (!ok || seen < entries) throw new Error(`${name} do not verify: ${report.slice(0, 1_000)}`);
  return [
    { name: `verification, ${name}`, unit: "per second", values: [seen / watched.seconds] },
    { name: `verification, ${name}: memory at the most`, unit: "MB", values: [mostOf(watched)] },
  ];
}

async function exported({ name, folder }: Log): Promise<Figure[]> {
  let lines = 0;
  const watched = await watchProgram(["src/main.ts", "ledger", "export"], environmentOf(folder), {
    onOut(chunk) {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
      return lines < MAX_EXPORTED;
    },
  });
  const rss = watched.samples.map(({ now }) => now);
  const first = rss.slice(0, Math.ceil(rss.length / 2));
  return [
    { name: `export, ${name}`, unit: "per second", values: [lines / watched.seconds] },
    { name: `export, ${name}: memory at the most`, unit: "MB", values: [mostOf(watched)] },
    {
      name: `export, ${name}: the second half needs more memory by`,
      unit: "MB",
      values: [Math.max(...rss) - Math.max(...first)],
      ...(lines >= EXPORT_TELLS_FROM ? { atMost: EXPORT_GROWTH_MB } : {}),
    },
  ];
}

const NEWLINE = 10;

function mostOf({ samples }: Watched): number {
  return Math.max(...samples.map(({ peak }) => peak));
}

/** Until its own look at the pages and its own verification are over: then it rests for hours. */
async function settled({ url }: Pick<Yesline, "url">): Promise<void> {
  const until = performance.now() + MAX_SETTLING_MS;
  while (performance.now() < until) {
    const metrics = await (await fetch(new URL("/metrics", url))).text();
    const isSet = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1] ?? 0) > 0;
    if (SETTLED.every(isSet)) return;
    await sleep(SETTLING_LOOK_MS);
  }
  throw new Error(`${url} has not verified itself in ${MAX_SETTLING_MS} ms.`);
}

const SETTLED = ["yesline_ledger_verified_timestamp_seconds", "yesline_pages_sound_timestamp_seconds"];
