import type { ConsentState, EntryKind } from "./consent.ts";
import type { OutPurpose } from "./reply.ts";

/** An entry, as far as it decides what is written to its person. */
export type Cause = { readonly kind: EntryKind; readonly source: string };

/**
 * What an entry brings its person on WhatsApp; null where nothing is to be sent.
 * - Who withdrew gets one message, if there was something to withdraw or if they wrote to us.
 * - Who once said no is not written to because someone else names their number.
 * - Who is erased is not written to any more: the number goes with the same commit.
 * - Who refused on the phone has heard so; nobody asked for a message.
 *
 * @param before where each topic of the entry stood before it
 */
export function messageAfter({ kind, source }: Cause, before: readonly ConsentState[]): OutPurpose | null {
  switch (kind) {
    case "granted":
    case "confirmed":
      return "confirmation";
    case "pending":
      return before.every((state) => state === "none" || state === "pending") ? "verification" : null;
    case "revoked":
      if (source === "expiry" || source === "erasure") return null;
      return source === "whatsapp" || before.some(isOpen) ? "withdrawn" : null;
    case "refused":
      return source === "whatsapp" ? "refused" : null;
    case "recorded":
      return null;
  }
}

function isOpen(state: ConsentState): boolean {
  return state === "granted" || state === "pending";
}
