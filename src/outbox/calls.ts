import type { Business, Locale } from "../call/business.ts";
import {
  NUMBER_WINDOW_MS,
  refusedCall,
  stillMayCall,
  USUAL_EXPIRY_MINUTES,
  type CallRefused,
} from "../call/calling.ts";
import { ownWord } from "../call/consent.ts";
import { e164 } from "../call/phone-number.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutgoingState, OutgoingStore } from "../ledger/outgoing.ts";
import type { TwilioRest } from "../twilio/rest.ts";
import type { CallParts } from "./call.ts";

export type PlacingParts = {
  readonly businesses: readonly Business[];
  readonly outgoing: Pick<OutgoingStore, "addCall">;
  /** Law 6: each world has its own account; null where this line has none. */
  readonly restOf: (simulated: boolean) => TwilioRest | null;
};

/** Somebody asks for a call: an operator, or another system. */
export type CallRequest = {
  readonly businessId: string;
  /** As it came. */
  readonly to: string;
  /** Null: the person is asked. */
  readonly locale: Locale | null;
  /** True: only in the simulated world. False: in the real one, where the line has an account for it. */
  readonly simulated: boolean;
  /** The operator's or the key's id. */
  readonly requestedBy: string;
  /** The same request repeated has the same name, and places one call. */
  readonly cause: string;
  readonly expiresInMinutes?: number | undefined;
  readonly at: number;
};

export type Placed = { readonly kind: "queued"; readonly id: string } | CallRefused;

const MINUTE_MS = 60 * 1000;
/** Of one person's calls, so many are looked at for the cap; a business allows far fewer a day. */
const MAX_OTHERS = 100;
/** They have rung, or may have. */
const LEFT: readonly OutgoingState[] = ["sent", "sending"];

/** Puts a call into the queue, where everything speaks for it; what is refused leaves no row and no request behind. */
export function callPlacer({ businesses, outgoing, restOf }: PlacingParts) {
  return async (request: CallRequest): Promise<Placed> => {
    const { businessId, locale, requestedBy, cause, at } = request;
    const business = businesses.find(({ id }) => id === businessId);
    if (business === undefined) return refusedCall("unknown_business");
    const to = e164(request.to);
    if (to === null) return refusedCall("malformed_number");
    const simulated = request.simulated || restOf(false) === null;
    if (restOf(simulated) === null) return refusedCall("no_account");
    const expiresAt = at + (request.expiresInMinutes ?? USUAL_EXPIRY_MINUTES) * MINUTE_MS;
    const payload = { kind: "call", line: business.lines[0], locale } as const;
    return outgoing.addCall(
      { businessId, to, cause, simulated, payload, expiresAt, requestedBy, at },
      business,
    );
  };
}

export type GuardParts = {
  readonly businesses: readonly Business[];
  readonly ledger: Pick<Ledger, "numberOf" | "subscriber">;
  readonly outgoing: Pick<OutgoingStore, "list">;
};

/** Row 47: asked right before a call is placed, because the hour and what the person said may have changed. */
export function callGuard({ businesses, ledger, outgoing }: GuardParts): CallParts["guard"] {
  return async ({ businessId, subscriberId, id, simulated, expiresAt }, now) => {
    const business = businesses.find((each) => each.id === businessId);
    const to = subscriberId === null ? null : await ledger.numberOf(businessId, subscriberId);
    if (business === undefined || subscriberId === null || to === null)
      return { kind: "cancel", reason: "The business or the number is no longer there." };
    const entries = (await ledger.subscriber(businessId, to))?.entries ?? [];
    const others = await outgoing.list({
      businessId,
      kind: "call",
      subscriberId,
      states: LEFT,
      limit: MAX_OTHERS,
    });
    const toNumber = others.filter(
      (other) =>
        other.id !== id &&
        other.simulated === simulated &&
        (other.finishedAt ?? now) > now - NUMBER_WINDOW_MS,
    ).length;
    const history = { consents: ownWord(entries.filter((each) => each.simulated === simulated)), toNumber };
    return stillMayCall({ business, to, expiresAt }, history, now);
  };
}
