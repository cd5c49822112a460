import type { Business, Jurisdiction, Locale } from "../call/business.ts";
import type { CallRefused } from "../call/calling.ts";
import type { E164 } from "../call/phone-number.ts";
import type { OutPurpose } from "../call/reply.ts";
import type { Subscriber } from "./ledger.ts";
import type { RecordingStep } from "./recordings.ts";

/** What leaves: WhatsApp messages, calls, events for other systems, and what is to be done about recordings. */
export const OUTGOING_KINDS = ["message", "call", "event", "recording"] as const;
export type OutgoingKind = (typeof OUTGOING_KINDS)[number];

/**
 * waiting → sending → sent | failed | expired | cancelled. `sending` past its lease means that the worker died: nobody
 * knows whether Twilio has it, so it is looked for before it is sent again.
 */
export const OUTGOING_STATES = ["waiting", "sending", "sent", "failed", "expired", "cancelled"] as const;
export type OutgoingState = (typeof OUTGOING_STATES)[number];

/** What is to be sent. It holds no number: that is looked up when it leaves, so that an erased one cannot be written to. */
export type Payload =
  | {
      readonly kind: "message";
      readonly purpose: OutPurpose;
      readonly topics: readonly string[];
      readonly locale: Locale;
      readonly jurisdiction: Jurisdiction;
      readonly script: string;
      /** Free text is allowed until then, because the person wrote to us; null: only a template. */
      readonly sessionUntil: number | null;
    }
  | { readonly kind: "call"; readonly line: E164; readonly locale: Locale | null }
  | { readonly kind: "event"; readonly endpointId: string }
  | {
      readonly kind: "recording";
      readonly step: RecordingStep;
      readonly callSid: string;
      /** Another one of the same call that is to be deleted: a lost answer can make Twilio begin twice. */
      readonly sid?: string;
    };

/** Made in the transaction of what caused it. `kind` and `cause` are unique in a business: a repeated cause sends nothing more. */
export type Draft = {
  readonly businessId: string;
  readonly cause: string;
  readonly subscriberId: string | null;
  readonly simulated: boolean;
  readonly entryId: string | null;
  readonly payload: Payload;
  readonly dueAt: number;
  readonly expiresAt: number;
  /** Operator or API key that asked for it; null where the line did. */
  readonly requestedBy: string | null;
};

/** A call before anybody knows whether it may be made, and therefore before the number has an id. */
export type CallDraft = Omit<Draft, "subscriberId" | "entryId" | "dueAt" | "payload" | "requestedBy"> & {
  readonly to: E164;
  readonly payload: Payload & { readonly kind: "call" };
  readonly requestedBy: string;
  readonly at: number;
};

export type Outgoing = Draft & {
  readonly seq: number;
  readonly id: string;
  readonly state: OutgoingState;
  readonly attempts: number;
  /** When the earliest attempt was made whose fate nobody knows; null where none is in doubt. */
  readonly unclearSince: number | null;
  readonly providerSid: string | null;
  /** Twilio's error code or HTTP's status, and a sentence; never a number. */
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly at: number;
  readonly finishedAt: number | null;
};

export type Claim = {
  readonly now: number;
  readonly leaseMs: number;
  readonly limit: number;
  /** Only of these: calls have a rate of their own, and must not keep messages waiting. */
  readonly kinds: readonly OutgoingKind[];
  /** At most so many of a business; of one that is not named, as many as there are. */
  readonly perBusiness?: Readonly<Record<string, number>>;
};

export type Failure = { readonly code: string | null; readonly message: string };

/** The queue as its worker and its watchers see it. */
export type OutgoingStore = {
  /** @returns ids, in order; null where the cause had its row already */
  add(drafts: readonly Draft[], at: number): Promise<readonly (string | null)[]>;
  /**
   * A call that somebody asks for. Whether it may be made (see `mayCall`) is asked inside the transaction that adds the
   * row, so that what is known stays true until the row stands. A refused call leaves nothing behind, not even the
   * number; a cause that has its row gets the same answer without being asked.
   */
  addCall(
    order: CallDraft,
    business: Business,
  ): Promise<{ readonly kind: "queued"; readonly id: string } | CallRefused>;
  /**
   * Takes what is due, at most `limit`, oldest first, and leases it until `now + leaseMs`. Of one subscriber's messages
   * never more than one is out or in doubt at a time (nor of their calls), so that a lost answer can be looked up
   * without doubt. What a dead worker left (`sending` past its lease) is taken too, with `unclearSince` set.
   */
  claim(want: Claim): Promise<readonly Outgoing[]>;
  /** Whom a message goes to, as it stands now; null where it goes to nobody, or the number has been erased. */
  addressee(job: Outgoing): Promise<Addressee | null>;
  /** The words that will leave, durable before they do: the `message` row bears the outgoing row's id. */
  compose(job: Outgoing, words: Composed, at: number): Promise<void>;
  accepted(id: string, providerSid: string | null, at: number): Promise<void>;
  /**
   * Once more later. `unclear`: nobody knows whether this attempt, or the earlier one that it looked for, arrived; else
   * none did. `failure` null: held back without having been tried, which does not count as an attempt.
   */
  postpone(id: string, dueAt: number, failure: Failure | null, unclear: boolean): Promise<void>;
  end(id: string, state: "failed" | "expired" | "cancelled", failure: Failure, at: number): Promise<void>;
  /** A person asks for another try of what failed or expired. @returns false where there is nothing to retry */
  retry(id: string, dueAt: number, expiresAt: number): Promise<boolean>;
  /** Sends a delivered event once more, as a new row. @returns its id; null where there is no such row */
  replay(id: string, at: number): Promise<string | null>;
  /** The earliest `dueAt` of what waits and is not held back by another one to the same person; null where nothing does. */
  nextDueAt(): Promise<number | null>;
  get(businessId: string, id: string): Promise<Outgoing | null>;
  /** Newest first, keyset by `seq`. */
  list(filter: OutgoingFilter): Promise<readonly Outgoing[]>;
  /** How many stand in each state but `sent`, and when the oldest of what waits was made. For metrics and the Today page. */
  depth(): Promise<{
    readonly states: Readonly<Partial<Record<OutgoingState, number>>>;
    readonly oldestWaitingAt: number | null;
  }>;
};

export type Addressee = {
  readonly number: E164;
  readonly consents: Subscriber["consents"];
  /** What an earlier attempt has put into words; null where none has. */
  readonly composedTopics: readonly string[] | null;
};

export type Composed = {
  readonly twiml: string;
  readonly words: string;
  readonly digest: string;
  readonly wordsDigest: string;
  readonly contentSid: string | null;
};

export type OutgoingFilter = {
  readonly businessId?: string | undefined;
  readonly kind?: OutgoingKind | undefined;
  readonly states?: readonly OutgoingState[] | undefined;
  readonly subscriberId?: string | undefined;
  /** Undefined: both worlds. */
  readonly simulated?: boolean | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
};
