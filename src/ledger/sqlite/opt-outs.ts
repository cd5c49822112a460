import type { Database } from "better-sqlite3";
import { fold, type EntryKind } from "../../call/consent.ts";

/** What one entry did to one topic, for the opt-out rate. */
export type Tally = {
  readonly businessId: string;
  readonly simulated: 0 | 1;
  readonly topic: string;
  readonly change: "began" | "ended";
  readonly count: number;
};

/** Earlier entries of one person that are folded; an older one could only matter behind as many confirmations. */
const MAX_EARLIER = 100;
/** As the index says it, word for word, or SQLite does not see that it fits. */
const TALLIED = "kind IN ('granted', 'confirmed', 'revoked')";

/**
 * Grants, and withdrawals that ended one, in a period. Who never granted may withdraw too, and that is no opt-out: so
 * the state before each withdrawal is folded from the entries before it. Withdrawals are few; grants are counted from
 * the index alone.
 */
export function optOutTallies(client: Database) {
  const granted = client.prepare<[number, number], Omit<Tally, "topic" | "change"> & { topics: string }>(
    `SELECT business_id AS businessId, simulated, topics, count(*) AS count FROM entry INDEXED BY entry_tally
     WHERE ${TALLIED} AND kind = 'granted' AND at >= ? AND at < ? GROUP BY 1, 2, 3`,
  );
  const others = client.prepare<[number, number], Changing>(
    `SELECT seq, business_id AS businessId, subscriber_id AS subscriberId, simulated, kind, topics
     FROM entry INDEXED BY entry_tally
     WHERE ${TALLIED} AND kind IN ('confirmed', 'revoked') AND at >= ? AND at < ?`,
  );
  const before = client.prepare<Changing, { kind: EntryKind; topics: string }>(
    `SELECT kind, topics FROM entry INDEXED BY entry_of_subscriber
     WHERE business_id = :businessId AND subscriber_id = :subscriberId AND seq < :seq AND simulated = :simulated
     ORDER BY seq DESC LIMIT ${MAX_EARLIER}`,
  );

  /** The topics on which an entry changed whether the person may be written to. */
  function changed(entry: Changing): string[] {
    const earlier = before.all(entry).toReversed();
    const states = fold(earlier.map(({ kind, topics }) => ({ kind, topics: topicsOf(topics) })));
    const from = entry.kind === "revoked" ? "granted" : "pending";
    return topicsOf(entry.topics).filter((topic) => states.get(topic) === from);
  }

  return (from: number, until: number): readonly Tally[] => [
    ...granted
      .all(from, until)
      .flatMap(({ topics, ...rest }) =>
        topicsOf(topics).map((topic) => ({ ...rest, topic, change: "began" as const })),
      ),
    ...others.all(from, until).flatMap((entry): Tally[] => {
      const { businessId, simulated, kind } = entry;
      const change = kind === "revoked" ? "ended" : "began";
      return changed(entry).map((topic) => ({ businessId, simulated, topic, change, count: 1 }));
    }),
  ];
}

type Changing = {
  readonly seq: number;
  readonly businessId: string;
  readonly subscriberId: string;
  readonly simulated: 0 | 1;
  readonly kind: "confirmed" | "revoked";
  readonly topics: string;
};

function topicsOf(json: string): string[] {
  return JSON.parse(json) as string[];
}
