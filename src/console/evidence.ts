import { createHash } from "node:crypto";
import { strToU8, zipSync } from "fflate";
import { fold } from "../call/consent.ts";
import type { Entry, EntryView } from "../ledger/ledger.ts";
import type { MessageProof } from "../ledger/messages.ts";
import type { CallDetail, SubscriberDetail } from "../ledger/reading.ts";
import { recordOf } from "../ledger/record.ts";
import { openedBy } from "../ledger/withdraw.ts";
import { leafHashOf } from "../proof/leaf.ts";
import type { RecordingShown } from "./pages/recording.ts";
import type { ConsoleParts } from "./parts.ts";
import { recordingCheck, recordingOf } from "./recordings.ts";

/** Everything that stands behind one entry, and what was found when it was looked at. */
export type Evidence = {
  readonly view: EntryView;
  readonly record: ReturnType<typeof recordOf>;
  /** The call it was made in; null where it did not come by phone. */
  readonly call: CallDetail | null;
  /** Of a withdrawal: the entry whose consent it ends; null where there was none. */
  readonly withdrawn: Entry | null;
  /** What was written on WhatsApp, where the entry rests on it. */
  readonly exchange: Exchange | null;
  /** Of the call; null where it was not to be recorded. */
  readonly recorded: RecordingShown | null;
  /** Of a `confirmed` entry: the pending one. Of a moved number's pending entry: what ended the old number's consent. */
  readonly confirmed: Entry | null;
  readonly superseded: Entry | null;
  readonly checks: readonly Check[];
};

/** The notice that was sent, and what the person answered. */
export type Exchange = {
  readonly notice: MessageProof | null;
  readonly reply: MessageProof | null;
  /** The person's own words, with every number in them taken out; null once erased. */
  readonly replyWords: string | null;
};

/** One thing that was looked at now. `ok` is null where it does not apply. */
export type Check = { readonly name: string; readonly ok: boolean | null; readonly detail: string };

/** @returns null where there is no such entry */
export async function gatherEvidence(
  { reading, entries, messages, businesses, scripts, findings, proof, recordings }: ConsoleParts,
  businessId: string,
  entryId: string,
): Promise<Evidence | null> {
  const view = await entries.get([businessId], entryId);
  if (view === null) return null;
  const found = view.entry;
  const call = found.source === "call" ? await reading.call(businessId, found.sourceId) : null;
  const person = await reading.subscriber(businessId, found.subscriberId);
  const exchange = await exchangeOf(messages, found);
  const linked = async (id: string | null) =>
    id === null ? null : ((await entries.get([businessId], id))?.entry ?? null);
  const recorded = call === null ? null : await recordingOf({ recordings }, call);
  const checks = [
    ...(exchange === null ? noticeChecks(view, call) : messageChecks(view, exchange)),
    ...(exchange === null ? [keyCheck(found, call)] : []),
    ...(recorded === null ? [] : [recordingCheck(recorded)]),
    scriptCheck(found, scripts, findings()),
    projectionCheck(found, person),
    ...(proof === undefined ? [] : [await sealCheck(proof, found)]),
  ];
  return {
    view,
    call,
    withdrawn: found.kind === "revoked" ? withdrawnBy(found, person) : null,
    exchange,
    recorded,
    confirmed: await linked(found.confirms),
    superseded: await linked(found.supersedes),
    checks,
    record: recordOf(
      view,
      businesses.find((each) => each.id === businessId),
    ),
  };
}

/** For a dispute: record, words, events and checks, as files that any program opens. */
export function evidenceZip(
  { view, record, call, exchange, checks }: Evidence,
  madeAt: number,
): Uint8Array<ArrayBuffer> {
  const served = (call?.events ?? []).filter((event) => event.kind === "served" && event.words !== null);
  const words = served.map((event, index): [string, Uint8Array] => [
    `words/${String(index + 1).padStart(2, "0")}-${event.step.replaceAll(/[^a-z0-9-]/gi, "-")}.${event.locale}.txt`,
    strToU8(`${event.words ?? ""}\n`),
  ]);
  const events = (call?.events ?? []).map(
    ({ at, kind, step, attempt, locale, keypress, key, action, words: said }) => ({
      at: iso(at),
      kind,
      step,
      attempt,
      locale,
      keypress,
      key,
      action,
      wordsSha256: said === null ? null : sha256(said),
    }),
  );
  return zipSync(
    {
      "record.json": strToU8(`${JSON.stringify(record, null, 2)}\n`),
      "events.json": strToU8(`${JSON.stringify(events, null, 2)}\n`),
      ...(exchange === null
        ? {}
        : { "messages.json": strToU8(`${JSON.stringify(exchangeShown(exchange), null, 2)}\n`) }),
      "checks.txt": strToU8(checksText(view.entry, checks, madeAt)),
      ...(view.notice === null ? {} : { "notice.txt": strToU8(view.notice.words) }),
      ...Object.fromEntries(words),
    },
    { mtime: new Date(madeAt) },
  );
}

export function verdictOf({ ok }: Check): string {
  if (ok === null) return "does not apply";
  return ok ? "holds" : "DOES NOT HOLD";
}

function checksText(entry: Entry, checks: readonly Check[], madeAt: number): string {
  const lines = checks.map((check) => `[${verdictOf(check)}] ${check.name}\n    ${check.detail}`);
  return [
    `Checks of entry ${entry.id}`,
    `made ${new Date(madeAt).toISOString()}`,
    "",
    ...lines,
    "",
    "notice.txt holds the words without anything added: sha256sum notice.txt gives the digest in record.json.",
    "",
  ].join("\n");
}

/** The leaf, made anew from the rows as they are now. */
async function sealCheck(
  proof: NonNullable<ConsoleParts["proof"]>,
  { businessId, id }: Entry,
): Promise<Check> {
  const name = "The entry is what was sealed in the log";
  const place = await proof.placeOf(businessId, id);
  const row = await proof.leafRow(businessId, id);
  if (place === null || row === null)
    return { name, ok: null, detail: "It has no place in the log yet: that takes some seconds." };
  const ok = Buffer.compare(leafHashOf(row), place.hash) === 0;
  const detail = ok
    ? `Its leaf, number ${place.index}, was made anew from the rows and has the hash that was sealed.`
    : `The rows make another leaf than the one that was sealed as number ${place.index}: something was changed.`;
  return { name, ok, detail };
}

async function exchangeOf(
  messages: ConsoleParts["messages"],
  { businessId, noticeMessageId, messageId }: Entry,
): Promise<Exchange | null> {
  if (noticeMessageId === null && messageId === null) return null;
  const words = messageId === null ? null : await messages.words(businessId, messageId);
  return {
    notice: noticeMessageId === null ? null : await messages.get(businessId, noticeMessageId),
    reply: messageId === null ? null : await messages.get(businessId, messageId),
    replyWords: words === null ? null : withoutNumbers(words),
  };
}

/** What could be a telephone number is taken out: numbers are masked in evidence (law 10). */
function withoutNumbers(words: string): string {
  return words.replaceAll(/\+?\d(?:[\s().\-/]*\d){6,}/g, "•••");
}

/** Who wrote is the entry's subscriber; how far a message came is Twilio's word. */
function exchangeShown({ notice, reply, replyWords }: Exchange) {
  const shown = ({ id, sid, at, locale, status, purpose, topics }: MessageProof) => ({
    id,
    twilioSid: sid,
    at: iso(at),
    locale,
    status,
    purpose,
    topics,
  });
  return {
    notice:
      notice === null
        ? null
        : {
            ...shown(notice),
            template: notice.contentSid,
            words: notice.words,
            wordsSha256: notice.wordsDigest,
          },
    reply:
      reply === null
        ? null
        : {
            ...shown(reply),
            button: reply.payload,
            repliesTo: reply.repliesTo,
            words: replyWords,
            wordsCommitment: reply.commitment,
          },
  };
}

/** Law 3, for messages: the notice had left before the answer came, in its language, to whoever answered. */
function messageChecks({ entry, notice: words }: EntryView, { notice, reply }: Exchange): Check[] {
  const kept = "The words of the notice have the digest that was stored with them";
  const order = "The notice was sent to this person, in this language, before the answer";
  const answer = "The answer came from this person, and answers that notice";
  const answered: Check = {
    name: answer,
    ok:
      reply !== null &&
      reply.subscriberId === entry.subscriberId &&
      reply.simulated === entry.simulated &&
      (notice === null || reply.repliesTo === notice.id),
    detail:
      reply === null
        ? "the answer is not there"
        : `${reply.purpose}, ${iso(reply.at)}, ${reply.sid ?? "no SID"}`,
  };
  if (notice === null || words === null) {
    const detail = "A withdrawal needs no notice.";
    return [...[kept, order].map((name) => ({ name, ok: null, detail })), answered];
  }
  const digest = sha256(words.words);
  return [
    {
      name: kept,
      ok: digest === words.wordsDigest,
      detail: `recomputed ${digest}, stored ${words.wordsDigest}`,
    },
    {
      name: order,
      ok:
        notice.sid !== null &&
        notice.subscriberId === entry.subscriberId &&
        notice.locale === entry.locale &&
        reply !== null &&
        notice.seq < reply.seq,
      detail: `sent ${iso(notice.at)}, answered ${reply === null ? "never" : iso(reply.at)}, ${notice.locale}`,
    },
    answered,
  ];
}

function withdrawnBy({ seq, topics, simulated }: Entry, person: SubscriberDetail | null): Entry | null {
  const before = (person?.entries ?? []).filter((entry) => entry.seq < seq && entry.simulated === simulated);
  return openedBy(before, topics, simulated);
}

function noticeChecks({ entry, notice }: EntryView, call: CallDetail | null): Check[] {
  const name = "The words of the notice have the digest that was stored with them";
  const order = "The notice was served in the same call and language, before the key";
  if (notice === null) {
    const detail = "A withdrawal and an entry that did not come by phone need no notice.";
    return [name, order].map((each) => ({ name: each, ok: null, detail }));
  }
  const digest = sha256(notice.words);
  const served = call?.events.find(
    ({ kind, step, attempt, locale }) =>
      kind === "served" && step === "notice" && attempt === entry.noticeAttempt && locale === entry.locale,
  );
  return [
    {
      name,
      ok: digest === notice.wordsDigest,
      detail:
        digest === notice.wordsDigest
          ? `recomputed as stored, SHA-256 ${digest}`
          : `recomputed ${digest}, stored ${notice.wordsDigest}`,
    },
    {
      name: order,
      ok: served !== undefined && served.at <= entry.at && served.words === notice.words,
      detail: `served ${iso(notice.at)}, key ${iso(entry.at)}, ${entry.locale}`,
    },
  ];
}

function keyCheck(entry: Entry, call: CallDetail | null): Check {
  const name = "The key that the entry names was pressed in the call";
  if (entry.kind === "recorded") return { name, ok: null, detail: "The entry is about the whole call." };
  if (call === null) return { name, ok: null, detail: "The entry did not come by phone." };
  const pressed = call.events.find(
    ({ kind, step, attempt }) => kind === "key" && step === entry.step && attempt === entry.attempt,
  );
  return {
    name,
    ok: pressed !== undefined && pressed.key === entry.key,
    detail: `key ${entry.key ?? "none"} at ${entry.step}, attempt ${entry.attempt}`,
  };
}

function scriptCheck(
  { script: version }: Entry,
  scripts: ConsoleParts["scripts"],
  findings: readonly { readonly place: string }[],
): Check {
  const name = "The script is the approved one, unchanged";
  const script = scripts.get(version);
  const wrong = findings.filter(({ place }) => place.includes(version));
  return {
    name,
    ok: script !== undefined && wrong.length === 0,
    detail:
      script === undefined ? `script ${version} is not here` : `script ${version}, SHA-256 ${script.digest}`,
  };
}

/** The stored projection must equal the fold of the entries, in the entry's own world. */
function projectionCheck({ simulated }: Entry, person: SubscriberDetail | null): Check {
  const name = "Present consent equals the fold of all entries";
  if (person === null) return { name, ok: null, detail: "The person's data were erased." };
  const folded = fold(person.entries.filter((each) => each.simulated === simulated));
  const stored = person.consents.filter((each) => each.simulated === simulated);
  const equal =
    stored.length === folded.size && stored.every(({ topic, state }) => folded.get(topic) === state);
  const states = [...folded].map(([topic, state]) => `${topic}: ${state}`).join(", ");
  return { name, ok: equal, detail: states === "" ? "nothing is on record" : states };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
