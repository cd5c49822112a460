import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  JURISDICTIONS,
  LOCALES,
  type Business,
  type Jurisdiction,
  type Locale,
} from "../../src/call/business.ts";
import { ENDINGS } from "../../src/call/flow.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { approve, loadApprovals } from "../../src/script/approval.ts";
import { assertScripts, inspectScripts } from "../../src/script/boot.ts";
import { digestOf, loadScript, PROMPTS } from "../../src/script/load.ts";
import { specimens } from "../../src/script/specimens.ts";
import { VERBS } from "../../src/twilio/verbs.ts";
import { acme, copyOfWords, LATE, VERSION } from "./copy.ts";

const NEEDED: readonly [Locale, readonly Jurisdiction[]][] = [
  ["en-US", ["US", "EU", "GB", "CA", "IN", "ZA", "AU"]],
  ["es-ES", ["EU", "US"]],
  ["pt-BR", ["EU", "BR"]],
  ["de-DE", ["EU"]],
  ["fr-FR", ["EU", "CA"]],
  ["nl-NL", ["EU"]],
  ["hi-IN", ["EU", "IN"]],
];

describe("the words in twiml/", () => {
  it("are fit to be spoken, in every locale and jurisdiction", () => {
    const { findings } = inspectScripts({
      folder: TWIML_FOLDER,
      businesses: [],
      specimens: specimens(TWIML_FOLDER),
      verbs: VERBS,
      today: LATE,
    });
    expect(findings).toEqual([]);
  });

  it("are fit for a business that speaks several languages and follows its callers' law", () => {
    const [first, second, third, fourth, ...rest] = LOCALES;
    for (const locales of [
      [first, second, third, fourth],
      [...rest, first],
    ] as Business["locales"][]) {
      for (const ask of ["together", "each"] as const) {
        for (const agent of ["+14155550190", null] as const) {
          const business = acme({ locales, jurisdiction: "caller", ask, agent });
          expect(
            inspectScripts({
              folder: TWIML_FOLDER,
              businesses: [business],
              verbs: VERBS,
              today: LATE,
            }).findings,
          ).toEqual([]);
        }
      }
    }
  });

  it.each(NEEDED)("in %s know the law of %j", (locale, laws) => {
    const { locales } = loadScript(TWIML_FOLDER, VERSION);
    expect([...(locales.get(locale)?.law.keys() ?? [])]).toEqual(expect.arrayContaining([...laws]));
    expect([...(locales.get(locale)?.prompts.keys() ?? [])]).toEqual(PROMPTS);
  });

  it("are each checked with a business that asks together and one that asks one by one", () => {
    const { locales } = loadScript(TWIML_FOLDER, VERSION);
    const written = [...locales].flatMap(([locale, { law }]) =>
      [...law.keys()].flatMap((name) => [`${locale} ${name} together`, `${locale} ${name} each`]),
    );
    const checked = specimens(TWIML_FOLDER).map(
      (business) => `${business.locales.join()} ${business.jurisdiction} ${business.ask}`,
    );
    expect(new Set(checked)).toEqual(new Set(written));
  });

  it("when copied and approved, are as good as the original: the checks below find only what was broken", () => {
    const words = copyOfWords();
    words.approve();
    expect(words.findings(specimens(words.folder))).toEqual([]);
  });
});

const literally = (term: string) => new RegExp(term.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");

describe("a notice is refused that leaves out", () => {
  const kinds = ["channel", "responsibility", "optOut"] as const;
  const cases = LOCALES.flatMap((locale) => kinds.map((kind) => ({ locale, kind })));

  it.each(cases)("its $kind, in $locale", ({ locale, kind }) => {
    const words = copyOfWords();
    const terms = loadScript(words.folder, VERSION).locales.get(locale)?.terms[kind] ?? [];
    const file = `${locale}/notice.xml`;
    words.edit(file, (text) => terms.reduce((left, term) => left.replaceAll(literally(term), "…"), text));
    words.approve();
    const findings = words.findings([]);
    for (const term of terms) expect(findings).toContain(`twiml/${VERSION}/${file}: does not say "${term}"`);
    expect(findings.every((finding) => finding.startsWith(`twiml/${VERSION}/${file}`))).toBe(true);
  });

  it("WhatsApp", () => {
    const words = copyOfWords();
    words.edit("en-US/notice.xml", (text) => text.replaceAll("WhatsApp", "letters"));
    words.approve();
    const lost = /^twiml\/[^:]*\/en-US\/notice\.xml: does not say "[^"]*WhatsApp"$/;
    expect(words.findings()).toEqual(expect.arrayContaining([expect.stringMatching(lost)]));
    // A business's name cannot supply it by luck.
    expect(words.findings([acme({ name: "WhatsApp Repairs" })])).toEqual(
      expect.arrayContaining([expect.stringMatching(lost)]),
    );
  });

  it.each(["business", "topics"])("the %s", (slot) => {
    const words = copyOfWords();
    words.edit("en-US/notice.xml", (text) => text.replaceAll(`{{${slot}}}`, "somebody"));
    words.approve();
    expect(words.findings()).toEqual([`twiml/${VERSION}/en-US/notice.xml: does not speak {{${slot}}}`]);
  });
});

describe("what a law adds is refused without the law's own words:", () => {
  const cases = NEEDED.flatMap(([locale, laws]) => laws.map((law) => ({ locale, law })));

  it.each(cases)("$law in $locale", ({ locale, law }) => {
    const words = copyOfWords();
    const [term = ""] = loadScript(words.folder, VERSION).locales.get(locale)?.terms.law[law] ?? [];
    const file = `${locale}/law/${law}.xml`;
    words.edit(file, (text) => text.replaceAll(literally(term), "…"));
    words.approve();
    expect(words.findings([])).toContain(`twiml/${VERSION}/${file}: does not say "${term}"`);
  });

  const slots: readonly [Jurisdiction, readonly string[]][] = [
    ["EU", ["legalName"]],
    ["GB", ["legalName"]],
    ["CA", ["legalName", "postalAddress", "email"]],
    ["AU", ["legalName"]],
  ];
  const named = NEEDED.flatMap(([locale, laws]) =>
    slots.flatMap(([law, names]) => (laws.includes(law) ? names.map((slot) => ({ locale, law, slot })) : [])),
  );

  it.each(named)("$law in $locale names {{$slot}}", ({ locale, law, slot }) => {
    const words = copyOfWords();
    const file = `${locale}/law/${law}.xml`;
    words.edit(file, (text) => text.replaceAll(`{{${slot}}}`, "…"));
    words.approve();
    expect(words.findings([])).toEqual([`twiml/${VERSION}/${file}: does not speak {{${slot}}}`]);
  });

  it("a law for which nobody said which words it needs", () => {
    const words = copyOfWords();
    words.edit("locales.yaml", (text) => text.replace(/^ {6}AU: .*\n/m, ""));
    words.approve();
    expect(words.findings()).toEqual([
      `twiml/${VERSION}/en-US/law/AU.xml: locales.yaml names no terms for AU`,
    ]);
  });
});

describe("a business does not start whose words are not there, and is told which file is missing:", () => {
  it("the law of its jurisdiction", () => {
    const words = copyOfWords();
    words.remove("en-US/law/ZA.xml");
    words.approve();
    expect(words.findings([acme({ jurisdiction: "ZA" })])).toEqual([
      `twiml/${VERSION}/en-US/law/ZA.xml: is missing: acme needs it`,
    ]);
  });

  it("a law that was never written in one of its languages", () => {
    const words = copyOfWords();
    const business = acme({ locales: ["en-US", "de-DE"], jurisdiction: "IN" });
    expect(words.findings([business])).toEqual([
      `twiml/${VERSION}/de-DE/law/IN.xml: is missing: acme needs it`,
    ]);
    expect(() =>
      assertScripts({ folder: words.folder, businesses: [business], verbs: VERBS, today: LATE }),
    ).toThrow(`twiml/${VERSION}/de-DE/law/IN.xml: is missing: acme needs it`);
  });

  it("the EU's law, which callers of any country may need", () => {
    const words = copyOfWords();
    words.remove("en-US/law/EU.xml");
    words.approve();
    expect(words.findings([acme({ jurisdiction: "caller" })])).toEqual([
      `twiml/${VERSION}/en-US/law/EU.xml: is missing: acme needs it`,
    ]);
  });

  it("a whole language", () => {
    const words = copyOfWords();
    words.edit("locales.yaml", (text) => text.slice(0, text.indexOf("\nhi-IN:") + 1));
    words.remove("hi-IN");
    words.approve();
    expect(words.findings([acme({ locales: ["hi-IN"], jurisdiction: "EU" })])).toEqual([
      `twiml/${VERSION}/hi-IN: is missing: acme speaks hi-IN`,
    ]);
  });

  it("a whole script", () => {
    expect(copyOfWords().findings([acme({ script: "2031-01-01" })])).toEqual([
      "twiml/2031-01-01: is missing: acme asks for it",
    ]);
  });

  it.each(PROMPTS)("the prompt %s", (prompt) => {
    const words = copyOfWords();
    words.remove(`es-ES/${prompt}.xml`);
    words.approve();
    expect(() => words.findings()).toThrow(`${VERSION}/es-ES/${prompt}.xml is missing`);
  });

  it("locales.yaml", () => {
    const words = copyOfWords();
    words.remove("locales.yaml");
    expect(() => words.findings()).toThrow("locales.yaml");
  });
});

/** Each breaks one document of the English script; `says` is what the finding says of it. */
const BROKEN: readonly {
  readonly flaw: string;
  readonly file: string;
  readonly change: (text: string) => string;
  readonly says: string;
}[] = [
  {
    flaw: "a key that the flow takes is not spoken",
    file: "choice.xml",
    change: (text) => text.replaceAll("{{keys.refuse}}", "that key"),
    says: "does not speak key 2, which the flow takes",
  },
  {
    flaw: "the key for a person is not spoken",
    file: "topic.xml",
    change: (text) => text.replaceAll("{{keys.agent}}", "that key"),
    says: "does not speak key 0, which the flow takes",
  },
  {
    flaw: "a key is spoken that the flow does not take there",
    file: "choice.xml",
    change: (text) => text.replace("{{keys.refuse}}", "{{keys.refuse}} {{keys.keep}}"),
    says: '"keep" not defined',
  },
  {
    flaw: "another number is offered where the flow does not take the key",
    file: "topic.xml",
    change: (text) => text.replaceAll(/\{\{#if keys\.other\}\}([\s\S]*?)\{\{\/if\}\}/g, "$1"),
    says: '"other" not defined',
  },
  {
    flaw: "a key is written as a digit",
    file: "choice.xml",
    change: (text) => text.replace("{{keys.refuse}}", "{{keys.refuse}} or 7"),
    says: "has a digit in it",
  },
  {
    flaw: "a key is written as a digit of another script",
    file: "notice.xml",
    change: (text) => text.replace("</Say>", " ७</Say>"),
    says: "has a digit in it",
  },
  {
    flaw: "a verb is unknown to Twilio",
    file: "silence.xml",
    change: (text) => text.replaceAll("Say", "Speak"),
    says: "<Speak> is not a verb that Twilio knows",
  },
  {
    flaw: "a verb's case is wrong",
    file: "granted.xml",
    change: (text) => text.replace("<Hangup/>", "<HangUp/>"),
    says: "<HangUp> is not a verb that Twilio knows",
  },
  {
    flaw: "an attribute is unknown to Twilio",
    file: "choice.xml",
    change: (text) => text.replace("<Gather ", '<Gather numdigits="1" '),
    says: "<Gather> has no attribute numdigits",
  },
  {
    flaw: "a verb stands where Twilio does not allow it",
    file: "choice.xml",
    change: (text) => text.replace("</Gather>", "<Hangup/></Gather>"),
    says: "<Gather> may not hold <Hangup>",
  },
  {
    flaw: "a slot is not escaped",
    file: "granted.xml",
    change: (text) => text.replace("{{business}}", "{{{business}}}"),
    says: "a slot is {{name}} and nothing more",
  },
  {
    flaw: "a slot is not escaped, in the other spelling",
    file: "granted.xml",
    change: (text) => text.replace("{{topics}}", "{{&topics}}"),
    says: "'&' is not expected",
  },
  {
    flaw: "there is an else",
    file: "choice.xml",
    change: (text) => text.replace("{{/if}}", "{{else}}<Say>No</Say>{{/if}}"),
    says: "only {{slot}} and {{#if slot}} may stand in a prompt",
  },
  {
    flaw: "there is an unless",
    file: "other-number.xml",
    change: (text) =>
      text.replace("{{#if withheld}}", "{{#unless withheld}}").replace("{{/if}}", "{{/unless}}"),
    says: "only {{slot}} and {{#if slot}} may stand in a prompt",
  },
  {
    flaw: "there is a part from another file",
    file: "notice.xml",
    change: (text) => text.replace("</Response>", "{{> sorry}}</Response>"),
    says: "only {{slot}} and {{#if slot}} may stand in a prompt",
  },
  {
    flaw: "a slot is unknown",
    file: "unchanged.xml",
    change: (text) => text.replace("{{business}}", "{{business}} {{company}}"),
    says: '"company" not defined',
  },
  {
    flaw: "a slot has no value when that prompt is spoken: the other number",
    file: "choice.xml",
    change: (text) => text.replace("{{lastDigits}}", "{{lastDigits}} {{number}}"),
    says: '"number" not defined',
  },
  {
    flaw: "a slot has no value for every caller: the last digits of a withheld number",
    file: "pending.xml",
    change: (text) => text.replace("{{reference}}", "{{reference}} {{lastDigits}}"),
    says: '"lastDigits" not defined',
  },
  {
    flaw: "a slot has no value when that prompt is spoken: the topics of a refusal",
    file: "refused.xml",
    change: (text) => text.replace("{{reference}}", "{{reference}} {{topics}}"),
    says: '"topics" not defined',
  },
  {
    flaw: "the last digits are not read out before the caller agrees for them",
    file: "choice.xml",
    change: (text) => text.replace("{{lastDigits}}", "yours"),
    says: "does not speak {{lastDigits}}",
  },
  {
    flaw: "what was granted is not named",
    file: "granted.xml",
    change: (text) => text.replaceAll("{{topics}}", "messages"),
    says: "does not speak {{topics}}",
  },
  {
    flaw: "a Say is longer than its voice takes",
    file: "unchanged.xml",
    change: (text) => text.replace("</Say>", `${" and".repeat(1_000)}</Say>`),
    says: "more than its voice takes",
  },
  {
    flaw: "a document is longer than Twilio reads",
    file: "unchanged.xml",
    change: (text) => text.replace("</Response>", `${"<Pause/>".repeat(10_000)}</Response>`),
    says: "is 64 kB or more",
  },
  {
    flaw: "a prompt takes too long",
    file: "welcome-back.xml",
    change: (text) => text.replace("</Say>", `${" and on".repeat(40)}</Say>`),
    says: "s to say; at most 12 s",
  },
  {
    flaw: "a prompt takes too long, with its pauses",
    file: "wrong-key.xml",
    change: (text) => text.replace("</Response>", '<Pause length="13"/></Response>'),
    says: "s to say; at most 12 s",
  },
  {
    flaw: "what is said of a number that cannot be used takes too long",
    file: "wrong-key.xml",
    change: (text) => text.replace("{{#if entering}}", '{{#if entering}}<Pause length="13"/>'),
    says: "s to say; at most 12 s",
  },
  {
    flaw: "the notice takes too long",
    file: "notice.xml",
    change: (text) => text.replace("</Say>", `${" and on".repeat(80)}</Say>`),
    says: "s to say; at most 30 s",
  },
  {
    flaw: "the choice takes too long",
    file: "choice.xml",
    change: (text) => text.replace("</Say>", `${" and on".repeat(60)}</Say>`),
    says: "s to say; at most 20 s",
  },
  {
    flaw: "the notice can be cut short by a key",
    file: "notice.xml",
    change: (text) =>
      text
        .replace("<Response>", '<Response><Gather action="{{action}}">')
        .replace("</Response>", "</Gather></Response>"),
    says: "may not hold <Gather>: it is only spoken",
  },
  {
    flaw: "what the law adds can be cut short by a key",
    file: "law/US.xml",
    change: (text) => text.replace("</Response>", "<Gather/></Response>"),
    says: "may not hold <Gather>: it is only spoken",
  },
  {
    flaw: "the notice ends the call before the question",
    file: "notice.xml",
    change: (text) => text.replace("</Response>", "<Hangup/></Response>"),
    says: "may not hold <Hangup>: it is only spoken",
  },
  {
    flaw: "a part of the notice is left out for some callers",
    file: "notice.xml",
    change: (text) => text.replace("<Say", "{{#if withheld}}<Say").replace("</Say>", "</Say>{{/if}}"),
    says: "may not leave a part out",
  },
  {
    flaw: "the notice is spoken in another language than the caller's",
    file: "notice.xml",
    change: (text) => text.replace('language="en-US"', 'language="de-DE"'),
    says: "has a Say whose language is not en-US",
  },
  {
    flaw: "a Say has no language",
    file: "granted.xml",
    change: (text) => text.replace(' language="en-US"', ""),
    says: "has a Say whose language is not en-US",
  },
  {
    flaw: "a question takes no key",
    file: "welcome-back.xml",
    change: (text) => text.replaceAll(/<\/?Gather[^>]*>/g, ""),
    says: "must be one <Gather>, and nothing beside it",
  },
  {
    flaw: "a question's answer goes somewhere else",
    file: "choice.xml",
    change: (text) => text.replace('action="{{action}}"', 'action="https://elsewhere.example/"'),
    says: 'its <Gather> must have action="{{action}}"',
  },
  {
    flaw: "silence at a question ends the call instead of being asked again",
    file: "choice.xml",
    change: (text) => text.replace(' actionOnEmptyResult="true"', ""),
    says: 'its <Gather> must have actionOnEmptyResult="true"',
  },
  ...(
    [
      ["choice.xml", 'numDigits="1"', 'numDigits="2"', 'numDigits="1"'],
      ["topic.xml", ' numDigits="1"', "", 'numDigits="1"'],
      ["choice.xml", 'finishOnKey=""', 'finishOnKey="1"', 'finishOnKey=""'],
      ["confirm-number.xml", ' finishOnKey=""', "", 'finishOnKey=""'],
      ["choice.xml", 'method="POST"', 'method="GET"', 'method="POST"'],
      ["language.xml", 'input="dtmf"', 'input="dtmf speech"', 'input="dtmf"'],
      [
        "topic.xml",
        'actionOnEmptyResult="true"',
        'actionOnEmptyResult="false"',
        'actionOnEmptyResult="true"',
      ],
      ["welcome-back.xml", 'timeout="7"', 'timeout="2"', "timeout between 3 and 30"],
      ["welcome-back.xml", 'timeout="7"', 'timeout="31"', "timeout between 3 and 30"],
      ["choice.xml", 'timeout="7"', 'timeout="auto"', "timeout between 3 and 30"],
      ["choice.xml", ' timeout="7"', "", "timeout between 3 and 30"],
      ["other-number.xml", 'finishOnKey="#"', 'finishOnKey=""', 'finishOnKey="#"'],
      ["other-number.xml", ' finishOnKey="#"', "", 'finishOnKey="#"'],
      ["other-number.xml", 'numDigits="18"', 'numDigits="15"', "numDigits between 16 and 20"],
      ["other-number.xml", 'numDigits="18"', 'numDigits="21"', "numDigits between 16 and 20"],
      ["other-number.xml", 'method="POST"', 'method="GET"', 'method="POST"'],
      ["other-number.xml", 'timeout="8"', 'timeout="60"', "timeout between 3 and 30"],
    ] as const
  ).map(([file, from, to, must]) => ({
    flaw: `${file} has ${to === "" ? `no${from}` : to}`,
    file,
    change: (text: string) => text.replace(from, to),
    says: `its <Gather> must have ${must}`,
  })),
  ...["notice.xml", "law/US.xml", "silence.xml", "choice.xml", "granted.xml"].map((file) => ({
    flaw: `${file} is spoken over and over`,
    file,
    change: (text: string) => text.replace("<Say ", '<Say loop="0" '),
    says: "has a Say with loop: it is spoken once",
  })),
  ...ENDINGS.map((ending) => ({
    flaw: `the call stays open after ${ending}`,
    file: `${ending}.xml`,
    change: (text: string) => text.replace(/<Hangup\/>|<Dial>.*<\/Dial>/, ""),
    says: `must end with <${ending === "agent" ? "Dial" : "Hangup"}>`,
  })),
  {
    flaw: "an ending hangs up before it has spoken",
    file: "granted.xml",
    change: (text) => text.replace("<Response>", "<Response><Hangup/>"),
    says: "may not hold <Hangup>: it is only spoken",
  },
  ...["law/US.xml", "wrong-key.xml", "silence.xml"].map((file) => ({
    flaw: `${file} ends the call before the question`,
    file,
    change: (text: string) => text.replace("</Response>", "<Hangup/></Response>"),
    says: "may not hold <Hangup>: it is only spoken",
  })),
  {
    flaw: "a key is written as its sign",
    file: "choice.xml",
    change: (text) => text.replace("{{keys.refuse}}", "{{keys.refuse}} or *"),
    says: "has a digit in it, or a * or #",
  },
  {
    flaw: "a number's last key is not named",
    file: "other-number.xml",
    change: (text) => text.replaceAll(/pound|hash/g, "last"),
    says: "does not name the key that ends the number",
  },
  {
    flaw: "a moved number's old consent ends without the caller being told which key does it",
    file: "confirm-number.xml",
    change: (text) => text.replace(/\{\{#if change\}\}[\s\S]*?\{\{\/if\}\}/, ""),
    says: "does not speak key 1, which the flow takes",
  },
  {
    flaw: "a document is not well-formed",
    file: "sorry.xml",
    change: (text) => text.replace("</Say>", ""),
    says: "line",
  },
  {
    flaw: "a slot is not closed",
    file: "sorry.xml",
    change: (text) => text.replace("</Say>", "{{business</Say>"),
    says: "arse error",
  },
  {
    flaw: "a document declares a type",
    file: "sorry.xml",
    change: (text) => text.replace("<Say", "<!DOCTYPE x><Say"),
    says: "document type",
  },
];

describe("a script is refused, and the file is named, where", () => {
  it.each(BROKEN)("$flaw", ({ file, change, says }) => {
    const words = copyOfWords();
    words.edit(`en-US/${file}`, change);
    words.approve();
    const findings = words.findings();
    expect(findings.join("\n")).toContain(says);
    for (const finding of findings) expect(finding).toContain(file);
  });

  it("a document's root is not Response: the message names the file", () => {
    const words = copyOfWords();
    words.write("en-US/sorry.xml", "<Say>Sorry</Say>");
    words.approve();
    expect(() => words.findings()).toThrow(/en-US\/sorry\.xml: the root element is not <Response>/);
  });

  it("a key for a person is spoken by a business that has none", () => {
    const words = copyOfWords();
    words.edit("en-US/choice.xml", (text) => text.replaceAll(/\{\{#if keys\.agent\}\}|\{\{\/if\}\}/g, ""));
    words.approve();
    expect(words.findings([acme()])).toEqual([]);
    expect(words.findings([acme({ agent: null })]).join()).toMatch(/choice\.xml.*"agent" not defined/);
  });

  const recordedIn = (folder: string, locale: Locale) =>
    loadScript(folder, VERSION).locales.get(locale)?.terms.recorded[0] ?? "";

  it.each(["sorry", "no-answer", "silence", "wrong-key", "unchanged", "agent"])(
    "%s seems to say that something is recorded, in any language",
    (prompt) => {
      const words = copyOfWords();
      const flaws = LOCALES.map((locale) => {
        const recorded = recordedIn(words.folder, locale);
        const file = `${locale}/${prompt}.xml`;
        words.edit(file, (text) => text.replace("</Say>", ` ${recorded.toUpperCase()}.</Say>`));
        return `twiml/${VERSION}/${file}: must not say "${recorded}"`;
      });
      words.approve();
      expect(words.findings([])).toEqual(flaws);
    },
  );

  it.each(["granted", "refused", "pending", "changed", "revoked"])(
    "%s does not say that it is recorded, in any language",
    (prompt) => {
      const words = copyOfWords();
      const flaws = LOCALES.map((locale) => {
        const recorded = recordedIn(words.folder, locale);
        const file = `${locale}/${prompt}.xml`;
        words.edit(file, (text) => text.replaceAll(literally(recorded), "…"));
        return `twiml/${VERSION}/${file}: does not say "${recorded}"`;
      });
      words.approve();
      expect(words.findings([])).toEqual(flaws);
    },
  );

  it("nobody says that the call is recorded, in any language", () => {
    const words = copyOfWords();
    const flaws = LOCALES.map((locale) => {
      const [term = ""] = loadScript(words.folder, VERSION).locales.get(locale)?.terms.recording ?? [];
      const file = `${locale}/recording.xml`;
      words.edit(file, (text) => text.replaceAll(literally(term), "…"));
      return `twiml/${VERSION}/${file}: does not say "${term}"`;
    });
    words.approve();
    expect(words.findings([])).toEqual(flaws);
  });

  it("a notice that begins with the recording may take some seconds longer, and no more", () => {
    const words = copyOfWords();
    const longer = (times: number) => (text: string) =>
      text.replace("</Say>", ` ${"Please listen. ".repeat(times)}</Say>`);
    words.edit("en-US/notice.xml", longer(4));
    words.edit("en-US/recording.xml", longer(6));
    words.approve();
    expect(words.findings([acme()])).toEqual([]);
    expect(words.findings([acme({ recording: true })]).join()).toMatch(/notice\.xml.*to say; at most 36 s/);
  });

  it("sorry does not say that nothing was saved, in any language", () => {
    const words = copyOfWords();
    const flaws = LOCALES.map((locale) => {
      const [term = ""] = loadScript(words.folder, VERSION).locales.get(locale)?.terms.notSaved ?? [];
      const file = `${locale}/sorry.xml`;
      words.edit(file, (text) => text.replaceAll(literally(term), "…"));
      return `twiml/${VERSION}/${file}: does not say "${term}"`;
    });
    words.approve();
    expect(words.findings([])).toEqual(flaws);
  });

  it.each(LOCALES)("a key is spelled out, in %s", (locale) => {
    const words = copyOfWords();
    const terms = loadScript(words.folder, VERSION).locales.get(locale)?.terms;
    const spelled = [...(terms?.keyWords ?? []), ...(terms?.hashKey ?? [])];
    const file = `${locale}/choice.xml`;
    words.edit(file, (text) => text.replace("</Say>", ` ${spelled.join(", ").toUpperCase()}</Say>`));
    words.approve();
    const found = words.findings([]);
    expect(found.length).toBeGreaterThan(10);
    expect(found).toEqual(
      spelled.map(
        (word) => `twiml/${VERSION}/${file}: spells out the key "${word}": keys and numbers come from slots`,
      ),
    );
  });

  it("a key is spelled out where the caller listens before choosing; part of a word is none", () => {
    const words = copyOfWords();
    words.edit("en-US/notice.xml", (text) => text.replace("</Say>", " Press five.</Say>"));
    words.edit("en-US/law/US.xml", (text) => text.replace("</Say>", " Often someone starts fourteen.</Say>"));
    words.approve();
    expect(words.findings()).toEqual([
      `twiml/${VERSION}/en-US/notice.xml: spells out the key "five": keys and numbers come from slots`,
    ]);
  });

  it("locales.yaml is not YAML, or knows a language that nobody does", () => {
    const words = copyOfWords();
    const before = words.read("locales.yaml");
    words.write("locales.yaml", `${before}\n  - [`);
    expect(() => words.findings()).toThrow("locales.yaml: ");
    words.write("locales.yaml", before.replace("\nhi-IN:", "\nxx-XX:"));
    expect(() => words.findings()).toThrow(/locales\.yaml: [\s\S]*xx-XX/);
  });
});

describe("a published script never changes:", () => {
  const place = `twiml/approved.json: ${VERSION}`;

  it("one word changed is found, whichever the file", () => {
    const files = ["en-US/sorry.xml", "hi-IN/law/IN.xml", "locales.yaml"];
    for (const file of files) {
      const words = copyOfWords();
      words.edit(file, (text) => `${text}\n`);
      expect(words.findings([])).toEqual([expect.stringContaining(`${place}: its files have changed since`)]);
    }
  });

  it("a file added or renamed is found", () => {
    const added = copyOfWords();
    added.write("en-US/extra.xml", "");
    const renamed = copyOfWords();
    renamed.write("en-US/law/JP.xml", renamed.read("en-US/law/AU.xml"));
    renamed.remove("en-US/law/AU.xml");
    for (const words of [added, renamed]) {
      expect(words.findings([])).toEqual([expect.stringContaining("its files have changed since")]);
    }
  });

  it("the digest in approved.json is the digest of the files", () => {
    expect(loadApprovals(TWIML_FOLDER)[VERSION]?.digest).toBe(digestOf(TWIML_FOLDER, VERSION));
  });

  it("an approved version that is gone is asked back", () => {
    const words = copyOfWords();
    words.remove(".");
    expect(words.findings([])).toEqual([`twiml/${VERSION}: was approved and is gone: restore it`]);
  });

  it("a version that nobody approved is told how to be", () => {
    const words = copyOfWords();
    words.approve();
    words.write("../approved.json", "{}");
    expect(words.findings()).toEqual([
      `${place}: is not approved; when it is final: yesline script approve ${VERSION} --by NAME`,
    ]);
  });

  it("a draft that no business speaks may lie there unapproved", () => {
    const words = copyOfWords();
    words.write("../approved.json", "{}");
    expect(words.findings([])).toEqual([]);
  });

  it("a broken draft keeps no business from starting, and is found by who inspects every version", () => {
    const words = copyOfWords();
    words.approve();
    const draft = "2998-01-01";
    cpSync(join(words.folder, VERSION), join(words.folder, draft), { recursive: true });
    words.edit(`../${draft}/en-US/sorry.xml`, (text) => text.replace("<Hangup/>", "<Hangoop/>"));
    expect(words.findings()).toEqual([]);
    const { findings } = inspectScripts({
      folder: words.folder,
      businesses: [acme()],
      specimens: specimens(words.folder),
      verbs: VERBS,
      today: LATE,
    });
    expect(findings).toContainEqual({
      place: `twiml/${draft}/en-US/sorry.xml`,
      message: "<Hangoop> is not a verb that Twilio knows",
    });
  });

  it("an approval does not hold before its day, and holds on it", () => {
    const words = copyOfWords();
    words.approve("2027-01-01");
    expect(words.findings([acme()], "2026-12-31")).toEqual([`${place}: is not in effect before 2027-01-01`]);
    expect(words.findings([acme()], "2027-01-01")).toEqual([]);
  });

  it("a version approved for a later day, that nobody speaks yet, keeps no business from starting", () => {
    const words = copyOfWords();
    words.approve();
    const next = "2027-01-15";
    cpSync(join(words.folder, VERSION), join(words.folder, next), { recursive: true });
    const digest = digestOf(words.folder, next);
    approve(words.folder, next, { digest, effective: next, approver: "Test" });
    expect(words.findings([acme()], "2026-12-31")).toEqual([]);
    expect(words.findings([acme({ script: next })], "2026-12-31")).toEqual([
      `twiml/approved.json: ${next}: is not in effect before ${next}`,
    ]);
    // What was approved is kept from changing all the same.
    words.edit(`../${next}/en-US/sorry.xml`, (text) => `${text}\n`);
    expect(words.findings([acme()], "2026-12-31")).toEqual([
      expect.stringContaining(`twiml/approved.json: ${next}: its files have changed since`),
    ]);
  });
});

it("every jurisdiction that a business can name is written in some language", () => {
  const { locales } = loadScript(TWIML_FOLDER, VERSION);
  const written = new Set([...locales.values()].flatMap(({ law }) => [...law.keys()]));
  expect(written).toEqual(new Set(JURISDICTIONS));
});
