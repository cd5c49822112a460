import { setImmediate } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { OUTCOMES, type CallOutcome, type Overview, type OverviewOptions } from "../reading.ts";
import type { FacetIndex, KnownFacet } from "./facet-index.ts";
import { PROGRESS } from "./reading-schema.ts";

const MINUTE_MS = 60 * 1000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MAX_DAYS = 92;
/** Days whose counts are kept: three quarters of an hour are the finest step of the world's time zones. */
const MAX_KEPT = 1_000;
/** Calls of a day that ended this long ago have reported their end or have been closed by the sweep. */
const SETTLED_AFTER_MS = 5 * 60 * MINUTE_MS;

type Day = ReadonlyMap<KnownFacet, number>;

/**
 * The figures of the Today page. A day's counts come from indexes, and those of a day that is settled are kept;
 * between days the event loop goes on, so that calls are not delayed.
 */
export function overviewOf(client: Database, facets: FacetIndex) {
  const kept = new Map<number, Day>();
  const countCalls = client
    .prepare<[number, number, number], number>(
      `SELECT count(*) FROM call INDEXED BY call_by_facet WHERE facet_id = ? AND begun_at >= ? AND begun_at < ?`,
    )
    .pluck();

  function read(from: number, now: number): Day {
    const known = kept.get(from);
    if (known !== undefined) return known;
    const until = from + DAY_MS;
    const calls = new Map<KnownFacet, number>();
    for (const facet of facets.all()) {
      const count = countCalls.get(facet.id, from, until) ?? 0;
      if (count > 0) calls.set(facet, count);
    }
    const open = [...calls.keys()].some((facet) => facet.outcome === "in-progress");
    if (until + SETTLED_AFTER_MS < now && !open) {
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(from, calls);
    }
    return calls;
  }

  return async (options: OverviewOptions): Promise<Overview> => {
    const { now, utcOffsetMinutes } = options;
    const offsetMs = utcOffsetMinutes * MINUTE_MS;
    const today = Math.floor((now + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
    const wanted = Math.min(Math.max(1, options.days), MAX_DAYS);
    const days: { from: number; day: Day }[] = [];
    for (let back = wanted - 1; back >= 0; back--) {
      const from = today - back * DAY_MS;
      days.push({ from, day: read(from, now) });
      await setImmediate();
    }
    return {
      inProgress: inProgress(client, facets, options),
      days: days.map(({ from, day }) => ({ from, ...outcomesOf(day, options) })),
      funnel: funnelOf(days.at(-1)?.day, options),
    };
  };
}

type Asked = Pick<OverviewOptions, "businessIds" | "simulated">;

function isAsked({ businessIds, simulated }: Asked, of: { businessId: string; simulated: boolean }): boolean {
  if (simulated !== undefined && simulated !== of.simulated) return false;
  return businessIds?.includes(of.businessId) ?? true;
}

function inProgress(client: Database, facets: FacetIndex, asked: Asked): number {
  const count = client
    .prepare<[number], number>("SELECT count(*) FROM call INDEXED BY call_by_facet WHERE facet_id = ?")
    .pluck();
  return [...facets.all()]
    .filter((facet) => facet.outcome === "in-progress" && isAsked(asked, facet))
    .reduce((sum, facet) => sum + (count.get(facet.id) ?? 0), 0);
}

function outcomesOf(calls: Day, asked: Asked) {
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<CallOutcome, number>;
  let total = 0;
  for (const [facet, count] of calls) {
    if (!isAsked(asked, facet)) continue;
    outcomes[facet.outcome] += count;
    total += count;
  }
  return { calls: total, outcomes };
}

function funnelOf(day: Day | undefined, asked: Asked): Overview["funnel"] {
  const funnel = { reached: 0, noticeHeard: 0, answered: 0, granted: 0 };
  for (const [facet, count] of day ?? []) {
    if (!isAsked(asked, facet)) continue;
    const progress = PROGRESS.indexOf(facet.progress);
    if (progress >= PROGRESS.indexOf("reached")) funnel.reached += count;
    if (progress >= PROGRESS.indexOf("heard")) funnel.noticeHeard += count;
    if (progress >= PROGRESS.indexOf("answered")) funnel.answered += count;
    if (facet.outcome === "granted") funnel.granted += count;
  }
  return funnel;
}
