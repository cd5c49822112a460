import type { EntryKind } from "../call/consent.ts";
import type { E164 } from "../call/phone-number.ts";

/** How people take what a business sends: read by supervisors before WhatsApp's quality rating tells it. */
export type Quality = {
  /** Each of the periods in days, ending with the UTC day that `now` is in; rows by business and topic, in that order. */
  figures(asked: {
    readonly now: number;
    readonly periods: readonly number[];
    /** Undefined: both worlds. */
    readonly simulated: boolean | undefined;
  }): Promise<readonly QualityPeriod[]>;

  /** Entries that came another way than by phone, the newest first. */
  elsewhere(asked: ElsewhereFilter): Promise<ElsewherePage>;

  /** How many of each kind came on WhatsApp since then, up to a bound. */
  onWhatsApp(
    since: number,
    simulated: boolean | undefined,
  ): Promise<Readonly<Partial<Record<EntryKind, number>>>>;
};

export type QualityPeriod = { readonly days: number; readonly rows: readonly QualityRow[] };

export type QualityRow = {
  readonly businessId: string;
  readonly topic: string;
  /** Entries that began a consent, and those that ended one. */
  readonly granted: number;
  readonly revoked: number;
  /** Messages that Twilio took, and of those: what reached the person, what failed, what was blocked or withheld. */
  readonly sent: number;
  readonly delivered: number;
  readonly failed: number;
  readonly blocked: number;
  /** Answers to "may I send this?". */
  readonly allowed: number;
  readonly disallowed: number;
};

/** The person blocked the business, reported it or opted out (63014, 21610), or WhatsApp held the message back (63032, 63049). */
export const BLOCKED_CODES: readonly number[] = [63014, 21610, 63032, 63049];

/** Ways other than a call. */
export const OTHER_SOURCES = ["whatsapp", "api", "console", "cli"] as const;
export type OtherSource = (typeof OTHER_SOURCES)[number];

export type ElsewhereFilter = {
  readonly source?: OtherSource | undefined;
  readonly kind?: EntryKind | undefined;
  readonly businessId?: string | undefined;
  readonly simulated: boolean | undefined;
  /** Inclusive / exclusive, milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** From a page before this one; null or none of ours: the first page. */
  readonly before: string | null;
  readonly limit: number;
};

export type ElsewherePage = {
  readonly rows: readonly {
    readonly seq: number;
    readonly id: string;
    readonly businessId: string;
    readonly subscriberId: string;
    readonly kind: EntryKind;
    readonly topics: readonly string[];
    readonly source: OtherSource;
    readonly simulated: boolean;
    readonly at: number;
    /** Null after erasure. */
    readonly number: E164 | null;
  }[];
  readonly next: string | null;
};
