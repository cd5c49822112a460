import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CATEGORIES, type Business } from "../../src/call/business.ts";
import type { ConsentState } from "../../src/call/consent.ts";
import {
  capWindowMs,
  decide,
  explain,
  MAX_AHEAD_MS,
  MAX_PAST_MS,
  REASONS,
  wrongSendAt,
  type Known,
  type Question,
} from "../../src/call/permission.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import { clinic } from "./clinic.ts";

/** Four in the afternoon in Berlin, eleven in New York, five in the morning in Honolulu. */
const NOON = Date.UTC(2026, 10, 23, 15);
/** One in the afternoon in New York, eight in Honolulu. */
const US_DAY = Date.UTC(2026, 10, 23, 18);
const GERMAN: E164 = "+4915112345678";
const AMERICAN: E164 = "+14155550123";
const NIGHT = Date.UTC(2026, 10, 23, 22);

const BUSINESS = clinic({
  topics: [
    { id: "visits", category: "utility", names: {} },
    { id: "offers", category: "marketing", names: {} },
    { id: "codes", category: "authentication", names: {} },
  ],
});

function reason(question: Partial<Question>, known: Partial<Known> = {}): string {
  const verdict = decide(
    { business: BUSINESS, number: GERMAN, topic: "visits", sendAt: NOON, ...question },
    { state: "granted", allowedBefore: 0, ...known },
  );
  expect(verdict.allowed).toBe(verdict.reason === "granted");
  return verdict.reason;
}

const capped = (messages: number): Business => ({
  ...BUSINESS,
  messages: { ...BUSINESS.messages, cap: { messages, days: 7 } },
});

describe("a person who agreed", () => {
  it("is written to by day", () => {
    expect(reason({})).toBe("granted");
  });

  it("is asked for the hour where the business says its customers live, if the number is of the line's country", () => {
    const business = { ...BUSINESS, messages: { ...BUSINESS.messages, timeZone: "America/New_York" } };
    expect(reason({ business, number: AMERICAN, sendAt: NOON })).toBe("granted");
    expect(reason({ business, number: AMERICAN, sendAt: NIGHT + 4 * 3_600_000 })).toBe("quiet_hours");
    expect(reason({ business, sendAt: NIGHT })).toBe("quiet_hours");
  });

  it("is not written to on a topic that the business does not have, whatever they once agreed to", () => {
    expect(reason({ topic: "gossip" })).toBe("unknown_topic");
  });

  it("is not written to on a number that no WhatsApp account can have", () => {
    expect(reason({ number: "+19005550123" })).toBe("unreachable_number");
  });

  it("is left in peace at night, and where they may have night", () => {
    expect(reason({ sendAt: NIGHT })).toBe("quiet_hours");
    expect(reason({ number: AMERICAN, sendAt: NOON })).toBe("quiet_hours");
    expect(reason({ number: AMERICAN, sendAt: US_DAY })).toBe("granted");
  });

  it("gets a code to sign in with at any hour, because they wait for it", () => {
    expect(reason({ topic: "codes", sendAt: NIGHT })).toBe("granted");
    expect(reason({ topic: "codes", number: AMERICAN, sendAt: NOON })).toBe("granted");
  });

  it("is not written to where nobody can tell the hour, and hears that this is why", () => {
    expect(reason({ number: "+8835100012345" })).toBe("unknown_country");
  });

  it("is never written to where the business's hours are too short for the country, and hears that this is why", () => {
    const business = { ...BUSINESS, messages: { ...BUSINESS.messages, hours: { from: 8, to: 10 } } };
    expect(reason({ business, number: AMERICAN, sendAt: US_DAY })).toBe("no_common_hour");
    expect(reason({ business })).toBe("quiet_hours");
  });

  it("gets no marketing on an American number, by day or night, and on others does", () => {
    expect(reason({ topic: "offers", number: AMERICAN, sendAt: US_DAY })).toBe("us_marketing");
    expect(reason({ topic: "offers", number: AMERICAN, sendAt: NIGHT })).toBe("us_marketing");
    expect(reason({ topic: "offers" })).toBe("granted");
    // Canada has +1 as well.
    expect(reason({ topic: "offers", number: "+14165550123", sendAt: US_DAY })).toBe("granted");
  });

  it("gets as many messages as the cap says, and not one more", () => {
    expect(reason({ business: capped(2) }, { allowedBefore: 1 })).toBe("granted");
    expect(reason({ business: capped(2) }, { allowedBefore: 2 })).toBe("frequency_cap");
    expect(reason({}, { allowedBefore: 1_000_000 })).toBe("granted");
  });
});

describe("a person who did not agree is not written to:", () => {
  it.each<[ConsentState, string]>([
    ["none", "no_consent"],
    ["pending", "pending"],
    ["refused", "refused"],
    ["revoked", "revoked"],
  ])("who stands at %s is %s", (state, expected) => {
    expect(reason({}, { state })).toBe(expected);
    expect(reason({ topic: "codes" }, { state })).toBe(expected);
  });

  it("and that is said before the hour, the cap and WhatsApp's own rules", () => {
    const known = { state: "revoked", allowedBefore: 9 } as const;
    expect(reason({ business: capped(1), topic: "offers", number: AMERICAN, sendAt: NIGHT }, known)).toBe(
      "revoked",
    );
    expect(reason({ number: "+19005550123" }, known)).toBe("unreachable_number");
  });
});

describe("whatever is asked", () => {
  const question = fc.record({
    business: fc
      .record({
        categories: fc.array(fc.constantFrom(...CATEGORIES), { minLength: 1, maxLength: 3 }),
        from: fc.integer({ min: 0, max: 23 }),
        length: fc.integer({ min: 1, max: 24 }),
        cap: fc.option(fc.record({ messages: fc.integer({ min: 1, max: 3 }), days: fc.constant(7) })),
      })
      .map(({ categories: [first = "utility", ...more], from, length, cap }) => {
        const topic = (category: typeof first, at: number) => ({ id: `topic-${at}`, category, names: {} });
        return clinic({
          topics: [topic(first, 0), ...more.map((category, at) => topic(category, at + 1))],
          messages: { hours: { from, to: Math.min(24, from + length) }, timeZone: null, cap },
        });
      }),
    number: fc.constantFrom<E164>(
      GERMAN,
      AMERICAN,
      "+19005550123",
      "+8835100012345",
      "+919876543210",
      "+5511987654321",
    ),
    topic: fc.constantFrom("topic-0", "topic-1", "topic-2"),
    sendAt: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2028, 0) }),
  });
  const known = fc.record({
    state: fc.constantFrom<ConsentState>("granted", "none", "pending", "refused", "revoked"),
    allowedBefore: fc.nat(4),
  });

  it("nobody is written to without a consent that stands, nor past the cap; and yes is the only yes", () => {
    const given = new Set<string>();
    fc.assert(
      fc.property(question, known, (asked, knows) => {
        const { allowed, reason: why } = decide(asked, knows);
        given.add(why);
        expect(allowed).toBe(why === "granted");
        if (!allowed) return;
        expect(knows.state).toBe("granted");
        expect(knows.allowedBefore).toBeLessThan(asked.business.messages.cap?.messages ?? Infinity);
        expect(asked.number).not.toBe("+19005550123");
        const topic = asked.business.topics.find(({ id }) => id === asked.topic);
        expect(topic).toBeDefined();
        expect([topic?.category, asked.number]).not.toEqual(["marketing", AMERICAN]);
      }),
      { numRuns: 5_000 },
    );
    expect([...given].toSorted()).toEqual([...REASONS].toSorted());
  });

  it("what changes to less consent never changes to yes", () => {
    fc.assert(
      fc.property(question, known, (asked, knows) => {
        const less = decide(asked, { ...knows, state: "revoked" });
        expect(less.allowed).toBe(false);
      }),
    );
  });
});

describe("each reason", () => {
  it.each(REASONS)("%s has one plain sentence", (each) => {
    expect(explain(each)).toMatch(/^[A-Z][^.]*\.$/);
  });
});

describe("the time that is asked about", () => {
  const now = NOON;
  it("is now, give or take a clock's minute, or one of the next thirty days", () => {
    for (const time of [now, now - MAX_PAST_MS, now + 1, now + MAX_AHEAD_MS]) {
      expect(wrongSendAt(time, now)).toBeNull();
    }
  });

  it("is not the past, not next quarter, and not nonsense", () => {
    expect(wrongSendAt(now - MAX_PAST_MS - 1, now)).toBe("past");
    expect(wrongSendAt(now + MAX_AHEAD_MS + 1, now)).toBe("too_far");
    expect(wrongSendAt(Number.NaN, now)).toBe("past");
    expect(wrongSendAt(Infinity, now)).toBe("too_far");
  });

  it("is counted by the cap in days of 24 hours; no cap looks nowhere", () => {
    expect(capWindowMs(capped(1))).toBe(7 * 86_400_000);
    expect(capWindowMs(BUSINESS)).toBe(0);
  });
});
