import type { Jurisdiction, Locale } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { AnsweredWebhook, CallView, Entry, Subscriber } from "./ledger.ts";

/**
 * What supervisors ask of the memory. Every list has a bound and a cursor; numbers come in clear, because only the
 * door knows who may see them (law 10), and what it shows it writes into the access log first.
 */
export type Reading = {
  /**
   * Calls by what is asked, newest first unless told; keyset paging, so that the last page is as fast as the first.
   * A cursor that is none of ours shows the first page. Sorted by length, only calls whose length is known are listed.
   */
  calls(filter: CallFilter, page: PageRequest): Promise<Page<CallRow>>;
  /** How many calls a filter allows, whatever its order; counted up to `limit`. */
  countCalls(filter: CallFilter, limit: number): Promise<number>;
  /**
   * Calls that began or changed since `after` (a cursor from an earlier answer, or null for "from now on"), in the
   * order of their last change. The sweep's closing of calls that never reported their end is such a change.
   */
  changes(after: string | null, filter: CallFilter): Promise<Changes>;
  /** One call with its events and the entries it made; null where there is none. */
  call(businessId: string, callSid: string): Promise<CallDetail | null>;
  /** One person by id: where they stand, every entry in order, notes, recent calls; null where unknown or erased. */
  subscriber(businessId: string, subscriberId: string): Promise<SubscriberDetail | null>;
  /**
   * Subscribers of a whole number or of its last four digits or more, in any business asked for; at most `limit`.
   * Also those who never called, but were named by another caller or by another way in.
   */
  findSubscribers(
    search: NumberSearch,
    limit: number,
    businessIds?: readonly string[],
  ): Promise<readonly FoundSubscriber[]>;
  /** Figures for the Today page: per day, the days of `days` ending with the one that `now` is in (UTC offset given). */
  overview(options: OverviewOptions): Promise<Overview>;
  /** Call rows of a filter, all of them, streamed in order with flat memory. */
  exportCalls(filter: CallFilter): AsyncIterable<CallRow>;

  /** Append-only: who looked at, revealed, exported or changed what. Resolves when durable. */
  logAccess(access: NewAccess): Promise<void>;
  accesses(filter: AccessFilter, page: PageRequest): Promise<Page<Access>>;
  /** Who, and what it was done to, as far as the log knows one that begins like this; at most `limit`. */
  accessNames(column: "actorName" | "subject", prefix: string, limit: number): Promise<readonly string[]>;
  /** Append-only. Resolves when durable. @throws where the subscriber is unknown or was erased */
  addNote(note: NewNote): Promise<void>;
};

export type PageRequest = {
  readonly cursor: string | null;
  readonly limit: number;
  readonly direction: "next" | "previous" | "last";
};
export type Page<T> = {
  readonly rows: readonly T[];
  readonly next: string | null;
  readonly previous: string | null;
};

/**
 * What became of a call. `hung-up`: it ended without an answer to the last question, and nothing was agreed to before.
 * `no-answer`: the caller stayed silent or pressed wrong keys to the end, or Twilio reached nobody. `machine`: one took
 * a call of the line, which hung up without a word.
 */
export const OUTCOMES = [
  "granted",
  "refused",
  "pending",
  "revoked",
  "unchanged",
  "no-answer",
  "agent",
  "machine",
  "hung-up",
  "in-progress",
] as const;
export type CallOutcome = (typeof OUTCOMES)[number];

/** How far a caller came, at the least: see `Overview.funnel`. */
export const REACHES = ["reached", "heard", "answered"] as const;
export type Reach = (typeof REACHES)[number];

export type Changes = {
  readonly cursor: string;
  readonly rows: readonly CallRow[];
  /** CallSids of calls that changed too, and are not (or no longer) what the filter asks for. */
  readonly others: readonly string[];
};

export type NumberSearch =
  | { readonly kind: "number"; readonly number: E164 }
  | { readonly kind: "last-digits"; readonly digits: string };

export type CallFilter = {
  readonly businessIds?: readonly string[] | undefined;
  readonly search?: NumberSearch | undefined;
  /** The six digits a caller was told, or a CallSid. */
  readonly reference?: string | undefined;
  readonly outcome?: CallOutcome | undefined;
  readonly reach?: Reach | undefined;
  /** Of the entries that the call made; known once the call has come to its ending. */
  readonly topic?: string | undefined;
  readonly locale?: Locale | undefined;
  readonly jurisdiction?: Jurisdiction | undefined;
  readonly direction?: "inbound" | "outbound" | undefined;
  readonly attestation?: string | undefined;
  readonly script?: string | undefined;
  readonly simulated?: boolean | undefined;
  /** Inclusive / exclusive, milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly sort?: "newest" | "oldest" | "longest" | undefined;
};

export type CallRow = {
  readonly callSid: string;
  readonly businessId: string;
  readonly reference: string;
  readonly begunAt: number;
  readonly endedAt: number | null;
  readonly durationSeconds: number | null;
  readonly direction: "inbound" | "outbound";
  readonly status: string;
  readonly attestation: string;
  readonly simulated: boolean;
  readonly outcome: CallOutcome;
  /** Null until the caller has heard something in it. */
  readonly locale: Locale | null;
  readonly jurisdiction: Jurisdiction | null;
  readonly script: string | null;
  readonly subscriberId: string | null;
  /** Null where it was withheld, or has been erased. */
  readonly caller: E164 | null;
};

export type CallDetail = CallRow &
  Pick<CallView, "line" | "events"> & {
    readonly entries: readonly Entry[];
    /** How its webhooks were answered, in that order; some may be missing, see `noteAnswered`. */
    readonly webhooks: readonly AnsweredWebhook[];
  };

export type SubscriberRow = { readonly id: string; readonly businessId: string; readonly number: E164 };
/** `called`: at least one call is on record, simulated or real. */
export type FoundSubscriber = SubscriberRow & { readonly called: boolean };
export type SubscriberDetail = SubscriberRow &
  Pick<Subscriber, "consents" | "entries"> & {
    readonly notes: readonly Note[];
    readonly calls: readonly CallRow[];
  };

export type NewNote = {
  readonly businessId: string;
  readonly subscriberId: string;
  readonly author: string;
  readonly text: string;
  readonly at: number;
};
export type Note = NewNote & { readonly id: string };

export type OverviewOptions = {
  readonly now: number;
  readonly days: number;
  /** Minutes east of UTC of the reader. */
  readonly utcOffsetMinutes: number;
  readonly businessIds?: readonly string[] | undefined;
  readonly simulated: boolean | undefined;
};

export type Overview = {
  readonly inProgress: number;
  readonly days: readonly {
    readonly from: number;
    readonly calls: number;
    readonly outcomes: Readonly<Record<CallOutcome, number>>;
  }[];
  /**
   * Of today's calls: how many were reached, heard the notice to its end (in this call or, where a returning caller
   * answered, in an earlier one), answered a question, granted. A call that goes on counts as reached.
   */
  readonly funnel: {
    readonly reached: number;
    readonly noticeHeard: number;
    readonly answered: number;
    readonly granted: number;
  };
};

/** What can be done in the console that must be known afterwards. */
export const ACCESS_ACTIONS = [
  "signed-in",
  "sign-in-failed",
  "signed-out",
  "looked",
  "searched",
  "revealed",
  "exported",
  "evidence",
  "withdrew",
  "noted",
  "refused",
  "operator-added",
  "operator-changed",
  "operator-disabled",
  "key-added",
  "key-revoked",
  "endpoint-added",
  "endpoint-disabled",
  "endpoint-enabled",
  "read",
  "handled",
  "moved",
  "called",
  "retried",
  "replayed",
  "erased",
  "disclosed",
  "listened",
  "restored",
] as const;
export type AccessAction = (typeof ACCESS_ACTIONS)[number];

export type NewAccess = {
  /** The operator's id, or `cli`, or null where nobody was signed in. */
  readonly actor: string | null;
  /** How the actor is called on screen; an operator's e-mail address, never a caller's number. */
  readonly actorName: string;
  readonly action: AccessAction;
  readonly businessId: string | null;
  /** What it was done to: a subscriber's id, a CallSid, an entry's id, an operator's id … */
  readonly subject: string | null;
  /** No personal data of callers: the filter of an export, the reason of a withdrawal, the page refused. */
  readonly detail: string;
  readonly at: number;
};
export type Access = NewAccess & { readonly seq: number };
export type AccessFilter = {
  /** One of them; an empty list is nobody. */
  readonly actorNames?: readonly string[] | undefined;
  readonly action?: AccessAction | undefined;
  readonly subjects?: readonly string[] | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
};
