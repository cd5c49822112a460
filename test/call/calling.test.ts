import { describe, expect, it } from "vitest";
import type { Business } from "../../src/call/business.ts";
import {
  CALL_REFUSALS,
  explainCall,
  mayCall,
  stillMayCall,
  type CallHistory,
  type CallOrder,
} from "../../src/call/calling.ts";
import { zonesOf } from "../../src/call/hours.ts";
import type { Country } from "../../src/call/phone-number.ts";
import { CALLER, clinic } from "./clinic.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 11 in Honolulu, 16 in New York: an hour for all of the United States. */
const AFTERNOON = Date.UTC(2026, 10, 23, 21);
/** 8 in New York, 3 in Honolulu. */
const MORNING = Date.UTC(2026, 10, 23, 13);
const ALL_AWAKE = Date.UTC(2026, 10, 23, 18);

const NOTHING: CallHistory = {
  consents: [],
  isUnderWay: false,
  toNumber: 0,
  ofBusiness: 0,
  ofRequester: 0,
};

const caller = (calls: Partial<Business["calls"]> = {}, more: Partial<Business> = {}): Business => {
  const usual = clinic(more);
  return { ...usual, calls: { ...usual.calls, countries: ["US", "ES", "RU", "PF", "DE"], ...calls } };
};

const order = (over: Partial<CallOrder> = {}): CallOrder => {
  const at = over.at ?? AFTERNOON;
  return { business: caller(), to: CALLER, locale: null, at, expiresAt: at + 15 * MINUTE_MS, ...over };
};

const reasonOf = (asked: Partial<CallOrder>, history: Partial<CallHistory> = {}) => {
  const verdict = mayCall(order(asked), { ...NOTHING, ...history });
  return verdict.kind === "go" ? "go" : verdict.reason;
};

describe("someone may be called", () => {
  it("who was never asked, at an hour for everybody of their country, at once", () => {
    expect(mayCall(order(), NOTHING)).toEqual({ kind: "go", dueAt: AFTERNOON });
  });

  it("who agreed to one topic of two, or was named by somebody else", () => {
    const states = (state: "granted" | "pending") => ({ consents: [{ topic: "visits", state }] });
    expect(reasonOf({}, states("granted"))).toBe("go");
    expect(reasonOf({}, states("pending"))).toBe("go");
  });

  it("in a language of the business", () => {
    expect(reasonOf({ locale: "en-US" })).toBe("go");
    expect(reasonOf({ locale: "hi-IN" })).toBe("unknown_language");
  });
});

describe("(row 45) nobody is called", () => {
  it.each([
    ["a premium number of the United States", "+19005550123", "unreachable_number"],
    ["a premium number of Spain", "+34803123456", "unreachable_number"],
    [
      "a number of a country that is not allowed, though it begins with +1",
      "+18765550123",
      "country_not_allowed",
    ],
    ["a number of a country that is not allowed", "+442071838750", "country_not_allowed"],
    ["a satellite phone, which has no country", "+881612345678", "unknown_country"],
    ["the business's own line", "+14155550100", "own_number"],
    ["the business's own sender", "+14155550110", "own_number"],
  ] as const)("on %s", (_, to, reason) => {
    expect(reasonOf({ to })).toBe(reason);
  });

  it("where the business file allows no country", () => {
    expect(reasonOf({ business: clinic() })).toBe("country_not_allowed");
  });
});

describe("someone is left alone", () => {
  it.each([
    ["refused", "refused"],
    ["revoked", "withdrawn"],
  ] as const)("who has %s one topic, whatever they granted besides", (state, reason) => {
    const consents = [
      { topic: "visits", state: "granted" },
      { topic: "offers", state },
    ] as const;
    expect(reasonOf({}, { consents })).toBe(reason);
  });

  it("who has refused what the business no longer asks for", () => {
    expect(reasonOf({}, { consents: [{ topic: "gone", state: "refused" }] })).toBe("refused");
  });

  it("who has granted everything already", () => {
    const consents = ["visits", "offers"].map((topic) => ({ topic, state: "granted" }) as const);
    expect(reasonOf({}, { consents })).toBe("granted");
  });

  it("while another call with them waits or goes on", () => {
    expect(reasonOf({}, { isUnderWay: true })).toBe("under_way");
  });

  it.each([
    ["number_cap", { perNumber: 2 }, { toNumber: 2 }, { toNumber: 1 }],
    ["business_cap", { perHour: 3 }, { ofBusiness: 3 }, { ofBusiness: 2 }],
    ["requester_cap", { perOperator: 4 }, { ofRequester: 4 }, { ofRequester: 3 }],
  ] as const)("(row 46) past the %s, and not before it", (reason, calls, reached, before) => {
    expect(reasonOf({ business: caller(calls) }, reached)).toBe(reason);
    expect(reasonOf({ business: caller(calls) }, before)).toBe("go");
  });
});

describe("the hour", () => {
  it("keeps a call until the first time that is allowed, if the call lives so long", () => {
    const later = order({ at: MORNING, expiresAt: MORNING + 6 * HOUR_MS });
    expect(mayCall(later, NOTHING)).toEqual({ kind: "go", dueAt: ALL_AWAKE });
  });

  it("refuses it otherwise, and says when it is allowed", () => {
    expect(mayCall(order({ at: MORNING }), NOTHING)).toMatchObject({
      reason: "outside_hours",
      nextAllowedAt: ALL_AWAKE,
      explanation: expect.stringContaining("2026-11-23T18:00:00.000Z"),
    });
  });

  it("is not reached by a call that ends at that very moment", () => {
    expect(reasonOf({ at: MORNING, expiresAt: ALL_AWAKE })).toBe("outside_hours");
  });

  it("never comes where the country's zones have none in common", () => {
    expect(reasonOf({ business: caller({ hours: { from: 9, to: 12 } }) })).toBe("no_common_hour");
  });

  it.each([
    ["US", CALLER],
    ["ES", "+34699555012"],
    ["RU", "+79161234567"],
    ["PF", "+68987123456"],
    ["DE", "+491701234567"],
  ] as const)("is allowed in every zone of %s whenever a call is placed, all year", (country, to) => {
    const weeks = Array.from(
      { length: 280 },
      (_, step) => Date.UTC(2026, 0, 1) + step * (31 * HOUR_MS + 11 * MINUTE_MS),
    );
    const verdicts = weeks.map((at) => mayCall(order({ to, at, expiresAt: at + 24 * HOUR_MS }), NOTHING));
    const placed = verdicts.flatMap((verdict) => (verdict.kind === "go" ? [verdict.dueAt] : []));
    expect(placed.length).toBeGreaterThan(200);
    expect(placed.flatMap((at) => localHours(country, at)).filter((hour) => hour < 8 || hour >= 21)).toEqual(
      [],
    );
  });
});

describe("right before a call is placed", () => {
  const placing = (at: number, history: Partial<CallHistory> = {}, over: Partial<CallOrder> = {}) =>
    stillMayCall(
      order({ at: AFTERNOON, expiresAt: AFTERNOON + 20 * HOUR_MS, ...over }),
      { ...NOTHING, ...history },
      at,
    );

  it("the call goes where nothing has changed", () => {
    expect(placing(AFTERNOON)).toEqual({ kind: "go" });
  });

  it("(row 47) it is held where the hour has passed meanwhile, until the next one that is allowed", () => {
    const night = AFTERNOON + 6 * HOUR_MS;
    expect(placing(night, {}, { expiresAt: night + 24 * HOUR_MS })).toEqual({
      kind: "hold",
      until: ALL_AWAKE + 24 * HOUR_MS,
    });
  });

  it("(row 47) it is given up where that hour comes too late", () => {
    expect(placing(AFTERNOON + 6 * HOUR_MS)).toMatchObject({
      kind: "cancel",
      reason: expect.stringContaining("outside the calling hours"),
    });
  });

  it.each([
    ["refused", { consents: [{ topic: "visits", state: "refused" }] }],
    ["withdrawn", { consents: [{ topic: "visits", state: "revoked" }] }],
    ["number_cap", { toNumber: 1 }],
  ] as const)("the call is given up where the person has %s meanwhile", (reason, history) => {
    expect(placing(AFTERNOON, history)).toEqual({ kind: "cancel", reason: explainCall(reason) });
  });

  it("the call is given up where the country is no longer allowed", () => {
    expect(placing(AFTERNOON, {}, { business: clinic() })).toMatchObject({ kind: "cancel" });
  });
});

describe("a call that is asked for", () => {
  it.each([0, 59_999, 24 * HOUR_MS + 1, Number.NaN])("may not wait for %d ms", (lifeMs) => {
    expect(reasonOf({ expiresAt: AFTERNOON + lifeMs })).toBe("expiry_out_of_range");
  });

  it("is refused in one sentence, without a number in it", () => {
    for (const reason of CALL_REFUSALS) {
      expect(explainCall(reason, AFTERNOON)).toMatch(/^[A-Z][^+]*\.$/);
    }
  });
});

function localHours(country: Country, at: number): number[] {
  return zonesOf(country).map((timeZone) =>
    Number(new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(at)),
  );
}
