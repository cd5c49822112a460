import type { Statement } from "better-sqlite3";
import { OUTGOING_KINDS, type Claim, type Outgoing, type OutgoingKind } from "../outgoing.ts";
import type { Connection } from "./connection.ts";
import { COLUMNS, outgoingOf, type Row } from "./outbox-rows.ts";

/** So many are taken in one go, whatever a worker asks for. */
export const MAX_CLAIMED = 100;
/** So many are looked at to find them: those of a business that has its share are passed over. */
const MAX_LOOKED_AT = 1_000;

/**
 * Takes what is due, inside one transaction, so that no two workers take the same. Each kind has statements of its own:
 * with a kind that is bound, SQLite prepares them anew each time, to see whether the index of calls would do.
 */
export function outboxClaims({ client }: Pick<Connection, "client">) {
  const due = eachKind((kind) =>
    client.prepare<[number], Row>(
      `SELECT ${COLUMNS} FROM outbox job INDEXED BY outbox_due
       WHERE state = 'waiting' AND kind = '${kind}' AND due_at <= ? ${FREE[kind]} ORDER BY due_at, seq`,
    ),
  );
  const earliest = eachKind((kind) =>
    client
      .prepare<[], number>(
        `SELECT due_at FROM outbox job INDEXED BY outbox_due
         WHERE state = 'waiting' AND kind = '${kind}' ${FREE[kind]} ORDER BY due_at LIMIT 1`,
      )
      .pluck(),
  );
  const take = client.prepare<[number, number, number]>(
    "UPDATE outbox SET state = 'sending', attempts = attempts + 1, claimed_at = ?, leased_until = ? WHERE seq = ?",
  );
  const reclaim = reclaimer({ client });

  /** The first ones of a kind, one for each person. */
  function dueOf(
    kind: OutgoingKind,
    now: number,
    limit: number,
    share: Readonly<Record<string, number>>,
  ): readonly Row[] {
    const people = new Set<string>();
    const left = new Map(Object.entries(share));
    const found: Row[] = [];
    let lookedAt = 0;
    for (const row of due[kind].iterate(now)) {
      if (++lookedAt > MAX_LOOKED_AT) break;
      const room = left.get(row.businessId) ?? Infinity;
      if (room < 1) continue;
      const person = `${row.businessId}\0${row.subscriberId ?? row.id}`;
      if (FREE[kind] !== "" && people.has(person)) continue;
      people.add(person);
      left.set(row.businessId, room - 1);
      found.push(row);
      if (found.length >= limit) break;
    }
    return found;
  }

  return {
    claim({ now, leaseMs, limit, kinds, perBusiness = {} }: Claim): readonly Outgoing[] {
      const most = Math.min(limit, MAX_CLAIMED);
      if (most <= 0) return [];
      reclaim(kinds, now);
      const rows = kinds
        .flatMap((kind) => dueOf(kind, now, most, perBusiness))
        .toSorted((one, other) => one.dueAt - other.dueAt || one.seq - other.seq)
        .slice(0, most);
      for (const { seq } of rows) take.run(now, now + leaseMs, seq);
      return rows.map((row) => ({ ...outgoingOf(row), state: "sending", attempts: row.attempts + 1 }));
    },

    nextDueAt(): number | null {
      const times = OUTGOING_KINDS.flatMap((kind) => earliest[kind].get() ?? []);
      return times.length === 0 ? null : Math.min(...times);
    },
  };
}

/** What a worker had that has died: nobody knows whether it arrived. */
function reclaimer({ client }: Pick<Connection, "client">) {
  const isLate = client
    .prepare<[number], 1>(
      "SELECT 1 FROM outbox INDEXED BY outbox_leased WHERE state = 'sending' AND leased_until <= ? LIMIT 1",
    )
    .pluck();
  const reclaim = client.prepare<[number, OutgoingKind]>(
    `UPDATE outbox SET state = 'waiting', unclear_since = coalesce(unclear_since, claimed_at), claimed_at = NULL,
       leased_until = NULL
     WHERE seq IN (SELECT seq FROM outbox INDEXED BY outbox_leased
       WHERE state = 'sending' AND leased_until <= ? AND kind = ? ORDER BY leased_until LIMIT ${MAX_CLAIMED})`,
  );
  return (kinds: readonly OutgoingKind[], now: number): void => {
    if (isLate.get(now) === undefined) return;
    for (const kind of kinds) reclaim.run(now, kind);
  };
}

/**
 * Another one of the same kind to the same person is out, or nobody knows whether it is: a lost answer is looked up by
 * whom it went to, and must be the only one that it can be. Of two in doubt the earlier one goes first.
 */
const NOT_HELD_BACK = `AND NOT EXISTS (
  SELECT 1 FROM outbox other INDEXED BY outbox_of_subscriber
  WHERE other.business_id = job.business_id AND other.subscriber_id = job.subscriber_id AND other.kind = job.kind
    AND other.seq <> job.seq
    AND (other.state = 'sending' OR (other.state = 'waiting' AND other.unclear_since IS NOT NULL
      AND (job.unclear_since IS NULL OR other.seq < job.seq))))`;

/** Events and recordings are each by themselves: what is looked up goes by its own name, and not by whom it went to. */
const FREE: Readonly<Record<OutgoingKind, string>> = {
  message: NOT_HELD_BACK,
  call: NOT_HELD_BACK,
  event: "",
  recording: "",
};

function eachKind<S extends Statement>(make: (kind: OutgoingKind) => S): Readonly<Record<OutgoingKind, S>> {
  return { message: make("message"), call: make("call"), event: make("event"), recording: make("recording") };
}
