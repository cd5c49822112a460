import type { Business, Locale } from "./business.ts";
import type { ConsentState } from "./consent.ts";
import { haveCommonHour, nextAllowed } from "./hours.ts";
import { countryOf, subscriberNumber, type Country, type E164 } from "./phone-number.ts";

/**
 * May the line call this person, to ask for consent? Asked twice: before there is a row of it, and right before the call
 * is placed. Nobody is called who said no, and nobody at an hour that is not allowed in every zone of their country.
 */

/** Why not. */
export const CALL_REFUSALS = [
  "unknown_business",
  "unknown_language",
  "malformed_number",
  "unreachable_number",
  "own_number",
  "unknown_country",
  "country_not_allowed",
  "expiry_out_of_range",
  "refused",
  "withdrawn",
  "granted",
  "no_common_hour",
  "outside_hours",
  "under_way",
  "number_cap",
  "business_cap",
  "requester_cap",
  "no_account",
] as const;
export type CallRefusal = (typeof CALL_REFUSALS)[number];

/** `explanation` is one plain sentence for whoever asked; it holds no number. */
export type CallRefused = {
  readonly kind: "refused";
  readonly reason: CallRefusal;
  readonly explanation: string;
  /** Where the hour is what keeps it: the next one that is allowed, milliseconds since 1970. */
  readonly nextAllowedAt: number | null;
};

export type CallVerdict = { readonly kind: "go"; readonly dueAt: number } | CallRefused;

/** Before it is placed: now, at a later time, or never. */
export type PlacingVerdict =
  | { readonly kind: "go" }
  | { readonly kind: "hold"; readonly until: number }
  | { readonly kind: "cancel"; readonly reason: string };

/** A call that somebody asks for. */
export type CallOrder = {
  readonly business: Business;
  readonly to: E164;
  /** Null: the person is asked. */
  readonly locale: Locale | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly expiresAt: number;
};

/** What is known of the person and of the calls before, in one world (real or simulated). */
export type CallHistory = {
  readonly consents: readonly { readonly topic: string; readonly state: ConsentState }[];
  /** A call to or from this person waits, rings or goes on. */
  readonly isUnderWay: boolean;
  /** Calls to this number within `NUMBER_WINDOW_MS`, but those that were given up before they left. */
  readonly toNumber: number;
  /** Calls asked for within `HOUR_WINDOW_MS`. */
  readonly ofBusiness: number;
  readonly ofRequester: number;
};

export const NUMBER_WINDOW_MS = 24 * 60 * 60 * 1000;
export const HOUR_WINDOW_MS = 60 * 60 * 1000;

/** A call is for now: what could not be placed in a quarter of an hour is not, unless asked otherwise. */
export const USUAL_EXPIRY_MINUTES = 15;
export const MAX_EXPIRY_MINUTES = 24 * 60;

/** The first of these that holds decides: the order makes no sense, whom it would reach, the hour, how often. */
export function mayCall(order: CallOrder, history: CallHistory): CallVerdict {
  const { business, to, locale, at, expiresAt } = order;
  if (locale !== null && !business.locales.includes(locale)) return refusedCall("unknown_language");
  const lifeMs = expiresAt - at;
  if (!(lifeMs >= MINUTE_MS && lifeMs <= MAX_EXPIRY_MINUTES * MINUTE_MS))
    return refusedCall("expiry_out_of_range");
  const wrong = wrongNumber(business, to) ?? wrongPerson(business, history);
  if (wrong !== null) return refusedCall(wrong);
  const dueAt = nextHour(business, countryOf(to), at);
  if (dueAt === null) return refusedCall("no_common_hour");
  if (dueAt >= expiresAt) return refusedCall("outside_hours", dueAt);
  const often = tooOften(business, history);
  return often === null ? { kind: "go", dueAt } : refusedCall(often);
}

/**
 * Right before a call is placed. The caps of the hour held when it was asked for; the number's is looked at again,
 * because what failed can be tried once more at any time.
 *
 * @param history of its other calls
 */
export function stillMayCall(
  { business, to, expiresAt }: Pick<CallOrder, "business" | "to" | "expiresAt">,
  history: Pick<CallHistory, "consents" | "toNumber">,
  now: number,
): PlacingVerdict {
  const wrong = wrongNumber(business, to) ?? wrongPerson(business, history);
  if (wrong !== null) return { kind: "cancel", reason: explainCall(wrong) };
  const { toNumber } = history;
  if (toNumber >= business.calls.perNumber) return { kind: "cancel", reason: explainCall("number_cap") };
  const dueAt = nextHour(business, countryOf(to), now);
  if (dueAt === null) return { kind: "cancel", reason: explainCall("no_common_hour") };
  if (dueAt === now) return { kind: "go" };
  return dueAt < expiresAt
    ? { kind: "hold", until: dueAt }
    : { kind: "cancel", reason: explainCall("outside_hours", dueAt) };
}

export function refusedCall(reason: CallRefusal, nextAllowedAt: number | null = null): CallRefused {
  return { kind: "refused", reason, explanation: explainCall(reason, nextAllowedAt), nextAllowedAt };
}

/** One plain sentence for whoever asked. */
export function explainCall(reason: CallRefusal, nextAllowedAt: number | null = null): string {
  switch (reason) {
    case "unknown_business":
      return "The line has no business of this name.";
    case "unknown_language":
      return "The language is not one that the business speaks.";
    case "malformed_number":
      return "The number is not in E.164: a plus sign, the country code, at most 15 digits.";
    case "unreachable_number":
      return "No WhatsApp account can be registered on a number of this kind: premium rate, shared cost, a pager or a voice mailbox.";
    case "own_number":
      return "The number is one of the business's own.";
    case "unknown_country":
      return "The number's country is not known, so nobody can tell what time it is there.";
    case "country_not_allowed":
      return "The number's country is not among those that the business may call (calls.countries in the business file).";
    case "expiry_out_of_range":
      return `A call may wait from one minute to ${MAX_EXPIRY_MINUTES} minutes.`;
    case "refused":
      return "The person was asked and said no: the line does not call them.";
    case "withdrawn":
      return "The person has withdrawn: the line does not call them.";
    case "granted":
      return "The person has agreed to everything that the business asks for.";
    case "no_common_hour":
      return "The business's calling hours never come at once in all time zones of the number's country: its hours are too short.";
    case "outside_hours":
      return `It is outside the calling hours in at least one time zone of the number's country${
        nextAllowedAt === null
          ? ""
          : `; the next time that is allowed is ${new Date(nextAllowedAt).toISOString()}`
      }.`;
    case "under_way":
      return "A call with this person waits or is under way.";
    case "number_cap":
      return "The person has been called as often in 24 hours as the business allows.";
    case "business_cap":
      return "As many calls were asked for in one hour as the business allows.";
    case "requester_cap":
      return "You asked for as many calls in one hour as the business allows one operator or key.";
    case "no_account":
      return "No Twilio account carries it: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.";
  }
}

const MINUTE_MS = 60 * 1000;

/** Row 45: what must never be dialled, whoever asks. Null where the number may be. */
function wrongNumber(business: Business, to: E164): CallRefusal | null {
  if (subscriberNumber(to) === null) return "unreachable_number";
  const own = [...business.lines, business.whatsapp.sender, business.agent];
  if (own.includes(to)) return "own_number";
  const country = countryOf(to);
  if (country === null) return "unknown_country";
  return business.calls.countries.includes(country) ? null : "country_not_allowed";
}

/** Law 8's other half: who left, or never came, is left alone, on every topic. */
function wrongPerson(business: Business, { consents }: Pick<CallHistory, "consents">): CallRefusal | null {
  const states = new Map(consents.map(({ topic, state }) => [topic, state]));
  const found = new Set(states.values());
  if (found.has("revoked")) return "withdrawn";
  if (found.has("refused")) return "refused";
  return business.topics.every(({ id }) => states.get(id) === "granted") ? "granted" : null;
}

function nextHour({ calls: { hours } }: Business, country: Country | null, at: number): number | null {
  return haveCommonHour(hours, country, at) ? nextAllowed(hours, country, at) : null;
}

/** Row 46. */
function tooOften({ calls }: Business, history: CallHistory): CallRefusal | null {
  if (history.isUnderWay) return "under_way";
  if (history.toNumber >= calls.perNumber) return "number_cap";
  if (history.ofBusiness >= calls.perHour) return "business_cap";
  return history.ofRequester >= calls.perOperator ? "requester_cap" : null;
}
