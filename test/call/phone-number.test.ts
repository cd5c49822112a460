import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countryOf,
  e164,
  holdsNumber,
  keyedNumber,
  lastDigits,
  mask,
  spaced,
  subscriberNumber,
  type Country,
} from "../../src/call/phone-number.ts";

describe("a calling number that is withheld or malformed is nobody's:", () => {
  it.each([
    "",
    "anonymous",
    "Anonymous",
    "Restricted",
    "unknown",
    "unavailable",
    "private",
    "+266696687",
    "14155550123",
    "+",
    "+0",
    "+04155550123",
    "+1415",
    "+1415555012",
    "+141555501234567",
    "+1 415 555 0123",
    "+1-415-555-0123",
    "+14155550123 ",
    "+14155550123\n",
    " +14155550123",
    "+1415555０123",
    "+999123456789",
    "sip:alice@example.com",
    "client:alice",
    "whatsapp:+14155550123",
  ])("%j", (text) => {
    expect(e164(text)).toBeNull();
    expect(subscriberNumber(text)).toBeNull();
  });
});

describe("a number that WhatsApp could reach is taken as it came:", () => {
  it.each([
    "+14155550123",
    "+34612345678",
    "+34915550100",
    "+5511961234567",
    "+919876543210",
    "+4915123456789",
    "+18005550123",
  ])("%s", (number) => {
    expect(e164(number)).toBe(number);
    expect(subscriberNumber(number)).toBe(number);
  });
});

describe("a number that no WhatsApp account can have is a number, and no subscriber's:", () => {
  it.each([
    ["premium rate, US", "+19005550123"],
    ["premium rate, ES", "+34803123456"],
    ["shared cost, GB", "+448431234567"],
    ["company-wide, GB", "+443301234567"],
    ["pager, GB", "+447640123456"],
  ])("%s", (_kind, number) => {
    expect(e164(number)).toBe(number);
    expect(subscriberNumber(number)).toBeNull();
  });
});

describe("a caller keys in a number", () => {
  it.each<[string, string, Country | null, string]>([
    ["with the country code, as asked", "14155550123", "US", "+14155550123"],
    ["with 00 before it", "0034612345678", "ES", "+34612345678"],
    ["with 011 before it", "01134612345678", "US", "+34612345678"],
    ["with 011 before it, on a line outside America", "01114155550123", "ES", "+14155550123"],
    ["of another country", "4915123456789", "US", "+4915123456789"],
    ["as it is dialled in the line's country", "4155550123", "US", "+14155550123"],
    ["as it is dialled in Spain", "612345678", "ES", "+34612345678"],
    ["with the trunk zero, as it is dialled in Germany", "015123456789", "DE", "+4915123456789"],
    ["that begins with 011 without being international", "01154960123", "GB", "+441154960123"],
    ["with the country code, on a line of no country", "34612345678", null, "+34612345678"],
  ])("%s: %s", (_how, digits, country, number) => {
    expect(keyedNumber(digits, country)).toBe(number);
  });

  it.each<[string, string, Country | null]>([
    ["too short", "12345", "US"],
    ["an emergency number", "911", "US"],
    ["without the area code", "5550123", "US"],
    ["longer than any", "1234567890123456789", "US"],
    ["premium rate", "19005550123", "US"],
    ["premium rate, as it is dialled here", "9005550123", "US"],
    ["with a star in it", "1415555*123", "US"],
    ["with a pound in it", "14155550123#", "US"],
    ["only zeros", "00000000", "ES"],
    ["nothing", "", "US"],
  ])("that cannot be one, and is asked again: %s", (_why, digits, country) => {
    expect(keyedNumber(digits, country)).toBeNull();
  });

  it("and whatever it is, what comes of it is a whole number or nothing", () => {
    const keyed = fc.stringMatching(/^[0-9*#]{1,18}$/);
    const country = fc.constantFrom<Country | null>("US", "ES", "DE", "GB", "IN", null);
    fc.assert(
      fc.property(keyed, country, (digits, here) => {
        const number = keyedNumber(digits, here);
        expect(number === null || subscriberNumber(number) === number).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a number belongs to the country of its plan:", () => {
  it.each([
    ["+14155550123", "US"],
    ["+16135550123", "CA"],
    ["+34612345678", "ES"],
    ["+5511961234567", "BR"],
    ["+88213123456", null],
  ] as const)("%s to %s", (number, country) => {
    expect(countryOf(number)).toBe(country);
  });
});

describe("a masked number", () => {
  it.each([
    ["+14155550123", "+1••••••0123"],
    ["+34612345678", "+34•••••5678"],
    ["+919876543210", "+91••••••3210"],
    ["+6834002", "+683•••2"],
    ["anonymous", "•••"],
    ["", "•••"],
    ["+1415555012x", "•••"],
    ["sip:14155550123@example.com", "•••"],
  ])("of %j is %s", (number, masked) => {
    expect(mask(number)).toBe(masked);
  });

  it("shows no more than the country code and the last four digits, and hides at least three", () => {
    const numbers = fc.stringMatching(/^\+[1-9]\d{6,14}$/);
    fc.assert(
      fc.property(numbers, (number) => {
        const [, country = "", hidden = "", shown = ""] =
          /^\+(\d{0,3})(•+)(\d{0,4})$/.exec(mask(number)) ?? [];
        expect(hidden.length).toBeGreaterThanOrEqual(3);
        expect(country.length + hidden.length + shown.length).toBe(number.length - 1);
        expect(number.startsWith(`+${country}`) && number.endsWith(shown)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("digits for a voice", () => {
  it("stand apart, so that they are not read as one number", () => {
    expect(spaced("+34612345678")).toBe("3 4 6 1 2 3 4 5 6 7 8");
    expect(spaced("004829")).toBe("0 0 4 8 2 9");
  });

  it("are the last four of a number", () => {
    expect(lastDigits("+14155550123")).toBe("0 1 2 3");
  });
});

describe("free text that stays in the log for ever", () => {
  it.each(["call +1 415 555 0155 back", "(0151) 234-5678", "4155550155", "0 1 5 1 2 3 4 5 6"])(
    "is refused where it could hold a telephone number: %s",
    (text) => {
      expect(holdsNumber(text)).toBe(true);
    },
  );

  it.each(["letter of 1 June 2026", "asked in writing, case 123456", "", "2026-11-23 is a date"])(
    "may hold other figures: %s",
    (text) => {
      expect(holdsNumber(text)).toBe(false);
    },
  );
});
