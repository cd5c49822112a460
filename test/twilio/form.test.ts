import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answerInput,
  attestation,
  CALL_STATUSES,
  callInput,
  isTerminal,
  statusInput,
  type Attestation,
} from "../../src/twilio/form.ts";
import { parseForm } from "../../src/twilio/fields.ts";
import { body, CALL, form } from "./post.ts";

const parsed = (text: string) => {
  const fields = parseForm(body(text));
  return fields === null ? null : Object.fromEntries(fields);
};

describe("a form is read as it came:", () => {
  it.each<[string, string, Record<string, string[]>]>([
    ["nothing", "", {}],
    ["one field", "Digits=1", { Digits: ["1"] }],
    ["an empty value", "From=&To=1", { From: [""], To: ["1"] }],
    ["a name without a value", "From", { From: [""] }],
    ["a value with an equals sign", "a=b=c", { a: ["b=c"] }],
    ["a plus sign, which is a space", "a+b=c+d", { "a b": ["c d"] }],
    ["an encoded plus sign, which is one", "From=%2B14155550123", { From: ["+14155550123"] }],
    ["spaces, which are not trimmed", "a=+b+", { a: [" b "] }],
    ["a name that stands twice", "Digits=1&To=2&Digits=3", { Digits: ["1", "3"], To: ["2"] }],
    ["text that is not ASCII", "FromCity=S%C3%A3o+Paulo", { FromCity: ["São Paulo"] }],
    ["text that is not ASCII, unencoded", "FromCity=São", { FromCity: ["São"] }],
  ])("%s", (_what, text, fields) => {
    expect(parsed(text)).toEqual(fields);
  });

  it("a field named __proto__ is a field like any other", () => {
    const fields = parseForm(body("__proto__=1&constructor=2"));
    expect(fields?.get("__proto__")).toEqual(["1"]);
    expect(fields?.get("constructor")).toEqual(["2"]);
  });

  it("whatever Twilio encodes is decoded to the same", () => {
    const text = fc.string({ unit: "grapheme" }).filter((given) => !given.includes("\0"));
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 20, noNullPrototype: true }), (fields) => {
        const read = parseForm(body(fields));
        expect([...(read ?? [])].map(([name, [value]]) => [name, value])).toEqual(
          [...new URLSearchParams(fields)].filter(
            ([name], at, all) => all.findIndex(([n]) => n === name) === at,
          ),
        );
      }),
    );
  });
});

describe("a form is not well-formed that has", () => {
  it.each([
    ["a percent sign with nothing behind it", "Digits=%"],
    ["a percent sign with no hex behind it", "Digits=%zz"],
    ["half of an encoded character", "Digits=%C3"],
    ["an encoded lone surrogate", "Digits=%ED%A0%80"],
    ["an overlong encoding", "Digits=%C0%AF"],
    ["a NUL in a value", "Digits=1%00"],
    ["a NUL in a name", "Dig%00its=1"],
    ["a NUL that is not encoded", "Digits=1\0"],
  ])("%s", (_what, text) => {
    expect(parseForm(body(text))).toBeNull();
  });

  it.each([
    ["bytes that are not UTF-8", [0x61, 0x3d, 0xff]],
    ["a lone surrogate in bytes", [0x61, 0x3d, 0xed, 0xa0, 0x80]],
    ["half of a character at its end", [0x61, 0x3d, 0xc3]],
  ])("%s", async (_what, bytes) => {
    const received = new Request("https://line.test", { method: "POST", body: new Uint8Array(bytes) });
    expect(parseForm(await received.text())).toBeNull();
  });

  it("more than two hundred fields", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `f${index}=1`).join("&");
    expect(parseForm(body(many(200)))?.size).toBe(200);
    expect(parseForm(body(many(201)))).toBeNull();
    expect(parseForm(body("a=1&".repeat(50_000)))).toBeNull();
  });
});

describe("what Twilio says of a call", () => {
  it.each([
    ["human", "human"],
    ["machine_start", "machine"],
    ["machine_end_beep", "machine"],
    ["fax", "machine"],
    ["unknown", "machine"],
    ["", "machine"],
  ])("says %j took the line's call: a %s", (said, answeredBy) => {
    expect(callInput(form({ AnsweredBy: said }))).toMatchObject({ answeredBy });
  });

  it("is read in our words", () => {
    expect(callInput(form({ StirVerstat: "TN-Validation-Passed-A", CallStatus: "ringing" }))).toEqual({
      callSid: CALL["CallSid"],
      line: "+14155550100",
      caller: "+14155550123",
      direction: "inbound",
      status: "ringing",
      attestation: "passed-A",
      answeredBy: null,
    });
  });

  it.each(["outbound-api", "outbound-dial"])(
    "of a call that we made (%s) has the line in From",
    (Direction) => {
      expect(callInput(form({ Direction, From: "+14155550100", To: "+14155550123" }))).toMatchObject({
        line: "+14155550100",
        caller: "+14155550123",
        direction: "outbound",
      });
    },
  );

  it("is accepted with fields that nobody knows yet", () => {
    expect(callInput(form({ AddOns: "{}", CallToken: "x".repeat(500) }))).not.toHaveProperty("refused");
  });

  it.each(CALL_STATUSES)("may be that it is %s", (CallStatus) => {
    expect(callInput(form({ CallStatus }))).toMatchObject({ status: CallStatus });
  });

  it("ends a call in just the states that are the last", () => {
    expect(CALL_STATUSES.filter((status) => isTerminal(status))).toEqual([
      "completed",
      "busy",
      "no-answer",
      "failed",
      "canceled",
    ]);
  });
});

describe("a caller whose number is withheld or odd is let in:", () => {
  it.each([
    "",
    "anonymous",
    "Anonymous",
    "Restricted",
    "unknown",
    "+266696687",
    "266696687",
    "7378742833",
    "client:alice",
    "sip:alice@example.com",
    "+",
  ])("%j", (From) => {
    expect(callInput(form({ From }))).toMatchObject({ caller: From });
  });
});

/** Field, value: each is refused with 400, and the message names the field. */
const MALFORMED: readonly [string, string | undefined][] = [
  ["CallSid", undefined],
  ["CallSid", ""],
  ["CallSid", "CA123"],
  ["CallSid", `SM${"0".repeat(32)}`],
  ["CallSid", `CA${"0".repeat(33)}`],
  ["CallSid", `CA${"A".repeat(32)}`],
  ["CallSid", `CA${"0".repeat(32)}\n`],
  ["CallSid", ` CA${"0".repeat(32)}`],
  ["From", undefined],
  ["From", "+14155550123To+14155550100"],
  ["From", "+14155550123To"],
  ["From", "anonymous\n"],
  ["From", "a".repeat(101)],
  ["To", undefined],
  ["To", ""],
  ["To", "anonymous"],
  ["To", "+"],
  ["To", "14155550100"],
  ["To", "+04155550100"],
  ["To", "+14155550100To"],
  ["CallStatus", ""],
  ["CallStatus", "happy"],
  ["CallStatus", "completedDirectioninbound"],
  ["Direction", ""],
  ["Direction", "sideways"],
  ["Digits", "1From"],
  ["Digits", "1 "],
  ["Digits", "1\n"],
  ["Digits", "１"],
  ["Digits", "A"],
  ["Digits", "hangup1"],
  ["Digits", "1".repeat(65)],
  ["SequenceNumber", ""],
  ["SequenceNumber", "-1"],
  ["SequenceNumber", "1e3"],
  ["SequenceNumber", "1234567"],
  ["CallDuration", "12s"],
  ["CallDuration", "0x10"],
  ["CallDuration", "1.5"],
];

describe("a field that is not in its pattern is refused with 400, and named:", () => {
  const readerOf = (field: string) => {
    if (field === "Digits") return answerInput;
    return field === "SequenceNumber" || field === "CallDuration" ? statusInput : callInput;
  };

  it.each(MALFORMED)("%s %j", (field, value) => {
    expect(readerOf(field)(form({ [field]: value }))).toEqual({
      refused: 400,
      message: expect.stringContaining(field),
    });
  });

  it.each(["CallSid", "From", "To", "Digits", "CallStatus", "Direction", "StirVerstat"])(
    "%s that stands twice, even with the same value",
    (field) => {
      const text = new URLSearchParams({ ...CALL, [field]: CALL[field] ?? "1" }).toString();
      const fields = parseForm(body(`${text}&${field}=${encodeURIComponent(CALL[field] ?? "1")}`));
      expect(answerInput(fields ?? new Map())).toEqual({
        refused: 400,
        message: `${field} stands more than once`,
      });
    },
  );

  it("a field that stands twice and is not read harms nobody", () => {
    const text = new URLSearchParams(CALL).toString();
    const fields = parseForm(body(`${text}&FromCity=A&FromCity=B`));
    expect(callInput(fields ?? new Map())).toMatchObject({ callSid: CALL["CallSid"] });
  });
});

describe("an answer", () => {
  it.each([
    ["1", { kind: "key", key: "1" }],
    ["#", { kind: "key", key: "#" }],
    ["14155550177", { kind: "digits", digits: "14155550177" }],
    ["", { kind: "silence" }],
    [undefined, { kind: "silence" }],
    ["hangup", { kind: "hang-up" }],
  ])("of Digits %j is %j", (Digits, keypress) => {
    expect(answerInput(form({ Digits }))).toMatchObject({ keypress });
  });

  it("that is spoken and not keyed is silence: no key, no consent", () => {
    expect(answerInput(form({ SpeechResult: "yes", Confidence: "0.99" }))).toMatchObject({
      keypress: { kind: "silence" },
    });
  });

  it("of a form that is refused is no answer", () => {
    expect(answerInput(form({ Digits: "1", To: "nobody" }))).toMatchObject({ refused: 400 });
  });
});

describe("a status callback", () => {
  it("says where it stands in the order, and how long the call was", () => {
    const given = { CallStatus: "completed", SequenceNumber: "3", CallDuration: "42" };
    expect(statusInput(form(given))).toMatchObject({ status: "completed", sequence: 3, durationSeconds: 42 });
  });

  it("may say neither", () => {
    expect(statusInput(form({ CallStatus: "busy" }))).toMatchObject({ sequence: 0, durationSeconds: null });
  });

  it("of a form that is refused is none", () => {
    expect(statusInput(form({ To: "nobody" }))).toMatchObject({ refused: 400 });
  });
});

describe("STIR/SHAKEN's verdict is read as", () => {
  const VERDICTS: readonly [string | undefined, Attestation][] = [
    ...(["A", "B", "C"] as const).flatMap((level): [string, Attestation][] =>
      ["", "-Diverted", "-Passthrough"].flatMap((suffix): [string, Attestation][] => [
        [`TN-Validation-Passed-${level}${suffix}`, `passed-${level}`],
        [`TN-Validation-Failed-${level}${suffix}`, `failed-${level}`],
      ]),
    ),
    ["TN-Validation-Failed", "failed"],
    ["No-TN-Validation", "unverified"],
    [undefined, "unverified"],
    ["", "unverified"],
    ["TN-Validation-Passed", "unverified"],
    ["TN-Validation-Passed-D", "unverified"],
    ["TN-Validation-Passed-A ", "unverified"],
    ["TN-Validation-Passed-ATo+14155550100", "unverified"],
    ["tn-validation-passed-a", "unverified"],
    ["xTN-Validation-Passed-A", "unverified"],
  ];

  it.each(VERDICTS)("%j: %s", (stirVerstat, verdict) => {
    expect(attestation(stirVerstat)).toBe(verdict);
    expect(callInput(form({ StirVerstat: stirVerstat }))).toMatchObject({ attestation: verdict });
  });
});
