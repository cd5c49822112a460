import type { Jurisdiction, Locale } from "./business.ts";
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
};

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
