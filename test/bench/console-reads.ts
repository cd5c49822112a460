import { randomUUIDv7 } from "node:crypto";
import { parseArgs } from "node:util";
import { numberVault } from "../../src/ledger/numbers.ts";
import type { CallFilter, PageRequest, Reading } from "../../src/ledger/reading.ts";
import { migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { sqliteMemory, type Memory } from "../../src/ledger/sqlite/memory.ts";
import { SECRET } from "./yesline.ts";

/** Measures what supervisors ask of a seeded file: `node test/bench/console-reads.ts --file FILE [--times N]`; JSON. */

const FIRST: PageRequest = { cursor: null, limit: 50, direction: "next" };
const LAST: PageRequest = { cursor: null, limit: 50, direction: "last" };
const DAY_MS = 24 * 60 * 60 * 1000;
/** As the console counts: a longer list is said to be longer. */
const MAX_COUNTED = 10_001;

export type Measured = {
  readonly read: string;
  readonly milliseconds: readonly number[];
  readonly rows: number;
};

async function measure(
  read: string,
  times: number,
  act: (n: number) => Promise<{ readonly length: number }>,
): Promise<Measured> {
  const milliseconds: number[] = [];
  let rows = 0;
  for (let n = 0; n < times; n++) {
    const startedAt = performance.now();
    rows = (await act(n)).length;
    milliseconds.push(performance.now() - startedAt);
  }
  return { read, milliseconds, rows };
}

function filters(now: number): readonly (readonly [string, CallFilter])[] {
  return [
    ["one business", { businessIds: ["hotel-miramar"] }],
    ["one outcome, common", { outcome: "granted" }],
    ["one outcome, rare", { outcome: "agent" }],
    ["in progress", { outcome: "in-progress" }],
    ["topic", { topic: "offers" }],
    ["locale and outcome", { locale: "de-DE", outcome: "pending" }],
    ["attestation, rare", { attestation: "failed-A", direction: "outbound" }],
    ["nothing matches", { locale: "en-US", businessIds: ["hotel-miramar"], topic: "policy-updates" }],
    ["everything at once, rare", rare(now)],
    ["simulated only", { simulated: true }],
    ["one week, half a year ago", { since: now - 180 * DAY_MS, until: now - 173 * DAY_MS }],
    ["longest", { sort: "longest" }],
    ["longest, one month, one business", longestOfMonth(now)],
    ["oldest, real only", { sort: "oldest", simulated: false }],
  ];
}

function rare(now: number): CallFilter {
  return {
    businessIds: ["hotel-miramar"],
    outcome: "revoked",
    locale: "fr-FR",
    jurisdiction: "EU",
    direction: "outbound",
    attestation: "failed-A",
    script: "2026-11-22",
    simulated: false,
    until: now - 30 * DAY_MS,
  };
}

function longestOfMonth(now: number): CallFilter {
  return {
    sort: "longest",
    businessIds: ["acme-dental"],
    since: now - 60 * DAY_MS,
    until: now - 30 * DAY_MS,
  };
}

async function measureReads(reading: Reading, now: number, times: number): Promise<Measured[]> {
  const list = async (filter: CallFilter, page: PageRequest) => (await reading.calls(filter, page)).rows;
  let hundredth = await reading.calls({}, FIRST);
  for (let n = 0; n < 99; n++) hundredth = await reading.calls({}, { ...FIRST, cursor: hundredth.next });
  const results = [
    await measure("first page", times, () => list({}, FIRST)),
    await measure("last page", times, () => list({}, LAST)),
    await measure("page 101", times, () => list({}, { ...FIRST, cursor: hundredth.next })),
  ];
  for (const [name, filter] of filters(now)) {
    results.push(await measure(`first page: ${name}`, times, () => list(filter, FIRST)));
    results.push(await measure(`last page: ${name}`, times, () => list(filter, LAST)));
  }
  const sample = (await list({ until: now - 20 * DAY_MS }, { ...FIRST, limit: times })).filter(
    (row) => row.caller !== null,
  );
  const pick = (n: number) => sample[n % sample.length] ?? sample[0];
  const caller = (n: number) => pick(n)?.caller ?? "+0";
  results.push(
    await measure("log by whole number", times, (n) =>
      list({ search: { kind: "number", number: caller(n) } }, FIRST),
    ),
    await measure("log by last four digits", times, (n) =>
      list({ search: { kind: "last-digits", digits: caller(n).slice(-4) } }, FIRST),
    ),
    await measure("subscribers by last four digits", times, (n) =>
      reading.findSubscribers({ kind: "last-digits", digits: caller(n).slice(-4) }, 50),
    ),
    await measure("log by reference", times, (n) => list({ reference: pick(n)?.reference ?? "" }, FIRST)),
    await measure("one call", times, async (n) => {
      const call = await reading.call(pick(n)?.businessId ?? "", pick(n)?.callSid ?? "");
      return call?.events ?? [];
    }),
    await measure("one subscriber", times, async (n) => {
      const person = await reading.subscriber(pick(n)?.businessId ?? "", pick(n)?.subscriberId ?? "");
      return person?.calls ?? [];
    }),
    await measure("overview of 14 days", times, async () => {
      const overview = await reading.overview({ now, days: 14, utcOffsetMinutes: 60, simulated: false });
      return overview.days;
    }),
    await measure("overview of 92 days", times, async () => {
      const overview = await reading.overview({ now, days: 92, utcOffsetMinutes: 330, simulated: false });
      return overview.days;
    }),
    await measure("changes, nothing new", times * 10, async () => (await reading.changes(null, {})).rows),
  );
  return results;
}

/** How long the console's "so many calls" takes. */
async function measureCounts(reading: Reading, times: number): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const [name, filter] of [["everything", {}], ...filters(0).slice(0, 9)] as const) {
    const counted = async () => ({ length: await reading.countCalls(filter, MAX_COUNTED) });
    results.push(await measure(`count: ${name}`, times, counted));
  }
  return results;
}

/** What went out, what came and was not understood, and how people take it. */
async function measureTraffic({ outgoing, messages, quality }: Memory, now: number, times: number) {
  const limit = 50;
  return [
    await measure("outgoing: first page", times, () => outgoing.list({ limit })),
    await measure("outgoing: failed", times, () => outgoing.list({ states: ["failed"], limit })),
    await measure("outgoing: waiting", times, () => outgoing.list({ states: ["waiting"], limit })),
    await measure("inbox: first page", times, () => messages.inbox({ after: 0, limit })),
    await measure("entries that came another way than by phone", times, async () => {
      const page = await quality.elsewhere({ simulated: undefined, before: null, limit });
      return page.rows;
    }),
    await measure("quality of 7 and 30 days", times, () =>
      quality.figures({ now, periods: [7, 30], simulated: false }),
    ),
  ];
}

const { values } = parseArgs({
  options: {
    file: { type: "string" },
    times: { type: "string", default: "50" },
  },
});
if (values.file === undefined)
  throw new Error("--file FILE says what to measure (console-seed.ts makes one).");
const times = Number(values.times);
const connection = open(values.file, { busyTimeoutMs: 0 });
migrate(connection);
const memory = sqliteMemory(connection, {
  vault: numberVault(SECRET),
  newId: randomUUIDv7,
  now: Date.now,
  monotonicMs: () => performance.now(),
  onCommit: () => undefined,
  onFatal: (error) => {
    throw error;
  },
});
const { ledger, reading } = memory;
const [newest] = (await reading.calls({}, { ...FIRST, limit: 1 })).rows;
const now = (newest?.begunAt ?? 0) + 1;
const reads = [
  ...(await measureReads(reading, now, times)),
  ...(await measureTraffic(memory, now, times)),
  ...(await measureCounts(reading, times)),
];
await ledger.close();
process.stdout.write(`${JSON.stringify(reads)}\n`);
