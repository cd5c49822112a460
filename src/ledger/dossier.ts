import { topicName, type Business } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { Entries } from "./integration.ts";
import type { Ledger } from "./ledger.ts";
import type { Messages } from "./messages.ts";
import type { Outgoing, OutgoingStore } from "./outgoing.ts";
import type { Privacy } from "./privacy.ts";
import type { Access, Reading } from "./reading.ts";
import { recordOf } from "./record.ts";

/** Everything that is kept about one number at one business; its form is `dossier-schema.ts`. */
export type Dossier = Awaited<ReturnType<typeof dossierOf>>;

export type DossierParts = {
  readonly ledger: Pick<Ledger, "subscriber">;
  readonly entries: Pick<Entries, "get">;
  readonly reading: Pick<Reading, "subscriber" | "call" | "accesses">;
  readonly messages: Pick<Messages, "get" | "words">;
  readonly outgoing: Pick<OutgoingStore, "list">;
  readonly privacy: Pick<Privacy, "traceOf" | "isSuppressed">;
};

const PAGE = 500;
/** Subjects that one look into the access log asks for. */
const SUBJECTS_AT_ONCE = 100;
/** Pages of one list; more is not one person. */
const MAX_PAGES = 1_000;

/**
 * Answers the question "what do you know about me?" (GDPR art. 15 and its like): where they stand, every entry with the
 * words that were served, calls, messages in both directions, notes, what waits or has left, decisions, and who looked.
 * The caller writes into the access log first that it was asked.
 */
export async function dossierOf(parts: DossierParts, business: Business, number: E164, now: number) {
  const found = await parts.ledger.subscriber(business.id, number);
  return {
    schemaVersion: "yesline-dossier/1",
    createdAt: iso(now),
    number,
    controller: {
      id: business.id,
      name: business.name,
      legalName: business.legalName,
      contact: business.contact,
    },
    retention: business.retention,
    /** Of a number that was forgotten: it must not be contacted, and nothing else is kept of it. */
    staysWithdrawn: await parts.privacy.isSuppressed(business.id, number),
    person: found === null ? null : await personOf(parts, business, found.id),
  } as const;
}

async function personOf(parts: DossierParts, business: Business, subscriberId: string) {
  const { id: businessId } = business;
  const person = await parts.reading.subscriber(businessId, subscriberId);
  if (person === null) return null;
  const { messageIds, callSids, decisions } = await parts.privacy.traceOf(businessId, subscriberId);
  const outgoing = await outgoingOf(parts, businessId, subscriberId);
  // What leaves and the message that it became have one id.
  const theirs = new Set([
    subscriberId,
    ...person.entries.map(({ id }) => id),
    ...callSids,
    ...messageIds,
    ...outgoing.map(({ id }) => id),
  ]);
  return {
    pseudonym: subscriberId,
    consents: person.consents.map(({ topic, state, simulated, at }) => ({
      topic,
      name: nameOf(business, topic),
      state,
      simulated,
      since: iso(at),
    })),
    entries: await inOrder(person.entries, async ({ id }) => {
      const view = await parts.entries.get([businessId], id);
      return view === null ? [] : [recordOf(view, business)];
    }),
    calls: await inOrder(callSids, (callSid) => callOf(parts, businessId, callSid)),
    messages: await inOrder(messageIds, (id) => messageOf(parts, businessId, id)),
    notes: person.notes.map(({ author, text, at }) => ({ author, text, at: iso(at) })),
    outgoing: outgoing.map(shownOutgoing),
    decisions: decisions.map(({ id, topic, simulated, sendAt, allowed, reason, entryId, at }) => ({
      id,
      topic,
      simulated,
      sendAt: iso(sendAt),
      allowed,
      reason,
      entry: entryId,
      at: iso(at),
    })),
    accesses: await accessesOf(parts, [...theirs]),
  };
}

async function callOf({ reading }: DossierParts, businessId: string, callSid: string) {
  const call = await reading.call(businessId, callSid);
  if (call === null) return [];
  const { reference, line, direction, status, outcome, attestation, simulated, durationSeconds } = call;
  return [
    {
      sid: callSid,
      reference,
      line,
      direction,
      status,
      outcome,
      attestation,
      simulated,
      durationSeconds,
      begunAt: iso(call.begunAt),
      endedAt: call.endedAt === null ? null : iso(call.endedAt),
      events: call.events.map(({ kind, step, attempt, locale, keypress, key, words, at }) => ({
        kind,
        step,
        attempt,
        locale,
        keypress,
        key,
        words,
        at: iso(at),
      })),
      webhooks: call.webhooks.map(
        ({ route, step, attempt, httpStatus, milliseconds, outcome: answer, at }) => ({
          route,
          step,
          attempt,
          httpStatus,
          milliseconds,
          outcome: answer,
          at: iso(at),
        }),
      ),
    },
  ];
}

async function messageOf({ messages }: DossierParts, businessId: string, id: string) {
  const message = await messages.get(businessId, id);
  if (message === null) return [];
  const { direction, purpose, topics, locale, status, errorCode, simulated, at } = message;
  const words = direction === "in" ? await messages.words(businessId, id) : message.words;
  return [{ id, direction, purpose, topics, locale, status, errorCode, simulated, words, at: iso(at) }];
}

/** Oldest first. */
async function outgoingOf(
  { outgoing }: DossierParts,
  businessId: string,
  subscriberId: string,
): Promise<readonly Outgoing[]> {
  const all: Outgoing[] = [];
  let before: number | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await outgoing.list({ businessId, subscriberId, before, limit: PAGE });
    all.push(...page);
    before = page.at(-1)?.seq;
    if (page.length < PAGE) break;
  }
  return all.toReversed();
}

function shownOutgoing({ id, payload, state, attempts, errorCode, simulated, ...job }: Outgoing) {
  return {
    id,
    kind: payload.kind,
    purpose: payload.kind === "message" ? payload.purpose : null,
    state,
    attempts,
    errorCode,
    simulated,
    at: iso(job.at),
    finishedAt: job.finishedAt === null ? null : iso(job.finishedAt),
  };
}

/** Who looked at them or changed something, oldest first. */
async function accessesOf({ reading }: DossierParts, subjects: readonly string[]) {
  const all: Access[] = [];
  for (let from = 0; from < subjects.length; from += SUBJECTS_AT_ONCE) {
    const asked = { subjects: subjects.slice(from, from + SUBJECTS_AT_ONCE) };
    let cursor: string | null = null;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page: Awaited<ReturnType<Reading["accesses"]>> = await reading.accesses(asked, {
        cursor,
        limit: PAGE,
        direction: "next",
      });
      all.push(...page.rows);
      cursor = page.next;
      if (cursor === null) break;
    }
  }
  return all
    .toSorted((one, other) => one.seq - other.seq)
    .map(({ actorName, action, subject, detail, at }) => ({
      who: actorName,
      action,
      subject,
      detail,
      at: iso(at),
    }));
}

/** One after the other, so that calls have their turn in between. */
async function inOrder<T, U>(
  all: readonly T[],
  read: (one: T) => Promise<readonly U[]>,
): Promise<readonly U[]> {
  const found: U[] = [];
  for (const one of all) {
    found.push(...(await read(one)));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return found;
}

/** A topic that the business has given up has its id only. */
function nameOf(business: Business, topicId: string): string | null {
  const [locale] = business.locales;
  return business.topics.some(({ id }) => id === topicId) ? topicName(business, topicId, locale) : null;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
