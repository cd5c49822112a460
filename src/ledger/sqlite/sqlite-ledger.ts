import { after, type ConsentState } from "../../call/consent.ts";
import type { E164 } from "../../call/phone-number.ts";
import {
  UnknownCall,
  type CallIdentity,
  type Entry,
  type Ledger,
  type NewEntry,
  type Recorded,
  type StatusChange,
  type Subscriber,
  type Turn,
  type Withdrawal,
} from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import { referenceOf } from "../reference.ts";
import type { Connection } from "./connection.ts";
import { facetBook } from "./facets.ts";
import { entryPages } from "./entry-pages.ts";
import { groupCommit, type GroupCommitOptions } from "./group-commit.ts";
import type * as table from "./schema.ts";
import { prepare } from "./statements.ts";
import { SWEPT, webhookBook, type WebhookBookOptions } from "./webhook-book.ts";

export type SqliteLedgerOptions = GroupCommitOptions & {
  readonly vault: NumberVault;
  /** UUIDv7. */
  readonly newId: () => string;
  readonly now: () => number;
} & WebhookBookOptions;

/** The ledger on one SQLite file. Reads see what is committed; every write goes through the group commit. */
export function sqliteLedger(
  connection: Connection,
  options: SqliteLedgerOptions,
  commits = groupCommit(connection.client, options),
): Ledger {
  const { client, db } = connection;
  const { vault, newId, now } = options;
  const statements = prepare(db);
  const facets = facetBook(connection);
  const webhooks = webhookBook(client, commits.write, options);
  /** Texts known to be committed; a bounded set, because the database is the one that knows. */
  const knownTexts = new Set<string>();

  function findSubscriber(businessId: string, number: E164): string | null {
    const blindIndex = vault.blindIndex(businessId, number);
    return statements.subscriberByIndex.get({ businessId, blindIndex })?.id ?? null;
  }

  function findOrAddSubscriber(businessId: string, number: E164, at: number): string {
    const known = findSubscriber(businessId, number);
    if (known !== null) return known;
    const id = newId();
    statements.addSubscriber.run({
      businessId,
      id,
      blindIndex: vault.blindIndex(businessId, number),
      lastFourIndex: vault.lastFourIndex(businessId, number),
      number: vault.encrypt(id, number),
      ...vault.commit(number),
      at,
    });
    return id;
  }

  /** @param turn where it may be the call's first webhook */
  function findOrAddCall(call: CallIdentity, mayBegin: boolean, turn: Turn | null = null) {
    const key = { businessId: call.businessId, callSid: call.callSid };
    const known = statements.call.get(key);
    if (known !== undefined) {
      if (known.simulated === call.simulated) return known;
      throw new UnknownCall(`${call.callSid} began in the other world.`);
    }
    if (!mayBegin) throw new UnknownCall(`${call.callSid} never began here.`);
    const subscriberId =
      call.caller === null ? null : findOrAddSubscriber(call.businessId, call.caller, call.at);
    const facetId = facets.born(call, turn);
    const begun = { ...call, subscriberId, status: "in-progress", begunAt: call.at };
    statements.addCall.run({ ...begun, facetId, reference: referenceOf(call.callSid) });
    return { subscriberId, simulated: call.simulated, status: "in-progress", endedAt: null, facetId };
  }

  function recordTurn(turn: Turn): Recorded {
    const { call, step, attempt, locale, keypress, key, served } = turn;
    const where = { businessId: call.businessId, callSid: call.callSid };
    const row = findOrAddCall(call, step === "begin", turn);
    const ended = row.endedAt !== null;
    if (turn.asked !== null && statements.wasAsked.get({ ...where, action: turn.asked }) === undefined) {
      throw new UnknownCall(`${call.callSid} was never asked ${step} ${attempt}.`);
    }
    const event = { ...where, step, attempt, kind: "key", locale, keypress, key, at: call.at };
    const next = ended ? { nextStep: null, nextAttempt: null } : nextOf(served);
    // Law 4: the unique index decides whether this is the first delivery, not a look-up.
    const first = statements.addEvent.run({ ...NO_EVENT, ...event, ...next }).changes === 1;
    if (!first) return repeated(turn);
    if (ended) return { kind: "ended" };
    const entries = turn.entries.map((entry) => addEntry(turn, entry, row.subscriberId, row.simulated));
    addText(turn);
    const { changes } = statements.addEvent.run({
      ...NO_EVENT,
      ...where,
      step: served.step,
      attempt: served.attempt,
      kind: "served",
      locale: served.locale,
      textDigest: served.text.digest,
      action: served.action,
      subscriberId: served.subscriberId,
      at: call.at,
    });
    if (changes === 0)
      throw new Error(`${served.step} ${served.attempt} was served twice in ${call.callSid}.`);
    facets.follow(turn, row.facetId);
    const { action, subscriberId } = served;
    return {
      kind: "answered",
      repeated: false,
      entries,
      served: { action, subscriberId, twiml: served.text.twiml },
    };
  }

  /** What the first delivery of this webhook was answered with. */
  function repeated({ call, step, attempt, locale }: Turn): Recorded {
    const where = { businessId: call.businessId, callSid: call.callSid };
    const answer = statements.answerOf.get({ ...where, step, attempt, locale });
    if (answer === undefined) return { kind: "ended" };
    const entries = statements.entriesOfStep.all({ ...where, step, attempt });
    return { kind: "answered", repeated: true, entries, served: answer };
  }

  function addText({ call, served }: Turn): void {
    const key = `${call.businessId}\0${served.text.digest}`;
    if (knownTexts.has(key)) return;
    statements.addText.run({ businessId: call.businessId, ...served.text, at: call.at });
  }

  function addEntry(turn: Turn, entry: NewEntry, caller: string | null, simulated: boolean): Entry {
    const { call, step, attempt, locale, key } = turn;
    const subscriberId = entry.subscriberId ?? caller;
    if (subscriberId === null) throw new Error("An entry cannot be about a withheld number.");
    return insertEntry({
      ...entry,
      subscriberId,
      businessId: call.businessId,
      locale,
      source: "call",
      sourceId: call.callSid,
      step,
      attempt,
      key,
      callSid: call.callSid,
      ...(entry.kind === "revoked" ? NO_NOTICE : NOTICE_OF_CALL),
      attestation: call.attestation,
      simulated,
      reason: null,
      at: call.at,
    });
  }

  function insertEntry(draft: Omit<typeof table.entry.$inferInsert, "seq" | "id" | "commitment">): Entry {
    const { businessId, subscriberId, topics, simulated, kind, at } = draft;
    const person = statements.subscriberById.get({ businessId, id: subscriberId });
    if (person === undefined) throw new Error(`Subscriber ${subscriberId} was erased.`);
    const id = newId();
    const row = statements.addEntry.get({ ...NO_ENTRY, ...draft, id, commitment: person.commitment });
    for (const topic of topics) {
      const which = { businessId, subscriberId, topic, simulated };
      const before = statements.consent.get(which)?.state ?? "none";
      statements.setConsent.run({ ...which, state: after(before, kind), entryId: id, at });
    }
    return row;
  }

  function recordStatusChange(call: CallIdentity, change: StatusChange): { repeated: boolean } {
    const row = findOrAddCall(call, true);
    const which = { businessId: call.businessId, callSid: call.callSid };
    const event = { ...which, step: change.status, attempt: change.sequence, kind: "status", locale: "und" };
    if (statements.addEvent.run({ ...NO_EVENT, ...event, at: change.at }).changes === 0)
      return { repeated: true };
    if (!change.terminal || row.endedAt !== null) return { repeated: false };
    const { status, durationSeconds, at } = change;
    const facetId = facets.closed(which, row.facetId, status);
    statements.endCall.run({ ...which, status, durationSeconds, at, facetId });
    return { repeated: false };
  }

  function closeOpenCalls(begunBefore: number, at: number): number {
    const open = statements.openCalls.all({ begunBefore, limit: MAX_SWEPT });
    for (const { facetId, ...which } of open) {
      statements.closeAbandoned.run({ ...which, at, facetId: facets.closed(which, facetId, "completed") });
      const event = { ...which, step: SWEPT, attempt: 1, kind: "status", locale: "und", at };
      statements.addEvent.run({ ...NO_EVENT, ...event });
    }
    return open.length;
  }

  /**
   * A real entry, whatever stands, for leaving must work for whoever never joined; and a simulated one, where a
   * simulated call left something. Where one world was named: only there, and only what stands.
   */
  function revokeNow({ number, sourceId, simulated: world, ...rest }: Withdrawal): readonly Entry[] {
    const { businessId, topics, at } = rest;
    const earlier = statements.entriesOfSource.all({ businessId, sourceId });
    if (earlier.length > 0) return earlier;
    const subscriberId = findOrAddSubscriber(businessId, number, at);
    const open = statements.consentsOf
      .all({ businessId, subscriberId })
      .filter((row) => topics.includes(row.topic) && OPEN_STATES.has(row.state))
      .map((row) => row.simulated);
    const worlds = new Set(world === undefined ? [false, ...open] : open.filter((each) => each === world));
    return Array.from(worlds, (simulated) =>
      insertEntry({
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

  return {
    async granted(businessId, number, simulated) {
      const subscriberId = findSubscriber(businessId, number);
      if (subscriberId === null) return [];
      const rows = statements.consentsOf.all({ businessId, subscriberId });
      return rows
        .filter((row) => row.simulated === simulated && row.state === "granted")
        .map((row) => row.topic);
    },
    async record(turn) {
      facets.refresh();
      const recording = commits.write(() => recordTurn(turn));
      webhooks.ride();
      const recorded = await recording;
      if (knownTexts.size >= MAX_KNOWN_TEXTS) knownTexts.clear();
      if (recorded.kind === "answered" && !recorded.repeated) {
        knownTexts.add(`${turn.call.businessId}\0${turn.served.text.digest}`);
      }
      return recorded;
    },
    register: (businessId, number, at) => commits.write(() => findOrAddSubscriber(businessId, number, at)),
    async numberOf(businessId, id) {
      const row = statements.subscriberById.get({ businessId, id });
      return row === undefined ? null : vault.decrypt(id, row.number);
    },
    recordStatus: (call, change) => commits.write(() => recordStatusChange(call, change)),
    noteAnswered: (webhook) => webhooks.note(webhook),
    closeAbandoned: (begunBefore, at) => commits.write(() => closeOpenCalls(begunBefore, at)),
    revoke: (withdrawal) => commits.write(() => revokeNow(withdrawal)),
    async subscriber(businessId, number): Promise<Subscriber | null> {
      const id = findSubscriber(businessId, number);
      if (id === null) return null;
      const which = { businessId, subscriberId: id };
      return { id, consents: statements.consentsOf.all(which), entries: statements.entriesOf.all(which) };
    },
    async call(businessId, callSid) {
      const found = statements.callView.get({ businessId, callSid });
      if (found === undefined) return null;
      const { number, subscriberId, ...call } = found;
      const known = number === null || subscriberId === null ? null : vault.decrypt(subscriberId, number);
      return { ...call, caller: known, events: statements.eventsOf.all({ businessId, callSid }) };
    },
    entries: (filter) => entryPages(connection, vault, filter),
    async probe() {
      await commits.write(() => statements.probe.run({ at: now() }));
    },
    async close() {
      webhooks.flush();
      await commits.drain();
      client.close();
    },
  };
}

const MAX_KNOWN_TEXTS = 10_000;
/** Calls closed by one sweep; the next sweep takes the rest. */
const MAX_SWEPT = 1_000;

/** Law 3: the first serving of the notice in the call; a foreign key says that it is there. */
const NOTICE_OF_CALL = { noticeStep: "notice", noticeAttempt: 1, noticeKind: "served" } as const;

/** Leaving needs no notice: a returning caller may go without hearing it again. */
const NO_NOTICE = { noticeStep: null, noticeAttempt: null, noticeKind: null } as const;

const OPEN_STATES: ReadonlySet<ConsentState> = new Set(["granted", "pending"]);

const NO_EVENT = {
  key: null,
  nextStep: null,
  nextAttempt: null,
  textDigest: null,
  action: null,
  subscriberId: null,
  keypress: null,
};
const NO_MESSAGE = {
  noticeMessageId: null,
  noticePurpose: null,
  messageId: null,
  confirms: null,
  supersedes: null,
};
const NO_ENTRY = { callSid: null, key: null, attestation: null, ...NO_NOTICE, ...NO_MESSAGE };

function nextOf(served: Turn["served"]) {
  return { nextStep: served.step, nextAttempt: served.attempt };
}
