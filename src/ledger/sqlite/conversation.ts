import type { Locale } from "../../call/business.ts";
import type { Asked, Conversation } from "../../call/reply.ts";
import type { Arrival } from "../messages.ts";
import type { Connection } from "./connection.ts";
import { GRANTED, PENDING, type EntryBook } from "./entry-book.ts";
import { SESSION_MS } from "./outbox-book.ts";

type Question = Omit<Asked, "topics" | "pendingEntryId"> & {
  readonly topics: string;
  readonly entryId: string | null;
  readonly at: number;
  readonly answered: 0 | 1;
};

/**
 * A question that has left: only that can have been read (law 3). A stop ends it as an answer does: a bare yes after it
 * may mean anything.
 */
const QUESTION = `SELECT id AS messageId, purpose, topics, locale, jurisdiction, script, entry_id AS entryId, at,
    EXISTS (SELECT 1 FROM message answer WHERE answer.business_id = asked.business_id
      AND answer.subscriber_id = asked.subscriber_id AND answer.seq > asked.seq
      AND answer.simulated = asked.simulated
      AND (answer.replies_to = asked.id OR answer.purpose = 'stop')) AS answered
  FROM message asked
  WHERE business_id = ? AND subscriber_id = ? AND simulated = ? AND direction = 'out'
    AND purpose IN ('notice', 'verification') AND sid IS NOT NULL`;

/** The id that the payload of our own buttons may carry. */
const PAYLOAD = /^(?:yes|no):(?<id>[\w-]+)$/;

/** What a person may be answering to, read inside the transaction that keeps their answer. */
export function conversations(
  { client }: Pick<Connection, "client">,
  book: Pick<EntryBook, "standing" | "verifyWithinMs">,
) {
  // What did not arrive has been read by nobody: a bare yes is not to it. Who answers it by name has read it.
  const newest = client.prepare<[string, string, 0 | 1], Question>(
    `${QUESTION} AND status NOT IN ('failed', 'undelivered') ORDER BY asked.seq DESC LIMIT 1`,
  );
  const byId = client.prepare<[string, string, 0 | 1, string], Question>(`${QUESTION} AND asked.id = ?`);
  const bySid = client.prepare<[string, string, 0 | 1, string], Question>(`${QUESTION} AND asked.sid = ?`);
  const last = client.prepare<[string, string, 0 | 1], { topics: string; locale: Locale }>(
    `SELECT topics, locale FROM message
     WHERE business_id = ? AND subscriber_id = ? AND simulated = ? AND direction = 'out'
       AND status NOT IN ('failed', 'undelivered') ORDER BY seq DESC LIMIT 1`,
  );

  const lately = client.prepare<[string, string, number, 0 | 1], Conversation["lately"]>(
    `SELECT count(*) AS answers, coalesce(sum(cause GLOB 'notice:*' AND NOT EXISTS (
         SELECT 1 FROM message answer WHERE answer.business_id = sent.business_id
           AND answer.subscriber_id = sent.subscriber_id AND answer.replies_to = sent.id)), 0) AS unansweredNotices
     FROM outbox sent INDEXED BY outbox_of_subscriber
     WHERE business_id = ? AND subscriber_id = ? AND kind = 'message' AND at > ? AND simulated = ?`,
  );

  /** What was answered to by name, if at all: an answer to something else is not an answer to our newest question. */
  function questionOf(
    { payload, repliedSid, ...arrival }: Arrival,
    subscriberId: string,
  ): Question | undefined {
    const whose = [arrival.businessId, subscriberId, arrival.simulated ? 1 : 0] as const;
    const id = PAYLOAD.exec(payload ?? "")?.groups?.["id"];
    if (id !== undefined) return byId.get(...whose, id);
    return repliedSid === null ? newest.get(...whose) : bySid.get(...whose, repliedSid);
  }

  function askedOf(arrival: Arrival, subscriberId: string): Asked | null {
    const found = questionOf(arrival, subscriberId);
    if (found === undefined || found.answered === 1) return null;
    const { entryId, at, answered: _answered, topics, ...question } = found;
    const isVerification = question.purpose === "verification";
    const lastsMs = isVerification ? book.verifyWithinMs(arrival.businessId) : SESSION_MS;
    if (arrival.at - at > lastsMs) return null;
    const pendingEntryId = isVerification ? entryId : null;
    return { ...question, topics: JSON.parse(topics) as string[], pendingEntryId };
  }

  return (arrival: Arrival, subscriberId: string): Conversation => {
    const { businessId, simulated } = arrival;
    const world = simulated ? 1 : 0;
    const ours = last.get(businessId, subscriberId, world);
    const sent = lately.get(businessId, subscriberId, arrival.at - SESSION_MS, world);
    return {
      asked: askedOf(arrival, subscriberId),
      granted: book.standing(businessId, subscriberId, simulated, GRANTED),
      pending: book.standing(businessId, subscriberId, simulated, PENDING),
      last: ours === undefined ? null : { ...ours, topics: JSON.parse(ours.topics) as string[] },
      lately: sent ?? { answers: 0, unansweredNotices: 0 },
    };
  };
}
