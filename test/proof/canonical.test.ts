import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical } from "../../src/proof/canonical.ts";

describe("whoever writes the same value", () => {
  it("writes the RFC's own example of sorting (RFC 8785, 3.2.3)", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect([...canonical(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it("writes the RFC's own example of strings and literals (RFC 8785, 3.2.2)", () => {
    const value = { string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/", literals: [null, true, false] };
    expect(canonical(value)).toBe(
      String.raw`{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("gets the same text whatever the order of the keys, and the value back from it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const whole: unknown = JSON.parse(
          JSON.stringify(value, (_key, each: unknown) =>
            typeof each === "number" ? Math.round(each % 2 ** 50) : each,
          ),
        );
        const text = canonical(whole);
        expect(JSON.parse(text)).toEqual(whole);
        expect(canonical(reversed(whole))).toBe(text);
      }),
    );
  });

  it.each([
    ["a fraction", 1.5],
    ["a number that not every program holds", 2 ** 53],
    ["no number", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate for a key", { "\udc00": 1 }],
    ["what is not there", { a: undefined }],
    ["a big integer", 1n],
    ["a date", new Date(0)],
    ["bytes", new Uint8Array(1)],
  ])("is refused %s", (_what, value) => {
    expect(() => canonical(value)).toThrow(TypeError);
  });

  it("is refused what has no bottom", () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => canonical(endless)).toThrow("more than 32 levels");
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  // fast-check makes keys such as __proto__, too.
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, each]) => [key, reversed(each)]));
}
