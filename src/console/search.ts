import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { countryOf, e164, keyedNumber, type Country, type E164 } from "../call/phone-number.ts";
import type { Business } from "../call/business.ts";

/** What someone typed into the search field, as far as it can be told. */
export type Search =
  | { readonly kind: "call"; readonly callSid: string }
  /** Six digits that a caller was told. */
  | { readonly kind: "reference"; readonly reference: string }
  | { readonly kind: "last-digits"; readonly digits: string }
  /** Everything the digits could mean, the likeliest first. */
  | { readonly kind: "number"; readonly numbers: readonly E164[] }
  | { readonly kind: "unclear" };

/** Longer is not a number, and not worth reading. */
export const MAX_SEARCH_LENGTH = 60;

/** Reads a number in any way people write one: +1 (415) 555-0123, 0014155550123, 415.555.0123, tel:… */
export function readSearch(text: string, businesses: readonly Business[]): Search {
  const typed = text.trim().slice(0, MAX_SEARCH_LENGTH).normalize("NFKC");
  if (/^CA[0-9a-f]{32}$/i.test(typed)) return { kind: "call", callSid: `CA${typed.slice(2).toLowerCase()}` };
  if (/[^\d\s()+./•*–-]/u.test(typed.replace(/^tel:/i, ""))) return { kind: "unclear" };
  const digits = typed.replaceAll(/\D/g, "");
  // As the console itself shows a number: +1••••••0123.
  if (/[•*]/u.test(typed)) return lastDigits(typed.replaceAll(/.*[•*]/gu, "").replaceAll(/\D/g, ""));
  if (digits.length === 4) return lastDigits(digits);
  if (/^\d{6}$/.test(digits) && !typed.includes("+")) return { kind: "reference", reference: digits };
  const numbers = numbersOf(typed, digits, businesses);
  return numbers.length === 0 ? { kind: "unclear" } : { kind: "number", numbers };
}

/** A number as its country writes it: +1 415 555 0123. */
export function formatNumber(number: E164): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}

function lastDigits(digits: string): Search {
  return digits.length === 4 ? { kind: "last-digits", digits } : { kind: "unclear" };
}

/** As the digits are dialled in each country where a business has a line. */
function numbersOf(typed: string, digits: string, businesses: readonly Business[]): readonly E164[] {
  if (typed.replace(/^tel:/i, "").startsWith("+")) {
    const number = e164(`+${digits}`);
    return number === null ? [] : [number];
  }
  const countries = new Set<Country | null>(
    businesses.flatMap(({ lines }) => lines.map((line) => countryOf(line))),
  );
  const local = [...countries].flatMap((country): E164[] => {
    const parsed = country === null ? undefined : parsePhoneNumberFromString(digits, country);
    return parsed?.isPossible() === true ? [parsed.format("E.164") as E164] : [];
  });
  const keyed = [...countries].flatMap((country) => keyedNumber(digits, country) ?? []);
  return [...new Set([...keyed, ...local])];
}
