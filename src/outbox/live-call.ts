import type { Business, Locale } from "../call/business.ts";
import { e164 } from "../call/phone-number.ts";
import type { LiveCall, LiveCalls } from "../ledger/integration.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { TwilioRest } from "../twilio/rest.ts";

export type LiveCallParts = {
  readonly businesses: readonly Business[];
  /** What Twilio calls back. */
  readonly publicUrl: string;
  readonly ledger: Pick<Ledger, "call">;
  readonly liveCalls: LiveCalls;
  readonly restOf: (simulated: boolean) => TwilioRest | null;
};

export type BringIn = {
  readonly businessId: string;
  readonly callSid: string;
  /** Where the call goes on after the flow; null: the line hangs up. */
  readonly returnUrl: string | null;
  /** Null: the caller is asked, where the business has several. */
  readonly locale?: Locale | null | undefined;
  /** The operator's or the key's id. */
  readonly requestedBy: string;
  readonly at: number;
};

export type BroughtIn = { readonly kind: "brought-in" } | BringInRefused;

/** `explanation` is one plain sentence for whoever asked; it holds no number. */
export type BringInRefused = {
  readonly kind: "refused";
  readonly reason: BringInRefusal;
  readonly explanation: string;
};

export const BRING_IN_REFUSALS = [
  "unknown_business",
  "unknown_language",
  "return_url",
  "no_account",
  "unknown_call",
  "not_in_progress",
  "not_a_phone_call",
  "other_business",
  "already_asked",
  "twilio_refused",
  "twilio_unreachable",
  "unclear",
] as const;
export type BringInRefusal = (typeof BRING_IN_REFUSALS)[number];

export const MAX_RETURN_URL_LENGTH = 2_000;

/** Moves an agent's live call into the flow: Twilio is told to ask the line what to say next. */
export function bringer(parts: LiveCallParts) {
  const { businesses, publicUrl, ledger, liveCalls, restOf } = parts;

  return async (request: BringIn): Promise<BroughtIn> => {
    const { businessId, callSid, locale = null, requestedBy, at } = request;
    const business = businesses.find(({ id }) => id === businessId);
    if (business === undefined) return refused("unknown_business");
    if (locale !== null && !business.locales.includes(locale)) return refused("unknown_language");
    if (request.returnUrl !== null && !mayReturnTo(request.returnUrl, publicUrl))
      return refused("return_url");
    const returnUrl = request.returnUrl === null ? null : new URL(request.returnUrl).href;
    // Law 6: the simulator's calls are brought in where there are no others.
    const rest = restOf(false) ?? restOf(true);
    if (rest === null) return refused("no_account");
    const begun = (await ledger.call(businessId, callSid)) !== null;
    // Asked again, as after a lost answer: the flow that has begun is not begun anew.
    if (begun) {
      const brought = await liveCalls.find(businessId, callSid);
      return brought === null ? refused("already_asked") : BROUGHT_IN;
    }
    const unfit = await unfitness(rest, callSid, business);
    if (unfit !== null) return unfit;
    const isFirst = await liveCalls.add({ businessId, callSid, returnUrl, requestedBy, at });
    const address = new URL(`${publicUrl}/voice`);
    address.searchParams.set("business", businessId);
    if (locale !== null) address.searchParams.set("locale", locale);
    return redirect(rest, { businessId, callSid }, address.href, isFirst);
  };

  async function unfitness(
    rest: TwilioRest,
    callSid: string,
    business: Business,
  ): Promise<BringInRefused | null> {
    const fetched = await rest.fetchCall(callSid);
    if (fetched.kind === "refused") {
      return fetched.code === NO_SUCH_CALL
        ? refused("unknown_call")
        : refused("twilio_refused", fetched.code);
    }
    if (fetched.kind !== "call") return refused("twilio_unreachable");
    const { status, direction, from, to } = fetched.call;
    if (status !== "in-progress") return refused("not_in_progress");
    const line = e164(direction === "inbound" ? to : from);
    if (line === null) return refused("not_a_phone_call");
    const owner = businesses.find(({ lines }) => lines.includes(line));
    return owner === undefined || owner.id === business.id ? null : refused("other_business");
  }

  /** @param isFirst the row was made for this request: if Twilio does not take the call over, it goes again */
  async function redirect(
    rest: TwilioRest,
    { businessId, callSid }: Pick<LiveCall, "businessId" | "callSid">,
    address: string,
    isFirst: boolean,
  ): Promise<BroughtIn> {
    const sent = await rest.redirectCall(callSid, address);
    if (sent.kind === "accepted") return BROUGHT_IN;
    // It may have been taken over: then the line is asked, and must know the call.
    if (sent.kind === "unclear") return refused("unclear");
    if (isFirst) await liveCalls.remove(businessId, callSid);
    if (sent.kind !== "refused") return refused("twilio_unreachable");
    return sent.code === NOT_IN_PROGRESS ? refused("not_in_progress") : refused("twilio_refused", sent.code);
  }
}

/**
 * Whether a call may go on there: https, or http on this very machine, without a password in it; never to the line
 * itself, or a caller would go round in circles.
 */
export function mayReturnTo(address: string, publicUrl: string): boolean {
  if (address.length > MAX_RETURN_URL_LENGTH || !URL.canParse(address)) return false;
  const url = new URL(address);
  const own = new URL(publicUrl);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
  const ours = url.host === own.host && url.pathname.startsWith(`${own.pathname.replace(/\/$/, "")}/voice`);
  return (
    safe && url.username === "" && url.password === "" && url.href.length <= MAX_RETURN_URL_LENGTH && !ours
  );
}

const BROUGHT_IN: BroughtIn = { kind: "brought-in" };
/** Twilio's codes: the resource was not found; the call is not in progress and cannot be redirected. */
const NO_SUCH_CALL = "20404";
const NOT_IN_PROGRESS = "21220";
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function refused(reason: BringInRefusal, code: string | null = null): BringInRefused {
  return { kind: "refused", reason, explanation: explain(reason, code) };
}

function explain(reason: BringInRefusal, code: string | null): string {
  switch (reason) {
    case "unknown_business":
      return "The line has no business of this name.";
    case "unknown_language":
      return "The language is not one that the business speaks.";
    case "return_url":
      return `The return URL must be https (or http on this machine), at most ${MAX_RETURN_URL_LENGTH} characters, without a password, and not the line's own.`;
    case "no_account":
      return "No Twilio account carries it: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.";
    case "unknown_call":
      return "Twilio knows no such call in the line's account.";
    case "not_in_progress":
      return "The call is not in progress: only a live call can be brought in.";
    case "not_a_phone_call":
      return "The call has no telephone number on the business's side.";
    case "other_business":
      return "The call is on the line of another business.";
    case "already_asked":
      return "In this call the person has been in the flow already, and is not asked twice.";
    case "twilio_refused":
      return `Twilio did not take the call over${code === null ? "" : ` (${code})`}.`;
    case "twilio_unreachable":
      return "Twilio is not reached; nothing has changed, and it can be asked again.";
    case "unclear":
      return "Nobody knows whether Twilio took the call over; it is safe to ask again.";
  }
}
