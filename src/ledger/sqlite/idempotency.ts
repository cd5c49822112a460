import type { Idempotency } from "../integration.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";

/** So long the same request gets the same answer. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** No request takes so long: the process that had it has ended, and the same request may be tried anew. */
const LOST_AFTER_MS = 60_000;
/** Each request takes at most so many old answers away, so that none waits for a day's worth. */
const MAX_SWEPT = 50;

type Row = { readonly requestDigest: string; readonly status: number | null; readonly body: string | null };

/**
 * The answers to POSTs that may be repeated. The primary key says which request was first, not a look-up (law 4).
 * What a lost request has done by then its own unique index must hold back: the request is run again.
 */
export function sqliteIdempotency(
  { client }: Pick<Connection, "client">,
  { write }: { write: Write },
): Idempotency {
  const sweep = client.prepare<[number]>(
    `DELETE FROM idempotency WHERE rowid IN
       (SELECT rowid FROM idempotency WHERE at <= ? ORDER BY at LIMIT ${MAX_SWEPT})`,
  );
  const begin = client.prepare<[string, string, string, number, number, number]>(
    `INSERT INTO idempotency (key_id, idempotency_key, request_digest, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_id, idempotency_key) DO UPDATE
       SET request_digest = excluded.request_digest, at = excluded.at, status = NULL, body = NULL
       WHERE idempotency.at <= ?
         OR (idempotency.at <= ? AND status IS NULL AND idempotency.request_digest = excluded.request_digest)`,
  );
  const find = client.prepare<[string, string], Row>(
    `SELECT request_digest AS requestDigest, status, body FROM idempotency
     WHERE key_id = ? AND idempotency_key = ?`,
  );
  const keep = client.prepare<[number, string, string, string]>(
    `UPDATE idempotency SET status = ?, body = ?
     WHERE key_id = ? AND idempotency_key = ? AND status IS NULL`,
  );
  const forget = client.prepare<[string, string]>(
    "DELETE FROM idempotency WHERE key_id = ? AND idempotency_key = ? AND status IS NULL",
  );

  return {
    begin: (keyId, name, digest, at) =>
      write(() => {
        sweep.run(at - KEPT_MS);
        const first = begin.run(keyId, name, digest, at, at - KEPT_MS, at - LOST_AFTER_MS).changes === 1;
        if (first) return "new";
        const row = find.get(keyId, name);
        if (row?.requestDigest !== digest) return "differs";
        return row.status === null ? "busy" : { status: row.status, body: row.body ?? "" };
      }),
    keep: (keyId, name, { status, body }) =>
      write(() => {
        keep.run(status, body, keyId, name);
      }),
    forget: (keyId, name) =>
      write(() => {
        forget.run(keyId, name);
      }),
  };
}
