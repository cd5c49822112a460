import { describe, expect, it } from "vitest";
import { LOCALES, type Business } from "../../src/call/business.ts";
import { understand, vocabularyOf } from "../../src/call/intent.ts";
import { OUT_PURPOSES } from "../../src/call/reply.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { loadScript } from "../../src/script/load.ts";
import { printMessages } from "../../src/script/print-messages.ts";
import { namedWords, topicNames, writer, writers } from "../../src/script/write.ts";
import { acme, copyOfWords, VERSION } from "./copy.ts";

const script = loadScript(TWIML_FOLDER, VERSION);
const topics = ["visits", "offers"];
const notice = { purpose: "notice", locale: "en-US", jurisdiction: "US", topics } as const;

describe("a message on WhatsApp", () => {
  it("has every statement of the notice in it, line by line, and ends with how to answer", () => {
    const { words, twiml } = writer(script, acme())(notice);
    expect(words.split("\n")).toEqual([
      "Hello, this is Acme Dental.",
      "We would like to send you visits and bargains on WhatsApp, if you agree.",
      "Acme Dental is responsible for complying with applicable local law.",
      "Messages may be automated. Your consent is not a condition of any purchase. Message and data rates may apply.",
      "You can stop at any time: reply STOP.",
      "Reply YES to agree, NO to decline.",
    ]);
    expect(twiml).toContain("<Response><Message>");
  });

  it("names the topics that it is about, and no other", () => {
    const write = writer(script, acme());
    const one = write({ ...notice, purpose: "confirmation", topics: ["offers"] }).words;
    expect(one).toContain("bargains");
    expect(one).not.toContain("visits");
    expect(topicNames(acme(), topics, "de-DE")).toBe("visits und bargains");
  });

  it("to a number that someone else gave says so, and what silence means", () => {
    const { words } = writer(script, acme())({ ...notice, purpose: "verification" });
    expect(words).toContain("Someone gave this number to Acme Dental.");
    expect(words.split("\n").at(-1)).toBe("If you do not answer, we will send you nothing.");
  });

  it("writes a business's name literally, whatever it looks like", () => {
    const name = "Fish & <Chips/> \"Ltd\" 'n'";
    const { words, twiml } = writer(script, acme({ name }))(notice);
    expect(words.split("\n")[0]).toBe(`Hello, this is ${name}.`);
    expect(twiml).toContain("Fish &amp; &lt;Chips/&gt;");
  });

  it("is the same text, with the same digests, whenever it is written again", () => {
    const write = writers(new Map([[VERSION, script]]));
    const first = write(acme(), { ...notice, script: VERSION });
    expect(write(acme(), { ...notice, script: VERSION })).toBe(first);
    expect(writer(script, acme())(notice)).toEqual(first);
    expect(write(acme(), { ...notice, topics: ["visits"], script: VERSION }).digest).not.toBe(first.digest);
    expect(() => write(acme(), { ...notice, script: "1999-01-01" })).toThrow("1999-01-01 is not loaded");
  });

  it("stays right when more texts were written than are kept", () => {
    const write = writer(script, acme());
    const { digest } = write(notice);
    for (let each = 0; each < 1_200; each++)
      write({ ...notice, topics: Array.from({ length: each + 1 }, () => "visits") });
    expect(write(notice).digest).toBe(digest);
  });

  it.each(LOCALES)("asks for words that are understood, in %s", (locale) => {
    const about = script.locales.get(locale);
    if (about === undefined) throw new Error("no such locale");
    const vocabulary = vocabularyOf([...script.locales].map(([name, { words }]) => [name, words] as const));
    const named = namedWords(about);
    const meant = (body: string) =>
      understand({ body, buttonText: null, payload: null, optOutType: null }, acme(), vocabulary).intent;
    for (const kind of ["yes", "no", "start", "help", "stop"] as const)
      expect(meant(named[kind]).kind).toBe(kind);
    expect(meant(`${named.change} +34600123456`).kind).toBe("change");
    expect(meant(`${named.stop} bargains`)).toEqual({ kind: "stop", topics: ["offers"] });
  });
});

describe("WhatsApp is asked to approve", () => {
  it("each message with its variables in order, under the one law it is sent under, and the buttons' payloads", () => {
    const print = (jurisdiction: Business["jurisdiction"]) =>
      printMessages(script, acme({ jurisdiction }), "en-US").text;
    const asked = (law: string) =>
      `TEMPLATE, notice, ${law}\n  Hello, this is {{1}}.\n  We would like to send you {{2}}`;
    expect(print("US")).toContain(asked("US"));
    const text = print("caller");
    expect(text).toContain(asked("EU"));
    expect(text).toContain("TEMPLATE, verification, EU\n");
    expect(text).not.toContain(", US\n");
    expect(text).toContain("  [YES] yes:{{3}}\n  [NO] no:{{3}}");
    expect(text).toContain("Acme Dental Limited is the controller of your data.");
    expect(text).toContain("TEMPLATE, withdrawn\n");
    expect(text).toContain("TEXT, help\n  This is Acme Dental on WhatsApp.");
    expect(() => printMessages(undefined, acme(), "en-US")).toThrow("is missing");
  });

  it.each(LOCALES)("every word that we write, in %s", (locale) => {
    const { text } = printMessages(script, acme({ locales: [locale], jurisdiction: "EU" }), locale);
    const documents = [...(script.locales.get(locale)?.messages.values() ?? [])];
    const fragments = documents.flatMap(({ source }) =>
      source
        .split(/\{\{[^}]*\}\}|<[^>]*>|\n/)
        .flatMap((part) => (/\p{L}{2}/u.test(part) ? [part.trim()] : [])),
    );
    expect(documents).toHaveLength(OUT_PURPOSES.length);
    for (const fragment of fragments) expect(text).toContain(fragment);
  });

  it.each(LOCALES)("no template that begins or ends with a variable, in %s", (locale) => {
    const business = acme({ locales: [locale], jurisdiction: "EU" });
    const templates = printMessages(script, business, locale).text.split("\n\n").slice(1);
    expect(templates).toHaveLength(OUT_PURPOSES.length);
    for (const template of templates.filter((each) => each.startsWith("TEMPLATE"))) {
      const lines = template.split("\n").filter((line) => !line.includes("{{3}}"));
      expect(lines[1]).not.toMatch(/^ {2}\{\{/);
      expect(lines.at(-1)).not.toMatch(/\}\}$/);
    }
  });
});

const without = (slot: string) => (text: string) => text.replaceAll(`{{${slot}}}`, "…");

const BROKEN: [string, string, (text: string) => string, string][] = [
  [
    "the notice lacks WhatsApp",
    "notice",
    (text) => text.replace("WhatsApp", "paper"),
    'does not say "on WhatsApp"',
  ],
  ["the notice lacks the way out", "notice", without("words.stop"), "does not speak {{words.stop}}"],
  ["the notice lacks what the law adds", "notice", without("law"), "does not speak {{law}}"],
  [
    "the notice lacks who is responsible",
    "notice",
    (text) => text.replace(/.*responsible.*/, ""),
    'does not say "applicable local law"',
  ],
  ["the notice does not say how to agree", "notice", without("words.yes"), "does not speak {{words.yes}}"],
  [
    "the notice does not say how to decline",
    "verification",
    without("words.no"),
    "does not speak {{words.no}}",
  ],
  [
    "a verification does not say whence the number is",
    "verification",
    (text) => text.replace(/.*Someone.*/, ""),
    'does not say "Someone gave this number"',
  ],
  [
    "a notice seems to record",
    "notice",
    (text) => text.replace("Reply", "It is recorded. Reply"),
    'must not say "recorded"',
  ],
  [
    "help seems to record",
    "help",
    (text) => text.replace("This", "It is recorded. This"),
    'must not say "recorded"',
  ],
  [
    "a confirmation does not say that it is recorded",
    "confirmation",
    (text) => text.replace("recorded", "done"),
    'does not say "recorded"',
  ],
  ["a confirmation does not name the topics", "confirmation", without("topics"), "does not speak {{topics}}"],
  [
    "a confirmation does not say how to stop",
    "confirmation",
    (text) => text.replace("at any time", "later"),
    'does not say "at any time"',
  ],
  [
    "a part may be left out",
    "withdrawn",
    (text) => text.replace("You do not need to answer.", "{{#if business}}You do not.{{/if}}"),
    "may not leave a part out",
  ],
  [
    "a message is spoken",
    "help",
    (text) => text.replaceAll("Message>", "Say>"),
    "must be one <Message> of words",
  ],
  [
    "a message holds another",
    "help",
    (text) => text.replace("</Message>", "</Message><Message>More.</Message>"),
    "must be one <Message> of words",
  ],
  [
    "a message goes elsewhere",
    "help",
    (text) => text.replace("<Message>", '<Message to="x">'),
    "must be one <Message> of words",
  ],
  [
    "a message names a number",
    "help",
    (text) => text.replace("This is", "Call 911. This is"),
    "has a digit in it",
  ],
  [
    "a slot is unknown",
    "help",
    (text) => text.replace("{{email}}", "{{email}} {{fax}}"),
    '"fax" not defined',
  ],
  [
    "a template begins with a slot",
    "withdrawn",
    (text) => text.replace("It is recorded", "{{business}}: it is recorded"),
    "may not begin or end with a slot",
  ],
  [
    "a template is too long",
    "notice",
    (text) => text.replace("Reply", `${"Please read. ".repeat(70)}Reply`),
    "at most 1024",
  ],
  ["a document is not well-formed", "help", (text) => text.replace("</Message>", ""), ""],
];

describe("words that must not be written are found:", () => {
  it.each(BROKEN)("%s", (_, name, change, message) => {
    const words = copyOfWords();
    words.edit(`en-US/whatsapp/${name}.xml`, change);
    words.approve();
    const found = words.findings([acme()]);
    expect(found.length).toBeGreaterThan(0);
    for (const finding of found) expect(finding).toContain(`${VERSION}/en-US/whatsapp/${name}.xml`);
    expect(found.some((finding) => finding.includes(message))).toBe(true);
  });

  it("a word that means two things, in two languages", () => {
    const words = copyOfWords();
    words.edit("locales.yaml", (text) => text.replace("no: [nein,", "no: [acepto, nein,"));
    words.approve();
    expect(words.findings([])).toEqual([`twiml/${VERSION}/locales.yaml: "acepto" means yes and no.`]);
  });

  it("a word without a letter", () => {
    const words = copyOfWords();
    words.edit("locales.yaml", (text) => text.replace("yes: [ja,", 'yes: ["👍", ja,'));
    words.approve();
    expect(words.findings([]).join()).toContain('"👍" has no letter in it');
  });

  it("a message that is missing", () => {
    const words = copyOfWords();
    words.remove("hi-IN/whatsapp/help.xml");
    expect(() => words.findings([])).toThrow("hi-IN/whatsapp/help.xml is missing");
  });
});
