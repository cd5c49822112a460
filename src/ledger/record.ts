import { topicName, type Business } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { EntryView } from "./ledger.ts";

/**
 * One entry as an outsider gets it. Names follow ISO/IEC TS 27560:2023 as laid out by the W3C DPV guide; numbers are
 * masked, times are UTC in ISO 8601, digests are SHA-256 in hex.
 */
export function recordOf(
  { entry, number, notice, question, call, reasonCommitment }: EntryView,
  business: Business | undefined,
) {
  return {
    schemaVersion: "yesline-consent-record/1",
    recordId: entry.id,
    kind: entry.kind,
    eventState: STATES[entry.kind],
    eventTime: iso(entry.at),
    sequence: entry.seq,
    subject: {
      pseudonym: entry.subscriberId,
      number: number === null ? null : mask(number),
      /** Their number, its salt and their words are gone; what is left proves the entry, and is nobody's. */
      erased: number === null,
      commitment: entry.commitment,
    },
    controller:
      business === undefined
        ? { id: entry.businessId }
        : { id: business.id, name: business.name, legalName: business.legalName, contact: business.contact },
    channel: "whatsapp",
    topics: entry.topics.map((id) => topicOf(id, entry.locale, business)),
    jurisdiction: entry.jurisdiction,
    locale: entry.locale,
    script: entry.script,
    notice:
      notice === null
        ? null
        : {
            id: `${entry.script}/${entry.locale}/${notice.name}`,
            version: entry.script,
            language: entry.locale,
            voice: notice.voice,
            text: notice.words,
            sha256: notice.wordsDigest,
            servedAt: iso(notice.at),
          },
    /** What the key answered; the same words as the notice's where the question came with it. */
    question:
      question === null
        ? null
        : {
            name: entry.step,
            text: question.words,
            sha256: question.wordsDigest,
            servedAt: iso(question.at),
          },
    servedEventId:
      entry.noticeAttempt === null
        ? entry.noticeMessageId
        : `${entry.sourceId}/notice/${entry.noticeAttempt}`,
    messages: entry.messageId === null ? null : { notice: entry.noticeMessageId, reply: entry.messageId },
    confirms: entry.confirms,
    supersedes: entry.supersedes,
    collectionMethod: entry.source === "call" ? "ivr_dtmf" : entry.source,
    call:
      call === null
        ? null
        : {
            sid: entry.sourceId,
            /** Not always whom the entry is about: another number can be keyed in. */
            from: call.subscriberId,
            line: call.line,
            direction: call.direction,
            status: call.status,
            begunAt: iso(call.begunAt),
            endedAt: call.endedAt === null ? null : iso(call.endedAt),
          },
    attestation: entry.attestation,
    key:
      entry.key === null
        ? null
        : { pressed: entry.key, question: entry.step, attempt: entry.attempt, at: iso(entry.at) },
    reason: entry.reason,
    /** HMAC-SHA256 of the words, under a salt that erasure destroys: what the entry itself keeps of them. */
    reasonCommitment,
    /** The audio stays where the call was carried; whoever gets hold of it can tell it by its digest. */
    recording: recordingOf(entry),
    simulated: entry.simulated,
  };
}

/** The W3C Data Privacy Vocabulary's names of what an entry says. */
const STATES = {
  granted: "ConsentGiven",
  confirmed: "ConsentGiven",
  refused: "ConsentRefused",
  pending: "ConsentRequested",
  revoked: "ConsentWithdrawn",
  // It says nothing of consent, and this is the vocabulary's word for that.
  recorded: "ConsentUnknown",
} as const satisfies Record<EntryView["entry"]["kind"], string>;

function recordingOf(entry: EntryView["entry"]) {
  const {
    recordingSid: sid,
    recordingSeconds: seconds,
    recordingBytes: bytes,
    recordingSha256: sha256,
  } = entry;
  if (sid === null || seconds === null || bytes === null || sha256 === null) return null;
  // The database takes no recording whose announcement was not served.
  return { sid, seconds, bytes, sha256, announced: true as const };
}

/** A topic that the business has given up is still named by its id. */
function topicOf(id: string, locale: EntryView["entry"]["locale"], business: Business | undefined) {
  const topic = business?.topics.find((each) => each.id === id);
  if (business === undefined || topic?.names[locale] === undefined) return { id };
  return { id, category: topic.category, name: topicName(business, id, locale) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
