import type { Business, Category } from "./business.ts";
import type { ConsentState } from "./consent.ts";
import { allowedAt, allowedIn, haveCommonHour } from "./hours.ts";
import { countryOf, reachOf, type Country, type E164 } from "./phone-number.ts";

/** Why a message may be sent, or may not. Machine-readable; `explain` gives the sentence. */
export const REASONS = [
  "granted",
  "no_consent",
  "pending",
  "refused",
  "revoked",
  "unknown_topic",
  "unreachable_number",
  "unknown_country",
  "quiet_hours",
  "no_common_hour",
  "frequency_cap",
  "us_marketing",
] as const;
export type Reason = (typeof REASONS)[number];

/** May this topic be sent to this number at that time? */
export type Question = {
  readonly business: Business;
  readonly number: E164;
  readonly topic: string;
  /** Milliseconds since 1970. */
  readonly sendAt: number;
};

/** What the memory knows that matters to the answer; all of it in one world, real or simulated. */
export type Known = {
  readonly state: ConsentState;
  /** So many sends were allowed already in the time that the cap looks at. */
  readonly allowedBefore: number;
};

export type Verdict = { readonly allowed: boolean; readonly reason: Reason };

/**
 * The first of these that holds decides: the question makes no sense (topic, number), there is no consent, WhatsApp
 * would not deliver it, the hour, the cap. Nothing but a consent that stands is ever a yes (law 1).
 * - The hour must be within the business's in every zone of the number's country, or in the zone that the business
 *   names for its own country. Topics of the category `authentication` are exempt: the person waits for the code at that moment.
 * - Marketing templates to +1 numbers of the United States have been blocked by WhatsApp since April 2025.
 *
 * A decision that was kept is also the evidence of a use of the consent: German law (UWG § 7a) wants it for five years
 * from each one.
 */
export function decide({ business, number, topic, sendAt }: Question, known: Known): Verdict {
  const asked = business.topics.find(({ id }) => id === topic);
  if (asked === undefined) return no("unknown_topic");
  const { subscriber, country } = reachOf(number);
  if (subscriber === null) return no("unreachable_number");
  const missing = missingConsent(known.state);
  if (missing !== null) return no(missing);
  if (asked.category === "marketing" && country === "US") return no("us_marketing");
  const quiet = hasQuietHours(asked.category) ? quietAt(business, country, sendAt) : null;
  if (quiet !== null) return no(quiet);
  const { cap } = business.messages;
  if (cap !== null && known.allowedBefore >= cap.messages) return no("frequency_cap");
  return { allowed: true, reason: "granted" };
}

/** One plain sentence for whoever asked. */
export function explain(reason: Reason): string {
  switch (reason) {
    case "granted":
      return "The person agreed to messages on this topic, and has not withdrawn.";
    case "no_consent":
      return "The person was never asked about this topic, or never answered.";
    case "pending":
      return "The number was given by somebody else, and its owner has not confirmed it yet.";
    case "refused":
      return "The person was asked about this topic and said no.";
    case "revoked":
      return "The person has withdrawn from this topic.";
    case "unknown_topic":
      return "The business has no topic of this name.";
    case "unreachable_number":
      return "No WhatsApp account can be registered on a number of this kind.";
    case "unknown_country":
      return "The number's country is not known, so nobody can tell what time it is there.";
    case "quiet_hours":
      return "At that time it is outside the business's hours in at least one time zone of the number's country.";
    case "no_common_hour":
      return "At that time of the year the business's hours never come at once in all time zones of the number's country: its hours are too short.";
    case "frequency_cap":
      return "The business's cap on messages of this topic to one number is reached.";
    case "us_marketing":
      return "WhatsApp delivers no marketing templates to numbers of the United States.";
  }
}

/** A clock that is a little ahead of ours must not turn "now" into the past. */
export const MAX_PAST_MS = 60_000;
/** Consent can end any day: who sends later than this asks later. */
export const MAX_AHEAD_MS = 30 * 24 * 60 * 60 * 1000;

/** Whether `sendAt` is a time that can be asked about; null if so, else what is wrong with it. */
export function wrongSendAt(sendAt: number, now: number): "past" | "too_far" | null {
  if (!(sendAt >= now - MAX_PAST_MS)) return "past";
  return sendAt > now + MAX_AHEAD_MS ? "too_far" : null;
}

/** How far back and ahead the cap looks; zero where there is none. */
export function capWindowMs({ messages: { cap } }: Business): number {
  return cap === null ? 0 : cap.days * 24 * 60 * 60 * 1000;
}

/** Null where the hour is allowed. */
function quietAt(
  business: Business,
  country: Country | null,
  sendAt: number,
): "unknown_country" | "quiet_hours" | "no_common_hour" | null {
  const { hours, timeZone } = business.messages;
  if (timeZone !== null && country === homeOf(business)) {
    return allowedIn(hours, timeZone, sendAt) ? null : "quiet_hours";
  }
  if (allowedAt(hours, country, sendAt)) return null;
  if (country === null) return "unknown_country";
  return haveCommonHour(hours, country, sendAt) ? "quiet_hours" : "no_common_hour";
}

/** Where the business's line is; read once for each, because that takes a third of a decision. */
function homeOf(business: Business): Country | null {
  const known = homes.get(business);
  if (known !== undefined) return known;
  const home = countryOf(business.lines[0]);
  homes.set(business, home);
  return home;
}

const homes = new WeakMap<Business, Country | null>();

function hasQuietHours(category: Category): boolean {
  switch (category) {
    case "utility":
    case "marketing":
      return true;
    case "authentication":
      return false;
  }
}

/** Null where consent stands. */
function missingConsent(state: ConsentState): Exclude<Reason, "granted"> | null {
  switch (state) {
    case "granted":
      return null;
    case "none":
      return "no_consent";
    case "pending":
    case "refused":
    case "revoked":
      return state;
  }
}

function no(reason: Exclude<Reason, "granted">): Verdict {
  return { allowed: false, reason };
}
