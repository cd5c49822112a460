import type { Entry } from "../ledger.ts";
import type { Messages } from "../messages.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";

/** Ended by one sweep; the next sweep takes the rest. */
const MAX_EXPIRED = 200;

type Unanswered = Pick<Entry, "subscriberId" | "locale" | "jurisdiction" | "script"> & {
  readonly entryId: string;
  readonly simulated: 0 | 1;
  readonly topics: string;
};

/** Law 1: silence is never consent. A number that someone else named and that never answered is not asked for ever. */
export function silence(
  { client }: Connection,
  { write, book }: { write: Write; book: EntryBook },
): Messages["expirePending"] {
  // The erased are left alone: nothing more is written about them.
  const unanswered = client.prepare<[string, number, number], Unanswered>(
    `SELECT consent.entry_id AS entryId, consent.subscriber_id AS subscriberId, consent.simulated,
       json_group_array(consent.topic) AS topics, asked.locale, asked.jurisdiction, asked.script
     FROM consent INDEXED BY consent_pending
     JOIN entry asked ON asked.business_id = consent.business_id AND asked.id = consent.entry_id
     JOIN subscriber ON subscriber.business_id = consent.business_id AND subscriber.id = consent.subscriber_id
     WHERE consent.state = 'pending' AND consent.business_id = ? AND consent.at < ?
     GROUP BY consent.entry_id LIMIT ?`,
  );

  return (businessId, askedBefore, at) =>
    write(() => {
      const found = unanswered.all(businessId, askedBefore, MAX_EXPIRED);
      for (const { entryId, topics, simulated, ...asked } of found) {
        book.insert({
          ...asked,
          businessId,
          kind: "revoked",
          topics: JSON.parse(topics) as string[],
          simulated: simulated === 1,
          source: "expiry",
          sourceId: entryId,
          step: "expiry",
          attempt: 1,
          reason: "The number's owner did not answer in time.",
          at,
        });
      }
      return found.length;
    });
}
