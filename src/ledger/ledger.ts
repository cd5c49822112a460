import type { ConsentState, EntryKind } from "../call/consent.ts";
import type { Jurisdiction, Locale } from "../call/business.ts";
import type { Keypress } from "../call/keypress.ts";
import type { E164 } from "../call/phone-number.ts";

/**
 * The memory of the line, as the doors see it. Every promise that resolves means: committed and synced to disk.
 * Every one that rejects means: nothing of it is there.
 */
export type Ledger = {
  /** Topics for which the number's present consent is granted, in one world (real or simulated). */
  granted(businessId: string, number: E164, simulated: boolean): Promise<readonly string[]>;

  /** Law 2: the entry, its event and the projection are durable before the answer is made from what this returns. */
  record(turn: Turn): Promise<Recorded>;

  /** Keeps a number that someone keyed in and has yet to confirm; the same number gives the same id. */
  register(businessId: string, number: E164, at: number): Promise<string>;

  /** The number behind a subscriber's id; null where there is none, or no longer. */
  numberOf(businessId: string, subscriberId: string): Promise<E164 | null>;

  /** A status callback. Late, early or repeated ones never turn a call's status back. */
  recordStatus(call: CallIdentity, change: StatusChange): Promise<{ readonly repeated: boolean }>;

  /**
   * How a webhook was answered, told after the answer. Not a promise: nobody waits for it, and it is written with
   * what is written next. What a crash or a full queue loses was still answered.
   */
  noteAnswered(webhook: AnsweredWebhook): void;

  /** Closes calls that began before `begunBefore` and never reported an end; returns how many. */
  closeAbandoned(begunBefore: number, at: number): Promise<number>;

  /** A withdrawal that did not come by phone. Returns the entries made: one in each world that it concerned. */
  revoke(withdrawal: Withdrawal): Promise<readonly Entry[]>;

  /** Where a number stands, and every entry about it in commit order; null where the number is unknown. */
  subscriber(businessId: string, number: E164): Promise<Subscriber | null>;

  /** One call with everything that happened in it, in order; null where there is no such call. */
  call(businessId: string, callSid: string): Promise<CallView | null>;

  /** Writes and commits for real. @throws what a caller's entry would have met */
  probe(): Promise<void>;

  close(): Promise<void>;
};

/** The same, for who has the file at hand. */
export type WholeLedger = Ledger & {
  /** Entries in commit order, page after page, so that memory stays flat. */
  entries(filter: EntryFilter): AsyncIterable<EntryView>;
};

/** A call as Twilio names it. The subscriber is whoever is at the other end, where that is known. */
export type CallIdentity = {
  readonly businessId: string;
  readonly callSid: string;
  readonly accountSid: string;
  readonly line: E164;
  readonly direction: "inbound" | "outbound";
  /** Null where WhatsApp could not reach the calling number. */
  readonly caller: E164 | null;
  readonly attestation: string;
  /** Law 6: set here, at birth, and never again. */
  readonly simulated: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** One webhook: what the caller did, what is to be recorded of it, and what the caller hears next. */
export type Turn = {
  readonly call: CallIdentity;
  /** The question that was answered, or "begin"; with the attempt, it makes the turn unique in its call. */
  readonly step: string;
  readonly attempt: number;
  /** The address of the question, as it was served; null where the call begins. What was not asked is not answered. */
  readonly asked: string | null;
  readonly locale: Locale;
  /** What the caller did; null where the call begins. */
  readonly keypress: Keypress["kind"] | null;
  /** The key, where one key was pressed; numbers that were keyed in are kept with the subscriber only. */
  readonly key: string | null;
  /** Under which law and in which script the call is held. */
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  readonly entries: readonly NewEntry[];
  readonly served: Served;
  /** With the announcement that the call is recorded, its start; where somebody else takes over, its end. */
  readonly recording?: "start" | "stop" | null;
};

export type NewEntry = {
  readonly kind: "granted" | "refused" | "pending" | "revoked";
  readonly topics: readonly string[];
  /** Null: the number that the call comes from. */
  readonly subscriberId: string | null;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
};

/** What is spoken next. `step` is "notice" exactly if the whole notice is in it. */
export type Served = {
  readonly step: string;
  readonly attempt: number;
  readonly locale: Locale;
  readonly text: Text;
  /** Path and query of the next answer; null where the call ends. */
  readonly action: string | null;
  /** Whose number is read out, where one is. */
  readonly subscriberId: string | null;
};

/** Verbatim TwiML and words, with the slots that belong to one call left open, so that few distinct ones exist. */
export type Text = {
  /** SHA-256 of the TwiML, hex. */
  readonly digest: string;
  /** SHA-256 of the words, hex. */
  readonly wordsDigest: string;
  readonly twiml: string;
  readonly words: string;
};

/** What stands in the ledger for a turn, whether it was written now or by an earlier delivery of the webhook. */
export type Recorded =
  | {
      readonly kind: "answered";
      readonly repeated: boolean;
      readonly entries: readonly Entry[];
      readonly served: Pick<Served, "action" | "subscriberId"> & { readonly twiml: string };
    }
  /** The call had ended: the key is kept as an event, and nothing else. */
  | { readonly kind: "ended" };

/** A machine answered a call of the line: kept like a status, though none of Twilio's. */
export const MACHINE = "machine";

export type StatusChange = {
  /** Twilio's, or `MACHINE`. */
  readonly status: string;
  readonly terminal: boolean;
  readonly sequence: number;
  readonly durationSeconds: number | null;
  readonly at: number;
};

export type Withdrawal = {
  readonly businessId: string;
  readonly number: E164;
  readonly topics: readonly string[];
  /** Only in this world, and only what stands there; absent: wherever there is something to withdraw. */
  readonly simulated?: boolean;
  readonly source: "cli" | "api" | "console" | "whatsapp";
  /** Names the request, so that the same one repeated writes nothing. */
  readonly sourceId: string;
  readonly reason: string | null;
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  readonly at: number;
};

/** One immutable row. */
export type Entry = {
  readonly seq: number;
  readonly id: string;
  readonly businessId: string;
  readonly subscriberId: string;
  readonly kind: EntryKind;
  readonly topics: readonly string[];
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  readonly source: string;
  readonly sourceId: string;
  readonly step: string;
  readonly attempt: number;
  readonly key: string | null;
  readonly noticeAttempt: number | null;
  /** The WhatsApp message that carried the notice, and the one that answered it; null for what came another way. */
  readonly noticeMessageId: string | null;
  readonly messageId: string | null;
  /** Of a `confirmed` entry: the pending one. Of a moved number's pending entry: what ended the old number's consent. */
  readonly confirms: string | null;
  readonly supersedes: string | null;
  readonly attestation: string | null;
  readonly simulated: boolean;
  readonly commitment: string;
  /** Words in clear, or a commitment to words that are kept with the person; see `reason.ts`. */
  readonly reason: string | null;
  /** Of a `recorded` entry: Twilio's name of the audio, its length and size, and its SHA-256 in hex. */
  readonly recordingSid: string | null;
  readonly recordingSeconds: number | null;
  readonly recordingBytes: number | null;
  readonly recordingSha256: string | null;
  readonly at: number;
};

/** An entry with what it refers to. */
export type EntryView = {
  /** Its reason in words, as far as they are kept. */
  readonly entry: Entry;
  /** What the entry itself keeps of those words; null where they stand in it, or none were given. */
  readonly reasonCommitment: string | null;
  /** Null after erasure. */
  readonly number: E164 | null;
  readonly notice: ServedWords | null;
  /** The question that the key answered, as it was last served. */
  readonly question: ServedWords | null;
  readonly call: {
    /** Who called or was called, by the id that is kept of them; null where the number was withheld. */
    readonly subscriberId: string | null;
    readonly line: string;
    readonly direction: string;
    readonly status: string;
    readonly begunAt: number;
    readonly endedAt: number | null;
  } | null;
};

/** A call as it was. */
export type CallView = {
  readonly callSid: string;
  readonly businessId: string;
  readonly line: E164;
  readonly direction: "inbound" | "outbound";
  /** Null where it was withheld, or has been erased. */
  readonly caller: E164 | null;
  readonly attestation: string;
  readonly simulated: boolean;
  readonly status: string;
  readonly begunAt: number;
  readonly endedAt: number | null;
  readonly events: readonly CallEvent[];
};

/** One thing that happened in a call. */
export type CallEvent = {
  readonly kind: "key" | "served" | "status";
  readonly step: string;
  readonly attempt: number;
  readonly locale: string;
  /** Of a `key` event: what the caller did; null where the call began, and where nobody kept it yet. */
  readonly keypress: Keypress["kind"] | null;
  /** Of a `key` event: the key; null for silence, a hang-up, or a number that was keyed in. */
  readonly key: string | null;
  /** Of a `served` event: the words, with the slots that belong to the call left open. */
  readonly words: string | null;
  /** Of a `served` event: where the answer was awaited; null where the call ended. */
  readonly action: string | null;
  /** Whose number was read out. */
  readonly subscriberId: string | null;
  readonly at: number;
};

/** How the line was asked: the call begins, the caller answered, or the carrier tells of a status. */
export type WebhookRoute = "begin" | "answer" | "status";

/** One webhook of a call, after its answer was made. */
export type AnsweredWebhook = {
  readonly businessId: string;
  readonly callSid: string;
  readonly route: WebhookRoute;
  /** Of the event that it brought: "begin", the question answered, or the status; null where it brought none. */
  readonly step: string | null;
  readonly attempt: number | null;
  /** When it was received. */
  readonly at: number;
  /** From then until its answer was made. */
  readonly milliseconds: number;
  readonly httpStatus: number;
  /** It had been answered before, and got the same answer. */
  readonly repeated: boolean;
  /** The next question, the ending, the call's status, "sorry" where something failed, or why it was refused. */
  readonly outcome: string;
};

/** Verbatim words as they were served, with the slots that belong to the call left open. */
export type ServedWords = {
  /** Which prompt they are: the step of a call, or what a message is for. */
  readonly name: string;
  readonly words: string;
  readonly wordsDigest: string;
  /** Who spoke them, as the telephone carrier calls the voice; null for what was written. */
  readonly voice: string | null;
  readonly at: number;
};

export type EntryFilter = {
  readonly businessId?: string | undefined;
  readonly kind?: EntryKind | undefined;
  /** Inclusive, milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Exclusive, milliseconds since 1970. */
  readonly until?: number | undefined;
  readonly simulated?: boolean | undefined;
};

export type Subscriber = {
  readonly id: string;
  readonly consents: readonly {
    readonly topic: string;
    readonly state: ConsentState;
    readonly simulated: boolean;
    readonly at: number;
  }[];
  readonly entries: readonly Entry[];
};

/** A webhook for a call that the ledger never saw begin, or that began in the other world. */
export class UnknownCall extends Error {}

/** The disk or another process does not let us write now; the same write may succeed later. */
export class LedgerUnavailable extends Error {}

/** The database cannot be used; the message gives the reason and the fix. */
export class DatabaseUnusable extends Error {}
