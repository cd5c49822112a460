import {
  MACHINE,
  UnknownCall,
  type CallIdentity,
  type Entry,
  type NewEntry,
  type Recorded,
  type StatusChange,
  type Subscriber,
  type Turn,
  type WholeLedger,
} from "../ledger.ts";
import { referenceOf } from "../reference.ts";
import type { Connection } from "./connection.ts";
import { entryBook, GRANTED, NO_NOTICE, NOTICE_OF_CALL, type EntryBookOptions } from "./entry-book.ts";
import { entryPages } from "./entry-pages.ts";
import { facetBook } from "./facets.ts";
import { groupCommit, type GroupCommitOptions } from "./group-commit.ts";
import { CONFIRMATION_HOLD_MS } from "./outbox-book.ts";
import { SWEPT, webhookBook, type WebhookBookOptions } from "./webhook-book.ts";

export type SqliteLedgerOptions = GroupCommitOptions &
  EntryBookOptions &
  WebhookBookOptions & { readonly now: () => number };

/** The ledger on one SQLite file. Reads see what is committed; every write goes through the group commit. */
export function sqliteLedger(
  connection: Connection,
  options: SqliteLedgerOptions,
  commits = groupCommit(connection.client, options),
  book = entryBook(connection, options),
): WholeLedger {
  const { client } = connection;
  const { vault, now } = options;
  const { statements, people, outbox, recordings } = book;
  const facets = facetBook(connection);
  const webhooks = webhookBook(client, commits.write, options);
  /** Texts known to be committed; a bounded set, because the database is the one that knows. */
  const knownTexts = new Set<string>();

  /** @param turn where it may be the call's first webhook */
  function findOrAddCall(call: CallIdentity, mayBegin: boolean, turn: Turn | null = null) {
    const key = { businessId: call.businessId, callSid: call.callSid };
    const known = statements.call.get(key);
    if (known !== undefined) {
      if ((known.simulated === 1) === call.simulated) return known;
      throw new UnknownCall(`${call.callSid} began in the other world.`);
    }
    if (!mayBegin) throw new UnknownCall(`${call.callSid} never began here.`);
    const subscriberId =
      call.caller === null ? null : people.findOrAdd(call.businessId, call.caller, call.at);
    const facetId = facets.born(call, turn);
    const begun = { ...call, subscriberId, status: "in-progress", begunAt: call.at };
    statements.addCall({ ...begun, facetId, reference: referenceOf(call.callSid) });
    return { subscriberId, endedAt: null, facetId };
  }

  function recordTurn(turn: Turn): Recorded {
    const { call, step, attempt, locale, keypress, key, served } = turn;
    const where = { businessId: call.businessId, callSid: call.callSid };
    const row = findOrAddCall(call, step === "begin", turn);
    const ended = row.endedAt !== null;
    if (turn.asked !== null && statements.wasAsked.get({ ...where, action: turn.asked }) === undefined) {
      throw new UnknownCall(`${call.callSid} was never asked ${step} ${attempt}.`);
    }
    const event = { ...where, step, attempt, kind: "key", locale, keypress, key, at: call.at } as const;
    const next = ended ? null : { nextStep: served.step, nextAttempt: served.attempt };
    // Law 4: the unique index decides whether this is the first delivery, not a look-up.
    const first = statements.addEvent({ ...event, ...next }).changes === 1;
    if (!first) return repeated(turn);
    if (ended) return { kind: "ended" };
    const added = addEntries(turn, row.subscriberId, call.simulated);
    addText(turn);
    const { changes } = statements.addEvent({
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
    recordings.follow(turn);
    if (served.action === null) outbox.hasten(call.businessId, call.callSid, call.at);
    const { action, subscriberId } = served;
    return {
      kind: "answered",
      repeated: false,
      entries: added,
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
    statements.addText({ businessId: call.businessId, ...served.text, at: call.at });
  }

  /** A number that moves: the new one's entry names what ended the old one's consent with the same key. */
  function addEntries(turn: Turn, caller: string | null, simulated: boolean): readonly Entry[] {
    const added: Entry[] = [];
    for (const entry of turn.entries) {
      const ended = entry.kind === "pending" ? added.find(({ kind }) => kind === "revoked") : undefined;
      added.push(addEntry(turn, entry, { caller, simulated, supersedes: ended?.id ?? null }));
    }
    return added;
  }

  function addEntry(turn: Turn, entry: NewEntry, { caller, ...rest }: Of): Entry {
    const { call, step, attempt, locale, key, served } = turn;
    const subscriberId = entry.subscriberId ?? caller;
    if (subscriberId === null) throw new Error("An entry cannot be about a withheld number.");
    const dueAt = served.action === null ? call.at : call.at + CONFIRMATION_HOLD_MS;
    const draft = {
      ...entry,
      ...rest,
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
      reason: null,
      at: call.at,
    };
    return book.insert(draft, { dueAt });
  }

  function recordStatusChange(call: CallIdentity, change: StatusChange): { repeated: boolean } {
    const row = findOrAddCall(call, true);
    const which = { businessId: call.businessId, callSid: call.callSid };
    const event = { ...which, step: change.status, attempt: change.sequence, kind: "status" } as const;
    if (statements.addEvent({ ...event, locale: "und", at: change.at }).changes === 0)
      return { repeated: true };
    if (change.status === MACHINE) facets.answeredByMachine(which, row.facetId);
    if (!change.terminal || row.endedAt !== null) return { repeated: false };
    const { status, durationSeconds, at } = change;
    const facetId = facets.closed(which, row.facetId, status);
    statements.endCall.run({ ...which, status, durationSeconds, at, facetId });
    outbox.hasten(which.businessId, which.callSid, at);
    recordings.hasten(which, at);
    return { repeated: false };
  }

  function closeOpenCalls(begunBefore: number, at: number): number {
    const open = statements.openCalls.all({ begunBefore, limit: MAX_SWEPT });
    for (const { facetId, ...which } of open) {
      statements.closeAbandoned.run({ ...which, at, facetId: facets.closed(which, facetId, "completed") });
      statements.addEvent({ ...which, step: SWEPT, attempt: 1, kind: "status", locale: "und", at });
      outbox.hasten(which.businessId, which.callSid, at);
      recordings.hasten(which, at);
    }
    return open.length;
  }

  return {
    async granted(businessId, number, simulated) {
      const subscriberId = people.find(businessId, number);
      return subscriberId === null ? [] : book.standing(businessId, subscriberId, simulated, GRANTED);
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
    register: (businessId, number, at) => commits.write(() => people.findOrAdd(businessId, number, at)),
    async numberOf(businessId, id) {
      const row = statements.subscriberById.get({ businessId, id });
      return row === undefined ? null : vault.decrypt(id, row.number);
    },
    recordStatus: (call, change) => commits.write(() => recordStatusChange(call, change)),
    noteAnswered: (webhook) => webhooks.note(webhook),
    closeAbandoned: (begunBefore, at) => commits.write(() => closeOpenCalls(begunBefore, at)),
    revoke: (withdrawal) => commits.write(() => book.revoke(withdrawal)),
    async subscriber(businessId, number): Promise<Subscriber | null> {
      const id = people.find(businessId, number);
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

/** Whose call it is, in which world, and what a moved number's entry follows. */
type Of = {
  readonly caller: string | null;
  readonly simulated: boolean;
  readonly supersedes: string | null;
};

const MAX_KNOWN_TEXTS = 10_000;
/** Calls closed by one sweep; the next sweep takes the rest. */
const MAX_SWEPT = 1_000;
