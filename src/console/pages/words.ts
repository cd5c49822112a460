import type { Business } from "../../call/business.ts";
import type { EntryKind } from "../../call/consent.ts";
import type { MessagePurpose, MessageStatus } from "../../ledger/messages.ts";
import type { CallOutcome } from "../../ledger/reading.ts";

/** What became of a call, as a supervisor says it. */
export const OUTCOME_WORDS: Readonly<Record<CallOutcome, string>> = {
  granted: "Granted",
  refused: "Refused",
  pending: "Pending",
  revoked: "Withdrawn",
  unchanged: "Unchanged",
  "no-answer": "No answer",
  agent: "To a person",
  machine: "Machine",
  "hung-up": "Hung up",
  "in-progress": "In progress",
};

/** The same in a sentence, for whoever sees it first. */
export const OUTCOME_MEANING: Readonly<Record<CallOutcome, string>> = {
  granted: "The caller heard the whole notice and agreed by key.",
  refused: "The caller declined by key.",
  pending: "Another number was named; its owner has yet to confirm.",
  revoked: "The caller withdrew consent by key.",
  unchanged: "The caller left everything as it was.",
  "no-answer": "Asked as often as allowed, the caller gave no answer. Silence is never consent.",
  agent: "The caller asked for a person.",
  machine: "An answering machine took the line's call, which hung up without a word.",
  "hung-up": "The call ended before the last question was answered. Nothing was recorded.",
  "in-progress": "The call is going on.",
};

/** What the ledger records of consent, in the order in which people think of it. */
export const ENTRY_KINDS = [
  "granted",
  "confirmed",
  "refused",
  "pending",
  "revoked",
] as const satisfies readonly EntryKind[];

export const ENTRY_WORDS: Readonly<Record<EntryKind, string>> = {
  granted: "Granted",
  refused: "Refused",
  pending: "Pending",
  confirmed: "Confirmed",
  revoked: "Withdrawn",
  recorded: "Call recorded",
};

export const STATE_WORDS = {
  granted: "Granted",
  refused: "Refused",
  pending: "Pending",
  revoked: "Withdrawn",
  none: "None",
} as const;

/** What a message is for, or what was understood of it. */
export const PURPOSE_WORDS: Readonly<Record<MessagePurpose, string>> = {
  notice: "The notice, and the question whether they agree",
  verification: "The question whether they agree, because somebody gave their number",
  confirmation: "What was agreed, and how to leave",
  refused: "That nothing will be sent",
  withdrawn: "That consent has ended",
  help: "What they can write",
  stop: "Stop",
  start: "Start",
  yes: "Yes",
  no: "No",
  change: "Another number",
  unclear: "Not understood",
};

export const MESSAGE_STATUS_WORDS: Readonly<Record<MessageStatus, string>> = {
  received: "Received",
  queued: "On its way",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  undelivered: "Not delivered",
  failed: "Failed",
};

/** What the carrier vouches for (STIR/SHAKEN), without its jargon. */
const ATTESTATION_WORDS: Readonly<Record<string, readonly [short: string, plain: string]>> = {
  "passed-A": ["A · verified", "The carrier vouches that the caller may use this number."],
  "passed-B": ["B · customer", "The carrier knows the customer, but not whether the number is theirs."],
  "passed-C": ["C · gateway", "The carrier only passed the call on; it vouches for nobody."],
  "failed-A": ["Failed", "The carrier's signature did not hold: the number may be forged."],
  "failed-B": ["Failed", "The carrier's signature did not hold: the number may be forged."],
  "failed-C": ["Failed", "The carrier's signature did not hold: the number may be forged."],
  failed: ["Failed", "The carrier's signature did not hold: the number may be forged."],
  unverified: ["Unverified", "No carrier vouched for the number."],
};
export const ATTESTATIONS = Object.keys(ATTESTATION_WORDS);

export function attestationWords(attestation: string | null): { short: string; plain: string } {
  const [short, plain] = ATTESTATION_WORDS[attestation ?? ""] ?? [
    "Not by phone",
    "This did not come by phone.",
  ];
  return { short, plain };
}

/** Where an entry came from. */
const SOURCE_WORDS: Readonly<Record<string, string>> = {
  call: "By phone",
  console: "In the console",
  cli: "On the command line",
  api: "Through the API",
  whatsapp: "On WhatsApp",
};

export function sourceWords(source: string): string {
  return SOURCE_WORDS[source] ?? source;
}

/** The same within a sentence: "on WhatsApp". */
export function sourceWithin(source: string): string {
  const words = sourceWords(source);
  return words.charAt(0).toLowerCase() + words.slice(1);
}

/** What the flow calls its questions, as a heading. */
const STEP_WORDS: Readonly<Record<string, string>> = {
  notice: "Notice and question",
  language: "Choice of language",
  choice: "Question",
  topic: "Question",
  "other-number": "Another number",
  "confirm-number": "The number read back",
  "welcome-back": "Welcome back",
  granted: "Agreed",
  refused: "Declined",
  pending: "Waiting for confirmation",
  revoked: "Withdrawn",
  unchanged: "Nothing changed",
  changed: "Number changed",
  "no-answer": "No answer",
  agent: "To a person",
  sorry: "Apology",
  "wrong-key": "Not one of the choices",
  silence: "Asked again",
};

export function stepWords(step: string): string {
  const [name = ""] = step.split(":");
  return STEP_WORDS[name] ?? step;
}

export function businessName(businesses: readonly Business[], id: string): string {
  return businesses.find((business) => business.id === id)?.name ?? id;
}

/** A topic in English where it has an English name, else in the business's first language. */
export function topicWords(businesses: readonly Business[], businessId: string, id: string): string {
  const business = businesses.find((each) => each.id === businessId);
  const names = business?.topics.find((topic) => topic.id === id)?.names;
  return names?.["en-US"] ?? names?.[business?.locales[0] ?? "en-US"] ?? id;
}

const languages = new Intl.DisplayNames(["en"], { type: "language" });

export function languageName(locale: string): string {
  return languages.of(locale) ?? locale;
}

/** `1m 05s`, or `42s`. */
export function durationWords(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole}s` : `${minutes}m ${String(whole % 60).padStart(2, "0")}s`;
}
