import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigError, parseBusinesses } from "../src/business-file.ts";

const GOOD = `businesses:
  - id: acme-dental
    name: Acme Dental
    legalName: Acme Dental Ltd.
    contact: { email: privacy@acme-dental.example, postalAddress: "1 Main St, Springfield", privacyUrl: "https://acme-dental.example/privacy" }
    lines: ["+14155550100"]
    whatsapp: { sender: "+14155550110", templates: { confirmation: HX${"0".repeat(32)} } }
    script: "2026-11-22"
    locales: [en-US, es-ES]
    voices: { en-US: Polly.Joanna-Neural }
    jurisdiction: US
    topics:
      - { id: appointment-reminders, category: utility, names: { en-US: appointment reminders, es-ES: citas } }
      - id: offers
        category: marketing
        names:
          en-US: offers
          es-ES: ofertas
    ask: together
    agent: "+14155550190"
    retention: P5Y
  - id: other
    name: Other
    legalName: Other Ltd.
    contact: { email: privacy@other.example, postalAddress: 2 Main St, privacyUrl: "https://other.example" }
    lines: ["+14155550101", "+14155550102"]
    whatsapp: { sender: "+14155550111" }
    script: "2026-11-22"
    locales: [en-US]
    jurisdiction: caller
    topics: [{ id: news, category: utility, names: { en-US: news } }]
    ask: each
    retention: P18M
`;

function parse(text: string) {
  return parseBusinesses(text, "acme.yaml");
}

function complaintsOf(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

/** The good file with one thing different; what is replaced must be there, and once. */
function changed(from: string, to: string): string {
  expect(GOOD.split(from)).toHaveLength(2);
  return GOOD.replace(from, () => to);
}

describe("a good business file", () => {
  it("is read whole, with what may be left out filled in", () => {
    const [acme, other] = parse(GOOD);
    expect(acme).toMatchObject({
      id: "acme-dental",
      contact: { postalAddress: "1 Main St, Springfield" },
      whatsapp: { templates: { confirmation: `HX${"0".repeat(32)}` } },
      voices: { "en-US": "Polly.Joanna-Neural" },
      agent: "+14155550190",
    });
    expect(other).toMatchObject({
      lines: ["+14155550101", "+14155550102"],
      whatsapp: { templates: {} },
      voices: {},
      agent: null,
      retention: "P18M",
      recording: false,
    });
  });

  it("says which business records its calls", () => {
    const [acme, other] = parse(changed("    retention: P5Y", "    retention: P5Y\n    recording: true"));
    expect([acme?.recording, other?.recording]).toEqual([true, false]);
    expect(
      complaintsOf(changed("    retention: P5Y", "    retention: P5Y\n    recording: sometimes")),
    ).toEqual([expect.stringMatching(/^acme\.yaml:\d+: businesses\.0\.recording: /)]);
  });

  it("may leave out the quotes around the script's date", () => {
    const [acme] = parse(
      changed("topics: [{ id: news", "topics: [ { id: news").replaceAll('"2026-11-22"', "2026-11-22"),
    );
    expect(acme?.script).toBe("2026-11-22");
  });
});

describe("the demo file", () => {
  const file = new URL("../src/businesses.demo.yaml", import.meta.url).pathname;
  const demo = parseBusinesses(readFileSync(file, "utf8"), file);
  const [acme, hotel] = demo;

  it("has Acme Dental, which asks for two kinds of updates together, in English, under the law of the US", () => {
    expect(acme).toMatchObject({
      id: "acme-dental",
      name: "Acme Dental",
      lines: ["+14155550100"],
      locales: ["en-US"],
      jurisdiction: "US",
      ask: "together",
      topics: [
        { id: "appointment-reminders", category: "utility", names: { "en-US": "appointment reminders" } },
        { id: "policy-updates", category: "utility", names: { "en-US": "policy updates" } },
      ],
    });
  });

  it("has Hotel Miramar, which asks one by one, in four languages, under the law of the EU", () => {
    expect(hotel).toMatchObject({
      id: "hotel-miramar",
      name: "Hotel Miramar",
      lines: ["+34915550100"],
      locales: ["es-ES", "en-US", "fr-FR", "de-DE"],
      jurisdiction: "EU",
      ask: "each",
      topics: [
        { category: "utility", names: { "en-US": "reservation updates" } },
        { id: "offers", category: "marketing" },
      ],
    });
    expect(demo.map(({ whatsapp }) => whatsapp.messagesPerSecond)).toEqual([80, 80]);
  });
});

describe("a fault in the business file is told with file, line and field:", () => {
  it.each<[string, string, string, RegExp]>([
    [
      "a number without quotes, which YAML reads as an integer",
      'lines: ["+14155550100"]',
      "lines: [+14155550100]",
      /^acme\.yaml:6: businesses\.0\.lines\.0: .*in quotes/,
    ],
    [
      "a number that is not E.164",
      'sender: "+14155550110"',
      'sender: "4155550110"',
      /^acme\.yaml:7: businesses\.0\.whatsapp\.sender: must be E\.164.* not 4155550110/,
    ],
    [
      "more messages a second than Twilio lets any sender send",
      'sender: "+14155550110"',
      'messagesPerSecond: 401, sender: "+14155550110"',
      /^acme\.yaml:7: businesses\.0\.whatsapp\.messagesPerSecond: .*400/,
    ],
    [
      "a number that no country has",
      'agent: "+14155550190"',
      'agent: "+1415555"',
      /^acme\.yaml:20: businesses\.0\.agent: must be E\.164/,
    ],
    ["no line at all", 'lines: ["+14155550100"]', "lines: []", /^acme\.yaml:6: businesses\.0\.lines/],
    [
      "a control character in a name",
      "name: Other\n",
      'name: "Other\\x07"\n',
      /^acme\.yaml:23: businesses\.1\.name: has a control character in it: remove it$/,
    ],
    [
      "a line break within a name",
      "name: Acme Dental\n",
      'name: "Acme\\nDental"\n',
      /^acme\.yaml:3: businesses\.0\.name: has a control character/,
    ],
    [
      "half a character, which no voice can speak",
      "name: Acme Dental\n",
      'name: "Acme\\ud83d"\n',
      /^acme\.yaml:3: businesses\.0\.name: has a control character/,
    ],
    [
      "a control character in a topic's name",
      "es-ES: ofertas",
      'es-ES: "ofertas\\0"',
      /^acme\.yaml:18: businesses\.0\.topics\.1\.names\.es-ES: has a control character/,
    ],
    [
      "something that looks like a slot",
      "name: Acme Dental\n",
      'name: "Acme {{business}}"\n',
      /^acme\.yaml:3: businesses\.0\.name: has \{\{ in it/,
    ],
    ["an empty name", "name: Other\n", 'name: " "\n', /^acme\.yaml:23: businesses\.1\.name: /],
    [
      "a name that would take minutes to speak",
      "name: Other\n",
      `name: ${"x".repeat(201)}\n`,
      /^acme\.yaml:23: businesses\.1\.name: /,
    ],
    [
      "a field that there is not",
      "    ask: each\n",
      "    ask: each\n    colour: red\n",
      /^acme\.yaml:33: businesses\.1.*colour/,
    ],
    ["a field that is missing", "    ask: each\n", "", /^acme\.yaml:22: businesses\.1\.ask: /],
    [
      "an id that could not stand in an address",
      "id: other",
      "id: Other Ltd",
      /^acme\.yaml:22: businesses\.1\.id: must be lower-case letters/,
    ],
    [
      "an id that another business has",
      "id: other",
      "id: acme-dental",
      /^acme\.yaml:22: businesses\.1\.id: acme-dental stands twice/,
    ],
    [
      "a line that another business has",
      '"+14155550102"',
      '"+14155550100"',
      /^acme\.yaml:26: businesses\.1\.lines.*: \+14155550100 is already a line of acme-dental/,
    ],
    [
      "a line that stands twice",
      '"+14155550102"',
      '"+14155550101"',
      /^acme\.yaml:26: businesses\.1\.lines.*: \+14155550101 is already a line of other/,
    ],
    [
      "a topic without a name in a language that is spoken",
      "          es-ES: ofertas\n",
      "",
      /^acme\.yaml:17: businesses\.0\.topics\.1\.names: topic offers has no name in es-ES/,
    ],
    [
      "a language twice",
      "locales: [en-US, es-ES]",
      "locales: [en-US, es-ES, en-US]",
      /^acme\.yaml:9: businesses\.0\.locales: has one twice/,
    ],
    [
      "a language that no script speaks",
      "locales: [en-US]",
      "locales: [en-AU]",
      /^acme\.yaml:29: businesses\.1\.locales\.0: /,
    ],
    [
      "a topic twice",
      "id: offers",
      "id: appointment-reminders",
      /^acme\.yaml:13: businesses\.0\.topics: has one twice/,
    ],
    [
      "a kind of message that WhatsApp does not have",
      "category: marketing",
      "category: spam",
      /^acme\.yaml:15: businesses\.0\.topics\.1\.category: /,
    ],
    [
      "a law that nobody has written",
      "jurisdiction: US",
      "jurisdiction: XX",
      /^acme\.yaml:11: businesses\.0\.jurisdiction: /,
    ],
    [
      "a script that is no version",
      'script: "2026-11-22"\n    locales: [en-US]',
      "script: latest\n    locales: [en-US]",
      /^acme\.yaml:28: businesses\.1\.script: must be a version/,
    ],
    [
      "a retention that is no duration",
      "retention: P18M",
      "retention: five years",
      /^acme\.yaml:33: businesses\.1\.retention: must be an ISO 8601 duration/,
    ],
    [
      "a retention that is shorter than the law wants",
      'agent: "+14155550190"\n    retention: P5Y',
      'agent: "+14155550190"\n    retention: P3Y',
      /^acme\.yaml:21: businesses\.0\.retention: P3Y is shorter than the law of the US .* use P5Y or more$/,
    ],
    [
      "a retention of nothing",
      "retention: P18M",
      "retention: P",
      /^acme\.yaml:33: businesses\.1\.retention: /,
    ],
    [
      "a template that is none of Twilio's",
      `HX${"0".repeat(32)}`,
      "HX1",
      /^acme\.yaml:7: businesses\.0\.whatsapp\.templates\.confirmation: must be a content SID/,
    ],
    [
      "a voice that is more than a name",
      "Polly.Joanna-Neural",
      `'"><Dial>'`,
      /^acme\.yaml:10: businesses\.0\.voices\.en-US: is not a voice/,
    ],
    [
      "a mail address that is none",
      "privacy@other.example",
      "nobody",
      /^acme\.yaml:25: businesses\.1\.contact\.email: /,
    ],
    [
      "a key that stands twice",
      "    ask: each\n",
      "    ask: each\n    ask: each\n",
      /^acme\.yaml:33: .*unique/,
    ],
    ["an alias to nothing", "jurisdiction: caller", "jurisdiction: *nothing", /^acme\.yaml:30: .*nothing/],
  ])("%s", (_, from, to, complaint) => {
    const [first, ...more] = complaintsOf(changed(from, to));
    expect(first).toMatch(complaint);
    expect(more).toEqual([]);
  });

  it.each([
    ["a bracket that is never closed", "locales: [en-US]", "locales: [en-US", /^acme\.yaml:30: /],
    ["a tab as indentation", "    ask: each\n", "\task: each\n", /^acme\.yaml:32: /],
  ])("what is no YAML: %s", (_, from, to, complaint) => {
    expect(complaintsOf(changed(from, to))[0]).toMatch(complaint);
  });

  it.each([
    ["nothing at all", ""],
    ["only a remark", "# not yet\n"],
    ["a list", "- id: acme-dental\n"],
    ["no business", "businesses: []\n"],
    ["something else", "customers: []\n"],
  ])("a file that holds %s", (_, text) => {
    const [first] = complaintsOf(text);
    expect(first).toMatch(/^acme\.yaml:1: [a-z]+: \S/);
  });

  it("a file that grows without end when it is read", () => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    const [first, ...more] = complaintsOf(`a0: &a0 [x]\n${levels.join("\n")}\nbusinesses: *a9\n`);
    expect(first).toMatch(/^acme\.yaml:\d+: .*alias/);
    expect(more).toEqual([]);
  });

  it("two faults are two lines", () => {
    const text = changed("name: Other\n", "name: ''\n").replace("ask: together", "ask: never");
    expect(complaintsOf(text).map((line) => line.split(": ")[1])).toEqual([
      "businesses.0.ask",
      "businesses.1.name",
    ]);
  });
});
