import type { Database } from "better-sqlite3";
import type { CallFilter } from "../reading.ts";
import type { FacetIndex } from "./facet-index.ts";
import { MAX_PEOPLE, type peopleSearch } from "./people-search.ts";

/** Events taken up at once; a longer queue is worked off by the next polls. */
const MAX_EVENTS = 2_000;

type Changed = {
  readonly rowid: number;
  readonly businessId: string;
  readonly callSid: string;
  readonly reference: string | null;
  readonly subscriberId: string | null;
  readonly facetId: number | null;
  readonly begunAt: number;
};

/**
 * What changed since a place in the log of events. Everything that happens in a call is an event with a growing number,
 * so asking again costs one look at the newest number, and the line writes nothing more for it.
 */
export function callTail(client: Database, facets: FacetIndex, findPeople: ReturnType<typeof peopleSearch>) {
  const newest = client.prepare<[], number>("SELECT coalesce(max(seq), 0) FROM call_event").pluck();
  const eventsAfter = client.prepare<[number], { seq: number; businessId: string; callSid: string }>(
    `SELECT seq, business_id AS businessId, call_sid AS callSid FROM call_event
     WHERE seq > ? ORDER BY seq LIMIT ${MAX_EVENTS}`,
  );
  const callOf = client.prepare<[string, string], Changed>(
    `SELECT rowid, business_id AS businessId, call_sid AS callSid, reference, subscriber_id AS subscriberId,
       facet_id AS facetId, begun_at AS begunAt
     FROM call WHERE business_id = ? AND call_sid = ?`,
  );

  /** Rows of the calls that changed, in the order of their last change; `others` are none of the filter's. */
  return (
    after: string | null,
    filter: CallFilter,
  ): { cursor: string; rowids: number[]; others: string[] } => {
    const last = newest.get() ?? 0;
    const seen = /^\d{1,15}$/.test(after ?? "") ? Number(after) : last;
    if (seen >= last) return { cursor: String(last), rowids: [], others: [] };
    const events = eventsAfter.all(seen);
    const changed = new Map<string, { businessId: string; callSid: string }>();
    for (const event of events) {
      const key = `${event.businessId} ${event.callSid}`;
      changed.delete(key);
      changed.set(key, event);
    }
    const wanted = wantedBy(filter);
    const rowids: number[] = [];
    const others: string[] = [];
    for (const { businessId, callSid } of changed.values()) {
      const call = callOf.get(businessId, callSid);
      if (call !== undefined && wanted(call)) rowids.push(call.rowid);
      else others.push(callSid);
    }
    return { cursor: String(events.at(-1)?.seq ?? last), rowids, others };
  };

  function wantedBy(filter: CallFilter): (call: Changed) => boolean {
    const { search, reference, since = 0, until = Infinity } = filter;
    const { ids } = facets.matching(filter);
    const people =
      search === undefined
        ? null
        : new Set(findPeople(search, MAX_PEOPLE, filter.businessIds).map(({ id }) => id));
    return (call) =>
      call.facetId !== null &&
      ids.has(call.facetId) &&
      call.begunAt >= since &&
      call.begunAt < until &&
      (reference === undefined || reference === call.reference || reference === call.callSid) &&
      (people === null || (call.subscriberId !== null && people.has(call.subscriberId)));
  }
}
