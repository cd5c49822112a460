import type { LeafRow } from "../ledger/proof-store.ts";
import type { Json } from "./canonical.ts";
import { leafHashOfText, type Hash } from "./tree.ts";

/**
 * An entry as the log has it, version 1: what was decided, what was heard and pressed before it, and for whom, with a
 * commitment, HMAC(salt, number), in place of the number. Erasing the salt leaves the leaf as it is, and nobody in it.
 *
 * Keys stand here in their canonical order, and numbers are whole: so JSON.stringify writes what RFC 8785 asks for, at
 * a third of the cost. A test holds it to `canonical`.
 */
export function leafOf(row: LeafRow): Json {
  return {
    at: row.at,
    attempt: row.attempt,
    attestation: row.attestation,
    business: row.businessId,
    call: callOf(row),
    confirms: row.confirms,
    id: row.id,
    jurisdiction: row.jurisdiction,
    key: row.key,
    kind: row.kind,
    locale: row.locale,
    notice: noticeOf(row),
    press: pressOf(row),
    question: questionOf(row),
    reason: row.reason,
    // Only where there is one: the leaf of every other entry is what it was before there were recordings.
    ...recordingOf(row),
    reply: replyOf(row),
    script: row.script,
    seq: row.seq,
    simulated: flag(row.simulated),
    source: row.source,
    sourceId: row.sourceId,
    step: row.step,
    subject: row.commitment,
    subscriber: row.subscriberId,
    supersedes: row.supersedes,
    topics: list(row.topics),
    v: 1,
  };
}

/** The leaf's bytes, as text: canonical JSON. */
export function leafText(row: LeafRow): string {
  const text = JSON.stringify(leafOf(row));
  // A lone surrogate has no UTF-8: an escape is all that could be written, and the RFC refuses it (3.2.2.2).
  if (text.includes("\\ud") && LONE_SURROGATE.test(text))
    throw new TypeError(`Entry ${row.id} holds a lone surrogate.`);
  return text;
}

/** The hash of an entry's leaf. */
export function leafHashOf(row: LeafRow): Hash {
  return leafHashOfText(leafText(row));
}

const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

function callOf(row: LeafRow): Json {
  if (row.callSid === null) return null;
  return {
    account: row.callAccount,
    attestation: row.callAttestation,
    begunAt: row.callBegunAt,
    direction: row.callDirection,
    line: row.callLine,
    sid: row.callSid,
    simulated: flag(row.callSimulated),
    subscriber: row.callSubscriber,
  };
}

function noticeOf(row: LeafRow): Json {
  const { noticeAt: at, noticeDigest: digest, noticeWordsDigest: wordsDigest } = row;
  if (row.noticeStep !== null || row.noticeAttempt !== null || row.noticeKind !== null)
    return {
      action: row.noticeAction,
      at,
      attempt: row.noticeAttempt,
      callSid: row.callSid,
      digest,
      kind: row.noticeKind,
      seq: row.noticeSeq,
      step: row.noticeStep,
      subscriber: row.noticeSubscriber,
      wordsDigest,
    };
  if (row.noticeMessageId !== null || row.noticePurpose !== null)
    return {
      at,
      digest,
      entry: row.noticeEntry,
      jurisdiction: row.noticeJurisdiction,
      locale: row.noticeLocale,
      messageId: row.noticeMessageId,
      purpose: row.noticePurpose,
      script: row.noticeScript,
      seq: row.noticeSeq,
      template: row.noticeTemplate,
      topics: row.noticeTopics === null ? null : list(row.noticeTopics),
      wordsDigest,
    };
  return null;
}

function questionOf(row: LeafRow): Json {
  if (row.questionStep === null) return null;
  return {
    action: row.questionAction,
    at: row.questionAt,
    attempt: row.questionAttempt,
    digest: row.questionDigest,
    seq: row.questionSeq,
    step: row.questionStep,
    subscriber: row.questionSubscriber,
    wordsDigest: row.questionWordsDigest,
  };
}

function pressOf(row: LeafRow): Json {
  if (row.pressAt === null) return null;
  return {
    at: row.pressAt,
    key: row.pressKey,
    kind: row.pressKind,
    nextAttempt: row.pressNextAttempt,
    nextStep: row.pressNextStep,
    seq: row.pressSeq,
  };
}

function recordingOf(row: LeafRow): { readonly recording?: Json } {
  const {
    recordingBytes: bytes,
    recordingSeconds: seconds,
    recordingSha256: sha256,
    recordingSid: sid,
  } = row;
  const none = bytes === null && seconds === null && sha256 === null && sid === null;
  return none ? {} : { recording: { bytes, seconds, sha256, sid } };
}

function replyOf(row: LeafRow): Json {
  if (row.messageId === null) return null;
  return {
    at: row.replyAt,
    commitment: row.replyCommitment,
    direction: row.replyDirection,
    jurisdiction: row.replyJurisdiction,
    locale: row.replyLocale,
    messageId: row.messageId,
    payload: row.replyPayload,
    purpose: row.replyPurpose,
    repliesTo: row.replyTo,
    script: row.replyScript,
    seq: row.replySeq,
    sid: row.replySid,
    simulated: flag(row.replySimulated),
    subscriber: row.replySubscriber,
    topics: row.replyTopics === null ? null : list(row.replyTopics),
  };
}

/** Whatever is neither 0 nor 1 was not written by the line, and shows. */
function flag(value: number | null): Json {
  return value === 0 || value === 1 ? value === 1 : value;
}

/** Text that is no list any more was not written by the line, and shows. */
function list(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
