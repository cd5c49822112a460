import { mask } from "../call/phone-number.ts";
import type { Entry, EntryView } from "../ledger/ledger.ts";
import { recordOf } from "../ledger/record.ts";

/**
 * An entry as other systems get it, without any number: such an answer is kept for whoever repeats the request.
 *
 * @param words of the reason, which the entry only commits to
 */
export function written(entry: Entry, words: string | null) {
  const { id, kind, locale, jurisdiction, script, source, sourceId, simulated, commitment } = entry;
  return {
    id,
    sequence: entry.seq,
    kind,
    business: entry.businessId,
    subscriber: entry.subscriberId,
    topics: [...entry.topics],
    locale,
    jurisdiction,
    script,
    source,
    sourceId,
    simulated,
    confirms: entry.confirms,
    supersedes: entry.supersedes,
    reason: words,
    commitment,
    at: new Date(entry.at).toISOString(),
  };
}

/** @param inClear whether the key may see numbers that it did not name itself */
export function numbered({ entry, number }: EntryView, inClear: boolean) {
  return {
    ...written(entry, entry.reason),
    maskedNumber: number === null ? null : mask(number),
    number: inClear ? number : null,
  };
}

/** With what it stands on, as in every other export of it. */
export function detailed(view: EntryView, inClear: boolean) {
  const { notice, question, key, attestation, call, recording } = recordOf(view, undefined);
  return {
    ...numbered(view, inClear),
    notice: notice === null ? null : wordsOf(notice),
    question: question === null ? null : wordsOf(question),
    key: key?.pressed ?? null,
    attestation,
    recording,
    call,
  };
}

function wordsOf({ text, sha256, servedAt }: { text: string; sha256: string; servedAt: string }) {
  return { text, sha256, servedAt };
}
