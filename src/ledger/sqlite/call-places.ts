import type { Database, Statement } from "better-sqlite3";

/** Where a call stands in an order: by `value`, among equal ones by its beginning, then by the row's number. */
export type Place = { readonly value: number; readonly begunAt: number; readonly rowid: number };
export type Found = Place & { readonly facetId: number };

/** Calls that one index has in order. */
export type Source =
  | { readonly kind: "all" }
  | { readonly kind: "facet"; readonly id: number }
  | { readonly kind: "subscriber"; readonly businessId: string; readonly id: string }
  | { readonly kind: "reference"; readonly reference: string }
  | { readonly kind: "sid"; readonly businessId: string; readonly callSid: string };

export type Range = {
  readonly by: "begun_at" | "duration_seconds";
  readonly descending: boolean;
  /** Exclusive; null for the beginning. */
  readonly from: Place | null;
  /** Milliseconds, inclusive and exclusive. */
  readonly since: number;
  readonly until: number;
};

/** Rows read at once from one source, at most. */
const MAX_BATCH = 512;

const WHERE: Readonly<Record<Source["kind"], { begun: string; length: string; where: string }>> = {
  all: { begun: "INDEXED BY call_by_time", length: "", where: "facet_id IS NOT NULL" },
  facet: { begun: "INDEXED BY call_by_facet", length: "INDEXED BY call_by_length", where: "facet_id = :id" },
  subscriber: {
    begun: "INDEXED BY call_of_subscriber",
    length: "INDEXED BY call_of_subscriber",
    where: "business_id = :businessId AND subscriber_id = :id AND facet_id IS NOT NULL",
  },
  reference: {
    begun: "INDEXED BY call_reference",
    length: "INDEXED BY call_reference",
    where: "reference = :reference",
  },
  sid: { begun: "", length: "", where: "business_id = :businessId AND call_sid = :callSid" },
};

/** Reads places of calls in order, from one index or from many merged; each read costs what it returns. */
export function callPlaces(client: Database) {
  const statements = new Map<string, Statement<[Record<string, unknown>], Found>>();

  function read(source: Source, range: Range, from: Place | null, limit: number): Found[] {
    const { by, descending, since, until } = range;
    const key = `${source.kind} ${by} ${descending}`;
    const statement = statements.get(key) ?? client.prepare(sqlOf(source.kind, by, descending));
    statements.set(key, statement);
    const [low, high] = by === "begun_at" ? [since, until - 1] : [0, Number.MAX_SAFE_INTEGER];
    return statement.all({
      ...source,
      low: from === null || descending ? low : Math.max(low, from.value),
      high: from === null || !descending ? high : Math.min(high, from.value),
      edge: from?.value ?? -1,
      edgeBegunAt: from?.begunAt ?? -1,
      rowid: from?.rowid ?? 0,
      since,
      until,
      limit,
    });
  }

  return {
    /** The next places of one source. */
    read: (source: Source, range: Range, limit: number) => read(source, range, range.from, limit),

    /** The next places of many sources as one list; `keep` leaves out what the filter does not want. */
    merge(sources: readonly Source[], range: Range, limit: number, keep: (found: Found) => boolean): Found[] {
      const size = Math.min(MAX_BATCH, Math.max(2, Math.ceil((2 * limit) / Math.max(1, sources.length))));
      const streams = sources
        .map((source) => stream((from, count) => read(source, range, from, count), range.from, size))
        .filter((each) => each.head() !== undefined);
      const merged: Found[] = [];
      while (merged.length < limit) {
        let best: { found: Found; of: (typeof streams)[number] } | undefined;
        for (const of of streams) {
          const found = of.head();
          if (found === undefined) continue;
          if (best === undefined || comesBefore(found, best.found, range.descending)) best = { found, of };
        }
        if (best === undefined) break;
        if (keep(best.found)) merged.push(best.found);
        best.of.next();
      }
      return merged;
    },
  };
}

export function comesBefore(one: Place, other: Place, descending: boolean): boolean {
  const order = one.value - other.value || one.begunAt - other.begunAt || one.rowid - other.rowid;
  return descending ? order > 0 : order < 0;
}

/** Reads ahead, more each time, so that a source with much to give is asked seldom and one with little cheaply. */
function stream(read: (from: Place | null, count: number) => Found[], from: Place | null, firstSize: number) {
  let size = firstSize;
  let batch = read(from, size);
  let position = 0;
  return {
    head: (): Found | undefined => batch[position],
    next(): void {
      position++;
      const last = batch.at(-1);
      if (position < batch.length || last === undefined || batch.length < size) return;
      size = Math.min(MAX_BATCH, size * 2);
      batch = read(last, size);
      position = 0;
    },
  };
}

function sqlOf(kind: Source["kind"], by: Range["by"], descending: boolean): string {
  const { begun, length, where } = WHERE[kind];
  const [order, beyond] = descending ? ["DESC", "<"] : ["ASC", ">"];
  const inPeriod = "AND duration_seconds IS NOT NULL AND begun_at >= :since AND begun_at < :until";
  const isBegun = by === "begun_at";
  const beyondTie = isBegun
    ? `rowid ${beyond} :rowid`
    : `begun_at ${beyond} :edgeBegunAt OR begun_at = :edgeBegunAt AND rowid ${beyond} :rowid`;
  return `SELECT rowid, ${by} AS value, begun_at AS begunAt, facet_id AS facetId
    FROM call ${isBegun ? begun : length}
    WHERE ${where} AND ${by} >= :low AND ${by} <= :high AND (${by} <> :edge OR ${beyondTie})
      ${isBegun ? "" : inPeriod}
    ORDER BY ${by} ${order}, ${isBegun ? "" : `begun_at ${order},`} rowid ${order} LIMIT :limit`;
}
