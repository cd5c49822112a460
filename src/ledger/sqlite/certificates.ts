import type { Certificate, ErasedCounts, ErasureCause, ErasureTally, RetentionRun } from "../privacy.ts";
import type { Connection } from "./connection.ts";
import { standsInClear } from "./reasons.ts";

/** What is known of an erasure only while it happens. */
export type ErasureReport = { readonly erased: ErasedCounts; readonly revoked: readonly string[] };

/** Entries that one certificate names; nobody's call makes so many. */
const MAX_REMAINING = 10_000;
/** Erasures that are looked at for the runs of the retention. */
const MAX_COUNTED = 50_000;

/** Erasures as they are on record. What is left of the person is read when it is asked for: it does not change. */
export function certificateShelf({ client }: Connection) {
  const add = client.prepare<AddedValues>(
    `INSERT INTO erasure (business_id, id, subscriber_id, cause, "by", by_name, suppressed, report, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const columns = `SELECT business_id AS businessId, id, subscriber_id AS subscriberId, cause, "by", by_name AS byName,
      suppressed, report, at, traces_gone_at AS tracesGoneAt FROM erasure`;
  const one = client.prepare<[string, string], Row>(`${columns} WHERE business_id = ? AND id = ?`);
  const ofSubscriber = client.prepare<[string, string], Row>(
    `${columns} WHERE business_id = ? AND subscriber_id = ? ORDER BY id LIMIT 1`,
  );
  const latest = client.prepare<[string, number], Row>(
    `${columns} WHERE business_id = ? ORDER BY id DESC LIMIT ?`,
  );
  type Remaining = Certificate["remaining"][number];
  const remaining = client.prepare<
    [string, string],
    Omit<Remaining, "reasonStays"> & { readonly source: string; readonly reason: string | null }
  >(
    `SELECT entry.id, entry.kind, entry.commitment, entry.at, entry.source, entry.reason, log_leaf.leaf_index AS leafIndex
     FROM entry LEFT JOIN log_leaf
       ON log_leaf.entry_id = entry.id AND log_leaf.business_id = entry.business_id
     WHERE entry.business_id = ? AND entry.subscriber_id = ? ORDER BY entry.seq LIMIT ${MAX_REMAINING}`,
  );
  const runs = client.prepare<[string, number], RetentionRun>(
    `SELECT at, by_name AS byName, count(*) AS forgotten FROM
       (SELECT at, by_name, cause FROM erasure WHERE business_id = ? ORDER BY id DESC LIMIT ${MAX_COUNTED})
     WHERE cause = 'retention' GROUP BY at, by_name ORDER BY at DESC LIMIT ?`,
  );
  const added = client.prepare<[number], { cause: ErasureCause; count: number; last: number }>(
    "SELECT cause, count(*) AS count, max(rowid) AS last FROM erasure WHERE rowid > ? GROUP BY cause",
  );
  const unfinished = client
    .prepare<[], number>("SELECT count(*) FROM erasure WHERE traces_gone_at IS NULL")
    .pluck();
  /** They never vanish, so only new ones are counted. */
  const counted = { request: 0, retention: 0, last: 0 };
  const checkpoint = client
    .prepare<[], string>("SELECT note FROM checkpoint ORDER BY seq DESC LIMIT 1")
    .pluck();

  function shown({ suppressed, report, ...row }: Row): Certificate {
    const { erased, revoked } = JSON.parse(report) as ErasureReport;
    return {
      ...row,
      suppressed: suppressed === 1,
      erased,
      revoked,
      remaining:
        row.subscriberId === null
          ? []
          : remaining.all(row.businessId, row.subscriberId).map(({ source, reason, ...entry }) => ({
              ...entry,
              reasonStays: standsInClear(source, reason),
            })),
      checkpoint: checkpoint.get() ?? null,
    };
  }

  return {
    add({ businessId, id, subscriberId, cause, by, byName, suppressed, report, at }: NewErasure): void {
      const kept = JSON.stringify(report);
      add.run(businessId, id, subscriberId, cause, by, byName, suppressed ? 1 : 0, kept, at);
    },
    byId: (businessId: string, id: string): Certificate | null => orNull(one.get(businessId, id)),
    bySubscriber: (businessId: string, subscriberId: string): Certificate | null =>
      orNull(ofSubscriber.get(businessId, subscriberId)),
    runs: (businessId: string, limit: number): readonly RetentionRun[] =>
      runs.all(businessId, Math.min(limit, MAX_LISTED)),
    tally(): ErasureTally {
      for (const { cause, count, last } of added.all(counted.last)) {
        counted[cause] += count;
        counted.last = Math.max(counted.last, last);
      }
      const { request, retention } = counted;
      return { request, retention, unfinished: unfinished.get() ?? 0 };
    },
    newest: (businessId: string, limit: number): readonly Certificate[] =>
      latest.all(businessId, Math.min(limit, MAX_LISTED)).map(shown),
  };

  function orNull(row: Row | undefined): Certificate | null {
    return row === undefined ? null : shown(row);
  }
}

const MAX_LISTED = 500;

type NewErasure = Pick<
  Certificate,
  "businessId" | "id" | "subscriberId" | "cause" | "by" | "byName" | "suppressed" | "at"
> & { readonly report: ErasureReport };

type Row = Omit<Certificate, "suppressed" | "erased" | "revoked" | "remaining" | "checkpoint"> & {
  readonly suppressed: 0 | 1;
  readonly report: string;
};

type AddedValues = [
  businessId: string,
  id: string,
  subscriberId: string | null,
  cause: ErasureCause,
  by: string,
  byName: string,
  suppressed: 0 | 1,
  report: string,
  at: number,
];
