import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { parseForm, signedText } from "../../src/twilio/fields.ts";
import { answerInput } from "../../src/twilio/form.ts";
import { signatureCheck, type Account } from "../../src/twilio/signature.ts";
import { startLine } from "../support/line.ts";
import { body, CALL } from "./post.ts";

const PUBLIC_URL = "https://line.test";
const PATH = "/voice/2026-11-22/en-US/choice?try=1";
const OLD_TOKEN = "a".repeat(32);
const NEW_TOKEN = "b".repeat(32);
const FORM = "application/x-www-form-urlencoded; charset=utf-8";

const ours: Account = { sid: CALL["AccountSid"] ?? "", authTokens: [NEW_TOKEN, OLD_TOKEN], simulated: false };
const simulator: Account = { sid: `AC${"f".repeat(32)}`, authTokens: ["c".repeat(32)], simulated: true };
const check = signatureCheck(PUBLIC_URL, [ours, simulator]);

/** The SDK's own signature, over any fields, one named __proto__ too. */
function sign(
  fields: Iterable<readonly [string, string | readonly string[]]>,
  { token = NEW_TOKEN, url = PUBLIC_URL + PATH } = {},
): string {
  const parameters = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of fields) parameters[name] = value;
  return getExpectedTwilioSignature(token, url, parameters);
}

const signed = (fields: Readonly<Record<string, string>>, how: Parameters<typeof sign>[1] = {}) => ({
  rawPath: PATH,
  contentType: FORM,
  signature: sign(Object.entries(fields), how),
  body: body(fields),
});

describe("a request is Twilio's", () => {
  it("with the SDK's own signature, and then says whose account it is and what it brought", () => {
    const passed = check(signed({ ...CALL, Digits: "1" }));
    expect(passed).toMatchObject({ account: ours });
    expect("fields" in passed && passed.fields.get("Digits")).toEqual(["1"]);
  });

  it("with any token of the list, so that a rotation drops no call", () => {
    for (const token of [OLD_TOKEN, NEW_TOKEN]) {
      expect(check(signed(CALL, { token }))).toMatchObject({ account: ours });
    }
  });

  it("with the simulator's own token for the simulator's account, whose calls are marked from birth", () => {
    const fields = { ...CALL, AccountSid: simulator.sid };
    const [token = ""] = simulator.authTokens;
    expect(check(signed(fields, { token }))).toMatchObject({ account: { simulated: true } });
  });

  it("with the query in the path, as it came", () => {
    const rawPath = "/voice/2026-11-22/en-US/topic?try=2&topic=a&agreed=b%2Cc";
    const request = { ...signed(CALL, { url: PUBLIC_URL + rawPath }), rawPath };
    expect(check(request)).toMatchObject({ account: ours });
    expect(check({ ...request, rawPath: rawPath.replace("try=2", "try=1") })).toMatchObject({ refused: 403 });
    expect(check({ ...request, rawPath: "/voice/2026-11-22/en-US/topic" })).toMatchObject({ refused: 403 });
  });

  it("with a port in the public URL, which Twilio leaves out of what it signs, or does not", () => {
    const withPort = signatureCheck("https://line.test:8443", [ours]);
    for (const url of [PUBLIC_URL + PATH, `https://line.test:8443${PATH}`]) {
      expect(withPort(signed(CALL, { url }))).toMatchObject({ account: ours });
    }
  });

  it("with plus signs, spaces, empty values and other alphabets in its fields", () => {
    const fields = { ...CALL, From: "", FromCity: "São Paulo + नई दिल्ली", CallerName: " A=B&C " };
    expect(check(signed(fields))).toMatchObject({ account: ours });
  });

  it("with a field named __proto__, which is signed like any other", () => {
    const fields = [...Object.entries(CALL), ["__proto__", "x"]] as const;
    const text = `${new URLSearchParams(CALL).toString()}&__proto__=x`;
    const request = { ...signed(CALL), body: body(text) };
    expect(check({ ...request, signature: sign(fields) })).toMatchObject({ account: ours });
    expect(check(request)).toMatchObject({ refused: 403 });
  });

  it("with a name that stands twice, which Twilio signs with its distinct values in order", () => {
    const text = `${new URLSearchParams(CALL).toString()}&FromCity=B&FromCity=A&FromCity=B`;
    const signature = sign([...Object.entries(CALL), ["FromCity", ["A", "B"]]]);
    expect(check({ ...signed(CALL), body: body(text), signature })).toMatchObject({ account: ours });
  });
});

describe("a request is refused with 403", () => {
  it.each([
    ["no signature", undefined],
    ["an empty one", ""],
    ["one that is none", "x"],
    ["one of the right length", "A".repeat(28)],
    ["one that is not ASCII", "é".repeat(14)],
    ["a right one with a space", `${sign(Object.entries(CALL))} `],
    ["two right ones", `${sign(Object.entries(CALL))},${sign(Object.entries(CALL))}`],
  ])("with %s", (_what, signature) => {
    expect(check({ ...signed(CALL), signature })).toEqual({
      refused: 403,
      message: "The signature does not match.",
    });
  });

  it.each(["d".repeat(32), "", `${NEW_TOKEN},${OLD_TOKEN}`])("with a token that is not ours: %j", (token) => {
    expect(check(signed(CALL, { token }))).toMatchObject({ refused: 403 });
  });

  it("with the token of another of our accounts", () => {
    const [token = ""] = simulator.authTokens;
    expect(check(signed(CALL, { token }))).toMatchObject({ refused: 403 });
    expect(check(signed({ ...CALL, AccountSid: simulator.sid }))).toMatchObject({ refused: 403 });
  });

  it.each([`AC${"9".repeat(32)}`, "", "AC"])("from a foreign account: %j", (AccountSid) => {
    expect(check(signed({ ...CALL, AccountSid }))).toMatchObject({
      refused: 403,
      message: "Not an account of this line.",
    });
  });

  it("without an account", () => {
    const { AccountSid: _left, ...rest } = CALL;
    expect(check(signed(rest))).toMatchObject({ refused: 403 });
    expect(check({ ...signed({}), body: body("") })).toMatchObject({ refused: 403 });
  });

  it("with the account twice, though both are ours and the signature covers them", () => {
    const text = `${new URLSearchParams(CALL).toString()}&AccountSid=${CALL["AccountSid"]}`;
    const signature = sign(Object.entries({ ...CALL, AccountSid: [CALL["AccountSid"] ?? ""] }));
    expect(check({ ...signed(CALL), body: body(text), signature })).toMatchObject({
      refused: 403,
      message: "Not an account of this line.",
    });
  });

  it.each<[string, Record<string, string>]>([
    ["a value changed", { ...CALL, From: "+14155550199" }],
    ["a field added", { ...CALL, Digits: "1" }],
    ["a name in another case", { ...CALL, digits: "1" }],
  ])("with %s", (_what, fields) => {
    expect(check({ ...signed(CALL), body: body(fields) })).toMatchObject({ refused: 403 });
  });

  it.each(["https://evil.test", "http://line.test", "https://line.test.evil.test", "https://LINE.evil"])(
    "when it is signed for %s",
    (origin) => {
      expect(check(signed(CALL, { url: origin + PATH }))).toMatchObject({ refused: 403 });
    },
  );

  it("when it is signed over the path of another step", () => {
    const url = `${PUBLIC_URL}/voice/2026-11-22/en-US/welcome-back?try=1`;
    expect(check(signed(CALL, { url }))).toMatchObject({ refused: 403 });
  });
});

describe("the Host header has no part in it:", () => {
  it("a request for the public URL passes under any Host, and one for another host under none", async () => {
    const line = startLine();
    const [account] = line.config.accounts;
    const fields = { ...CALL, AccountSid: account?.sid ?? "", CallStatus: "ringing" };
    const post = (origin: string, host: string) =>
      line.app.request(`https://${host}/voice`, {
        method: "POST",
        headers: {
          Host: host,
          "X-Forwarded-Host": host,
          "Content-Type": FORM,
          "X-Twilio-Signature": getExpectedTwilioSignature(
            account?.authTokens[0] ?? "",
            `${origin}/voice`,
            fields,
          ),
        },
        body: new URLSearchParams(fields).toString(),
      });
    expect((await post("https://line.test", "10.0.0.7")).status).toBe(200);
    expect((await post("https://evil.test", "evil.test")).status).toBe(403);
    await line.stop();
  });
});

describe("a request is refused with 415 that is not a form:", () => {
  it.each([
    undefined,
    "",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/x-www-form-urlencodedx",
    "x, application/x-www-form-urlencoded",
  ])("%j", (contentType) => {
    expect(check({ ...signed(CALL), contentType })).toMatchObject({ refused: 415 });
  });

  it("and whatever the case and the charset, a form is one", () => {
    for (const contentType of [
      "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-Urlencoded ; q=1",
    ]) {
      expect(check({ ...signed(CALL), contentType })).toMatchObject({ account: ours });
    }
  });
});

it("a request is refused with 400 whose form is not well-formed", () => {
  expect(check({ ...signed(CALL), body: body("AccountSid=%00") })).toMatchObject({ refused: 400 });
});

/** Twilio does not sign where a name ends and its value begins: the field patterns have to. */
describe("a boundary between fields that somebody shifts", () => {
  const answer = { ...CALL, Digits: "2", From: "+1555" };
  const { Digits: _digits, Direction: _direction, From: _from, ...rest } = answer as Record<string, string>;

  it.each([
    [
      "a field into the value before it",
      { ...rest, Direction: "inbound", Digits: "2", From: "+1555To+14155550100" },
    ],
    ["the key into an unread field", { ...rest, Direction: "inbound", From: "+1555", CallToken: "x" }],
  ])("is of no use without the same bytes: %s", (_what, fields) => {
    expect(check({ ...signed(answer), body: body(fields) })).toMatchObject({ refused: 403 });
  });

  it("keeps the signature, and is refused with 400 by the form", () => {
    const shifted: Record<string, string> = {
      ...rest,
      Digits: "2DirectioninboundFrom+1555",
    };
    const passed = check({ ...signed(answer), body: body(shifted) });
    expect(passed).toMatchObject({ account: ours });
    expect("fields" in passed && answerInput(passed.fields)).toMatchObject({ refused: 400 });
  });

  it("keeps the signature as in Digits=2From%2B1555, and is refused with 400 by the form", () => {
    const honest = { ...rest, Digits: "2", From: "+1555" };
    const text = `${new URLSearchParams(rest).toString()}&Digits=2From%2B1555`;
    const passed = check({ ...signed(honest), body: body(text) });
    expect(passed).toMatchObject({ account: ours });
    expect("fields" in passed && answerInput(passed.fields)).toMatchObject({ refused: 400 });
  });

  it("is refused wherever it is made, between any two neighbours of what is read", () => {
    const honest: Record<string, string> = { ...CALL, Digits: "2", StirVerstat: "TN-Validation-Passed-A" };
    const names = Object.keys(honest).toSorted();
    for (const [index, name] of names.entries()) {
      const before = names[index - 1];
      // The account is compared whole, before anything else.
      if (before === undefined || before === "AccountSid") continue;
      const { [name]: absorbed, ...left } = honest;
      const fields = { ...left, [before]: `${honest[before]}${name}${absorbed}` };
      const passed = check({ ...signed(honest), body: body(fields) });
      expect(passed, name).toMatchObject({ account: ours });
      const input = "fields" in passed ? answerInput(passed.fields) : passed;
      expect(input, `${name} in ${before}`).toMatchObject({ refused: 400 });
    }
  });
});

it("the fields that passed are those of the body, and not another reading of it", () => {
  const passed = check(signed(CALL));
  expect("fields" in passed && passed.fields).toEqual(parseForm(body(CALL)));
});

it("what is signed is put together as the SDK does it, whatever stands in the form, and however often", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 8 });
  const field = fc.tuple(
    fc.oneof(fc.constantFrom("a", "B", "10", "9", "__proto__"), text),
    fc.array(text, { minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(field, { maxLength: 12, selector: ([name]) => name }), (fields) => {
      const own = createHmac("sha1", NEW_TOKEN).update(PUBLIC_URL + PATH + signedText(new Map(fields)));
      const theirs = fields.map(
        ([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values] as const,
      );
      expect(own.digest("base64")).toBe(sign(theirs));
    }),
  );
});

describe("a key that somebody hides to make silence of it is found", () => {
  const honest = { ...CALL, CallToken: "x", Digits: "2" };
  const { CallToken: _token, Digits: _digits, ...rest } = honest;

  it.each<[string, Record<string, string>]>([
    ["in a value", { CallToken: "xDigits2" }],
    ["in a name", { CallTokenxDigits2: "" }],
    ["where a name ends and its value begins", { CallTokenxDig: "its2" }],
  ])("%s", (_where, moved) => {
    const passed = check({ ...signed(honest), body: body({ ...rest, ...moved }) });
    expect(passed).toMatchObject({ account: ours });
    const input = "fields" in passed ? answerInput(passed.fields, passed.text) : passed;
    expect(input).toEqual({ refused: 400, message: "Digits stands within another field" });
  });
});
