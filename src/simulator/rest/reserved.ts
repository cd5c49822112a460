/**
 * Numbers whose owners behave in a way of their own, by their last four digits; everybody else reads what arrives and
 * does not answer the telephone unless somebody waits for the call.
 */
export type Behaviour =
  | { readonly kind: "ordinary" }
  /** The message is taken, and its status tells later that it did not arrive. */
  | { readonly kind: "undelivered"; readonly code: number; readonly message: string }
  /** Twilio itself says no at once. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** Every second request is one too many. */
  | { readonly kind: "busy-first" }
  /** The message arrives, and is never opened. */
  | { readonly kind: "unread" };

/** What a telephone does that nobody waits at. */
export type Pickup = "no-answer" | "busy" | "failed" | "machine";

const MESSAGES: Readonly<Record<string, Behaviour>> = {
  "0179": { kind: "undelivered", code: 63_024, message: "Invalid message recipient" },
  "0178": { kind: "undelivered", code: 63_032, message: "User has been withheld by WhatsApp" },
  "0177": { kind: "refused", code: 21_610, message: "Attempt to send to unsubscribed recipient" },
  "0176": { kind: "busy-first" },
  "0175": { kind: "unread" },
};

const CALLS: Readonly<Record<string, Pickup>> = { "0174": "machine", "0173": "busy", "0172": "failed" };

/** @param number E.164, also as WhatsApp's address */
export function behaviourOf(number: string): Behaviour {
  return MESSAGES[number.slice(-4)] ?? { kind: "ordinary" };
}

export function pickupOf(number: string): Pickup {
  return CALLS[number.slice(-4)] ?? "no-answer";
}
