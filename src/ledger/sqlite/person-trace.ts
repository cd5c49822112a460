import { setImmediate } from "node:timers/promises";
import type { Privacy, Trace } from "../privacy.ts";
import type { Connection } from "./connection.ts";

/** Decisions are looked through one after the other, for those that said no stand in no index; so many in one turn. */
const DECISIONS_AT_ONCE = 10_000;
/** Of one person; more is not one person. */
const MAX_KEPT = 100_000;

type Row = Omit<Trace["decisions"][number], "allowed" | "simulated"> & {
  readonly allowed: 0 | 1;
  readonly simulated: 0 | 1;
};

/** What else is kept about one person. Asked for rarely, so it costs those who write nothing. */
export function personTrace({ client }: Connection): Privacy["traceOf"] {
  const messageIds = client
    .prepare<[string, string], string>(
      `SELECT id FROM message WHERE business_id = ? AND subscriber_id = ? ORDER BY seq LIMIT ${MAX_KEPT}`,
    )
    .pluck();
  const callSids = client
    .prepare<[string, string], string>(
      `SELECT call_sid FROM call INDEXED BY call_of_subscriber WHERE business_id = ? AND subscriber_id = ?
       ORDER BY begun_at, rowid LIMIT ${MAX_KEPT}`,
    )
    .pluck();
  const newest = client.prepare<[], number | null>("SELECT max(seq) FROM decision").pluck();
  const decisions = client.prepare<[number, number, string, string], Row>(
    `SELECT id, business_id AS businessId, subscriber_id AS subscriberId, topic, simulated, send_at AS sendAt, allowed,
       reason, entry_id AS entryId, key_id AS keyId, at
     FROM decision WHERE seq > ? AND seq <= ? AND +business_id = ? AND +subscriber_id = ? ORDER BY seq`,
  );

  return async (businessId, subscriberId) => {
    const theirs: Trace["decisions"][number][] = [];
    const last = newest.get() ?? 0;
    for (let after = 0; after < last && theirs.length < MAX_KEPT; after += DECISIONS_AT_ONCE) {
      const rows = decisions.all(after, after + DECISIONS_AT_ONCE, businessId, subscriberId);
      theirs.push(
        ...rows.map((row) => ({ ...row, allowed: row.allowed === 1, simulated: row.simulated === 1 })),
      );
      await setImmediate();
    }
    return {
      messageIds: messageIds.all(businessId, subscriberId),
      callSids: callSids.all(businessId, subscriberId),
      decisions: theirs,
    };
  };
}
