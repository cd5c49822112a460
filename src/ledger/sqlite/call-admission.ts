import { HOUR_WINDOW_MS, mayCall, NUMBER_WINDOW_MS, type CallHistory } from "../../call/calling.ts";
import { ownWord } from "../../call/consent.ts";
import type { OutgoingStore } from "../outgoing.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";

/** "Calls last 4 h at most by default" (Twilio). */
const LONGEST_CALL_MS = 4 * 60 * 60 * 1000;
/** From Twilio's yes to the first word of the call's fate: in its queue, ringing, and listening for a machine. */
const LONGEST_RINGING_MS = 10 * 60 * 1000;

/**
 * Adds a call to the queue, if what is known of the person and of the calls before allows it. All of it is one transaction: of two requests at once, only one can be the last that a cap allows.
 */
export function callAdmission(
  { client }: Connection,
  write: Write,
  book: EntryBook,
): OutgoingStore["addCall"] {
  const byCause = client
    .prepare<[string, string], string>(
      "SELECT id FROM outbox WHERE business_id = ? AND kind = 'call' AND cause = ?",
    )
    .pluck();
  const asked = client.prepare<[string, string, number, 0 | 1], { all: number; own: number | null }>(
    `SELECT count(*) AS "all", sum(requested_by IS ?) AS own FROM outbox INDEXED BY outbox_calls
     WHERE kind = 'call' AND business_id = ? AND at > ? AND simulated = ?`,
  );
  const toPerson = client
    .prepare<[string, string, number, 0 | 1], number>(
      `SELECT count(*) FROM outbox INDEXED BY outbox_of_subscriber
       WHERE business_id = ? AND subscriber_id = ? AND kind = 'call' AND at > ? AND simulated = ?
         AND state <> 'cancelled'`,
    )
    .pluck();
  const waiting = client
    .prepare<[string, string, 0 | 1, number], 1>(
      `SELECT 1 FROM outbox job INDEXED BY outbox_of_subscriber
       WHERE business_id = ? AND subscriber_id = ? AND kind = 'call' AND simulated = ?
         AND (state IN ('waiting', 'sending') OR (state = 'sent' AND finished_at > ? AND NOT EXISTS (
           SELECT 1 FROM call
           WHERE call.business_id = job.business_id AND call_sid = provider_sid AND ended_at IS NOT NULL)))
       LIMIT 1`,
    )
    .pluck();
  const talking = client
    .prepare<[string, string, number, 0 | 1], 1>(
      `SELECT 1 FROM call INDEXED BY call_of_subscriber
       WHERE business_id = ? AND subscriber_id = ? AND begun_at > ? AND simulated = ? AND ended_at IS NULL LIMIT 1`,
    )
    .pluck();

  function historyOf(order: Ordered, subscriberId: string | null): CallHistory {
    const { businessId, simulated, requestedBy, at, to } = order;
    const world = simulated ? 1 : 0;
    const { all, own } = asked.get(requestedBy, businessId, at - HOUR_WINDOW_MS, world) ?? NOBODY;
    const counted = { ofBusiness: all, ofRequester: own ?? 0 };
    const known = subscriberId === null ? [] : book.statements.consentsOf.all({ businessId, subscriberId });
    const theirs = known.filter((consent) => consent.simulated === simulated);
    const suppressed = theirs.length === 0 && book.suppressions.has(businessId, to);
    if (subscriberId === null)
      return { consents: suppressed ? [WITHDRAWN] : [], isUnderWay: false, toNumber: 0, ...counted };
    const isNamed = theirs.some(({ state }) => state === "pending");
    const entries = isNamed ? book.statements.entriesOf.all({ businessId, subscriberId }) : [];
    const said = isNamed ? ownWord(entries.filter((entry) => entry.simulated === simulated)) : theirs;
    return {
      consents: suppressed ? [WITHDRAWN] : said,
      isUnderWay:
        waiting.get(businessId, subscriberId, world, at - LONGEST_RINGING_MS) === 1 ||
        talking.get(businessId, subscriberId, at - LONGEST_CALL_MS, world) === 1,
      toNumber: toPerson.get(businessId, subscriberId, at - NUMBER_WINDOW_MS, world) ?? 0,
      ...counted,
    };
  }

  return (order, business) =>
    write(() => {
      const { to, at, ...rest } = order;
      const { businessId, expiresAt } = rest;
      const { locale } = rest.payload;
      const earlier = byCause.get(businessId, rest.cause);
      if (earlier !== undefined) return { kind: "queued", id: earlier };
      const history = historyOf(order, book.people.find(businessId, to));
      const verdict = mayCall({ business, to, locale, at, expiresAt }, history);
      if (verdict.kind !== "go") return verdict;
      const subscriberId = book.people.findOrAdd(businessId, to, at);
      const draft = { ...rest, subscriberId, entryId: null, dueAt: verdict.dueAt };
      const id = book.outbox.add(draft, at);
      if (id === null) throw new Error("A call's cause was there, and was not found.");
      return { kind: "queued", id };
    });
}

type Ordered = Parameters<OutgoingStore["addCall"]>[0];

/** Of a number that stays withdrawn, though the ledger has forgotten whose it is. */
const WITHDRAWN = { topic: "", state: "revoked" } as const;
const NOBODY = { all: 0, own: 0 };
