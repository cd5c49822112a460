import { mkdtempSync, rmSync } from "node:fs";
import { randomUUIDv7 } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { numberVault } from "../../src/ledger/numbers.ts";
import {
  OUTCOMES,
  type CallFilter,
  type CallRow,
  type PageRequest,
  type Reading,
} from "../../src/ledger/reading.ts";
import { migrate, open, type Connection } from "../../src/ledger/sqlite/connection.ts";
import { sqliteMemory } from "../../src/ledger/sqlite/memory.ts";
import { seed } from "../bench/console-seed.ts";
import { SECRET } from "../bench/yesline.ts";

/** The log is asked in every way, and each answer is compared with one that looks at every row. */

const NOW = Date.UTC(2026, 5, 1, 9);
const DAY_MS = 24 * 60 * 60 * 1000;
const CALLS = 4_000;
const DAYS = 40;

let folder: string;
let connection: Connection;
let reading: Reading;
let all: readonly (CallRow & { readonly topics: readonly string[] })[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "yesline-filter-"));
  const file = join(folder, "yesline.db");
  seed({ file, calls: CALLS, people: 300, days: DAYS, now: NOW, secret: SECRET, seed: 7 });
  connection = open(file, { busyTimeoutMs: 0 });
  migrate(connection);
  // Many calls that begin in the same moment: pages must not lose or repeat one of them.
  connection.client.exec("DROP TRIGGER call_birth_stays");
  connection.client.exec(
    "UPDATE call SET begun_at = begun_at - begun_at % 7200000, duration_seconds = duration_seconds / 9",
  );
  ({ reading } = sqliteMemory(connection, {
    vault: numberVault(SECRET),
    newId: randomUUIDv7,
    now: () => NOW,
    monotonicMs: () => performance.now(),
    onCommit: () => undefined,
    onFatal: () => undefined,
  }));
  all = await everything();
});
afterAll(() => {
  connection.client.close();
  rmSync(folder, { recursive: true });
});

describe("any filter", () => {
  it("is tried on a file that breaks no rule of the ledger", () => {
    expect(connection.client.pragma("foreign_key_check")).toEqual([]);
    expect(connection.client.pragma("integrity_check", { simple: true })).toBe("ok");
  });

  it("shows all calls where nothing is asked", () => {
    expect(all).toHaveLength(CALLS);
    expect(new Set(all.map(({ callSid }) => callSid)).size).toBe(CALLS);
  });

  it.each([
    [{ businessIds: ["hotel-miramar"] }],
    [{ businessIds: [] }],
    [{ businessIds: ["nobody"] }],
    ...OUTCOMES.map((outcome) => [{ outcome }] as const),
    [{ topic: "offers" }],
    [{ locale: "de-DE" }],
    [{ jurisdiction: "US" }],
    [{ direction: "outbound" }],
    [{ attestation: "failed-A" }],
    [{ script: "2026-11-22" }],
    [{ script: "2027-01-01" }],
    [{ simulated: true }],
    [{ simulated: false }],
    [{ since: NOW - 9 * DAY_MS }],
    [{ until: NOW - 30 * DAY_MS }],
    [{ sort: "oldest" }],
    [{ sort: "longest" }],
  ] satisfies (readonly [CallFilter])[])("%j alone shows what it says, on every page", async (filter) => {
    expect(await throughPages(filter, "next")).toEqual(byHand(filter));
    expect(await throughPages(filter, "last")).toEqual(byHand(filter));
  });

  it("in any combination shows what it says, forwards and from the last page backwards", async () => {
    await fc.assert(
      fc.asyncProperty(filters(), async (filter) => {
        expect(await throughPages(filter, "next")).toEqual(byHand(filter));
        expect(await throughPages(filter, "last")).toEqual(byHand(filter));
      }),
      { numRuns: 60 },
    );
  });

  it("together with a number, its last digits or a reference shows only these people's calls", async () => {
    const some = all.find(({ caller, outcome }) => caller !== null && outcome === "granted");
    const number = some?.caller ?? "+0";
    for (const filter of [
      { search: { kind: "number", number } },
      { search: { kind: "number", number }, outcome: "granted", sort: "oldest" },
      { search: { kind: "number", number }, sort: "longest" },
      { search: { kind: "last-digits", digits: number.slice(-4) } },
      { search: { kind: "last-digits", digits: number.slice(-6) }, businessIds: ["acme-dental"] },
      { search: { kind: "last-digits", digits: number.slice(-3) } },
      { reference: some?.reference },
      { reference: some?.callSid },
      { reference: some?.callSid, outcome: "refused" },
      { reference: some?.reference, search: { kind: "number", number } },
      { reference: some?.reference, search: { kind: "number", number: "+14155550199" } },
    ] satisfies CallFilter[]) {
      expect(await throughPages(filter, "next")).toEqual(byHand(filter));
      expect(await throughPages(filter, "last")).toEqual(byHand(filter));
    }
  });
});

function filters(): fc.Arbitrary<CallFilter> {
  const time = fc.integer({ min: NOW - (DAYS + 1) * DAY_MS, max: NOW });
  /** Seldom asked for, so that combinations still find something. */
  const rarely = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
  return fc.record({
    businessIds: rarely(fc.constantFrom(["acme-dental"], ["hotel-miramar"], ["x", "hotel-miramar"])),
    outcome: rarely(fc.constantFrom(...OUTCOMES)),
    topic: rarely(fc.constantFrom("offers", "reservation-updates", "policy-updates")),
    locale: rarely(fc.constantFrom("en-US" as const, "es-ES" as const, "fr-FR" as const)),
    jurisdiction: rarely(fc.constantFrom("EU" as const, "US" as const)),
    direction: rarely(fc.constantFrom("inbound" as const, "outbound" as const)),
    attestation: rarely(fc.constantFrom("passed-A", "unverified", "failed")),
    simulated: rarely(fc.boolean()),
    since: rarely(time),
    until: rarely(time),
    sort: rarely(fc.constantFrom("newest" as const, "oldest" as const, "longest" as const)),
  });
}

/** Every page of a filter, one after the other, put together in the filter's order. */
async function throughPages(filter: CallFilter, direction: "next" | "last"): Promise<string[]> {
  const found: string[] = [];
  const towards = direction === "next" ? "next" : "previous";
  let request: PageRequest | null = { cursor: null, limit: 37, direction };
  for (let pages = 0; request !== null && pages < CALLS; pages++) {
    const page = await reading.calls(filter, request);
    const rows = page.rows.map(({ callSid }) => callSid);
    if (direction === "next") found.push(...rows);
    else found.unshift(...rows);
    const cursor: string | null = page[towards];
    request = cursor === null ? null : { cursor, limit: 37, direction: towards };
  }
  return found;
}

/** The same by looking at every row: ties stand in the order of their beginning, then of the rows. */
function byHand(filter: CallFilter): string[] {
  const { sort = "newest", since = 0, until = Infinity, search, reference } = filter;
  const rows = all.filter(
    (row) =>
      (filter.businessIds?.includes(row.businessId) ?? true) &&
      (filter.topic === undefined || row.topics.includes(filter.topic)) &&
      (
        ["outcome", "locale", "jurisdiction", "direction", "attestation", "script", "simulated"] as const
      ).every((name) => filter[name] === undefined || filter[name] === row[name]) &&
      row.begunAt >= since &&
      row.begunAt < until &&
      (search?.kind !== "number" || row.caller === search.number) &&
      (search?.kind !== "last-digits" ||
        (search.digits.length >= 4 && (row.caller?.endsWith(search.digits) ?? false))) &&
      (reference === undefined || row.reference === reference || row.callSid === reference) &&
      (sort !== "longest" || row.durationSeconds !== null),
  );
  const value = (row: CallRow) => (sort === "longest" ? (row.durationSeconds ?? 0) : row.begunAt);
  const sorted = rows.toSorted((one, other) => value(one) - value(other) || one.begunAt - other.begunAt);
  return (sort === "oldest" ? sorted : sorted.toReversed()).map(({ callSid }) => callSid);
}

/** Every call in the order of the rows, with the topics of its entries. */
async function everything() {
  const rows = connection.client
    .prepare("SELECT business_id AS businessId, call_sid AS callSid FROM call ORDER BY rowid")
    .all() as { businessId: string; callSid: string }[];
  return Promise.all(
    rows.map(async ({ businessId, callSid }) => {
      const detail = await reading.call(businessId, callSid);
      if (detail === null) throw new Error("The call is there.");
      return { ...detail, topics: detail.entries.flatMap(({ topics }) => topics) };
    }),
  );
}
