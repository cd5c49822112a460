import { setImmediate } from "node:timers/promises";
import type { Business } from "../../call/business.ts";
import type { E164 } from "../../call/phone-number.ts";
import type { ErasureLists, ListedErasure } from "../erasure-list.ts";
import type { Entry } from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import type { Certificate, ErasedCounts, ErasureCause, ErasureOrder, Privacy } from "../privacy.ts";
import { groundOf } from "../withdraw.ts";
import { certificateShelf, type ErasureReport } from "./certificates.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import { erasureLists } from "./erasure-list.ts";
import type { Expiry } from "./expiry.ts";
import type { Write } from "./group-commit.ts";

type Erasing = "erase" | "forget" | "certificateOf" | "certificates" | "retentionRuns" | "erasureTally";

type Parts = {
  readonly vault: NumberVault;
  readonly newId: () => string;
  readonly write: Write;
  readonly book: EntryBook;
  readonly businesses: readonly Business[];
  readonly isExpired: Expiry["isExpired"];
};

type Order = Omit<ErasureOrder, "keepSuppression"> & {
  readonly cause: ErasureCause;
  readonly suppression: "keep" | "drop" | "keep-if-withdrawn";
};

/** What is told of an erasure whose person has dealt with nobody any more. */
const HANDLED_BY = "erasure";

/** Law 5's other half: entries stay, and what makes them somebody's can go. */
export function erasures(
  connection: Connection,
  { vault, newId, write, book, businesses, isExpired }: Parts,
): Pick<Privacy, Erasing | keyof ErasureLists> {
  const { statements, people, suppressions } = book;
  const lists = erasureLists(connection, { write, suppressions });
  const answersAbout = answerSearch(connection);
  const scrub = scrubber(connection);
  const shelf = certificateShelf(connection);

  /** Who is meant; the number is null where the id is nobody's, or no longer. */
  function personOf({ businessId, who }: Pick<Order, "businessId" | "who">): {
    id: string | null;
    number: E164 | null;
  } {
    if ("number" in who) return { id: people.find(businessId, who.number), number: who.number };
    const row = statements.subscriberById.get({ businessId, id: who.subscriberId });
    return row === undefined
      ? { id: null, number: null }
      : { id: who.subscriberId, number: vault.decrypt(who.subscriberId, row.number) };
  }

  /** Ends what stands, in each world where something does. */
  function revokeAll({ businessId, at }: Order, id: string, subscriberId: string): readonly Entry[] {
    const which = { businessId, subscriberId };
    const open = statements.consentsOf.all(which).filter(({ state }) => OPEN.has(state));
    const entries = statements.entriesOf.all(which);
    const business = businesses.find((each) => each.id === businessId);
    return [...new Set(open.map(({ simulated }) => simulated))].map((simulated) => {
      const topics = open.filter((each) => each.simulated === simulated).map(({ topic }) => topic);
      return book.insert({
        ...which,
        ...groundOf(entries, topics, simulated ? "simulated" : "real", business),
        kind: "revoked",
        topics,
        simulated,
        source: "erasure",
        sourceId: id,
        step: simulated ? "erasure:simulated" : "erasure",
        attempt: 1,
        reason: null,
        at,
      });
    });
  }

  function suppress(order: Order, number: E164, id: string | null): boolean {
    const { businessId, suppression, at } = order;
    const said = id === null ? [] : statements.entriesOf.all({ businessId, subscriberId: id });
    const withdrew = said.some(({ kind, source }) => kind === "revoked" && OWN_WISH.has(source));
    if (suppression === "keep" || (suppression === "keep-if-withdrawn" && withdrew)) {
      suppressions.add(businessId, number, withdrew ? "withdrawn" : "erased", at);
      return true;
    }
    suppressions.lift(businessId, number);
    return false;
  }

  function eraseNow(order: Order, answers: readonly KeptAnswerKey[], again?: ListedErasure): string {
    const { businessId, cause, by, byName, at } = order;
    const id = again?.id ?? newId();
    const { id: subscriberId, number } = personOf(order);
    const suppressed = number === null ? (again?.suppressed ?? false) : suppress(order, number, subscriberId);
    const revoked = subscriberId === null ? [] : revokeAll(order, id, subscriberId);
    // Before the entries are nobody's: whose calls they were is what tells which audio goes.
    const recordings = subscriberId === null ? 0 : book.recordings.forget({ businessId, subscriberId }, at);
    const report: ErasureReport = {
      erased:
        subscriberId === null
          ? NOTHING_ERASED
          : { ...scrub(businessId, subscriberId, answers, at), recordings },
      revoked: revoked.map((entry) => entry.id),
    };
    const known = subscriberId ?? again?.subscriberId ?? null;
    shelf.add({ id, businessId, subscriberId: known, cause, by, byName, suppressed, report, at });
    return id;
  }

  return {
    ...lists,
    async erase(order) {
      const { businessId, keepSuppression } = order;
      const { id: subscriberId } = personOf(order);
      const answers = subscriberId === null ? [] : await answersAbout(businessId, subscriberId);
      const suppression = keepSuppression ? "keep" : "drop";
      const id = await write(() => eraseNow({ ...order, cause: "request", suppression }, answers));
      return found(shelf.byId(businessId, id));
    },
    forget({ subscriberIds, ...asked }) {
      const { businessId, by, byName, now: at } = asked;
      const about = {
        businessId,
        by,
        byName,
        at,
        cause: "retention",
        suppression: "keep-if-withdrawn",
      } as const;
      return write(() => {
        const expired = subscriberIds.filter((id) => isExpired(asked, id));
        for (const subscriberId of expired) eraseNow({ ...about, who: { subscriberId } }, []);
        return expired.length;
      });
    },
    async eraseAgain(erasure, left) {
      const { businessId, id, subscriberId, suppressed, cause, by, byName, at } = erasure;
      if (await lists.knowsErasure(businessId, id)) return false;
      const answers = subscriberId === null ? [] : await answersAbout(businessId, subscriberId);
      const suppression = suppressed ? "keep" : cause === "request" ? "drop" : "keep-if-withdrawn";
      const order = { businessId, who: { subscriberId: subscriberId ?? "" }, cause, by, byName, at };
      await write(() => {
        eraseNow({ ...order, suppression }, answers, erasure);
        for (const each of left) suppressions.addHash(each);
      });
      return true;
    },
    certificateOf: async (businessId, id) => shelf.bySubscriber(businessId, id) ?? shelf.byId(businessId, id),
    retentionRuns: async (businessId, limit) => shelf.runs(businessId, limit),
    erasureTally: async () => shelf.tally(),
    certificates: async (businessId, limit) => shelf.newest(businessId, limit),
  };
}

const OPEN: ReadonlySet<string> = new Set(["granted", "pending"]);
/** Whoever was revoked by silence, or by moving to another number, has not asked to be left alone. */
const OWN_WISH: ReadonlySet<string> = new Set(["call", "whatsapp", "api", "console", "cli"]);
const NOTHING_ERASED: ErasedCounts = {
  subscriber: 0,
  noteTexts: 0,
  messageBodies: 0,
  idempotencyAnswers: 0,
  liveCalls: 0,
  recordings: 0,
  outboxPayloads: 0,
  cancelledMessages: 0,
  cancelledCalls: 0,
};

function found(certificate: Certificate | null): Certificate {
  if (certificate === null) throw new Error("An erasure was committed, and is not there.");
  return certificate;
}

/** Everything of a person but the entries, events, messages and calls that are the evidence, where only an id is left. */
function scrubber({ client }: Connection) {
  type Whose = [businessId: string, subscriberId: string];
  const cancel = client.prepare<[number, string, ...Whose]>(
    `UPDATE outbox SET state = 'cancelled', finished_at = ?, error_code = NULL, claimed_at = NULL, leased_until = NULL,
       unclear_since = NULL
     WHERE kind = ? AND business_id = ? AND subscriber_id = ? AND +state IN ('waiting', 'sending')`,
  );
  const empty = client.prepare<Whose>(
    `UPDATE outbox SET error_message = NULL, payload = CASE kind
         WHEN 'message' THEN json_set(payload, '$.topics', json('[]'), '$.sessionUntil', NULL) ELSE payload END
     WHERE business_id = ? AND subscriber_id = ? AND kind IN ('message', 'call')`,
  );
  const words = client.prepare<Whose>(
    `UPDATE message SET sealed_body = NULL
     WHERE business_id = ? AND subscriber_id = ? AND direction = 'in' AND sealed_body IS NOT NULL`,
  );
  const inbox = client.prepare<[number, string, ...Whose]>(
    `UPDATE message SET handled_at = ?, handled_by = ?
     WHERE business_id = ? AND subscriber_id = ? AND direction = 'in' AND purpose = 'unclear' AND handled_at IS NULL`,
  );
  const liveCalls = client.prepare<Whose>(
    `DELETE FROM live_call WHERE (business_id, call_sid) IN
       (SELECT business_id, call_sid FROM call INDEXED BY call_of_subscriber
        WHERE business_id = ? AND subscriber_id = ?)`,
  );
  const answer = client.prepare<[string, string]>(
    "DELETE FROM idempotency WHERE key_id = ? AND idempotency_key = ? AND status IS NOT NULL",
  );
  const person = client.prepare<Whose>("DELETE FROM subscriber WHERE business_id = ? AND id = ?");
  // Once the person's row is gone: a trigger sees to it.
  const notes = client.prepare<Whose>(
    "UPDATE note SET text = x'' WHERE business_id = ? AND subscriber_id = ? AND text <> x''",
  );

  return (
    businessId: string,
    subscriberId: string,
    answers: readonly KeptAnswerKey[],
    at: number,
  ): Omit<ErasedCounts, "recordings"> => {
    const whose: Whose = [businessId, subscriberId];
    const cancelledMessages = cancel.run(at, "message", ...whose).changes;
    const cancelledCalls = cancel.run(at, "call", ...whose).changes;
    inbox.run(at, HANDLED_BY, ...whose);
    return {
      cancelledMessages,
      cancelledCalls,
      outboxPayloads: empty.run(...whose).changes,
      messageBodies: words.run(...whose).changes,
      liveCalls: liveCalls.run(...whose).changes,
      idempotencyAnswers: answers
        .map(({ keyId, name }) => answer.run(keyId, name).changes)
        .reduce((sum, changes) => sum + changes, 0),
      subscriber: person.run(...whose).changes,
      noteTexts: notes.run(...whose).changes,
    };
  };
}

type KeptAnswerKey = { readonly keyId: string; readonly name: string };

/** Answers to other systems are kept for a day; so many of them are looked through in one turn of the event loop. */
const ANSWERS_AT_ONCE = 2_000;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Kept answers that name the person or one of their entries. They hold no number (see `written`); the ids lead to one. */
function answerSearch({ client }: Connection) {
  const entryIds = client
    .prepare<[string, string], string>(
      "SELECT id FROM entry INDEXED BY entry_of_subscriber WHERE business_id = ? AND subscriber_id = ?",
    )
    .pluck();
  const jobIds = client
    .prepare<[string, string], string>("SELECT id FROM outbox WHERE business_id = ? AND subscriber_id = ?")
    .pluck();
  const page = client.prepare<[number, number], KeptAnswerKey & { rowid: number; body: string }>(
    `SELECT rowid, key_id AS keyId, idempotency_key AS name, body FROM idempotency
     WHERE rowid > ? AND body IS NOT NULL ORDER BY rowid LIMIT ?`,
  );

  return async (businessId: string, subscriberId: string): Promise<readonly KeptAnswerKey[]> => {
    const theirs = new Set([
      subscriberId,
      ...entryIds.all(businessId, subscriberId),
      ...jobIds.all(businessId, subscriberId),
    ]);
    const about: KeptAnswerKey[] = [];
    for (let after = 0; ;) {
      const rows = page.all(after, ANSWERS_AT_ONCE);
      for (const { keyId, name, body } of rows) {
        if (body.match(UUID)?.some((id) => theirs.has(id)) === true) about.push({ keyId, name });
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < ANSWERS_AT_ONCE) return about;
      after = last.rowid;
      await setImmediate();
    }
  };
}
