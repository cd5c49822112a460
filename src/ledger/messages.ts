import type { Jurisdiction, Locale } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { Correspondent, Intent, OutPurpose } from "../call/reply.ts";
import type { Entry } from "./ledger.ts";

/** What a message is for; one that came bears what was understood of it. */
export type MessagePurpose = OutPurpose | Intent["kind"];

/** How far a message came. Order of arrival is not order of events: a status never goes back (see `rankOf`). */
export const MESSAGE_STATUSES = [
  "received",
  "queued",
  "sent",
  "delivered",
  "read",
  "undelivered",
  "failed",
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** A message that was delivered cannot have failed; one that was said to have failed may turn out to be delivered. */
export function rankOf(status: MessageStatus): number {
  switch (status) {
    case "received":
    case "queued":
      return 0;
    case "sent":
      return 1;
    case "undelivered":
    case "failed":
      return 2;
    case "delivered":
      return 3;
    case "read":
      return 4;
  }
}

/** The memory of the WhatsApp side. Promises mean what the ledger's mean: resolved is committed and synced. */
export type Messages = {
  /**
   * A message came. In one transaction: kept, understood in the light of what stands (see `reply`), answered in the
   * ledger, and what must be sent back put into the outbox. A repeated webhook (same `sid`) writes nothing and returns
   * what stands.
   */
  receive(arrival: Arrival, to: Pick<Correspondent, "business" | "locale">): Promise<Answered>;

  /** Twilio says how far a message came. Unknown sids are kept from being an error: another line's, or erased. */
  statusChanged(change: MessageStatusChange): Promise<"changed" | "stale" | "unknown">;

  /** Ends what was asked of a number and not answered since `askedBefore`; a bounded number; returns how many. */
  expirePending(businessId: string, askedBefore: number, at: number): Promise<number>;

  /** The old number's consent ends and the new number's is pending, in one transaction, linked. */
  changeNumber(change: NumberChange): Promise<readonly Entry[]>;

  /** What was not understood and nobody has dealt with, oldest first; `simulated` undefined: of both worlds. */
  inbox(page: {
    readonly after: number;
    readonly limit: number;
    readonly simulated?: boolean | undefined;
  }): Promise<readonly InboxMessage[]>;
  /** The person's own words; null once erased. Whoever shows them logs it. */
  words(businessId: string, messageId: string): Promise<string | null>;
  /** @returns false where somebody has dealt with it already */
  handle(businessId: string, messageId: string, by: string, at: number): Promise<boolean>;

  /** One message with what proves it; null where there is none. */
  get(businessId: string, messageId: string): Promise<MessageProof | null>;

  /** The messages with one person, in order, newest first; bounded. */
  withSubscriber(businessId: string, subscriberId: string, limit: number): Promise<readonly MessageView[]>;

  /**
   * Which of these SIDs another message of this business bears than the one with this id, whoever it was with: also
   * those who were forgotten since.
   */
  borneByOthers(businessId: string, messageId: string, sids: readonly string[]): Promise<readonly string[]>;
};

/** A message as Twilio delivered it. */
export type Arrival = {
  readonly businessId: string;
  readonly sid: string;
  readonly from: E164;
  readonly simulated: boolean;
  readonly intent: Intent;
  readonly body: string;
  readonly payload: string | null;
  /** Twilio's sid of our message that the person answered, where WhatsApp says so. */
  readonly repliedSid: string | null;
  readonly at: number;
};

export type Answered = {
  readonly repeated: boolean;
  /** What the message was kept as. */
  readonly understood: Intent["kind"];
  readonly messageId: string;
  readonly entries: readonly Entry[];
};

export type MessageStatusChange = {
  readonly sid: string;
  /** Our own id, which the status callback's address carries: it also proves that Twilio has accepted the message. */
  readonly outgoingId: string | null;
  /** Law 6: of the account that signed. */
  readonly simulated: boolean;
  readonly status: MessageStatus;
  readonly errorCode: number | null;
  readonly at: number;
};

export type NumberChange = {
  readonly businessId: string;
  readonly from: E164;
  readonly to: E164;
  readonly simulated: boolean;
  readonly source: "api" | "console";
  /** Names the request, so that the same one repeated writes nothing. */
  readonly sourceId: string;
  readonly reason: string | null;
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  readonly at: number;
};

export type MessageView = {
  readonly seq: number;
  readonly id: string;
  readonly direction: "in" | "out";
  readonly purpose: MessagePurpose;
  readonly subscriberId: string;
  readonly simulated: boolean;
  readonly locale: Locale;
  readonly topics: readonly string[];
  readonly sid: string | null;
  /** Of ours: the words, verbatim. A person's own are asked for one by one (`words`). */
  readonly words: string | null;
  readonly status: MessageStatus;
  readonly errorCode: number | null;
  readonly entryId: string | null;
  readonly at: number;
};

/** What stands behind an entry that rests on a message. */
export type MessageProof = MessageView & {
  readonly businessId: string;
  /** Of ours: SHA-256 of the words, hex; and the template that carried them, where one did. */
  readonly wordsDigest: string | null;
  readonly contentSid: string | null;
  /** Of a person's own: the button that was pressed, the HMAC of the words that outlives them, and what it answers. */
  readonly payload: string | null;
  readonly commitment: string | null;
  readonly repliesTo: string | null;
};

export type InboxMessage = MessageView & { readonly businessId: string };
