import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { caller } from "../../support/caller.ts";
import type { CallChains } from "../chains/calls.ts";
import type { Driven } from "../driver.ts";
import { floodLogins } from "../login-flood.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";
import { runProgram } from "../programs.ts";
import { supervisorAt } from "../supervisor.ts";
import { databaseIn, startYesline, type Yesline } from "../yesline.ts";

/** What was promised: nobody else makes a webhook's p99 longer by more than half. */
const P99_OVER_ALONE = 1.5;
/** And while the disk cannot be written, an apology comes within two seconds, and at once for nearly everybody. */
const SORRY_LONGEST_MS = 2_500;
const SORRY_MEDIAN_MS = 100;

const CALLS_PER_SECOND = 40;
const CONNECTIONS = 16;
const LOGINS_AT_ONCE = 16;
/** Of a hundred seeded calls so many make an entry. */
const ENTRIES_OF_100_CALLS = 79;
const MAX_ENTRIES = 100_000;
const FIRST_CALLER = 7_000_000;
const LOCKED_MS = 6_000;
const LOCKED_CALL_EVERY_MS = 20;
/** From then on the line knows: whoever came earlier has waited for two seconds. */
const KNOWN_AFTER_MS = 2_200;

const ALONE = "alone";

/** What goes on beside the calls, until the signal. */
type Beside = (line: Yesline, stop: AbortSignal) => Promise<unknown>;

const BESIDE: readonly (readonly [string, Beside])[] = [
  [ALONE, async () => undefined],
  ["beside a login flood", (line, stop) => floodLogins(line.url, LOGINS_AT_ONCE, stop)],
  ["beside exports", (line, stop) => exportAgainAndAgain(line, stop)],
  ["beside console pages", (line, stop) => openPages(line, stop)],
];

export const overload: Part = {
  name: "overload",
  question: "Does anybody make callers wait? And how fast is an apology, while the disk cannot be written?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { short, rounds, folder, entries: asked, progress } = bench;
  const entries = Math.min(asked, MAX_ENTRIES);
  const seconds = short ? 0.5 : 15;
  const seeded = Math.ceil((entries * 100) / ENTRIES_OF_100_CALLS);
  mkdirSync(folder, { recursive: true });
  progress(`${seeded} calls are written down`);
  await runProgram(["test/bench/console-seed.ts", "--calls", String(seeded), "--out", databaseIn(folder)]);
  const yesline = await startYesline({ folder, env: ADMIN_ENV });
  try {
    // The console takes a second to be loaded, once.
    await supervisorAt(yesline.url).signIn(ADMIN);
    const measured = new Map<string, Driven[]>(BESIDE.map(([name]) => [name, []]));
    let firstCaller = FIRST_CALLER;
    for (let round = short ? 0 : -1; round < rounds; round++) {
      for (let turn = 0; turn < BESIDE.length; turn++) {
        const [name, beside] = BESIDE[(turn + round + 1) % BESIDE.length] ?? [ALONE, async () => undefined];
        progress(`${round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`}: ${name}`);
        const calls = CALLS_PER_SECOND * seconds;
        const driven = await callsBeside(bench, yesline, { calls, firstCaller }, beside);
        firstCaller += calls;
        if (round >= 0) measured.get(name)?.push(driven);
      }
    }
    progress("another process holds the database's lock");
    const sorry = await whileLocked(yesline, databaseIn(folder), short ? KNOWN_AFTER_MS + 300 : LOCKED_MS);
    return {
      figures: [...figuresOf(measured), ...sorryFigures(sorry)],
      notes: [
        `${CALLS_PER_SECOND} signed calls a second, three webhooks each, ${seconds} s a turn, on ${entries} entries; each round begins with another one.`,
        `Login flood: ${LOGINS_AT_ONCE} guesses at once from many addresses, each for another account. Exports and pages: one after the other, without a pause.`,
        "Promised of each: the median of p99 over p99 alone in the same round.",
      ],
    };
  } finally {
    await yesline.stop();
  }
}

const ADMIN = { email: "bench@example.com", password: "only-for-the-bench" };
const ADMIN_ENV = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password };

async function callsBeside(
  { drive }: Bench,
  line: Yesline,
  { calls, firstCaller }: Pick<CallChains, "calls" | "firstCaller">,
  beside: Beside,
): Promise<Driven> {
  const stop = new AbortController();
  const other = beside(line, stop.signal);
  try {
    return await drive({
      url: line.url,
      connections: CONNECTIONS,
      chains: "calls",
      options: { ...line.account, calls, firstCaller, paths: PATHS } satisfies CallChains,
      chainsPerSecond: CALLS_PER_SECOND,
    });
  } finally {
    stop.abort();
    await other;
  }
}

const PATHS = ["/voice", "/voice/2026-11-22/en-US/choice?try=1", "/voice/status"] as const;

async function exportAgainAndAgain(line: Yesline, stop: AbortSignal): Promise<void> {
  const supervisor = supervisorAt(line.url);
  await supervisor.signIn(ADMIN);
  while (!stop.aborted) await supervisor.exportCsv(stop);
}

const PAGES = [
  "/console/today",
  "/console/log",
  "/console/log?outcome=agent",
  "/console/log?page=last",
  "/console/log?digits=0123",
  "/console/outgoing",
  "/console/inbox",
  "/console/entries",
  "/console/accesses",
];

async function openPages(line: Yesline, stop: AbortSignal): Promise<void> {
  const supervisor = supervisorAt(line.url);
  await supervisor.signIn(ADMIN);
  for (let n = 0; !stop.aborted; n++) await supervisor.open(PAGES[n % PAGES.length] ?? "/console/today");
}

function figuresOf(measured: ReadonlyMap<string, readonly Driven[]>): Figure[] {
  const alone = measured.get(ALONE) ?? [];
  return [...measured].flatMap(([name, each]): Figure[] => [
    { name: `webhook ${name}: median`, unit: "ms", values: each.map(({ medianMs }) => medianMs) },
    { name: `webhook ${name}: p99`, unit: "ms", values: each.map(({ p99Ms }) => p99Ms) },
    ...(name === ALONE
      ? []
      : [
          {
            name: `webhook ${name}: p99 over alone`,
            unit: "times" as const,
            values: each.map(({ p99Ms }, round) => p99Ms / (alone[round]?.p99Ms ?? Number.NaN)),
            atMost: P99_OVER_ALONE,
          },
        ]),
  ]);
}

type Wait = { readonly begunAfterMs: number; readonly milliseconds: number };

/** Calls begin all the while; how long each waits for its apology. */
async function whileLocked(line: Yesline, file: string, milliseconds: number): Promise<readonly Wait[]> {
  const other = new Database(file);
  const waits: Promise<Wait>[] = [];
  other.exec("BEGIN IMMEDIATE");
  try {
    const lockedAt = performance.now();
    const elapsed = () => performance.now() - lockedAt;
    while (elapsed() < milliseconds) {
      const begunAfterMs = elapsed();
      waits.push(waitOf(line).then((took) => ({ begunAfterMs, milliseconds: took })));
      await sleep(LOCKED_CALL_EVERY_MS);
    }
    return await Promise.all(waits);
  } finally {
    other.exec("ROLLBACK");
    other.close();
  }
}

async function waitOf({ url, account }: Yesline): Promise<number> {
  const begunAt = performance.now();
  const { words, status } = await caller((request) => fetch(request), { publicUrl: url, ...account }).begin();
  if (status !== 200 || !words.includes("Nothing was saved"))
    throw new Error(`A call that could not be recorded was answered ${status}: ${words}`);
  return performance.now() - begunAt;
}

function sorryFigures(waits: readonly Wait[]): Figure[] {
  const of = (some: readonly Wait[]) =>
    some.map(({ milliseconds }) => milliseconds).toSorted((one, other) => one - other);
  const late = of(waits.filter(({ begunAfterMs }) => begunAfterMs > KNOWN_AFTER_MS));
  return [
    {
      name: "apology, while the disk cannot be written: longest",
      unit: "ms",
      values: [of(waits).at(-1) ?? Number.NaN],
      atMost: SORRY_LONGEST_MS,
    },
    {
      name: "apology, once the line knows: median",
      unit: "ms",
      values: [late[Math.floor(late.length / 2)] ?? Number.NaN],
      atMost: SORRY_MEDIAN_MS,
    },
  ];
}
