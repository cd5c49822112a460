import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOCALES } from "../../src/call/business.ts";
import {
  folded,
  MEANINGS,
  POLICY_STOP_WORDS,
  understand,
  vocabularyOf,
  type Heard,
  type Written,
} from "../../src/call/intent.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { loadScript } from "../../src/script/load.ts";
import { clinic } from "./clinic.ts";

const script = loadScript(TWIML_FOLDER, "2026-11-22");
const lists = [...script.locales].map(([locale, { words }]) => [locale, words] as const);
const vocabulary = vocabularyOf(lists);
const business = clinic({
  topics: [
    { id: "visits", category: "utility", names: { "en-US": "visits", "fr-FR": "visites à venir" } },
    { id: "special-offers", category: "marketing", names: { "en-US": "bargains", "es-ES": "ofertas" } },
  ],
});

const wrote = (body: string, more: Partial<Written> = {}): Heard =>
  understand({ body, buttonText: null, payload: null, optOutType: null, ...more }, business, vocabulary);
const meant = (body: string, more: Partial<Written> = {}) => wrote(body, more).intent;
const stop = { kind: "stop", topics: null };
const everything = { kind: "stop", topics: ["visits", "special-offers"] };

/** As people type on a telephone. */
const MESSY: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => word.toUpperCase(),
  (word) => word.toLowerCase(),
  (word) => `  ${word}!!! `,
  (word) => `"${word}."`,
  (word) => `*${word}*\n`,
  (word) => word.normalize("NFD"),
  (word) => `\u200e${word}\ufe0f`,
  (word) => word.replaceAll(" ", "\u00a0 "),
  (word) => `${word} 😡👎🏽`,
  (word) => `¡${word}?`,
];

describe("a stop word ends consent, however it is typed:", () => {
  const own = lists.flatMap(([locale, { stop: words }]) => words.map((word) => ({ locale, word })));
  const policy = POLICY_STOP_WORDS.map((word) => ({ locale: "WhatsApp's policy", word }));

  it.each([...own, ...policy])("$word ($locale)", ({ word }) => {
    for (const messy of MESSY) expect(meant(messy(word)).kind).toBe("stop");
  });

  it("without its accents too", () => {
    for (const [, words] of lists) {
      for (const word of words.stop) {
        const bare = word.normalize("NFD").replaceAll(/[\u0300-\u036f]/g, "");
        expect(meant(bare)).toEqual(meant(word));
      }
    }
    expect(meant("arret")).toEqual(stop);
    expect(meant("ＳＴＯＰ")).toEqual(stop);
  });

  it("WhatsApp's own stand whatever a script says", () => {
    for (const word of POLICY_STOP_WORDS)
      expect(understand(plain(word), business, vocabularyOf([])).intent).toEqual(stop);
  });

  it("everything, where the words say so", () => {
    for (const [, words] of lists) for (const word of words.stopAll) expect(meant(word)).toEqual(everything);
  });

  it("one topic, by its id or by its name in any of the business's languages, before or behind the word", () => {
    for (const text of [
      "stop special offers",
      "STOP special-offers.",
      "stop bargains",
      "Baja ofertas",
      "BAJA: Ofertas!",
      "ofertas baja",
      "bargains रोकें",
      "alles stoppen bargains",
    ])
      expect(meant(text)).toEqual({ kind: "stop", topics: ["special-offers"] });
    expect(meant("STOP visites a venir")).toEqual({ kind: "stop", topics: ["visits"] });
  });

  it("also where only Twilio tells", () => {
    expect(meant("arrêtez ça", { optOutType: "STOP" })).toEqual(stop);
    expect(meant("stop bargains", { optOutType: "STOP" })).toEqual({
      kind: "stop",
      topics: ["special-offers"],
    });
  });

  it("whatever button it is on", () => {
    expect(meant("Stop promotions", { buttonText: "Stop promotions", payload: "stop" })).toEqual(stop);
    expect(meant("STOP", { buttonText: "STOP", payload: "a1" })).toEqual(stop);
    expect(meant("", { buttonText: "Baja", payload: null })).toEqual(stop);
    expect(meant("stop", { payload: "yes" })).toEqual(stop);
  });
});

const DOUBTFUL = [
  "please stop by tomorrow",
  "don't stop",
  "can I cancel my appointment?",
  "the end of the road",
  "stop the car",
  "stop weather",
  "no stop",
  "",
  "👍",
  "ok",
  "1",
  "s.t.o.p it now please",
];

describe("what could mean anything is a supervisor's:", () => {
  it.each(DOUBTFUL)("%j", (text) => {
    expect(meant(text)).toEqual({ kind: "unclear" });
  });

  it("a letter is not searched for words", () => {
    expect(meant(`stop ${" ".repeat(5_000)}`)).toEqual({ kind: "unclear" });
  });
});

describe("a yes", () => {
  it("is a word that says so, in each language", () => {
    for (const [, words] of lists) {
      for (const word of words.yes) {
        for (const text of [word, word.toUpperCase(), ` ${word}! `, `"${word}."`, `*${word}*`])
          expect([text, meant(text)]).toEqual([text, { kind: "yes" }]);
      }
    }
  });

  it.each([
    "yes?",
    "yes 👎",
    "yes...",
    "yes…",
    "~yes~",
    "yes no",
    "yes/no",
    "yes but not offers",
    "> yes",
    "y",
    "yes 1",
    "oui et non",
    "(yes)",
  ])("is not %j", (text) => {
    expect(meant(text)).toEqual({ kind: "unclear" });
  });

  it("is our button, with the message that asks or without", () => {
    const id = "01a20640-be81-73e4-9d40-ec4ea8502155";
    for (const payload of ["yes", `yes:${id}`]) {
      expect(meant("YES", { buttonText: "YES", payload })).toEqual({ kind: "yes" });
      expect(meant("I want this", { buttonText: "I want this", payload })).toEqual({ kind: "yes" });
    }
    expect(meant("NO", { buttonText: "NO", payload: `no:${id}` })).toEqual({ kind: "no" });
  });

  it("is not a button whose words say no", () => {
    expect(meant("NO", { buttonText: "NO", payload: "yes" })).toEqual({ kind: "unclear" });
    expect(meant("YES", { buttonText: "YES", payload: "no" })).toEqual({ kind: "unclear" });
  });

  it("is not the button of another question, unless its words are all it carries", () => {
    expect(meant("Yes", { buttonText: "Yes", payload: "pizza-42" })).toEqual({ kind: "unclear" });
    expect(meant("Yes", { buttonText: "Yes", payload: "yes:pizza" })).toEqual({ kind: "unclear" });
    expect(meant("Yes", { buttonText: "Yes", payload: "Yes" })).toEqual({ kind: "yes" });
  });

  it("is not made of Twilio's START, and is not unmade by it", () => {
    expect(meant("hola", { optOutType: "START" })).toEqual({ kind: "start" });
    expect(meant("YES", { optOutType: "START" })).toEqual({ kind: "yes" });
    expect(meant("?", { optOutType: "HELP" })).toEqual({ kind: "help" });
  });

  it("comes of nothing else, whatever is written", () => {
    const yes = new Set(lists.flatMap(([, words]) => words.yes.map(folded)));
    const words = lists.flatMap(([, each]) => MEANINGS.flatMap((meaning) => each[meaning]));
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc
        .array(fc.constantFrom(...words, "?", "👍", "not", " ", "1"), { maxLength: 4 })
        .map((parts) => parts.join(" ")),
    );
    const written = fc.record({
      body: text,
      buttonText: fc.option(text),
      payload: fc.option(fc.oneof(text, fc.constantFrom("pizza", "yes", "no", "Yes!", "yes:1"))),
      optOutType: fc.constantFrom(null, "STOP", "START", "HELP"),
    });
    fc.assert(
      fc.property(written, (each) => {
        const { intent } = understand(each, business, vocabulary);
        const said = [each.body, each.buttonText ?? ""].map(folded);
        const pressed = each.payload === "yes" || said.some((one) => yes.has(one));
        const explicit = pressed && each.optOutType !== "STOP" && each.payload !== "no";
        expect(intent.kind !== "yes" || explicit).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("the other words:", () => {
  it.each(LOCALES)("no, start and help are understood in %s", (locale) => {
    const words = script.locales.get(locale)?.words;
    for (const kind of ["no", "start", "help"] as const) {
      expect(words?.[kind].length).toBeGreaterThan(0);
      for (const word of words?.[kind] ?? []) expect([word, meant(` ${word}.`)]).toEqual([word, { kind }]);
    }
  });

  it.each(LOCALES)("a new number is read behind the word for it in %s", (locale) => {
    const change = { kind: "change", number: "+34600123456" };
    for (const word of script.locales.get(locale)?.words.change ?? []) {
      for (const number of ["+34600123456", "+34 600 12 34 56", "0034 600-123-456", "+34 (600) 123.456"])
        expect([word, meant(`${word.toUpperCase()} ${number}`)]).toEqual([word, change]);
      expect(meant(`${word}: +34 600123456`)).toEqual(change);
    }
  });

  it("a number that cannot be is not taken, and a change without one is helped", () => {
    for (const text of ["change +1", "change 600123456", "change +999999999999", "call +34600123456"])
      expect([text, meant(text)]).toEqual([text, { kind: "unclear" }]);
    expect(meant("change")).toEqual({ kind: "help" });
  });

  it("a word that one language has tells the language; one that several have does not", () => {
    expect(wrote("Ja bitte").locale).toBe("de-DE");
    expect(wrote("ALTA").locale).toBe("es-ES");
    expect(wrote("मदद").locale).toBe("hi-IN");
    expect(wrote("ja").locale).toBeNull();
    expect(wrote("STOP").locale).toBeNull();
    expect(wrote("QUIT").locale).toBe("en-US");
  });

  it("a word means one thing, or the words cannot be used", () => {
    const [first, second] = lists;
    if (first === undefined || second === undefined) throw new Error("no words");
    const mixed = [second[0], { ...second[1], no: ["Yes!"] }] as const;
    expect(() => vocabularyOf([first, mixed])).toThrow('"Yes!" means yes and no');
    expect(() => vocabularyOf([["en-US", { ...first[1], yes: ["baja"] }]])).toThrow("stop and yes");
  });
});

function plain(body: string): Written {
  return { body, buttonText: null, payload: null, optOutType: null };
}
