import { mkdirSync } from "node:fs";
import { setInterval as every } from "node:timers/promises";
import type { Driven, Job } from "../driver.ts";
import type { CallChains } from "../chains/calls.ts";
import type { Measured } from "../console-reads.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { runProgram } from "../programs.ts";
import { supervisorAt, type Supervisor } from "../supervisor.ts";
import { databaseIn, startYesline, type Yesline } from "../yesline.ts";

/** Of a hundred seeded calls so many make an entry. */
const ENTRIES_OF_100_CALLS = 79;
/** What was promised: a page of the log and a search; that the memory of an export is flat is taken as this much. */
const PAGE_MS = 100;
const EXPORT_GROWTH_MB = 50;
/** A line with a caller every twentieth of a second; the machine is far from busy with it. */
const CALLS_PER_SECOND = 20;
const CONNECTIONS = 8;
/** No phase goes on for longer. */
const MAX_PHASE_SECONDS = 600;
/** Nobody that the seed has called. */
const FIRST_CALLER = 7_000_000;
const MEMORY_EVERY_MS = 100;

export const consolePart: Part = {
  name: "console",
  question: "How fast is a long log, and what do callers notice of its readers?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { short, folder, entries, progress } = bench;
  const seeded = Math.ceil((entries * 100) / ENTRIES_OF_100_CALLS);
  const file = databaseIn(folder);
  mkdirSync(folder, { recursive: true });
  progress(`${seeded} calls are written down`);
  await runProgram(["test/bench/console-seed.ts", "--calls", String(seeded), "--out", file]);
  progress("what supervisors read");
  const times = String(short ? 2 : 30);
  const reads = await runProgram(["test/bench/console-reads.ts", "--file", file, "--times", times]);
  const figures = (JSON.parse(reads) as Measured[]).map(({ read, milliseconds }): Figure => {
    return { name: `in the server: ${read}`, unit: "ms", values: milliseconds, atMost: PAGE_MS };
  });

  progress("the server starts on it");
  const yesline = await startYesline({ folder, env: ADMIN_ENV });
  try {
    return {
      figures: [
        ...figures,
        { name: "start on this file", unit: "ms", values: [yesline.announcedMs] },
        ...(await liveFigures(bench, yesline)),
      ],
      notes: [
        `${seeded} calls, about ${entries} entries, with their events, webhooks, messages, outgoing rows and decisions.`,
        `Webhooks: ${CALLS_PER_SECOND} signed calls a second, three webhooks each, alone and while a supervisor works.`,
      ],
    };
  } finally {
    await yesline.stop();
  }
}

const ADMIN = { email: "bench@example.com", password: "only-for-the-bench" };
const ADMIN_ENV = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password };

async function liveFigures(bench: Bench, yesline: Yesline): Promise<Figure[]> {
  const { short, progress } = bench;
  const supervisor = supervisorAt(yesline.url);
  await supervisor.signIn(ADMIN);
  const calls = caller(bench, yesline);

  progress("calls alone");
  const alone = await calls(CALLS_PER_SECOND * (short ? 1 : 20), async () => undefined);
  progress("calls, while a supervisor opens every page, and signs in anew");
  const pages = new Map<string, number[]>();
  const reading = await calls(ENDLESS, () => openPages(supervisor, pages, short ? 1 : 20));
  progress("calls, while everything is exported");
  const exported = await calls(ENDLESS, () => exportAll(supervisor, yesline));

  return [
    ...[...pages].map(([path, values]): Figure => ({
      name: `page: ${path}`,
      unit: "ms",
      values,
      atMost: PAGE_MS,
    })),
    ...webhookFigures("alone", alone.driven),
    ...webhookFigures("while pages are opened", reading.driven),
    ...webhookFigures("while everything is exported", exported.driven),
    { name: "export: rows", unit: "rows", values: [exported.value.rows] },
    { name: "export: time", unit: "s", values: [exported.value.seconds] },
    { name: "export: size", unit: "MB", values: [exported.value.bytes / 2 ** 20] },
    { name: "export: memory at the most", unit: "MB", values: [exported.value.mostMb] },
    {
      name: "export: the second half needs more memory by",
      unit: "MB",
      values: [exported.value.grownMb],
      atMost: EXPORT_GROWTH_MB,
    },
  ];
}

/** More calls than any phase lasts. */
const ENDLESS = CALLS_PER_SECOND * MAX_PHASE_SECONDS;

/** Calls come in at a steady rate until `work` is done; with no work to do, all of them. */
function caller({ drive }: Bench, { url, account }: Yesline) {
  let firstCaller = FIRST_CALLER;
  return async <T>(
    calls: number,
    work: () => Promise<T>,
  ): Promise<{ readonly driven: Driven; readonly value: T }> => {
    const options: CallChains = { ...account, calls, firstCaller, paths: PATHS };
    firstCaller += calls;
    const job: Job = {
      url,
      connections: CONNECTIONS,
      chains: "calls",
      options,
      chainsPerSecond: CALLS_PER_SECOND,
    };
    const stop = new AbortController();
    const [driven, value] = await Promise.all([
      drive(job, stop.signal),
      work().finally(() => calls === ENDLESS && stop.abort()),
    ]);
    return { driven, value };
  };
}

const PATHS = ["/voice", "/voice/2026-11-22/en-US/choice?try=1", "/voice/status"] as const;

function webhookFigures(when: string, { medianMs, p99Ms, mostMs }: Driven): Figure[] {
  return [
    { name: `webhook ${when}: median`, unit: "ms", values: [medianMs] },
    { name: `webhook ${when}: p99`, unit: "ms", values: [p99Ms] },
    { name: `webhook ${when}: longest`, unit: "ms", values: [mostMs] },
  ];
}

const PAGES = [
  "/console/today",
  "/console/log",
  "/console/log?outcome=agent",
  "/console/log?business=hotel-miramar&topic=offers",
  "/console/log?page=last",
  "/console/log?digits=0123",
  "/console/outgoing",
  "/console/outgoing?state=failed",
  "/console/inbox",
  "/console/entries",
  "/console/accesses",
];

async function openPages(supervisor: Supervisor, taken: Map<string, number[]>, times: number): Promise<void> {
  const timed = async (name: string, act: () => Promise<void>) => {
    const startedAt = performance.now();
    await act();
    taken.set(name, [...(taken.get(name) ?? []), performance.now() - startedAt]);
  };
  for (let n = 0; n < times; n++) {
    for (const path of PAGES) await timed(path, () => supervisor.open(path));
    await timed("search by number", () => supervisor.search(`+1415${2_000_000 + n}`));
    if (n % SIGNS_IN_EVERY === 0) await supervisor.signIn(ADMIN);
  }
}

const SIGNS_IN_EVERY = 5;

/** Memory is flat where the second half of an export needs no more than the first: what it starts with is another matter. */
async function exportAll(supervisor: Supervisor, { rssMb }: Yesline) {
  const samples = [rssMb()?.now ?? Number.NaN];
  const stop = new AbortController();
  const watch = async () => {
    for await (const _ of every(MEMORY_EVERY_MS, undefined, { signal: stop.signal }))
      samples.push(rssMb()?.now ?? Number.NaN);
  };
  const watching = watch().catch(() => undefined);
  const startedAt = performance.now();
  const { rows, bytes } = await supervisor.exportCsv();
  const seconds = (performance.now() - startedAt) / 1000;
  stop.abort();
  await watching;
  const half = Math.ceil(samples.length / 2);
  const [first, second] = [samples.slice(0, half), samples.slice(half)];
  const mostMb = Math.max(...samples);
  return { rows, bytes, seconds, mostMb, grownMb: Math.max(...second, ...first) - Math.max(...first) };
}
