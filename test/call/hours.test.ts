import * as fc from "fast-check";
import { getCountries } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import type { Hours } from "../../src/call/business.ts";
import { allowedAt, haveCommonHour, nextAllowed, zonesOf } from "../../src/call/hours.ts";
import type { Country } from "../../src/call/phone-number.ts";

const DAY: Hours = { from: 8, to: 21 };
const QUARTER_MS = 15 * 60_000;
const at = (time: string) => Date.parse(time);
const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());

describe("a person in Germany, where there is one time,", () => {
  it.each([
    ["is not written to a minute before eight", "2026-11-23T06:59:59.999Z", false],
    ["is written to from eight on", "2026-11-23T07:00:00Z", true],
    ["is written to until nine in the evening", "2026-11-23T19:59:59.999Z", true],
    ["and not from nine on", "2026-11-23T20:00:00Z", false],
    ["has eight o'clock an hour earlier in summer", "2026-07-01T06:00:00Z", true],
    ["and nine in the evening too", "2026-07-01T19:00:00Z", false],
  ])("%s", (_rule, time, allowed) => {
    expect(allowedAt(DAY, "DE", at(time))).toBe(allowed);
  });

  it("is reached next on the next morning, by the clock that then holds", () => {
    // On 29 March 2026 the clock goes from two to three.
    expect(iso(nextAllowed(DAY, "DE", at("2026-03-27T21:10:00Z")))).toBe("2026-03-28T07:00:00.000Z");
    expect(iso(nextAllowed(DAY, "DE", at("2026-03-28T21:10:00Z")))).toBe("2026-03-29T06:00:00.000Z");
    // On 25 October 2026 it goes from three to two.
    expect(iso(nextAllowed(DAY, "DE", at("2026-10-24T21:10:00Z")))).toBe("2026-10-25T07:00:00.000Z");
  });

  it("is reached at once where the hour is allowed, to the millisecond that was asked about", () => {
    const asked = at("2026-11-23T09:17:23.456Z");
    expect(nextAllowed(DAY, "DE", asked)).toBe(asked);
  });
});

describe("the hour that the clocks skip or repeat:", () => {
  const threeToFour: Hours = { from: 3, to: 4 };
  const twoToThree: Hours = { from: 2, to: 3 };

  it("a night hour that does not come in spring is not waited for in vain", () => {
    expect(iso(nextAllowed(twoToThree, "DE", at("2026-03-29T00:30:00Z")))).toBe("2026-03-30T00:00:00.000Z");
    expect(allowedAt(threeToFour, "DE", at("2026-03-29T01:00:00Z"))).toBe(true);
  });

  it("a night hour that comes twice in autumn is allowed twice", () => {
    expect(allowedAt(twoToThree, "DE", at("2026-10-25T00:30:00Z"))).toBe(true);
    expect(allowedAt(twoToThree, "DE", at("2026-10-25T01:30:00Z"))).toBe(true);
    expect(allowedAt(twoToThree, "DE", at("2026-10-25T02:30:00Z"))).toBe(false);
  });
});

describe("a person in India, half an hour off,", () => {
  it("is written to from half past two UTC, and not a moment earlier", () => {
    expect(allowedAt(DAY, "IN", at("2026-11-23T02:29:59.999Z"))).toBe(false);
    expect(allowedAt(DAY, "IN", at("2026-11-23T02:30:00Z"))).toBe(true);
    expect(iso(nextAllowed(DAY, "IN", at("2026-11-22T20:00:01Z")))).toBe("2026-11-23T02:30:00.000Z");
  });

  it("and one in Nepal from a quarter past", () => {
    expect(iso(nextAllowed(DAY, "NP", at("2026-11-22T20:00:01Z")))).toBe("2026-11-23T02:15:00.000Z");
  });
});

describe("a person with a number of a wide country may be anywhere in it:", () => {
  // What the far ends leave: from eight in the westernmost zone until nine in the evening in the easternmost.
  it.each<[Country, string, string, string]>([
    ["US", "2026-11-23T02:00:00Z", "2026-11-23T18:00:00.000Z", "2026-11-24T02:00:00.000Z"],
    ["US", "2026-07-01T03:00:00Z", "2026-07-01T18:00:00.000Z", "2026-07-02T01:00:00.000Z"],
    ["BR", "2026-11-23T00:00:00Z", "2026-11-23T13:00:00.000Z", "2026-11-23T23:00:00.000Z"],
    ["AU", "2026-11-22T11:00:00Z", "2026-11-23T00:00:00.000Z", "2026-11-23T10:00:00.000Z"],
    ["RU", "2026-11-22T20:00:00Z", "2026-11-23T06:00:00.000Z", "2026-11-23T09:00:00.000Z"],
  ])("%s, asked at %s, is open from %s until %s", (country, asked, opens, closes) => {
    expect(iso(nextAllowed(DAY, country, at(asked)))).toBe(opens);
    expect(allowedAt(DAY, country, at(opens) - 1)).toBe(false);
    expect(allowedAt(DAY, country, at(closes) - 1)).toBe(true);
    expect(allowedAt(DAY, country, at(closes))).toBe(false);
  });

  it("breakfast in New York is night in Honolulu, so nobody in the United States is written to", () => {
    expect(allowedAt(DAY, "US", at("2026-11-23T13:30:00Z"))).toBe(false);
  });

  it("the United States are their states: Hawaii and Alaska are among them, territories answer for themselves", () => {
    const zones = zonesOf("US");
    for (const zone of [
      "Pacific/Honolulu",
      "America/Anchorage",
      "America/Adak",
      "America/Los_Angeles",
      "America/Denver",
      "America/Phoenix",
      "America/Chicago",
      "America/New_York",
    ]) {
      expect(zones).toContain(zone);
    }
    expect(zones).not.toContain("Pacific/Guam");
    expect(zonesOf("GU")).toEqual(["Pacific/Guam"]);
    expect(zonesOf("PR")).toEqual(["America/Puerto_Rico"]);
  });
});

describe("hours that never come at once in a whole country", () => {
  it("are no hours: nobody there is ever reached, and the search ends", () => {
    const morning: Hours = { from: 8, to: 10 };
    expect(nextAllowed(morning, "US", at("2026-11-23T00:00:00Z"))).toBeNull();
    expect(haveCommonHour(morning, "US", at("2026-11-23T00:00:00Z"))).toBe(false);
    expect(haveCommonHour(DAY, "US", at("2026-11-23T00:00:00Z"))).toBe(true);
  });

  it("may come when the clocks are put back: then that is the next time", () => {
    const short: Hours = { from: 8, to: 14 };
    const summer = at("2026-07-01T12:00:00Z");
    expect(haveCommonHour(short, "US", summer)).toBe(false);
    expect(iso(nextAllowed(short, "US", summer))).toBe("2026-11-01T18:00:00.000Z");
  });
});

describe("a number whose country is not known", () => {
  it("is never reached, however wide the hours are", () => {
    const always: Hours = { from: 0, to: 24 };
    expect(allowedAt(always, null, at("2026-11-23T12:00:00Z"))).toBe(false);
    expect(nextAllowed(always, null, at("2026-11-23T12:00:00Z"))).toBeNull();
    expect(haveCommonHour(always, null, at("2026-11-23T12:00:00Z"))).toBe(false);
  });
});

describe("for every country and any hours", () => {
  const countries = getCountries();
  const hours = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 24 }))
    .filter(([from, to]) => from < to)
    .map(([from, to]) => ({ from, to }));
  const instants = fc.integer({ min: at("2025-01-01T00:00:00Z"), max: at("2032-01-01T00:00:00Z") });
  const question = fc.record({ hours, country: fc.constantFrom(...countries), instant: instants });

  it("each has a time zone", () => {
    expect(countries.filter((country) => zonesOf(country).length === 0)).toEqual([]);
  });

  it("an instant is allowed if a clock on the wall says so in each zone, and only then", () => {
    fc.assert(
      fc.property(question, ({ hours: given, country, instant }) => {
        expect(allowedAt(given, country, instant)).toBe(byWallClock(given, country, instant));
      }),
      { numRuns: 2_000 },
    );
  });

  it("the next allowed instant is allowed, lies ahead, and no quarter of an hour before it was", () => {
    fc.assert(
      fc.property(question, ({ hours: given, country, instant }) => {
        const next = nextAllowed(given, country, instant);
        const until = Math.min(next ?? Infinity, instant + 36 * 60 * 60_000);
        const refused = [];
        for (let time = instant; time < until; time += QUARTER_MS) refused.push(time);
        if (until > instant) refused.push(until - 1);
        expect(refused.filter((time) => byWallClock(given, country, time))).toEqual([]);
        expect(next ?? Infinity).toBeGreaterThanOrEqual(instant);
        expect(next === null || byWallClock(given, country, next)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The same question, asked of each zone's own clock. */
function byWallClock({ from, to }: Hours, country: Country, instant: number): boolean {
  return zonesOf(country).every((zone) => {
    const clock =
      clocks.get(zone) ??
      new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "2-digit", hourCycle: "h23" });
    clocks.set(zone, clock);
    const hour = Number(clock.format(instant));
    return from <= hour && hour < to;
  });
}
