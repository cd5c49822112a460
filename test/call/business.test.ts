import { describe, expect, it } from "vitest";
import { jurisdictionFor, JURISDICTIONS, topicName, type Jurisdiction } from "../../src/call/business.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import { CALLER, clinic } from "./clinic.ts";

const SPANISH: E164 = "+34612345678";
const CANADIAN: E164 = "+16135550123";
const JAPANESE: E164 = "+81312345678";
const BRAZILIAN: E164 = "+5511961234567";

const everywhere = new Set(JURISDICTIONS);
const follows = (changes: Parameters<typeof clinic>[0], caller: E164 | null, written = everywhere) =>
  jurisdictionFor(clinic(changes), caller, written);

describe("the notice follows", () => {
  it("the law that the business names, wherever the caller is", () => {
    for (const caller of [CALLER, SPANISH, JAPANESE, null]) {
      expect(follows({ jurisdiction: "GB" }, caller)).toBe("GB");
    }
  });

  it.each<[string, E164, Jurisdiction]>([
    ["the US", CALLER, "US"],
    ["Canada", CANADIAN, "CA"],
    ["Brazil", BRAZILIAN, "BR"],
    ["India", "+919876543210", "IN"],
    ["Great Britain", "+442071838750", "GB"],
    ["South Africa", "+27821234567", "ZA"],
    ["Australia", "+61412345678", "AU"],
  ])("the law of the caller's country, where the business says so: %s", (_country, caller, law) => {
    expect(follows({ jurisdiction: "caller" }, caller)).toBe(law);
  });

  it("the EU's law for callers of its countries", () => {
    expect(follows({ jurisdiction: "caller" }, SPANISH)).toBe("EU");
    expect(follows({ jurisdiction: "caller" }, "+4915123456789")).toBe("EU");
  });

  it("the EU's law, the strictest, for a caller of a country we have nothing for", () => {
    expect(follows({ jurisdiction: "caller" }, JAPANESE)).toBe("EU");
  });

  it("the EU's law where the caller's is not written in the caller's language", () => {
    expect(follows({ jurisdiction: "caller" }, BRAZILIAN, new Set(["EU", "US"]))).toBe("EU");
  });

  it("the law of the line's country for a caller who withholds the number", () => {
    expect(follows({ jurisdiction: "caller" }, null)).toBe("US");
    expect(follows({ jurisdiction: "caller", lines: ["+5511961230000"] }, null)).toBe("BR");
    expect(follows({ jurisdiction: "caller", lines: ["+34915550100"] }, null)).toBe("EU");
  });
});

describe("a topic's name", () => {
  it("is the one of the caller's language", () => {
    const [visits] = clinic().topics;
    const business = clinic({ topics: [{ ...visits, names: { "en-US": "visits", "es-ES": "citas" } }] });
    expect(topicName(business, "visits", "es-ES")).toBe("citas");
  });

  it("that nobody gave is an error that names business, topic and language", () => {
    expect(() => topicName(clinic(), "visits", "hi-IN")).toThrow(/clinic.*visits.*hi-IN/);
    expect(() => topicName(clinic(), "nothing", "en-US")).toThrow(/clinic.*nothing/);
  });
});
