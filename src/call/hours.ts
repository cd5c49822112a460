/// <reference lib="esnext.intl" />
import type { Hours } from "./business.ts";
import type { Country } from "./phone-number.ts";

/**
 * May somebody with a number of this country be reached at this instant? People keep their numbers when they move, so
 * a number tells the country and no more: the hour must be allowed in every time zone of it.
 *
 * A country is what the numbering plan calls one. Puerto Rico, Guam and the other territories with area codes of their
 * own are asked for their own zone only, and not for a number of the states: with Guam no more than four hours of a
 * day would be left for the whole of the United States.
 *
 * @param country null where the numbering plan leaves it open: then no hour is allowed
 * @param instant milliseconds since 1970
 */
export function allowedAt(hours: Hours, country: Country | null, instant: number): boolean {
  return allows(hours, distinctOffsets(country, instant), instant);
}

/** The same for one zone, where the business knows in which its customers live. @param zone as IANA names it */
export function allowedIn(hours: Hours, zone: string, instant: number): boolean {
  return allows(hours, offsetsOf([zone], instant), instant);
}

/**
 * The first instant from `instant` on that is allowed, to the quarter of an hour; null where there is none in a year,
 * because the hours of the country's zones never overlap, or the country is not known. A day's search costs a tenth of a
 * millisecond, a year's in vain some fifty: ask it only where `haveCommonHour` says yes.
 */
export function nextAllowed(hours: Hours, country: Country | null, instant: number): number | null {
  if (allowedAt(hours, country, instant)) return instant;
  const zones = country === null ? [] : zonesOf(country);
  let from = Math.ceil(instant / QUARTER_MS) * QUARTER_MS;
  let before = offsetsOf(zones, from);
  for (let day = 0; day < SEARCH_DAYS; day++) {
    const after = offsetsOf(zones, from + DAY_MS);
    const steady = before.every((offset, zone) => offset === after[zone]);
    for (let at = from; at < from + DAY_MS; at += QUARTER_MS) {
      if (allows(hours, steady ? before : offsetsOf(zones, at), at)) return at;
    }
    from += DAY_MS;
    before = after;
  }
  return null;
}

/** Whether a day has any allowed hour, with the clocks set as they are at that instant (summer and winter differ). */
export function haveCommonHour(hours: Hours, country: Country | null, instant: number): boolean {
  const offsets = distinctOffsets(country, instant);
  for (let at = instant; at < instant + DAY_MS; at += QUARTER_MS) {
    if (allows(hours, offsets, at)) return true;
  }
  return false;
}

/** The time zones of a country, as IANA names them; none where it has no people or no agreed time. */
export function zonesOf(country: Country): readonly string[] {
  const known = zonesByCountry.get(country);
  if (known !== undefined) return known;
  const zones = UNLISTED_ZONES[country] ?? new Intl.Locale(`und-${country}`).getTimeZones() ?? [];
  zonesByCountry.set(country, zones);
  return zones;
}

const MINUTE_MS = 60_000;
/** Every zone's clock is whole quarters of an hour away from UTC, and is put forward or back on one. */
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MINUTES_A_DAY = 24 * 60;
/** Every way in which the clocks of a country stand comes within a year. */
const SEARCH_DAYS = 366;

/** Countries of the numbering plan that the region data has no zone for. */
const UNLISTED_ZONES: Readonly<Partial<Record<Country, readonly string[]>>> = {
  AC: ["Atlantic/St_Helena"],
  TA: ["Atlantic/St_Helena"],
  XK: ["Europe/Belgrade"],
};

// What follows remembers what is the same for everyone; at most one of each for every country or zone there is.
const zonesByCountry = new Map<Country, readonly string[]>();
const formats = new Map<string, Intl.DateTimeFormat>();
const newestOffsets = new Map<Country, { readonly quarter: number; readonly offsets: readonly number[] }>();

function allows({ from, to }: Hours, offsets: readonly number[], instant: number): boolean {
  const minute = Math.floor(instant / MINUTE_MS);
  return (
    offsets.length > 0 &&
    offsets.every((offset) => {
      const hour = Math.floor(modulo(minute + offset, MINUTES_A_DAY) / 60);
      return from <= hour && hour < to;
    })
  );
}

/** Most questions are about now: the answer for the newest quarter of an hour is kept. */
function distinctOffsets(country: Country | null, instant: number): readonly number[] {
  if (country === null) return [];
  const quarter = Math.floor(instant / QUARTER_MS);
  const newest = newestOffsets.get(country);
  if (newest?.quarter === quarter) return newest.offsets;
  const offsets = [...new Set(offsetsOf(zonesOf(country), instant))];
  newestOffsets.set(country, { quarter, offsets });
  return offsets;
}

/** Minutes east of UTC, zone by zone. */
function offsetsOf(zones: readonly string[], instant: number): readonly number[] {
  return zones.map((zone) => {
    const [, sign, hours = "0", minutes = "0"] =
      / GMT(?:([+-])(\d\d):(\d\d))?$/.exec(formatOf(zone).format(instant)) ?? [];
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  });
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  return format;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
