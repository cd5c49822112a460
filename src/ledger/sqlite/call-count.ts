import type { Database } from "better-sqlite3";
import type { CallFilter } from "../reading.ts";
import type { CallSearch } from "./call-search.ts";
import type { FacetIndex } from "./facet-index.ts";

/** Counts the calls of a filter up to a limit, from the index that finds them. */
export function callCount(client: Database, facets: FacetIndex, find: CallSearch) {
  const countOf = client
    .prepare<[number, number, number, number], number>(
      `SELECT count(*) FROM (SELECT 1 FROM call INDEXED BY call_by_facet
       WHERE facet_id = ? AND begun_at >= ? AND begun_at < ? LIMIT ?)`,
    )
    .pluck();

  return (filter: CallFilter, limit: number): number => {
    // Sorted by length, only calls whose length is known are listed: the order does not count.
    if (filter.search !== undefined || filter.reference !== undefined)
      return find({ ...filter, sort: "newest" }, false, null, limit).length;
    const { since = 0, until = Number.MAX_SAFE_INTEGER } = filter;
    let count = 0;
    for (const id of facets.matching(filter).ids) {
      if (count >= limit) break;
      count += countOf.get(id, since, until, limit - count) ?? 0;
    }
    return count;
  };
}
