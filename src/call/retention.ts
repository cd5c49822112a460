import type { Business, Jurisdiction } from "./business.ts";
import { countryOf, type Country, type E164 } from "./phone-number.ts";

/** ISO 8601: years, months and days, such as P5Y, P18M or P1Y6M. */
export type Duration = string;

/** A law that wants evidence of consent kept for so long, from the grant and from each use. */
export type Minimum = { readonly duration: Duration; readonly law: string };

/**
 * The law of the notice that the person heard. Those not named want evidence as long as the consent is relied on, and
 * that is as long as it stands: who stands is never erased by time.
 */
export function minimumOf(jurisdiction: Jurisdiction): Minimum | null {
  switch (jurisdiction) {
    case "US":
      return { duration: "P5Y", law: "the US (FTC Telemarketing Sales Rule, 16 CFR 310.5)" };
    case "CA":
      return { duration: "P3Y", law: "Canada (CASL)" };
    case "EU":
    case "GB":
    case "BR":
    case "IN":
    case "ZA":
    case "AU":
      return null;
  }
}

/** What the country of a number asks for on top of the notice's law. */
export function minimumIn(country: Country | null): Minimum | null {
  return country === "DE" ? { duration: "P5Y", law: "Germany (UWG § 7a)" } : null;
}

/**
 * The law that a business's own retention would break; null where it breaks none. Where the law is the caller's, each
 * person's own minimum is kept to instead (`retentionFor`), and any retention is allowed.
 */
export function brokenMinimum({
  jurisdiction,
  lines,
  retention,
}: Pick<Business, "jurisdiction" | "lines" | "retention">): Minimum | null {
  const ofNotice = jurisdiction === "caller" ? null : minimumOf(jurisdiction);
  const minima = [ofNotice, ...lines.map((line) => minimumIn(countryOf(line)))];
  return minima.find((each) => each !== null && isShorter(retention, each.duration)) ?? null;
}

/**
 * The business's own retention, or a longer one that the law wants for this person.
 *
 * @param number null where nobody knows it any more
 */
export function retentionFor(
  own: Duration,
  jurisdictions: readonly Jurisdiction[],
  number: E164 | null,
): Duration {
  const minima = [...jurisdictions.map(minimumOf), number === null ? null : minimumIn(countryOf(number))];
  return minima.reduce(
    (longest, each) => (each !== null && isShorter(longest, each.duration) ? each.duration : longest),
    own,
  );
}

/** So long before a time, by the calendar (UTC): a month before the 31st is the last day of a shorter month. */
export function before(duration: Duration, at: number): number {
  const [, years, months, days] = DURATION.exec(duration) ?? [];
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - (Number(years ?? 0) * 12 + Number(months ?? 0)));
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay) - Number(days ?? 0));
  return date.getTime();
}

const DURATION = /^P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/;
/** Any fixed time will do; this one has a leap day before it in every four years. */
const REFERENCE = Date.UTC(2026, 0, 1);

function isShorter(one: Duration, other: Duration): boolean {
  return before(one, REFERENCE) > before(other, REFERENCE);
}
