import { randomUUIDv7 } from "node:crypto";
import { parseArgs } from "node:util";
import { numberVault } from "../../src/ledger/numbers.ts";
import type { CallFilter, PageRequest, Reading } from "../../src/ledger/reading.ts";
import { callsCsv } from "../../src/ledger/export-csv.ts";
import { migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { sqliteMemory } from "../../src/ledger/sqlite/memory.ts";
import { seedSecret } from "./console-seed.ts";

/** Measures what supervisors ask of a seeded file: `node test/bench/console.ts --file FILE [--export] [--json]`. */

const FIRST: PageRequest = { cursor: null, limit: 50, direction: "next" };
const LAST: PageRequest = { cursor: null, limit: 50, direction: "last" };
const DAY_MS = 24 * 60 * 60 * 1000;
/** What the issue asks for. */
const BOUND_MS = 100;

type Measured = {
  readonly read: string;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
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
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(times - 1, Math.floor(share * times))] ?? 0;
  return { read, firstMs: milliseconds[0] ?? 0, medianMs: at(0.5), p99Ms: at(0.99), rows };
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

/** Everything as CSV, while the loop is watched: how late is a webhook that comes meanwhile? */
async function measureExport(reading: Reading) {
  const megabytes = () => Math.round(process.memoryUsage().rss / 2 ** 20);
  const rssBefore = megabytes();
  let [rssMost, late, bytes, rows] = [0, 0, 0, 0];
  let expected = performance.now();
  const lateness: number[] = [];
  const watch = setInterval(() => {
    late = performance.now() - expected - 10;
    lateness.push(late);
    expected = performance.now();
    rssMost = Math.max(rssMost, megabytes());
  }, 10);
  const startedAt = performance.now();
  for await (const chunk of callsCsv(reading.exportCalls({}))) {
    bytes += chunk.length;
    rows += chunk.split("\r\n").length - 1;
  }
  clearInterval(watch);
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = lateness.toSorted((one, other) => one - other);
  const p99Late = sorted[Math.floor(0.99 * sorted.length)] ?? 0;
  const rssAfter = megabytes();
  return { seconds, rows, bytes, rssBefore, rssMost, rssAfter, p99Late, mostLate: sorted.at(-1) ?? 0 };
}

const { values } = parseArgs({
  options: {
    file: { type: "string" },
    times: { type: "string", default: "50" },
    export: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
if (values.file === undefined)
  throw new Error("--file FILE says what to measure (console-seed.ts makes one).");
const connection = open(values.file, { busyTimeoutMs: 0 });
migrate(connection);
const { ledger, reading } = sqliteMemory(connection, {
  vault: numberVault(seedSecret()),
  newId: randomUUIDv7,
  now: Date.now,
  monotonicMs: () => performance.now(),
  onCommit: () => undefined,
  onFatal: (error) => {
    throw error;
  },
});
const [newest] = (await reading.calls({}, { ...FIRST, limit: 1 })).rows;
const reads = await measureReads(reading, (newest?.begunAt ?? 0) + 1, Number(values.times));
const exported = values.export ? await measureExport(reading) : null;
await ledger.close();
const line = ({ read, firstMs, medianMs, p99Ms, rows }: Measured) =>
  `${read.padEnd(48)} ${[firstMs, medianMs, p99Ms].map((ms) => ms.toFixed(2).padStart(9)).join("")} ${String(rows).padStart(5)}${medianMs > BOUND_MS ? "  TOO SLOW" : ""}\n`;
const table = `${"read".padEnd(48)}  first ms   median      p99  rows\n${reads.map(line).join("")}`;
process.stdout.write(
  values.json ? `${JSON.stringify({ reads, exported })}\n` : `${table}${JSON.stringify(exported)}\n`,
);
