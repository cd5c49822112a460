import type { EntryKind } from "../call/consent.ts";
import type { E164 } from "../call/phone-number.ts";
import type { ErasureLists } from "./erasure-list.ts";
import type { Decision } from "./integration.ts";

/**
 * What people may ask of the memory about themselves, and what it does of its own: forget. Law 5 stays: entries never
 * vanish. What makes them somebody's is the number, its salt and its indexes, and these stand in one row that can.
 */
export type Privacy = ErasureLists & {
  /**
   * Forgets a person, in one transaction: all of it is gone, or nothing is. What they agreed to ends first, by an entry
   * of its own, so that nothing may be sent. Entries, with their place in the log, stay, and are nobody's any more.
   *
   * @returns the certificate; a number that nothing is kept of gets one, too
   */
  erase(order: ErasureOrder): Promise<Certificate>;
  /**
   * Empties the write-ahead log, where old pages may still hold what was erased.
   *
   * @returns whether none is left; false where another process is just reading, and it must be tried again
   */
  clearTraces(at: number): Promise<boolean>;
  /** The erasure of whoever had this id, or the one that is called so; null where they were not erased. */
  certificateOf(businessId: string, subscriberId: string): Promise<Certificate | null>;
  /** Newest first, at most `limit`. */
  certificates(businessId: string, limit: number): Promise<readonly Certificate[]>;
  /** How many were forgotten because their retention had ended, and when; newest first, at most `limit`. */
  retentionRuns(businessId: string, limit: number): Promise<readonly RetentionRun[]>;
  /** Of all businesses, since ever; for metrics. */
  erasureTally(): Promise<ErasureTally>;

  /** Whether a number stays withdrawn though nothing else is kept of it. */
  isSuppressed(businessId: string, number: E164): Promise<boolean>;

  /**
   * People with no consent that stands, whose last entry, message, call or allowed sending is older than the retention:
   * a bounded look, page after page, at those who were first heard of before `until`.
   */
  expired(search: ExpirySearch): Promise<ExpiredPage>;
  /**
   * Forgets these people, in one transaction, as far as they are expired still: who called meanwhile is left alone. Who
   * had withdrawn stays withdrawn, by a keyed hash.
   *
   * @returns how many
   */
  forget(expired: ForgetOrder): Promise<number>;

  /**
   * The salt of a person's commitments: with it, whoever has their number can show that an entry is about it. Null once
   * they were erased.
   */
  saltOf(businessId: string, subscriberId: string): Promise<Uint8Array | null>;

  /** What is kept about a person and no other room lists, page after page, so that calls are not delayed. */
  traceOf(businessId: string, subscriberId: string): Promise<Trace>;

  /**
   * Seals anew what older secrets have sealed: at most `limit` rows of one kind in one transaction.
   *
   * @param after where the step before ended; null: from the beginning
   */
  resealStep(after: ResealPlace | null, limit: number): Promise<ResealStep>;
  /** Whether older secrets are still on record, so that they must not be dropped. */
  isResealing(): Promise<boolean>;
  /** Whether salts still stand in clear, which are sealed by the same steps. */
  hasClearSalts(): Promise<boolean>;
  /**
   * Everything is sealed with the present secret: the older ones are struck off the record, and the next `clearTraces`
   * empties the write-ahead log of what was sealed otherwise.
   */
  endResealing(): Promise<void>;
};

export type ErasureCause = "request" | "retention";
export type SuppressionReason = "withdrawn" | "erased";

export type ErasureOrder = {
  readonly businessId: string;
  /** By number, or by the id that a list has. */
  readonly who: { readonly number: E164 } | { readonly subscriberId: string };
  /** Not kept: an earlier hash is deleted as well. */
  readonly keepSuppression: boolean;
  /** The operator's id, `cli` or `retention`; and how that is called on screen. */
  readonly by: string;
  readonly byName: string;
  readonly at: number;
};

export type RetentionRun = { readonly at: number; readonly byName: string; readonly forgotten: number };
export type ErasureTally = Readonly<Record<ErasureCause, number>> & {
  /** Whose old pages may be left in the write-ahead log. */
  readonly unfinished: number;
};

/** Rows that were erased, emptied or ended, by table. */
export type ErasedCounts = {
  /** Number, salt, commitment's key, blind index and the index of the last four digits. */
  readonly subscriber: number;
  readonly noteTexts: number;
  readonly messageBodies: number;
  readonly idempotencyAnswers: number;
  readonly liveCalls: number;
  /** Audio of calls, which Twilio is asked to delete until it has. */
  readonly recordings: number;
  readonly outboxPayloads: number;
  readonly cancelledMessages: number;
  readonly cancelledCalls: number;
};

/** Proof of an erasure. It holds no personal data, and may be given to anyone. */
export type Certificate = {
  readonly id: string;
  readonly businessId: string;
  /** The random id that stands in what is left; null where nothing was kept of the number. */
  readonly subscriberId: string | null;
  readonly cause: ErasureCause;
  readonly by: string;
  readonly byName: string;
  readonly at: number;
  readonly erased: ErasedCounts;
  /** Entries that ended what stood. */
  readonly revoked: readonly string[];
  /** What is left: an HMAC under a salt that is gone. */
  readonly remaining: readonly {
    readonly id: string;
    readonly kind: EntryKind;
    readonly commitment: string;
    readonly at: number;
    /** Its place in the log; null until it is sealed, within seconds. */
    readonly leafIndex: number | null;
    /** It was made when a reason still stood in its entry in clear: these words cannot be erased. */
    readonly reasonStays: boolean;
  }[];
  readonly suppressed: boolean;
  /** The newest signed checkpoint of the log; null before there is one. */
  readonly checkpoint: string | null;
  /** When the last old page was gone from the write-ahead log; null as long as one may be left. */
  readonly tracesGoneAt: number | null;
};

export type ExpirySearch = {
  readonly businessId: string;
  /** ISO 8601 duration: the business's own. The law of a person's notice or country may want longer. */
  readonly retention: string;
  readonly now: number;
  /** The id that the page before ended with; "" at the beginning. */
  readonly after: string;
  readonly limit: number;
};
export type ForgetOrder = Pick<ExpirySearch, "businessId" | "retention" | "now"> &
  Pick<ErasureOrder, "by" | "byName"> & { readonly subscriberIds: readonly string[] };
export type ExpiredPage = {
  /** The last moment at which anything of theirs was used, or could have been. */
  readonly people: readonly { readonly subscriberId: string; readonly noUseAfter: number }[];
  /** Null where there is nobody left to look at. */
  readonly next: string | null;
};

/** Oldest first. */
export type Trace = {
  readonly messageIds: readonly string[];
  readonly callSids: readonly string[];
  readonly decisions: readonly (Decision & { readonly id: string })[];
};

export const RESEALED = ["numbers", "notes", "messages", "secrets"] as const;
export type ResealPlace = { readonly kind: (typeof RESEALED)[number]; readonly rowid: number };
export type ResealStep = {
  readonly kind: ResealPlace["kind"];
  readonly resealed: number;
  /** Null where everything has been looked at. */
  readonly next: ResealPlace | null;
};
