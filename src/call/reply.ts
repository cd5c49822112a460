import { standingJurisdiction, type Business, type Jurisdiction, type Locale } from "./business.ts";
import type { E164 } from "./phone-number.ts";

/**
 * The conversation on WhatsApp as a pure function: what a person wrote and what stands give what is recorded and what is
 * sent back. No clock, no storage, no words.
 */

/** What a message of ours is for. `notice` asks for consent in the conversation; `verification` asks a number that someone else named. */
export const OUT_PURPOSES = [
  "notice",
  "verification",
  "confirmation",
  "refused",
  "withdrawn",
  "help",
] as const;
export type OutPurpose = (typeof OUT_PURPOSES)[number];

/** What was understood of a message. What is not understood is `unclear`: a supervisor's, and never consent. */
export type Intent =
  /** `topics` null: the message names none. */
  | { readonly kind: "stop"; readonly topics: readonly string[] | null }
  | { readonly kind: "start" }
  | { readonly kind: "yes" }
  | { readonly kind: "no" }
  | { readonly kind: "help" }
  | { readonly kind: "change"; readonly number: E164 }
  | { readonly kind: "unclear" };

/** What a person may be answering to, in one world (real or simulated). */
export type Conversation = {
  /**
   * The question of ours that the message answers: the one it replies to where WhatsApp says so, else the newest; only
   * one that has left, was not answered yet, and is no older than a day's session (a verification: than its own limit).
   */
  readonly asked: Asked | null;
  readonly granted: readonly string[];
  readonly pending: readonly string[];
  /** Of our newest message to this person. */
  readonly last: { readonly topics: readonly string[]; readonly locale: Locale } | null;
  /** Of the last day: what went back to this person, and how many of the notices among it nobody has answered. */
  readonly lately: { readonly answers: number; readonly unansweredNotices: number };
};

/**
 * Whoever writes START or HELP again and again, as a machine may, is not answered again and again: what goes beyond
 * this in a day is a supervisor's. A stop, a yes and a no are heard all the same.
 */
export const MAX_UNANSWERED_NOTICES = 5;
export const MAX_ANSWERS_A_DAY = 50;

export type Asked = {
  readonly messageId: string;
  readonly purpose: "notice" | "verification";
  readonly topics: readonly string[];
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  /** Of a verification: the pending entry that it asks about. */
  readonly pendingEntryId: string | null;
};

/** What is recorded and what is sent back. */
export type Reply = {
  /** What the message is kept as: its intent, or `unclear` where nothing can come of it, so that a supervisor sees it. */
  readonly understood: Intent["kind"];
  readonly decisions: readonly ReplyDecision[];
  /** What is sent back beside what the decisions themselves bring about (see `messageAfter`). */
  readonly message: { readonly purpose: OutPurpose; readonly topics: readonly string[] } | null;
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
};

export type ReplyDecision = {
  readonly kind: "granted" | "refused" | "revoked" | "confirmed" | "pending";
  readonly topics: readonly string[];
  /** Null: the person who wrote. A pending decision names the new number, and follows the revoked one that it supersedes. */
  readonly number: E164 | null;
  /** The question that was answered: law 3 for messages. Null for a withdrawal. */
  readonly answers: Asked | null;
};

/** Who wrote, to whom, and in which language as far as the words themselves tell. */
export type Correspondent = {
  readonly business: Business;
  readonly number: E164;
  /** Of the word that was understood; null where it belongs to several languages. */
  readonly locale: Locale | null;
};

/**
 * Law 1: nothing but a yes to a question of ours grants, and it grants what that question named.
 * Law 3: the grant refers to that question, in its language; the store refuses it otherwise.
 * Law 8: a stop needs no question, and nothing stands in its way.
 */
export function reply(intent: Intent, conversation: Conversation, correspondent: Correspondent): Reply {
  const { business, number } = correspondent;
  const { granted } = conversation;
  const plain = plainly(intent.kind, conversation, correspondent);
  const sent = (message: NonNullable<Reply["message"]>): Reply =>
    isTooMuch(message.purpose, conversation)
      ? plainly("unclear", conversation, correspondent)
      : { ...plain, message };
  switch (intent.kind) {
    case "stop": {
      const topics = intent.topics ?? stopped(conversation, business);
      return { ...plain, decisions: [{ kind: "revoked", topics, number: null, answers: null }] };
    }
    case "start":
      return sent(nextNotice(topicsOf(business), granted, business) ?? HELP);
    case "yes":
      return answered("yes", conversation, correspondent);
    case "no":
      return answered("no", conversation, correspondent);
    case "help":
      return sent(HELP);
    case "change": {
      // Only what stands can be moved, and to another number.
      if (granted.length === 0 || intent.number === number) return sent(HELP);
      const moved: ReplyDecision[] = [
        { kind: "revoked", topics: granted, number: null, answers: null },
        { kind: "pending", topics: granted, number: intent.number, answers: null },
      ];
      return { ...plain, decisions: moved };
    }
    case "unclear":
      return plain;
  }
}

const HELP = { purpose: "help", topics: [] } as const;

function isTooMuch(purpose: OutPurpose, { lately }: Conversation): boolean {
  const { answers, unansweredNotices } = lately;
  return (
    answers >= MAX_ANSWERS_A_DAY || (purpose === "notice" && unansweredNotices >= MAX_UNANSWERED_NOTICES)
  );
}

/** Nothing recorded and nothing sent back, in the language that fits best. */
function plainly(understood: Intent["kind"], { last }: Conversation, correspondent: Correspondent): Reply {
  const { business } = correspondent;
  const wished = [correspondent.locale, last?.locale ?? null].filter((one) => one !== null);
  const locale = wished.find((one) => business.locales.includes(one)) ?? business.locales[0];
  const jurisdiction = standingJurisdiction(business);
  return { understood, decisions: [], message: null, locale, jurisdiction, script: business.script };
}

/** A yes or a no. To nothing of ours, or to what has been settled meanwhile, it is a supervisor's. */
function answered(answer: "yes" | "no", conversation: Conversation, correspondent: Correspondent): Reply {
  const { asked } = conversation;
  const { business } = correspondent;
  const topics = asked === null ? [] : standing(asked, conversation, business);
  if (asked === null || topics.length === 0) return plainly("unclear", conversation, correspondent);
  const { purpose, locale, jurisdiction, script } = asked;
  const agreed = purpose === "verification" ? "confirmed" : "granted";
  const kind = answer === "yes" ? agreed : "refused";
  return {
    understood: answer,
    decisions: [{ kind, topics, number: null, answers: asked }],
    message: purpose === "notice" ? following(topics, conversation, business) : null,
    locale,
    jurisdiction,
    script,
  };
}

/** The topics of a question that can still be answered: the business has them, and a verification's wait for it. */
function standing({ purpose, topics }: Asked, { pending }: Conversation, business: Business): string[] {
  const known = topicsOf(business);
  return topics.filter((topic) => known.includes(topic) && (purpose === "notice" || pending.includes(topic)));
}

/** Asked one by one, the next notice comes after the answer to the one before: a whole one each time. */
function following(
  topics: readonly string[],
  { granted }: Conversation,
  business: Business,
): Reply["message"] {
  const all = topicsOf(business);
  const later = all.slice(all.findIndex((topic) => topics.includes(topic)) + 1);
  return nextNotice(
    later.filter((topic) => !topics.includes(topic)),
    granted,
    business,
  );
}

function nextNotice(
  topics: readonly string[],
  granted: readonly string[],
  { ask }: Business,
): Reply["message"] {
  const open = topics.filter((topic) => !granted.includes(topic));
  if (open.length === 0) return null;
  return { purpose: "notice", topics: ask === "each" ? open.slice(0, 1) : open };
}

/** What a stop that names no topic ends: what stands is ended too where the business no longer has the topic. */
function stopped({ last, granted, pending }: Conversation, business: Business): readonly string[] {
  if (business.withdrawal === "topic" && last !== null && last.topics.length > 0) return last.topics;
  return [...new Set([...topicsOf(business), ...granted, ...pending])];
}

function topicsOf({ topics }: Business): readonly string[] {
  return topics.map(({ id }) => id);
}
