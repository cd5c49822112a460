import { standingJurisdiction, USUAL_RULES, type Business } from "../../call/business.ts";
import { messageAfter } from "../../call/consequences.ts";
import { after, type ConsentState, type EntryKind } from "../../call/consent.ts";
import type { Entry, Withdrawal } from "../ledger.ts";
import type { NumberChange } from "../messages.ts";
import type { Connection } from "./connection.ts";
import { endpointBook, type EndpointBook } from "./endpoints.ts";
import { EVENT_LIFE_MS, MESSAGE_LIFE_MS, outboxBook, type OutboxBook } from "./outbox-book.ts";
import { recordingBook, type RecordingBook } from "./recording-book.ts";
import { peopleBook, type PeopleBook, type PeopleOptions } from "./people.ts";
import { reasonBook, type ReasonBook } from "./reasons.ts";
import type * as table from "./schema.ts";
import { prepare } from "./statements.ts";
import { suppressionBook, type SuppressionBook } from "./suppressions.ts";

export type EntryBookOptions = PeopleOptions & {
  /** Their rules: how long a number that someone else named has to confirm. The usual one for those not here. */
  readonly businesses?: readonly Business[];
};

/** What goes into an entry, beside what the book itself gives it. */
export type EntryDraft = Omit<EntryRow, "seq" | "id" | "commitment" | MayLack> &
  Partial<Pick<EntryRow, MayLack>>;
type EntryRow = typeof table.entry.$inferSelect;
type MayLack = keyof typeof NO_ENTRY;

export type Sending = {
  /** When the message about it leaves; at once, unless told. */
  readonly dueAt?: number;
  /** Free text to this person is allowed until then; not at all, unless told. */
  readonly sessionUntil?: number | null;
};

export type EntryBook = ReturnType<typeof entryBook>;

/**
 * The one way to write an entry, whatever brings it: the row, the projection, and what leaves because of it, all in the
 * transaction of the caller. Nothing here commits.
 */
export function entryBook(connection: Connection, options: EntryBookOptions) {
  const statements = prepare(connection);
  const people: PeopleBook = peopleBook(connection, options);
  const outbox: OutboxBook = outboxBook(connection, options.newId);
  const recordings: RecordingBook = recordingBook(connection, outbox);
  const endpoints: EndpointBook = endpointBook(connection);
  const suppressions: SuppressionBook = suppressionBook(connection, options.vault);
  const reasons: ReasonBook = reasonBook(connection, options.vault);
  const { newId, businesses = [] } = options;
  const rules = new Map(businesses.map((each) => [each.id, each]));

  /** @throws where the person has been erased, or the database refuses */
  function insert(draft: EntryDraft, sending: Sending = {}): Entry {
    const { businessId, subscriberId, topics, simulated, kind, at } = draft;
    const person = statements.subscriberById.get({ businessId, id: subscriberId });
    if (person === undefined) throw new Error(`Subscriber ${subscriberId} was erased.`);
    const id = newId();
    const reason = reasons.keep(id, draft);
    const row = { ...NO_ENTRY, ...draft, reason, id, commitment: person.commitment };
    const entry = { ...row, seq: Number(statements.addEntry(row).lastInsertRowid) };
    const forgotten = forgottenWithdrawal(draft, person.number);
    const before = topics.map((topic): ConsentState => {
      const state = statements.consent.get(businessId, subscriberId, topic, simulated ? 1 : 0) ?? "none";
      const which = { businessId, subscriberId, topic, simulated };
      if (moves(kind, state)) statements.setConsent({ ...which, state: after(state, kind), entryId: id, at });
      return forgotten && state === "none" ? "revoked" : state;
    });
    follow(entry, before, sending);
    return entry;
  }

  /**
   * Whether the person once withdrew, and only that was kept of them: nobody else can have them written to again. Their
   * own yes lifts it, for they have joined again; a simulated one lifts nothing real (law 6).
   */
  function forgottenWithdrawal(
    { businessId, subscriberId, kind, simulated }: EntryDraft,
    sealed: Buffer,
  ): boolean {
    if (!suppressions.any(businessId)) return false;
    switch (kind) {
      case "pending":
        return suppressions.has(businessId, options.vault.decrypt(subscriberId, sealed));
      case "granted":
      case "confirmed":
        if (!simulated) suppressions.lift(businessId, options.vault.decrypt(subscriberId, sealed));
        return false;
      case "refused":
      case "revoked":
      case "recorded":
        return false;
    }
  }

  /** The outbox rows that follow from an entry, in the same transaction: both are there, or neither. */
  function follow(entry: Entry, before: readonly ConsentState[], sending: Sending): void {
    const { businessId, subscriberId, simulated, id: entryId, kind, at } = entry;
    const purpose = messageAfter(entry, before);
    if (purpose !== null && !outbox.isEnough(purpose, entry, before)) {
      const { dueAt = at, sessionUntil = null } = sending;
      const lifeMs = purpose === "verification" ? verifyWithinMs(businessId) : MESSAGE_LIFE_MS;
      const business = rules.get(businessId);
      const jurisdiction = business === undefined ? entry.jurisdiction : standingJurisdiction(business);
      outbox.tell(purpose, { ...entry, jurisdiction }, { dueAt, sessionUntil, expiresAt: at + lifeMs });
    }
    for (const endpointId of endpoints.wanting(businessId, kind)) {
      const about = { businessId, subscriberId, simulated, entryId, requestedBy: null };
      const payload = { kind: "event", endpointId } as const;
      const cause = `event:${endpointId}:${entryId}`;
      outbox.add({ ...about, cause, payload, dueAt: at, expiresAt: at + EVENT_LIFE_MS }, at);
    }
  }

  /** How long a number that someone else named has to confirm. */
  function verifyWithinMs(businessId: string): number {
    return (rules.get(businessId) ?? USUAL_RULES).verifyWithinHours * HOUR_MS;
  }

  /** Topics that stand in one of these states, in one world. */
  function standing(
    businessId: string,
    subscriberId: string,
    simulated: boolean,
    states: ReadonlySet<ConsentState>,
  ): readonly string[] {
    return statements.consentsOf
      .all({ businessId, subscriberId })
      .filter((row) => row.simulated === simulated && states.has(row.state))
      .map((row) => row.topic);
  }

  /**
   * A real entry, whatever stands, for leaving must work for whoever never joined; and a simulated one, where a
   * simulated call left something. Where one world was named: only there, and only what stands.
   */
  function revoke({ number, sourceId, simulated: world, ...rest }: Withdrawal): readonly Entry[] {
    const { businessId, topics, at } = rest;
    const earlier = statements.entriesOfSource.all({ businessId, sourceId });
    if (earlier.length > 0) return earlier;
    const subscriberId = people.findOrAdd(businessId, number, at);
    const open = statements.consentsOf
      .all({ businessId, subscriberId })
      .filter((row) => topics.includes(row.topic) && OPEN.has(row.state))
      .map((row) => row.simulated);
    const worlds = new Set(world === undefined ? [false, ...open] : open.filter((each) => each === world));
    return Array.from(worlds, (simulated) =>
      insert({
        ...rest,
        sourceId,
        subscriberId,
        kind: "revoked",
        simulated,
        step: simulated ? "revoke:simulated" : "revoke",
        attempt: 1,
      }),
    );
  }

  /** What the old number granted ends there and waits for the new number's owner. */
  function changeNumber({ from, to, ...rest }: NumberChange): readonly Entry[] {
    const { businessId, sourceId, simulated, at } = rest;
    const earlier = statements.entriesOfSource.all({ businessId, sourceId });
    if (earlier.length > 0) return earlier;
    const oldId = people.find(businessId, from);
    if (oldId === null || from === to || suppressions.has(businessId, to)) return [];
    const topics = standing(businessId, oldId, simulated, GRANTED);
    if (topics.length === 0) return [];
    const moved = { ...rest, topics, step: "change", attempt: 1 };
    const ended = insert({ ...moved, kind: "revoked", subscriberId: oldId });
    const subscriberId = people.findOrAdd(businessId, to, at);
    return [ended, insert({ ...moved, kind: "pending", subscriberId, supersedes: ended.id })];
  }

  return {
    statements,
    people,
    outbox,
    endpoints,
    recordings,
    suppressions,
    insert,
    standing,
    revoke,
    changeNumber,
    verifyWithinMs,
  };
}

const HOUR_MS = 60 * 60 * 1000;

const OPEN: ReadonlySet<ConsentState> = new Set(["granted", "pending"]);
export const GRANTED: ReadonlySet<ConsentState> = new Set(["granted"]);
export const PENDING: ReadonlySet<ConsentState> = new Set(["pending"]);

/** Law 3: the first serving of the notice in the call; a foreign key says that it is there. */
export const NOTICE_OF_CALL = { noticeStep: "notice", noticeAttempt: 1, noticeKind: "served" } as const;

/** Leaving needs no notice: a returning caller may go without hearing it again. */
export const NO_NOTICE = { noticeStep: null, noticeAttempt: null, noticeKind: null } as const;

const NO_MESSAGE = {
  noticeMessageId: null,
  noticePurpose: null,
  messageId: null,
  confirms: null,
  supersedes: null,
};
const NO_RECORDING = {
  recordingSid: null,
  recordingSeconds: null,
  recordingBytes: null,
  recordingSha256: null,
};
const NO_ENTRY = {
  callSid: null,
  key: null,
  attestation: null,
  ...NO_NOTICE,
  ...NO_MESSAGE,
  ...NO_RECORDING,
};

/** Whether the entry speaks for the state from now on: what leaves a state alone does not become its ground. */
function moves(kind: EntryKind, state: ConsentState): boolean {
  switch (kind) {
    case "granted":
    case "refused":
    case "revoked":
      return true;
    case "pending":
      return state !== "granted";
    case "confirmed":
      return state === "pending";
    case "recorded":
      return false;
  }
}
