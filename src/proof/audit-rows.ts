import { hash } from "node:crypto";
import { after, type ConsentState, type EntryKind } from "../call/consent.ts";
import type { EventRow, History, MessageRow, TextRow } from "../ledger/audit-store.ts";
import type { AuditParts, Progress } from "./audit.ts";
import type { Faults } from "./faults.ts";

/** What stands beside the log: words, events, messages, people, and what was folded of the entries. */
export async function auditRows(parts: AuditParts, faults: Faults): Promise<void> {
  const { store } = parts;
  // Events before words: what is served meanwhile has its words before it.
  const served = servings();
  await pages(
    parts,
    "events",
    store.events,
    ({ seq }) => seq,
    0,
    (event) => {
      const what = faultOfEvent(event);
      if (what !== null) faults.add("event", nameOf(event), what);
      served.saw("event", event, () => nameOf(event));
    },
  );
  await pages(
    parts,
    "messages",
    store.messages,
    ({ seq }) => seq,
    0,
    (message) => {
      const what = faultOfMessage(message);
      if (what !== null) faults.add("message", message.id, what);
      served.saw("message", message, () => message.id);
    },
  );
  await pages(
    parts,
    "words",
    store.texts,
    ({ row }) => row,
    0,
    (text) => {
      for (const what of [...faultsOfText(text), ...served.faultsOf(text)])
        faults.add("words", text.digest, what);
    },
  );
  for (const [part, id, digest] of served.wordless())
    faults.add(part, id, `the words ${digest} that it served are gone.`);
  await pages(
    parts,
    "people",
    store.people,
    ({ row }) => row,
    0,
    ({ id, faults: wrong }) => {
      for (const what of wrong) faults.add("person", id, `${what}.`);
    },
  );
  await pages(
    parts,
    "words",
    store.reasons,
    ({ seq }) => seq,
    0,
    ({ id, isAsCommitted }) => {
      if (isAsCommitted === false) faults.add("entry", id, "its reason is not in the words it commits to.");
    },
  );
  const first = { businessId: "", subscriberId: "" };
  await pages(
    parts,
    "consents",
    store.histories,
    (history) => history,
    first,
    (history) => {
      for (const [id, what] of faultsOfHistory(history)) faults.add("consent", id, what);
      faultsOfCommitments(history, faults);
    },
  );
  await pages(
    parts,
    "consents",
    store.consents,
    ({ row }) => row,
    0,
    ({ hasEntry, entryId, topic, subscriberId }) => {
      if (!hasEntry)
        faults.add(
          "consent",
          `${subscriberId} ${topic}`,
          `the entry ${entryId} that it names is not one of that person.`,
        );
    },
  );
}

async function pages<Row, Place>(
  { page, rest, progress }: AuditParts,
  what: Progress["what"],
  read: (after: Place, limit: number) => Promise<readonly Row[]>,
  placeOf: (row: Row) => Place,
  first: Place,
  look: (row: Row) => void,
): Promise<void> {
  let done = 0;
  for (let place = first; ;) {
    const rows = await read(place, page);
    for (const row of rows) look(row);
    done += rows.length;
    progress({ what, done, of: null });
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) return;
    place = placeOf(last);
    await rest();
  }
}

function faultsOfText({ digest, wordsDigest, twiml, words }: TextRow): string[] {
  return [
    ...(hash("sha256", twiml) === digest ? [] : ["the TwiML is not that of its digest."]),
    ...(hash("sha256", words) === wordsDigest ? [] : ["the words are not those of their digest."]),
  ];
}

type Serving = { readonly digest: string; readonly at: number; readonly id: string };

/** Words are kept with their first serving, in one transaction: so that one has their time. */
function servings() {
  const first = { event: new Map<string, Serving>(), message: new Map<string, Serving>() };
  const kept = new Set<string>();
  return {
    saw(
      part: "event" | "message",
      { businessId, textDigest: digest, at }: Pick<EventRow, "businessId" | "textDigest" | "at">,
      name: () => string,
    ): void {
      if (digest === null) return;
      const key = keyOf(businessId, digest);
      if (!first[part].has(key)) first[part].set(key, { digest, at, id: name() });
    },
    faultsOf({ businessId, digest, at }: TextRow): string[] {
      const key = keyOf(businessId, digest);
      kept.add(key);
      const times = [first.event.get(key), first.message.get(key)].flatMap((each) => each?.at ?? []);
      if (times.length === 0 || times.includes(at)) return [];
      return [`they are said to be first served at ${at}, and were first served at ${Math.min(...times)}.`];
    },
    /** Once all words were seen. */
    *wordless(): Generator<readonly ["event" | "message", id: string, digest: string]> {
      for (const part of ["event", "message"] as const) {
        for (const [key, { id, digest }] of first[part]) if (!kept.has(key)) yield [part, id, digest];
      }
    },
  };
}

function faultOfEvent(event: EventRow): string | null {
  const { kind, key, nextStep, nextAttempt, keypress, textDigest, action, subscriberId } = event;
  const ofKey = [key, nextStep, nextAttempt, keypress];
  const ofServing = [textDigest, action, subscriberId];
  switch (kind) {
    case "key":
      return isEmpty(ofServing) ? null : "a key that was pressed has served nothing.";
    case "served":
      if (textDigest === null) return "it served no words.";
      return isEmpty(ofKey) ? null : "what was served has pressed no key.";
    case "status":
      return isEmpty([...ofKey, ...ofServing]) ? null : "a status has neither key nor words.";
    default:
      return `there is no kind of event called ${kind}.`;
  }
}

const STATUSES: ReadonlySet<string> = new Set([
  "received",
  "queued",
  "sent",
  "delivered",
  "read",
  "undelivered",
  "failed",
]);

function faultOfMessage(message: MessageRow): string | null {
  const { direction, status, textDigest, commitment, hasWords, isAsCommitted } = message;
  if (isAsCommitted === false) return "its words are not those that it commits to.";
  if (!STATUSES.has(status)) return `there is no status called ${status}.`;
  switch (direction) {
    case "in":
      if (commitment === null) return "it commits to no words.";
      return isEmpty([textDigest, message.contentSid, message.entryId])
        ? null
        : "what came was not worded by us.";
    case "out":
      if (textDigest === null) return "it has no words.";
      return !hasWords && isEmpty([commitment, message.payload, message.repliesTo])
        ? null
        : "what left was not worded by a person.";
    default:
      return `there is no direction called ${direction}.`;
  }
}

function isEmpty(columns: readonly unknown[]): boolean {
  return columns.every((column) => column === null);
}

/** As long as a person is known, every entry about them commits to the same number. */
function faultsOfCommitments({ commitment, entries }: History, faults: Faults): void {
  if (commitment === null) return;
  for (const entry of entries) {
    if (entry.commitment !== commitment)
      faults.add("entry", entry.id, "its commitment is not the one of its subscriber.");
  }
}

type Folded = { readonly state: ConsentState; readonly entryId: string; readonly at: number };

/** The projection against the fold, both ways. */
function* faultsOfHistory({
  subscriberId,
  entries,
  consents,
}: History): Generator<readonly [string, string]> {
  const folded = new Map<string, Folded>();
  for (const { id, kind, topics, simulated, at } of entries) {
    for (const topic of list(topics)) {
      const key = topicOf(topic, simulated);
      const before = folded.get(key)?.state ?? "none";
      if (!movesFrom(before, kind)) continue;
      folded.set(key, { state: after(before, kind as EntryKind), entryId: id, at });
    }
  }
  for (const { topic, simulated, state, entryId, at } of consents) {
    const key = topicOf(topic, simulated);
    const right = folded.get(key);
    folded.delete(key);
    const id = `${subscriberId} ${key}`;
    if (right === undefined) yield [id, "no entry is about it."];
    else if (right.state !== state) yield [id, `it says ${state}; the entries say ${right.state}.`];
    else if (right.entryId !== entryId)
      yield [id, `it names entry ${entryId}; it is ${right.entryId} that decided.`];
    else if (right.at !== at) yield [id, `its time is ${at}; entry ${entryId} is of ${right.at}.`];
  }
  for (const [key, { state }] of folded)
    yield [`${subscriberId} ${key}`, `it is missing; the entries say ${state}.`];
}

/** The two worlds never meet, and there is no third. */
function topicOf(topic: string, simulated: number): string {
  if (simulated === 0) return topic;
  return simulated === 1 ? `${topic} (simulated)` : `${topic} (simulated: ${simulated})`;
}

/** What leaves a state alone does not become its ground. */
function movesFrom(state: ConsentState, kind: string): boolean {
  if (kind === "pending") return state !== "granted";
  if (kind === "confirmed") return state === "pending";
  if (kind === "recorded") return false;
  return true;
}

/** Topics that are no list any more show in the leaf; here they are none. */
function list(topics: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(topics);
    return Array.isArray(parsed) ? parsed.map(String) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function keyOf(businessId: string, digest: string): string {
  return `${businessId}\0${digest}`;
}

function nameOf({ callSid, kind, step, attempt }: EventRow): string {
  return `${callSid}/${kind}/${step}/${attempt}`;
}
