import type { Jurisdiction } from "../../call/business.ts";
import { MAX_AHEAD_MS } from "../../call/permission.ts";
import { before, retentionFor } from "../../call/retention.ts";
import type { NumberVault } from "../numbers.ts";
import type { ExpiredPage, ExpirySearch, Privacy } from "../privacy.ts";
import type { Connection } from "./connection.ts";

/** Looked at in one turn of the event loop. */
const MAX_LOOKED_AT = 100;

type Old = { readonly id: string; readonly number: Buffer; readonly at: number };

export type Expiry = Pick<Privacy, "expired"> & {
  /** Asked again in the transaction that forgets them: they may have called meanwhile. */
  readonly isExpired: (asked: Asked, subscriberId: string) => boolean;
};

/** Who has reached the end of the retention. Ids tell when somebody was first heard of, so the oldest come first. */
export function expiry({ client }: Connection, { vault }: { vault: NumberVault }): Expiry {
  const old = client.prepare<[string, string, number, number], Old>(
    `SELECT id, number, at FROM subscriber WHERE business_id = ? AND id > ? AND at < ? ORDER BY id LIMIT ?`,
  );
  const one = client.prepare<[string, string], Old>(
    "SELECT id, number, at FROM subscriber WHERE business_id = ? AND id = ?",
  );
  const open = client
    .prepare<[string, string], 1>(
      "SELECT 1 FROM consent WHERE business_id = ? AND subscriber_id = ? AND state IN ('granted', 'pending') LIMIT 1",
    )
    .pluck();
  const leaving = client
    .prepare<[string, string], 1>(
      `SELECT 1 FROM outbox INDEXED BY outbox_of_subscriber
       WHERE business_id = ? AND subscriber_id = ? AND +state IN ('waiting', 'sending') LIMIT 1`,
    )
    .pluck();
  const said = client.prepare<[string, string], { at: number | null; jurisdictions: string | null }>(
    `SELECT max(at) AS at, group_concat(DISTINCT jurisdiction) AS jurisdictions
     FROM entry INDEXED BY entry_of_subscriber WHERE business_id = ? AND subscriber_id = ?`,
  );
  const lasts = [
    "SELECT max(at) FROM message INDEXED BY message_of_subscriber WHERE business_id = ? AND subscriber_id = ?",
    "SELECT max(begun_at) FROM call INDEXED BY call_of_subscriber WHERE business_id = ? AND subscriber_id = ?",
  ].map((query) => client.prepare<[string, string], number | null>(query).pluck());

  /** When they were last heard of or used; null where something of theirs still stands or leaves. */
  function lastUseOf(businessId: string, { id, at }: Old, entryAt: number | null): number | null {
    if (open.get(businessId, id) === 1 || leaving.get(businessId, id) === 1) return null;
    // A use of the consent was allowed while it stood, so before the last entry, and for no later than this.
    const usedAt = entryAt === null ? 0 : entryAt + MAX_AHEAD_MS;
    return Math.max(at, usedAt, ...lasts.map((last) => last.get(businessId, id) ?? 0));
  }

  /** When they were last used, if that is long enough ago; else null. */
  function expiredSince({ businessId, retention, now }: Asked, row: Old): number | null {
    const { at, jurisdictions } = said.get(businessId, row.id) ?? NOTHING_SAID;
    const noUseAfter = lastUseOf(businessId, row, at);
    if (noUseAfter === null) return null;
    const laws = (jurisdictions ?? "").split(",").filter((each) => each !== "") as Jurisdiction[];
    const longest = retentionFor(retention, laws, vault.decrypt(row.id, row.number));
    return noUseAfter < before(longest, now) ? noUseAfter : null;
  }

  return {
    async expired(search): Promise<ExpiredPage> {
      const { businessId, retention, now, after, limit } = search;
      const most = Math.min(limit, MAX_LOOKED_AT);
      const rows = old.all(businessId, after, before(retention, now), most);
      const people = rows.flatMap((row) => {
        const noUseAfter = expiredSince(search, row);
        return noUseAfter === null ? [] : [{ subscriberId: row.id, noUseAfter }];
      });
      const last = rows.at(-1);
      return { people, next: last === undefined || rows.length < most ? null : last.id };
    },
    isExpired(asked, subscriberId) {
      const row = one.get(asked.businessId, subscriberId);
      return row !== undefined && expiredSince(asked, row) !== null;
    },
  };
}

type Asked = Pick<ExpirySearch, "businessId" | "retention" | "now">;
const NOTHING_SAID = { at: null, jurisdictions: null };
