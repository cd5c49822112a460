import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  type CountryCode,
  type PhoneNumber,
} from "libphonenumber-js/max";

/** A number in E.164: plus sign, country code, at most 15 digits. */
export type E164 = `+${string}`;

/** ISO 3166-1 alpha-2, upper case. */
export type Country = CountryCode;

const E164_PATTERN = /^\+[1-9]\d{6,14}$/;

const MIN_HIDDEN_DIGITS = 3;

/** Kinds of numbers that no WhatsApp account can be registered on. */
const NEVER_ON_WHATSAPP: ReadonlySet<string> = new Set([
  "PREMIUM_RATE",
  "SHARED_COST",
  "PAGER",
  "UAN",
  "VOICEMAIL",
]);

/** Reads a number that is already E.164; null where it is withheld, malformed or impossible. */
export function e164(text: string): E164 | null {
  return readingOf(text)?.isPossible() === true ? (text as E164) : null;
}

/** The number, if WhatsApp messages could ever reach it; null where none could. */
export function subscriberNumber(text: string): E164 | null {
  return reachOf(text).subscriber;
}

/** What a number tells of itself, read once: `subscriberNumber` and `countryOf` in one. */
export function reachOf(text: string): {
  readonly subscriber: E164 | null;
  readonly country: Country | null;
} {
  const parsed = readingOf(text);
  if (parsed?.isPossible() !== true) return { subscriber: null, country: parsed?.country ?? null };
  const type = parsed.getType();
  const never = type !== undefined && NEVER_ON_WHATSAPP.has(type);
  return { subscriber: never ? null : (text as E164), country: parsed.country ?? null };
}

/** A call's webhooks come within minutes of each other, and each asks twice; so many numbers are remembered. */
const MAX_READINGS = 4_096;
const readings = new Map<string, PhoneNumber | undefined>();

/** The plan of one number never changes while we run: what was read once is as good as reading it again, and quicker. */
function readingOf(text: string): PhoneNumber | undefined {
  if (readings.has(text)) return readings.get(text);
  const reading = E164_PATTERN.test(text) ? parsePhoneNumberFromString(text) : undefined;
  if (readings.size >= MAX_READINGS) readings.clear();
  readings.set(text, reading);
  return reading;
}

/**
 * Reads what a caller keyed in: with the country code (as asked), with 00 or 011 before it, or the way the number
 * is dialled in the line's own country. The caller hears the result back before it counts.
 */
export function keyedNumber(digits: string, country: Country | null): E164 | null {
  if (!/^\d{6,18}$/.test(digits)) return null;
  const international = digits.replace(/^(?:00|011)/, "");
  const whole = parsePhoneNumberFromString(`+${international}`);
  const local = country === null ? undefined : parsePhoneNumberFromString(digits, country);
  const possible = [whole, local].filter((reading) => reading !== undefined);
  const valid = possible.filter((reading) => reading.isValid());
  return onlyNumber(valid.length > 0 ? valid : possible.filter((reading) => reading.isPossible()));
}

/** Where the same keys are one number here and another one abroad, hearing them back would not tell: neither is taken. */
function onlyNumber(possible: readonly { readonly number: string }[]): E164 | null {
  const numbers = new Set(possible.flatMap(({ number }) => subscriberNumber(number) ?? []));
  const [only] = numbers;
  return numbers.size === 1 && only !== undefined ? only : null;
}

/** The country a number belongs to; null where the numbering plan leaves it open. */
export function countryOf(number: E164): Country | null {
  return readingOf(number)?.country ?? null;
}

/** Reads a country's code; null where no numbering plan has it. */
export function knownCountry(code: string): Country | null {
  return isSupportedCountry(code) ? code : null;
}

/** For screens and logs: enough to recognise, too little to call. `+14155550123` gives `+1••••••0123`. */
export function mask(number: string): string {
  if (!E164_PATTERN.test(number)) return "•••";
  const calling = readingOf(number)?.countryCallingCode ?? "";
  const national = number.slice(1 + calling.length);
  // Some countries' numbers have four digits in all.
  const shown = Math.max(Math.min(4, national.length - MIN_HIDDEN_DIGITS), 0);
  return `+${calling}${"•".repeat(national.length - shown)}${national.slice(national.length - shown)}`;
}

/** Whether free text holds what could be a telephone number: nine digits or more, however they are set apart; a date has eight. */
export function holdsNumber(text: string): boolean {
  return /\d(?:[\s().\-/]*\d){8}/.test(text);
}

/** Digits apart, so that a voice reads `1234` as "one two three four" and not as a number. */
export function spaced(digits: string): string {
  return digits.replaceAll(/\D/g, "").split("").join(" ");
}

/** The last four digits, spaced. */
export function lastDigits(number: E164): string {
  return spaced(number.slice(-4));
}
