import type { Failure, Outgoing, OutgoingKind, Payload } from "../ledger/outgoing.ts";
import type { Sent } from "../twilio/rest.ts";

/** Knows how one kind of what leaves is sent. A carrier only throws while nothing has left. */
export type Carrier<K extends OutgoingKind = OutgoingKind> = {
  /** Whether an earlier attempt, whose fate nobody knows, has arrived. */
  look(job: Job<K>): Promise<Seen>;
  send(job: Job<K>, now: number): Promise<Fate>;
};

export type Job<K extends OutgoingKind> = Outgoing & { readonly payload: Payload & { readonly kind: K } };

export type Seen =
  | { readonly kind: "arrived"; readonly sid: string | null }
  | { readonly kind: "absent" }
  /** It could not be seen: wait, and look again. */
  | { readonly kind: "unknown"; readonly reason: string };

/** What became of an attempt. */
export type Fate =
  | { readonly kind: "accepted"; readonly sid: string | null }
  /** Nothing was sent, and nothing is wrong: not before `until`. */
  | { readonly kind: "held"; readonly until: number }
  /** Not done: once more after a wait, at least so long. `unclear`: it may have arrived after all. */
  | {
      readonly kind: "again";
      readonly failure: Failure;
      readonly unclear: boolean;
      readonly afterMs: number;
    }
  | { readonly kind: "failed" | "cancelled"; readonly failure: Failure };

/**
 * Twilio may take longer to show a message than to accept it: an attempt whose answer was lost is looked up no earlier
 * than this after it.
 */
export const LOOK_AFTER_MS = 45_000;

/** Twilio's clock may be behind ours by so much. */
export const CLOCK_SKEW_MS = 60_000;

/** HTTP's 401: the account is set up wrongly, and what is to be sent is not at fault. */
const NOT_SIGNED_IN = "20003";

export function fateOf(sent: Sent): Fate {
  switch (sent.kind) {
    case "accepted":
      return { kind: "accepted", sid: sent.sid };
    case "refused": {
      const failure = { code: sent.code, message: sent.message };
      return sent.code === NOT_SIGNED_IN
        ? { kind: "again", failure, unclear: false, afterMs: 0 }
        : { kind: "failed", failure };
    }
    case "busy":
      return {
        kind: "again",
        failure: { code: "429", message: "Twilio asks to wait." },
        unclear: false,
        afterMs: (sent.retryAfterSeconds ?? 0) * 1000,
      };
    case "unclear":
      return {
        kind: "again",
        failure: { code: null, message: `Nobody knows whether it arrived: ${sent.reason}.` },
        unclear: true,
        afterMs: LOOK_AFTER_MS,
      };
    case "unreachable":
      return notNow(`Twilio is not reached: ${sent.reason}.`);
  }
}

export const NO_ACCOUNT = "No Twilio account carries it: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.";

/** Nothing has left, and it may go better later. */
export function notNow(message: string): Fate {
  return { kind: "again", failure: { code: null, message }, unclear: false, afterMs: 0 };
}

export function cancelled(message: string): Fate {
  return { kind: "cancelled", failure: { code: null, message } };
}

export function failed(message: string): Fate {
  return { kind: "failed", failure: { code: null, message } };
}
