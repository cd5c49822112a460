import { reply as replyTo, type Intent, type ReplyDecision, type Reply } from "../../call/reply.ts";
import type { Entry } from "../ledger.ts";
import {
  rankOf,
  type Answered,
  type Arrival,
  type InboxMessage,
  type MessageProof,
  type Messages,
  type MessageStatus,
  type MessageStatusChange,
  type MessageView,
} from "../messages.ts";
import type { NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import { conversations } from "./conversation.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";
import { MESSAGE_LIFE_MS, SESSION_MS } from "./outbox-book.ts";
import type { Person } from "./people.ts";
import { silence } from "./silence.ts";

/** So many are listed at once. */
export const MAX_LISTED = 500;

type Parts = {
  readonly vault: NumberVault;
  readonly newId: () => string;
  readonly write: Write;
  readonly book: EntryBook;
};

/** The WhatsApp side on one SQLite file. What a message brings about is in the transaction that keeps it. */
export function sqliteMessages(connection: Connection, { vault, newId, write, book }: Parts): Messages {
  const receive = receiver(connection, { vault, newId, book });
  const change = statusBook(connection, book);
  return {
    receive: (arrival, to) => write(() => receive(arrival, to)),
    statusChanged: (changed) => write(() => change(changed)),
    expirePending: silence(connection, { write, book }),
    changeNumber: (changed) => write(() => book.changeNumber(changed)),
    ...shelf(connection, { vault, write, book }),
  };
}

type To = Parameters<Messages["receive"]>[1];

function receiver({ client }: Connection, { vault, newId, book }: Omit<Parts, "write">) {
  const conversationWith = conversations({ client }, book);
  // Law 4, for messages: the unique index decides whether this is the first delivery, not a look-up.
  const add = client.prepare<ArrivedValues>(
    `INSERT INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
       topics, sid, sealed_body, commitment, payload, replies_to, status, at)
     VALUES (?, ?, 'in', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'received', ?)
     ON CONFLICT (sid, business_id) WHERE sid IS NOT NULL DO NOTHING`,
  );
  const bySid = client.prepare<[string, string], { messageId: string; understood: Intent["kind"] }>(
    "SELECT id AS messageId, purpose AS understood FROM message WHERE business_id = ? AND sid = ?",
  );
  const sourceOf = client
    .prepare<[string, string], string>("SELECT source_id FROM entry WHERE business_id = ? AND id = ?")
    .pluck();

  function keep(arrival: Arrival, id: string, person: Person, reply: Reply): boolean {
    const { businessId, simulated, body, payload, sid, at } = arrival;
    const { understood, locale, jurisdiction, script, decisions } = reply;
    const topics = JSON.stringify([...new Set(decisions.flatMap((decision) => decision.topics))]);
    const answered = decisions.find(({ answers }) => answers !== null)?.answers?.messageId ?? null;
    const salt = person.salt();
    const row: ArrivedValues = [
      ...([businessId, id, understood, person.id, simulated ? 1 : 0] as const),
      ...([locale, jurisdiction, script, topics] as const),
      ...([sid, vault.seal(salt, body), vault.commitTo(salt, body), payload, answered, at] as const),
    ];
    return add.run(...row).changes === 1;
  }

  return (arrival: Arrival, to: To): Answered => {
    const { businessId, from, sid, simulated, at } = arrival;
    const person = book.people.person(businessId, from, at);
    const reply = replyTo(arrival.intent, conversationWith(arrival, person.id), { ...to, number: from });
    const messageId = newId();
    if (!keep(arrival, messageId, person, reply)) return repeated(businessId, sid);
    person.save();
    const entries = answerAll(arrival, messageId, person.id, reply);
    if (reply.message !== null) {
      const { purpose, topics } = reply.message;
      const { locale, jurisdiction, script } = reply;
      const about = { kind: "message", purpose, topics, locale, jurisdiction, script } as const;
      book.outbox.add(
        {
          businessId,
          cause: `${purpose}:${messageId}`,
          subscriberId: person.id,
          simulated,
          entryId: null,
          payload: { ...about, sessionUntil: at + SESSION_MS },
          dueAt: at,
          expiresAt: at + MESSAGE_LIFE_MS,
          requestedBy: null,
        },
        at,
      );
    }
    return { repeated: false, understood: reply.understood, messageId, entries };
  };

  function repeated(businessId: string, sid: string): Answered {
    const kept = bySid.get(businessId, sid);
    if (kept === undefined) throw new Error(`${sid} was neither kept nor there before.`);
    const entries = book.statements.entriesOfSource.all({ businessId, sourceId: kept.messageId });
    return { repeated: true, ...kept, entries };
  }

  function answerAll(arrival: Arrival, messageId: string, writer: string, reply: Reply): readonly Entry[] {
    const { businessId, simulated, at } = arrival;
    const entries: Entry[] = [];
    const said = {
      businessId,
      simulated,
      at,
      source: "whatsapp",
      sourceId: messageId,
      messageId,
      reason: null,
    };
    for (const decision of reply.decisions) {
      const { kind, number, answers } = decision;
      const { locale, jurisdiction, script } = answers ?? reply;
      const subscriberId = number === null ? writer : book.people.findOrAdd(businessId, number, at);
      const ended = kind === "pending" ? entries.find((entry) => entry.kind === "revoked") : undefined;
      for (const part of partsOf(businessId, decision, writer, simulated)) {
        const draft = {
          ...said,
          ...part,
          subscriberId,
          kind,
          locale,
          jurisdiction,
          script,
          step: reply.understood,
          attempt: entries.length + 1,
          noticeMessageId: answers?.messageId ?? null,
          noticePurpose: answers?.purpose ?? null,
          supersedes: ended?.id ?? null,
        };
        const sessionUntil = subscriberId === writer ? at + SESSION_MS : null;
        entries.push(book.insert(draft, { sessionUntil }));
      }
    }
    return entries;
  }

  /** A yes speaks for each pending entry by itself: of a call in which topics were named one by one, there are several. */
  function partsOf(businessId: string, decision: ReplyDecision, writer: string, simulated: boolean) {
    const { kind, topics, answers } = decision;
    if (kind !== "confirmed") return [{ topics, confirms: null }];
    const sourceId = sourceOf.get(businessId, answers?.pendingEntryId ?? "");
    if (sourceId === undefined) throw new Error("A yes confirms nothing that was asked.");
    return book.statements.entriesOfSource
      .all({ businessId, sourceId })
      .filter((one) => one.kind === "pending" && one.subscriberId === writer && one.simulated === simulated)
      .map((one) => ({ topics: one.topics.filter((topic) => topics.includes(topic)), confirms: one.id }))
      .filter((part) => part.topics.length > 0);
  }
}

type ArrivedValues = [
  ...whose: [businessId: string, id: string, purpose: string, subscriberId: string, simulated: 0 | 1],
  ...what: [locale: string, jurisdiction: string, script: string, topics: string],
  ...words: [sid: string, sealedBody: Buffer, commitment: string, payload: string | null],
  ...rest: [repliesTo: string | null, at: number],
];

/** How far a message came. Callbacks come late, twice and in any order; what is known does not go back. */
function statusBook({ client }: Connection, { outbox }: Pick<EntryBook, "outbox">) {
  type Sent = { businessId: string; id: string; simulated: 0 | 1; sid: string | null; status: MessageStatus };
  const columns =
    "message.business_id AS businessId, message.id, message.simulated, message.sid, message.status";
  const bySid = client.prepare<[string], Sent>(
    `SELECT ${columns} FROM message WHERE sid = ? AND direction = 'out'`,
  );
  const byOutgoing = client.prepare<[string], Sent>(
    `SELECT ${columns} FROM outbox JOIN message ON message.business_id = outbox.business_id AND message.id = outbox.id
     WHERE outbox.id = ?`,
  );
  const update = client.prepare<[MessageStatus, number | null, string, string]>(
    "UPDATE message SET status = ?, error_code = coalesce(?, error_code) WHERE business_id = ? AND id = ?",
  );

  return (change: MessageStatusChange): "changed" | "stale" | "unknown" => {
    const { sid, outgoingId, status, errorCode, at } = change;
    const named = bySid.get(sid);
    const sent = named ?? (outgoingId === null ? undefined : byOutgoing.get(outgoingId));
    // Law 6: what one world's account says is nothing to the other world's messages.
    if (sent === undefined || (sent.simulated === 1) !== change.simulated) return "unknown";
    if (sent.sid !== null && sent.sid !== sid) return "unknown";
    outbox.accepted(sent.id, sid, at);
    const step = rankOf(status) - rankOf(sent.status);
    // Why it failed may be told by the second of two callbacks that say so.
    if (step <= 0) {
      if (step === 0) update.run(sent.status, errorCode, sent.businessId, sent.id);
      return "stale";
    }
    update.run(status, errorCode, sent.businessId, sent.id);
    return "changed";
  };
}

/** What people wrote and what was written to them, as supervisors find it. */
function shelf(
  { client }: Connection,
  { vault, write, book }: Omit<Parts, "newId">,
): Pick<Messages, "inbox" | "words" | "handle" | "get" | "withSubscriber" | "borneByOthers"> {
  const inbox = client.prepare<[number, number | null, number], StoredMessage>(
    `SELECT ${VIEWED} WHERE message.purpose = 'unclear' AND message.handled_at IS NULL AND message.seq > ?
       AND message.simulated = coalesce(?, message.simulated)
     ORDER BY message.seq LIMIT ?`,
  );
  const withPerson = client.prepare<[string, string, number], StoredMessage>(
    `SELECT ${VIEWED} WHERE message.business_id = ? AND message.subscriber_id = ? ORDER BY message.seq DESC LIMIT ?`,
  );
  const one = client.prepare<[string, string], StoredMessage & Proven>(
    `SELECT ${PROVEN}, ${VIEWED} WHERE message.business_id = ? AND message.id = ?`,
  );
  const sealed = client.prepare<[string, string], { subscriberId: string; body: Buffer | null }>(
    `SELECT subscriber_id AS subscriberId, sealed_body AS body FROM message
     WHERE business_id = ? AND id = ? AND direction = 'in'`,
  );
  const handle = client.prepare<[number, string, string, string]>(
    `UPDATE message SET handled_at = ?, handled_by = ?
     WHERE business_id = ? AND id = ? AND direction = 'in' AND purpose = 'unclear' AND handled_at IS NULL`,
  );
  const borneByOther = client.prepare<[string, string, string]>(
    "SELECT 1 FROM message WHERE sid = ? AND business_id = ? AND id <> ?",
  );

  return {
    async inbox({ after, limit, simulated }) {
      const world = simulated === undefined ? null : Number(simulated);
      return inbox.all(after, world, Math.min(limit, MAX_LISTED)).map(viewOf);
    },
    async words(businessId, messageId) {
      const found = sealed.get(businessId, messageId);
      if (found === undefined || found.body === null) return null;
      const salt = book.people.saltOf(businessId, found.subscriberId);
      return salt === null ? null : vault.unseal(salt, found.body);
    },
    handle: (businessId, messageId, by, at) =>
      write(() => handle.run(at, by, businessId, messageId).changes === 1),
    async get(businessId, messageId) {
      const found = one.get(businessId, messageId);
      return found === undefined ? null : { ...found, ...viewOf(found) };
    },
    borneByOthers: async (businessId, messageId, sids) =>
      sids.filter((sid) => borneByOther.get(sid, businessId, messageId) !== undefined),

    async withSubscriber(businessId, subscriberId, limit) {
      return withPerson.all(businessId, subscriberId, Math.min(limit, MAX_LISTED)).map(viewOf);
    },
  };
}

const VIEWED = `message.seq, message.id, message.business_id AS businessId, message.direction, message.purpose,
    message.subscriber_id AS subscriberId, message.simulated, message.locale, message.topics, message.sid,
    served_text.words, message.status, message.error_code AS errorCode, message.entry_id AS entryId, message.at
  FROM message LEFT JOIN served_text
    ON served_text.business_id = message.business_id AND served_text.digest = message.text_digest`;

const PROVEN = `served_text.words_digest AS wordsDigest, message.content_sid AS contentSid, message.payload,
    message.commitment, message.replies_to AS repliesTo`;
type Proven = Omit<MessageProof, keyof MessageView | "businessId">;

type StoredMessage = Omit<InboxMessage, "topics" | "simulated"> & {
  readonly topics: string;
  readonly simulated: 0 | 1;
};

function viewOf({ topics, simulated, ...rest }: StoredMessage): MessageView & { businessId: string } {
  return { ...rest, topics: JSON.parse(topics) as string[], simulated: simulated === 1 };
}
