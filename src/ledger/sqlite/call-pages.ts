import type { Database } from "better-sqlite3";
import type { CallFilter, PageRequest } from "../reading.ts";
import type { Found, Place } from "./call-places.ts";
import type { CallSearch } from "./call-search.ts";

/** A page of places; cursors name the call, because a row's number may change when a file is rebuilt. */
export function callPages(client: Database, find: CallSearch) {
  const placeOfCall = client.prepare<[string, string], Omit<Place, "value">>(
    "SELECT rowid, begun_at AS begunAt FROM call WHERE business_id = ? AND call_sid = ?",
  );
  const nameOf = client.prepare<[number], { b: string; c: string }>(
    "SELECT business_id AS b, call_sid AS c FROM call WHERE rowid = ?",
  );

  function cursorOf(found: Found | undefined): string | null {
    const name = found === undefined ? undefined : nameOf.get(found.rowid);
    if (found === undefined || name === undefined) return null;
    return Buffer.from(JSON.stringify([found.value, name.b, name.c])).toString("base64url");
  }

  /** Null also for what is no cursor of ours: an address that somebody changed shows the first page. */
  function placeOf(cursor: string | null): Place | null {
    try {
      const parts: unknown = JSON.parse(Buffer.from(cursor ?? "", "base64url").toString());
      if (!Array.isArray(parts)) return null;
      const [value, businessId, callSid] = parts as unknown[];
      if (typeof value !== "number" || typeof businessId !== "string" || typeof callSid !== "string")
        return null;
      const place = placeOfCall.get(businessId, callSid);
      return place === undefined ? null : { ...place, value };
    } catch {
      return null;
    }
  }

  return (filter: CallFilter, { cursor, limit, direction }: PageRequest) => {
    const from = direction === "last" ? null : placeOf(cursor);
    const backwards = direction === "last" || (direction === "previous" && from !== null);
    const found = find(filter, backwards, from, limit + 1);
    const more = found.length > limit;
    const places = backwards ? found.slice(0, limit).toReversed() : found.slice(0, limit);
    const [first, last] = [places.at(0), places.at(-1)];
    return {
      places,
      next: backwards ? (from === null ? null : cursorOf(last)) : more ? cursorOf(last) : null,
      previous: backwards ? (more ? cursorOf(first) : null) : from === null ? null : cursorOf(first),
    };
  };
}
