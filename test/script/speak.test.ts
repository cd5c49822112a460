import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOCALES, type Business, type Locale } from "../../src/call/business.ts";
import { advance, begin, keysOf, type Outcome, type Situation } from "../../src/call/flow.ts";
import { keypress } from "../../src/call/keypress.ts";
import { lastDigits, spaced, type E164 } from "../../src/call/phone-number.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { loadScript } from "../../src/script/load.ts";
import { fillOpen, LEFT_OPEN, OPEN_SLOTS, rendered } from "../../src/script/script.ts";
import { speaker, speechOf, speechTwiml, type Speech } from "../../src/script/speak.ts";
import { elements, parseTwiml, wordsOf } from "../../src/script/twiml.ts";
import { acme, VERSION } from "./copy.ts";

const script = loadScript(TWIML_FOLDER, VERSION);
const CALLER: E164 = "+14155550123";
const OTHER: E164 = "+34612345678";

const calling = (business: Business, locale: Locale = business.locales[0]): Situation => ({
  business,
  locale,
  caller: CALLER,
  granted: [],
  outgoing: false,
});

/** What this business says first, or says after an answer. */
function said(business: Business, ...answers: string[]): Speech {
  const situation = calling(business);
  let outcome = begin(situation);
  for (const answer of answers) {
    if (outcome.question === null) throw new Error("The call has ended.");
    outcome = advance(outcome.question, keypress(answer), { ...situation, locale: outcome.locale });
  }
  return speechOf(outcome, "US", false);
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const namesIn = (twiml: string) => [...elements(parseTwiml(twiml))].map(({ name }) => name);
const filled = (twiml: string) =>
  fillOpen(twiml, { action: "/next", lastDigits: "0 1 2 3", number: "3 4", reference: "4 8" });

describe("a caller hears", () => {
  it("the notice with what the law adds, outside the Gather, before the question", () => {
    const { twiml } = speaker(script, acme())(said(acme()));
    expect(namesIn(twiml).filter((name) => name === "Gather")).toHaveLength(1);
    const [before = "", inside = ""] = twiml.split("<Gather");
    const notice = wordsOf(parseTwiml(`${before}</Response>`));
    for (const term of ["Acme Dental", "WhatsApp", "visits", "bargains"]) expect(notice).toContain(term);
    const ofLaw = script.locales.get("en-US")?.terms.law.US ?? [];
    expect(ofLaw.length).toBeGreaterThan(0);
    for (const term of ofLaw) expect(notice.toLowerCase()).toContain(term.toLowerCase());
    expect(inside).toContain("{{lastDigits}}");
    for (const key of Object.values(keysOf({ step: "choice", attempt: 1 }, acme()))) {
      expect(inside).toMatch(new RegExp(`\\b${key}\\.?</Say>`));
    }
  });

  it.each(LOCALES)("first of all that the call is recorded, in %s, where it is", (locale) => {
    const business = acme({ locales: [locale], jurisdiction: "EU" });
    const first = ({ recording }: Pick<Business, "recording">) => {
      const speech = speechOf(begin(calling({ ...business, recording })), "EU", false);
      return speaker(script, { ...business, recording })(speech).words;
    };
    const announced = script.locales.get(locale)?.terms.recording ?? [];
    expect(announced.length).toBeGreaterThan(0);
    for (const term of announced) {
      expect(first({ recording: true }).split("\n")[0]?.toLowerCase()).toContain(term.toLowerCase());
      expect(first({ recording: false }).toLowerCase()).not.toContain(term.toLowerCase());
    }
  });

  it("that the call is recorded also where only the law wants it", () => {
    const speech = { ...said(acme()), jurisdiction: "ZA" } as const;
    expect(speaker(script, acme())(speech).words).toMatch(/^An audio recording of this call is being made/);
  });

  it("the topics joined as their language joins them", () => {
    const topics = (locale: Locale) =>
      speaker(
        script,
        acme({ locales: [locale] }),
      )({
        ...said(acme({ locales: [locale] })),
        jurisdiction: "EU",
      }).words;
    expect(topics("en-US")).toContain("visits and bargains");
    expect(topics("es-ES")).toContain("visits y bargains");
    expect(topics("de-DE")).toContain("visits und bargains");
    expect(topics("hi-IN")).toContain("visits और bargains");
  });

  it("only the topics that were agreed to, in the ending", () => {
    const each = acme({ ask: "each" });
    const { words } = speaker(script, each)(said(each, "1", "2"));
    expect(words).toContain("visits");
    expect(words).not.toContain("bargains");
  });

  it("the business's own voice where it has chosen one, and the script's where not", () => {
    const own = acme({ voices: { "en-US": "Google.en-US-Chirp3-HD-Aoede" } });
    const voices = (business: Business) =>
      new Set(
        [...elements(parseTwiml(speaker(script, business)(said(business)).twiml))].flatMap(
          ({ attributes }) => attributes["voice"] ?? [],
        ),
      );
    expect(voices(own)).toEqual(new Set(["Google.en-US-Chirp3-HD-Aoede"]));
    expect(voices(acme())).toEqual(new Set([script.locales.get("en-US")?.voice]));
  });

  it("key 0 offered only where there is a person", () => {
    const zero = /\b0\.?<\/Say>/;
    expect(speaker(script, acme())(said(acme())).twiml).toMatch(zero);
    const alone = acme({ agent: null });
    expect(speaker(script, alone)(said(alone)).twiml).not.toMatch(zero);
  });

  it("an excuse for the withheld number only where it is withheld", () => {
    const speak = speaker(script, acme());
    const asked = said(acme(), "3");
    expect(asked.prompts).toEqual(["other-number"]);
    const plain = speak(asked).words.split("\n");
    const excused = speak({ ...asked, withheld: true }).words.split("\n");
    expect(excused).toHaveLength(plain.length + 1);
    expect(excused.slice(1)).toEqual(plain);
  });
});

describe("a caller who moves a yes to another number", () => {
  const confirming = (change: boolean, ask: Business["ask"], locale: Locale) => {
    const business = acme({ ask, locales: [locale] });
    const question = { step: "confirm-number", attempt: 1, change, number: OTHER } as const;
    return speaker(
      script,
      business,
    )({ ...said(business), prompts: ["confirm-number"], question }).words.split("\n");
  };

  it.each(LOCALES)(
    "is told what the key ends, before it is pressed, and nothing else of it: %s",
    (locale) => {
      const [together, each] = [confirming(false, "together", locale), confirming(false, "each", locale)];
      const change = confirming(true, "together", locale);
      expect(confirming(true, "each", locale)).toEqual(change);
      expect(new Set([together, each, change].map(([, second]) => second)).size).toBe(3);
      for (const words of [together, each, change]) {
        expect(words).toHaveLength(3);
        expect([words[0], words[2]]).toEqual([change[0], change[2]]);
      }
    },
  );

  it("hears afterwards that the old number's consent has ended", () => {
    const business = acme();
    const situation = { ...calling(business), granted: ["visits"] };
    const question = { step: "confirm-number", attempt: 1, change: true, number: OTHER } as const;
    const outcome = advance(question, keypress("1"), situation);
    expect(speaker(script, business)(speechOf(outcome, "US", false)).words).toContain(
      "your old number's consent has ended",
    );
  });
});

describe("the question for the language", () => {
  const locales = ["es-ES", "en-US", "fr-FR", "de-DE"] as const;
  const business = acme({ locales, voices: { "fr-FR": "Polly.Mathieu" } });
  const { twiml, words } = speaker(script, business)(said(business));
  const document = parseTwiml(twiml);

  it("is one Gather, so that any offer can be taken at any time", () => {
    expect(document.children.map(({ name }) => name)).toEqual(["Gather"]);
    expect(document.children[0]?.attributes["action"]).toBe("{{action}}");
  });

  it("makes each offer in its own language and voice, in the order of the keys", () => {
    const offers = document.children[0]?.children ?? [];
    expect(offers.map(({ attributes }) => attributes)).toEqual(
      locales.map((locale) => ({
        language: locale,
        voice: locale === "fr-FR" ? "Polly.Mathieu" : script.locales.get(locale)?.voice,
      })),
    );
    for (const [index, { text }] of offers.entries()) expect(text).toContain(String(index + 1));
  });

  it("names the business once", () => {
    expect(words.split("Acme Dental")).toHaveLength(2);
  });

  it("is asked again after a wrong key in one document with it", () => {
    const again = speaker(script, business)(said(business, "9"));
    expect(parseTwiml(again.twiml).children.map(({ name }) => name)).toEqual(["Say", "Gather"]);
  });
});

describe("a business's name is spoken literally,", () => {
  const spoken = (name: string) => {
    const business = acme({ name });
    return speaker(script, business)({ ...said(business, "1") });
  };

  it("even if it looks like TwiML", () => {
    const plain = spoken("Acme");
    for (const name of [
      '<Hangup/> & "Co"',
      "</Say><Redirect>https://evil.example</Redirect><Say>",
      "&lt;&amp;&#38;",
    ]) {
      const { twiml, words } = spoken(name);
      expect(words).toContain(name);
      expect(namesIn(twiml)).toEqual(namesIn(plain.twiml));
      expect(wordsOf(parseTwiml(filled(twiml)))).toContain(name);
    }
  });

  it("whatever it is", () => {
    const names = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
      .map((name) =>
        name
          .replaceAll(/\p{Cc}/gu, "")
          .replaceAll(/\s+/g, " ")
          .trim(),
      )
      .filter((name) => name !== "" && !name.includes("{{"));
    const shape = namesIn(spoken("Acme").twiml);
    fc.assert(
      fc.property(names, (name) => {
        const { twiml, words } = spoken(name);
        expect(words).toContain(name);
        expect(namesIn(filled(twiml))).toEqual(shape);
      }),
      { numRuns: 300 },
    );
  });

  it("and so are the topics, the legal name and the address", () => {
    const odd = '<A> & "B"';
    const business = acme({
      legalName: `${odd} Ltd.`,
      contact: { email: "a@acme.example", postalAddress: `${odd} Street`, privacyUrl: "https://a.example" },
      topics: [{ id: "visits", category: "utility", names: { "en-US": `${odd} visits` } }],
    });
    const { words } = speaker(script, business)({ ...said(business), jurisdiction: "CA" });
    for (const end of ["Ltd.", "Street", "visits"]) expect(words).toContain(`${odd} ${end}`);
  });
});

/** Everything that a caller of this business can be told, with the number it is about. */
function everyOutcome(situation: Situation): Outcome[] {
  const outcomes = new Map<string, Outcome>();
  const queue = [begin(situation)];
  for (let outcome = queue.pop(); outcome !== undefined; outcome = queue.pop()) {
    const key = JSON.stringify(outcome);
    if (outcomes.has(key)) continue;
    outcomes.set(key, outcome);
    const { question, locale } = outcome;
    if (question === null) continue;
    for (const answer of ["1", "2", "3", "8", "9", "0", "34612345678", "4155550123", ""]) {
      queue.push(advance(question, keypress(answer), { ...situation, locale }));
    }
  }
  return [...outcomes.values()];
}

describe("in every call that there can be,", () => {
  const businesses = LOCALES.flatMap((locale) =>
    (["together", "each"] as const).flatMap((ask) =>
      (["+14155550190", null] as const).map((agent) =>
        acme({ ask, agent, locales: [locale, locale === "en-US" ? "es-ES" : "en-US"], jurisdiction: "EU" }),
      ),
    ),
  );
  const callers = [{ caller: CALLER }, { caller: null }, { caller: CALLER, granted: ["visits"] }];

  it.each(businesses)(
    "each prompt has words, and a value for each slot: $locales, $ask, $agent",
    (business) => {
      const speak = speaker(script, business);
      for (const knowing of callers) {
        for (const outcome of everyOutcome({ ...calling(business), ...knowing })) {
          const { question } = outcome;
          const number = question !== null && "number" in question ? question.number : null;
          const { twiml } = speak(speechOf(outcome, "EU", knowing.caller === null));
          const answer = fillOpen(twiml, {
            ...(question === null ? {} : { action: "/voice/next?try=1" }),
            ...(number === null ? {} : { number: spaced(number) }),
            ...(knowing.caller === null ? {} : { lastDigits: lastDigits(knowing.caller) }),
            reference: "4 8 2 9 1 3",
          });
          expect(answer).not.toContain("{{");
          const gathers = namesIn(answer).filter((name) => name === "Gather");
          expect(gathers).toHaveLength(question === null ? 0 : 1);
          for (const words of wordsOf(parseTwiml(answer)).split("\n")) expect(words).toMatch(/\p{L}/u);
        }
      }
    },
  );

  it("a text that is kept ready is the one that would be rendered anew", () => {
    for (const business of [acme({ ask: "each" }), acme({ locales: ["es-ES", "en-US"] })]) {
      const speak = speaker(script, business);
      for (const round of ["first", "again"]) {
        for (const knowing of callers) {
          for (const outcome of everyOutcome({ ...calling(business), ...knowing })) {
            for (const withheld of [true, false]) {
              const speech = speechOf(outcome, "EU", withheld);
              expect(speak(speech), round).toEqual(
                rendered(speechTwiml(script, business, speech, LEFT_OPEN)),
              );
            }
          }
        }
      }
    }
  });

  it("what is kept has nothing of the call in it: number, last digits, reference and address stay open", () => {
    for (const business of [acme(), acme({ ask: "each" })]) {
      const speak = speaker(script, business);
      const open = new Set<string>();
      for (const outcome of everyOutcome(calling(business))) {
        const { twiml, words } = speak(speechOf(outcome, "US", false));
        for (const personal of [CALLER, OTHER].flatMap((number) => [number.slice(-4), lastDigits(number)])) {
          expect(`${twiml}${words}`).not.toContain(personal);
        }
        expect(twiml).not.toContain("/voice");
        for (const [, slot = ""] of twiml.matchAll(/\{\{(\w+)\}\}/g)) open.add(slot);
      }
      expect([...open].filter((slot) => !OPEN_SLOTS.includes(slot as never))).toEqual([]);
      expect(open.size).toBeGreaterThanOrEqual(3);
    }
  });
});

describe("a text that is kept", () => {
  it("is found by the digests of its TwiML and of its words", () => {
    const { twiml, words, digest, wordsDigest } = speaker(script, acme())(said(acme()));
    expect(digest).toBe(sha256(twiml));
    expect(wordsDigest).toBe(sha256(words));
    expect(words).toBe(wordsOf(parseTwiml(twiml)));
  });

  it("is filled in the answer, and what is filled in is escaped", () => {
    const kept = speaker(script, acme())(said(acme())).twiml;
    const action = '/voice/a?try=1&topic="x"<y>';
    const answer = fillOpen(kept, { action, lastDigits: "<Hangup/>", reference: "4 8" });
    const document = parseTwiml(answer);
    expect(namesIn(answer)).toEqual(namesIn(kept));
    expect(document.children.find(({ name }) => name === "Gather")?.attributes["action"]).toBe(action);
    expect(wordsOf(document)).toContain("<Hangup/>");
  });

  it("escapes what XML needs escaped, and nothing more", () => {
    expect(fillOpen("<Say>{{reference}}</Say>", { reference: `a=b\`&<>"'` })).toBe(
      "<Say>a=b`&amp;&lt;&gt;&quot;&apos;</Say>",
    );
    const business = acme({ name: `a=b\`&<>"'` });
    expect(speaker(script, business)(said(business)).twiml).toContain("a=b`&amp;&lt;&gt;&quot;&apos;");
  });

  it("has no trace of what was left out", () => {
    for (const locale of LOCALES) {
      for (const business of [acme({ agent: null, ask: "each" }), acme({ agent: null })]) {
        const speaking = { ...business, locales: [locale] } as const;
        for (const outcome of everyOutcome({ ...calling(speaking), granted: ["visits"] })) {
          expect(speaker(script, speaking)(speechOf(outcome, "EU", false)).twiml).not.toMatch(/>\s|\s</);
        }
      }
    }
  });

  it("fills nothing in what was filled in", () => {
    expect(fillOpen("<Say>{{reference}}</Say>", { reference: "{{number}}", number: "1" })).toBe(
      "<Say>{{number}}</Say>",
    );
  });

  it("is not answered with a slot still open", () => {
    expect(() => fillOpen("<Say>{{number}}</Say>", { reference: "1" })).toThrow("{{number}}");
  });

  it("is an error that names the file, where a slot has no value", () => {
    const choice = script.locales.get("en-US")?.prompts.get("choice");
    expect(() => choice?.render({})).toThrow(/2026-11-22\/en-US\/choice\.xml: .*not defined/);
  });
});

describe("a language or a law that the script does not have is an error that names what is missing:", () => {
  it("the locale", () => {
    const { "en-US": english } = Object.fromEntries(script.locales);
    if (english === undefined) throw new Error("no English");
    const small = { ...script, locales: new Map([["en-US" as const, english]]) };
    const business = acme({ locales: ["de-DE"] });
    expect(() => speaker(small, business)(said(business))).toThrow(`twiml/${VERSION}/de-DE is missing`);
  });

  it("the law", () => {
    const business = acme({ locales: ["de-DE"] });
    expect(() => speaker(script, business)(said(business))).toThrow(
      `twiml/${VERSION}/de-DE/law/US.xml is missing`,
    );
  });
});
