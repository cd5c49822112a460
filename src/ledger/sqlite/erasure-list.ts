import type { ErasureLists, ListedErasure, Suppressed } from "../erasure-list.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";
import type { SuppressionBook } from "./suppressions.ts";

type Parts = { readonly write: Write; readonly suppressions: SuppressionBook };

/** What of erasures is kept outside the database, read from it. */
export function erasureLists(
  { client }: Connection,
  { write, suppressions }: Parts,
): Omit<ErasureLists, "eraseAgain"> {
  const newest = client.prepare<[], { businessId: string; id: string }>(
    "SELECT business_id AS businessId, id FROM erasure ORDER BY rowid DESC LIMIT 1",
  );
  const known = client
    .prepare<[string, string], 1>("SELECT 1 FROM erasure WHERE business_id = ? AND id = ?")
    .pluck();
  type Listed = Omit<ListedErasure, "suppressed"> & { readonly row: number; readonly suppressed: 0 | 1 };
  const erasures = client.prepare<[number, number, number], Listed>(
    `SELECT rowid AS "row", id, business_id AS businessId, subscriber_id AS subscriberId, cause, "by", by_name AS byName,
       suppressed, at FROM erasure WHERE rowid > ? AND at >= ? ORDER BY rowid LIMIT ?`,
  );
  const hashes = client.prepare<[number, number, number], Suppressed & { readonly row: number }>(
    `SELECT rowid AS "row", business_id AS businessId, hash, reason, at FROM suppression
     WHERE rowid > ? AND at >= ? ORDER BY rowid LIMIT ?`,
  );

  return {
    erasureHead: async () => ({ newest: newest.get() ?? null, key: suppressions.sealedKey() }),
    knowsErasure: async (businessId, id) => known.get(businessId, id) === 1,
    listedErasures: async (since, after, limit) =>
      erasures.all(after, since, limit).map((row) => ({ ...row, suppressed: row.suppressed === 1 })),
    listedSuppressions: async (since, after, limit) => hashes.all(after, since, limit),
    adoptSuppressionKey: (sealed) => write(() => suppressions.adoptKey(sealed)),
  };
}
