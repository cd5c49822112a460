import type { Database } from "better-sqlite3";
import type { CallFilter } from "../reading.ts";
import { REFERENCE_DIGITS } from "../reference.ts";
import { callPlaces, comesBefore, type Found, type Place, type Range, type Source } from "./call-places.ts";
import type { FacetIndex } from "./facet-index.ts";
import { MAX_PEOPLE, type peopleSearch } from "./people-search.ts";

/** Rows of the newest-first list that are tried before each facet is asked apart. */
const SCANNED_FIRST = 1_000;
/** So many calls of a period are sorted by length in memory. */
const MAX_SORTED = 5_000;
/** The next `limit` places in the filter's order (in the reverse of it, where told) after `from`. */
export type CallSearch = (filter: CallFilter, reverse: boolean, from: Place | null, limit: number) => Found[];

/** Finds calls for a filter, whatever it combines, without ever walking through all of them. */
export function callSearch(
  client: Database,
  facets: FacetIndex,
  findPeople: ReturnType<typeof peopleSearch>,
): CallSearch {
  const places = callPlaces(client);
  const sources = namedSources(facets, findPeople);
  const sortPeriod = periodSorter(client, places);
  const callerOf = client.prepare<[number], { businessId: string; id: string | null }>(
    "SELECT business_id AS businessId, subscriber_id AS id FROM call WHERE rowid = ?",
  );

  /** A reference and a number together: the call must be of one of these people. */
  function isOfThem({ search, reference, businessIds }: CallFilter): (found: Found) => boolean {
    if (search === undefined || reference === undefined) return () => true;
    const them = new Set(findPeople(search, MAX_PEOPLE, businessIds).map((each) => nameOf(each)));
    return ({ rowid }) => them.has(nameOf(callerOf.get(rowid)));
  }

  return (filter, reverse, from, limit) => {
    const range: Range = {
      by: filter.sort === "longest" ? "duration_seconds" : "begun_at",
      descending: (filter.sort !== "oldest") !== reverse,
      from,
      since: filter.since ?? 0,
      until: filter.until ?? Number.MAX_SAFE_INTEGER,
    };
    const { ids, whole } = facets.matching(filter);
    const keep = (found: Found) => ids.has(found.facetId);
    const named = sources(filter);
    if (named !== null) {
      const theirs = isOfThem(filter);
      return places.merge(named, range, limit, (found) => keep(found) && theirs(found));
    }
    if (range.by === "begun_at") {
      const tried = whole ? limit : SCANNED_FIRST + limit;
      const scanned = places.read({ kind: "all" }, range, tried);
      const kept = scanned.filter(keep);
      if (scanned.length < tried || kept.length >= limit) return kept.slice(0, limit);
    }
    const bounded = filter.since !== undefined || filter.until !== undefined;
    if (range.by === "duration_seconds" && bounded) return sortPeriod(ids, range, limit);
    const apart = Array.from(ids, (id): Source => ({ kind: "facet", id }));
    return places.merge(apart, range, limit, keep);
  };
}

function nameOf(person: { businessId: string; id: string | null } | undefined): string {
  return `${person?.businessId} ${person?.id}`;
}

/**
 * The longest calls of a period. Facets with few calls in it are sorted in memory, because the index by length would
 * walk through all their other calls; those with many have some among any hundred.
 */
function periodSorter(client: Database, places: ReturnType<typeof callPlaces>) {
  const lengthOf = client
    .prepare<[number], number | null>("SELECT duration_seconds FROM call WHERE rowid = ?")
    .pluck();
  const countOf = client
    .prepare<[number, number, number], number>(
      `SELECT count(*) FROM (SELECT 1 FROM call INDEXED BY call_by_facet
       WHERE facet_id = ? AND begun_at >= ? AND begun_at < ? LIMIT ${MAX_SORTED})`,
    )
    .pluck();

  return (ids: Iterable<number>, range: Range, limit: number): Found[] => {
    const { from, descending, since, until } = range;
    const inPeriod: Range = { ...range, by: "begun_at", from: null };
    const facets = Array.from(ids, (id) => ({ id, count: countOf.get(id, since, until) ?? 0 }));
    const few: Found[] = [];
    const many: Source[] = [];
    let budget = MAX_SORTED;
    for (const { id, count } of facets.toSorted((one, other) => one.count - other.count)) {
      if (count === 0) continue;
      budget -= count;
      if (budget < 0) many.push({ kind: "facet", id });
      else few.push(...places.read({ kind: "facet", id }, inPeriod, count));
    }
    const sorted = few
      .map((each) => ({ ...each, value: lengthOf.get(each.rowid) ?? null }))
      .filter((each): each is Found => each.value !== null)
      .filter((each) => from === null || comesBefore(from, each, descending));
    return [...sorted, ...places.merge(many, range, limit, () => true)]
      .toSorted((one, other) => (comesBefore(one, other, descending) ? -1 : 1))
      .slice(0, limit);
  };
}

/** Where a filter names people or a call, the indexes that have their calls; null where it does not. */
function namedSources(facets: FacetIndex, findPeople: ReturnType<typeof peopleSearch>) {
  return ({ reference, search, businessIds }: CallFilter): readonly Source[] | null => {
    if (reference === undefined) {
      if (search === undefined) return null;
      const people = findPeople(search, MAX_PEOPLE, businessIds);
      return people.map(({ businessId, id }): Source => ({ kind: "subscriber", businessId, id }));
    }
    if (reference.length === REFERENCE_DIGITS) return [{ kind: "reference", reference }];
    const businesses = businessIds ?? [...new Set(Array.from(facets.all(), (facet) => facet.businessId))];
    return businesses.map((businessId): Source => ({ kind: "sid", businessId, callSid: reference }));
  };
}
