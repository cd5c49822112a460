import { describe, expect, it } from "vitest";
import type { Business } from "../../src/call/business.ts";
import {
  advance,
  begin,
  keysOf,
  languageKey,
  MAX_ATTEMPTS,
  type Question,
  type Situation,
} from "../../src/call/flow.ts";
import { calling, CALLER, did, OTHER, told, TWELVE_KEYS } from "./clinic.ts";

const AGENT = "+14155550190";

/** Every kind of answer there is: the twelve keys, several forms of digits, silence, and a caller who is gone. */
const ANSWERS = [
  ...TWELVE_KEYS,
  "11",
  "1#",
  "**",
  "12345",
  "9005550123",
  "4155550177",
  "14155550177",
  "0014155550177",
  "01114155550177",
  "4155550123",
  "1415555017799999999",
  "silence",
  "hang-up",
];

/** The other number, in each form in which a caller may key it in. */
const OTHER_KEYED = ["4155550177", "14155550177", "0014155550177", "01114155550177"];
const OWN_KEYED = "4155550123";

/** What happens at a question: for some answers, and for all others. */
type Row = {
  readonly asked: string;
  readonly question: Question;
  readonly ask: readonly Business["ask"][];
  readonly knowing?: Partial<Situation>;
  readonly locales?: Business["locales"];
  readonly outcomes: Readonly<Record<string, string>>;
  readonly otherwise: string;
};

const topic = (changes: Partial<Extract<Question, { step: "topic" }>>): Question => ({
  step: "topic",
  attempt: 1,
  topic: "visits",
  agreed: [],
  number: null,
  ...changes,
});

const keyedIn = (outcome: (number: string) => string): Record<string, string> => ({
  ...Object.fromEntries(OTHER_KEYED.map((digits) => [digits, outcome(OTHER)])),
  [OWN_KEYED]: outcome(CALLER),
});

const GONE = { "hang-up": "say no-answer; end" };
const PERSON = { "0": "say agent; end" };
const BOTH = ["together", "each"] as const;

const TABLE: readonly Row[] = [
  {
    asked: "which language, of one who has agreed to nothing",
    question: { step: "language", attempt: 1 },
    ask: ["together"],
    locales: ["es-ES", "en-US", "hi-IN"],
    outcomes: {
      "1": "say notice, choice in es-ES; ask choice (1)",
      "2": "say notice, choice; ask choice (1)",
      "3": "say notice, choice in hi-IN; ask choice (1)",
      silence: "say silence, language in es-ES; ask language (2)",
      "hang-up": "say no-answer in es-ES; end",
    },
    otherwise: "say wrong-key, language in es-ES; ask language (2)",
  },
  {
    asked: "which language, where topics are asked one by one",
    question: { step: "language", attempt: 2 },
    ask: ["each"],
    locales: ["es-ES", "en-US"],
    outcomes: {
      "1": "say notice, topic in es-ES; ask topic visits (1)",
      "2": "say notice, topic; ask topic visits (1)",
      silence: "say silence, language in es-ES; ask language (3)",
      "hang-up": "say no-answer in es-ES; end",
    },
    otherwise: "say wrong-key, language in es-ES; ask language (3)",
  },
  {
    asked: "which language, of one who has agreed before",
    question: { step: "language", attempt: 1 },
    ask: BOTH,
    locales: ["es-ES", "en-US"],
    knowing: { granted: ["visits"] },
    outcomes: {
      "1": "say welcome-back in es-ES; ask welcome-back (1)",
      "2": "say welcome-back; ask welcome-back (1)",
      silence: "say silence, language in es-ES; ask language (2)",
      "hang-up": "say no-answer in es-ES; end",
    },
    otherwise: "say wrong-key, language in es-ES; ask language (2)",
  },
  {
    asked: "which language, of one who withholds the number",
    question: { step: "language", attempt: 1 },
    ask: BOTH,
    locales: ["es-ES", "en-US"],
    knowing: { caller: null },
    outcomes: {
      "1": "say notice, other-number in es-ES; ask other-number (1)",
      "2": "say notice, other-number; ask other-number (1)",
      silence: "say silence, language in es-ES; ask language (2)",
      "hang-up": "say no-answer in es-ES; end",
    },
    otherwise: "say wrong-key, language in es-ES; ask language (2)",
  },
  {
    asked: "for everything together",
    question: { step: "choice", attempt: 1 },
    ask: ["together"],
    outcomes: {
      "1": "record granted visits+offers; say granted of visits+offers; end",
      "2": "record refused visits+offers; say refused; end",
      "3": "say other-number; ask other-number (1)",
      "9": "say notice, choice; ask choice (2)",
      ...PERSON,
      silence: "say silence, choice; ask choice (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, choice; ask choice (2)",
  },
  {
    asked: "for the first topic",
    question: topic({}),
    ask: ["each"],
    outcomes: {
      "1": "record granted visits; say topic; ask topic offers after visits (1)",
      "2": "record refused visits; say topic; ask topic offers (1)",
      "3": "say other-number; ask other-number (1)",
      "9": "say notice, topic; ask topic visits (2)",
      ...PERSON,
      silence: "say silence, topic; ask topic visits (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, topic; ask topic visits (2)",
  },
  {
    asked: "for the last topic, after a no",
    question: topic({ topic: "offers" }),
    ask: ["each"],
    outcomes: {
      "1": "record granted offers; say granted of offers; end",
      "2": "record refused offers; say refused; end",
      "9": "say topic; ask topic offers (2)",
      ...PERSON,
      silence: "say silence, topic; ask topic offers (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, topic; ask topic offers (2)",
  },
  {
    asked: "for the last topic, after a yes",
    question: topic({ topic: "offers", agreed: ["visits"], attempt: 2 }),
    ask: ["each"],
    outcomes: {
      "1": "record granted offers; say granted of visits+offers; end",
      "2": "record refused offers; say granted of visits; end",
      "9": "say topic; ask topic offers after visits (3)",
      ...PERSON,
      silence: "say silence, topic; ask topic offers after visits (3)",
      ...GONE,
    },
    otherwise: "say wrong-key, topic; ask topic offers after visits (3)",
  },
  {
    asked: "for the first topic, for another number",
    question: topic({ number: OTHER }),
    ask: ["each"],
    outcomes: {
      "1": `record pending visits for ${OTHER}; say topic; ask topic offers after visits for ${OTHER} (1)`,
      "2": `say topic; ask topic offers for ${OTHER} (1)`,
      "9": `say topic; ask topic visits for ${OTHER} (2)`,
      ...PERSON,
      silence: `say silence, topic; ask topic visits for ${OTHER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, topic; ask topic visits for ${OTHER} (2)`,
  },
  {
    asked: "for the last topic, for another number, after a no",
    question: topic({ topic: "offers", number: OTHER }),
    ask: ["each"],
    outcomes: {
      "1": `record pending offers for ${OTHER}; say pending of offers; end`,
      "2": "say unchanged; end",
      "9": `say topic; ask topic offers for ${OTHER} (2)`,
      ...PERSON,
      silence: `say silence, topic; ask topic offers for ${OTHER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, topic; ask topic offers for ${OTHER} (2)`,
  },
  {
    asked: "for the last topic, for another number, after a yes",
    question: topic({ topic: "offers", agreed: ["visits"], number: OTHER }),
    ask: ["each"],
    knowing: { caller: null },
    outcomes: {
      "1": `record pending offers for ${OTHER}; say pending of visits+offers; end`,
      "2": "say pending of visits; end",
      "9": `say topic; ask topic offers after visits for ${OTHER} (2)`,
      ...PERSON,
      silence: `say silence, topic; ask topic offers after visits for ${OTHER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, topic; ask topic offers after visits for ${OTHER} (2)`,
  },
  {
    asked: "for the first topic, for the own number keyed in",
    question: topic({ number: CALLER }),
    ask: ["each"],
    outcomes: {
      "1": `record granted visits; say topic; ask topic offers after visits for ${CALLER} (1)`,
      "2": `record refused visits; say topic; ask topic offers for ${CALLER} (1)`,
      "9": `say topic; ask topic visits for ${CALLER} (2)`,
      ...PERSON,
      silence: `say silence, topic; ask topic visits for ${CALLER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, topic; ask topic visits for ${CALLER} (2)`,
  },
  {
    asked: "for another number",
    question: { step: "other-number", attempt: 1, change: false },
    ask: BOTH,
    outcomes: {
      "2": "record refused visits+offers; say refused; end",
      ...keyedIn((number) => `say confirm-number; ask confirm-number for ${number} (1)`),
      silence: "say silence, other-number; ask other-number (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, other-number; ask other-number (2)",
  },
  {
    asked: "for a number, of one who withholds theirs",
    question: { step: "other-number", attempt: 2, change: false },
    ask: BOTH,
    knowing: { caller: null },
    outcomes: {
      "2": "say unchanged; end",
      ...keyedIn((number) => `say confirm-number; ask confirm-number for ${number} (2)`),
      silence: "say silence, other-number; ask other-number (3)",
      ...GONE,
    },
    otherwise: "say wrong-key, other-number; ask other-number (3)",
  },
  {
    asked: "for the new number, of one who wants to change it",
    question: { step: "other-number", attempt: 1, change: true },
    ask: BOTH,
    knowing: { granted: ["visits"] },
    outcomes: {
      "2": "say unchanged; end",
      ...keyedIn((number) => `say confirm-number; ask confirm-number for ${number} to change (1)`),
      silence: "say silence, other-number; ask other-number to change (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, other-number; ask other-number to change (2)",
  },
  {
    asked: "whether another number is right, and to agree for it",
    question: { step: "confirm-number", attempt: 1, change: false, number: OTHER },
    ask: ["together"],
    outcomes: {
      "1": `record pending visits+offers for ${OTHER}; say pending of visits+offers; end`,
      "2": "say other-number; ask other-number (2)",
      silence: `say silence, confirm-number; ask confirm-number for ${OTHER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, confirm-number; ask confirm-number for ${OTHER} (2)`,
  },
  {
    asked: "whether another number is right, before the topics",
    question: { step: "confirm-number", attempt: 1, change: false, number: OTHER },
    ask: ["each"],
    outcomes: {
      "1": `say topic; ask topic visits for ${OTHER} (1)`,
      "2": "say other-number; ask other-number (2)",
      silence: `say silence, confirm-number; ask confirm-number for ${OTHER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, confirm-number; ask confirm-number for ${OTHER} (2)`,
  },
  {
    asked: "whether the own number, keyed in, is right",
    question: { step: "confirm-number", attempt: 1, change: false, number: CALLER },
    ask: ["together"],
    outcomes: {
      "1": "record granted visits+offers; say granted of visits+offers; end",
      "2": "say other-number; ask other-number (2)",
      silence: `say silence, confirm-number; ask confirm-number for ${CALLER} (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, confirm-number; ask confirm-number for ${CALLER} (2)`,
  },
  {
    asked: "whether the new number is right",
    question: { step: "confirm-number", attempt: 2, change: true, number: OTHER },
    ask: BOTH,
    knowing: { granted: ["visits"] },
    outcomes: {
      "1": `record revoked visits; record pending visits for ${OTHER}; say changed of visits; end`,
      "2": "say other-number; ask other-number to change (3)",
      silence: `say silence, confirm-number; ask confirm-number for ${OTHER} to change (3)`,
      ...GONE,
    },
    otherwise: `say wrong-key, confirm-number; ask confirm-number for ${OTHER} to change (3)`,
  },
  {
    asked: "whether the new number is right, which is the old one",
    question: { step: "confirm-number", attempt: 1, change: true, number: CALLER },
    ask: BOTH,
    knowing: { granted: ["visits"] },
    outcomes: {
      "1": "say unchanged; end",
      "2": "say other-number; ask other-number to change (2)",
      silence: `say silence, confirm-number; ask confirm-number for ${CALLER} to change (2)`,
      ...GONE,
    },
    otherwise: `say wrong-key, confirm-number; ask confirm-number for ${CALLER} to change (2)`,
  },
  {
    asked: "what to do with an earlier yes",
    question: { step: "welcome-back", attempt: 1 },
    ask: BOTH,
    knowing: { granted: ["visits"] },
    outcomes: {
      "1": "say unchanged; end",
      "2": "record revoked visits; say revoked; end",
      "3": "say notice, other-number; ask other-number to change (1)",
      silence: "say silence, welcome-back; ask welcome-back (2)",
      ...GONE,
    },
    otherwise: "say wrong-key, welcome-back; ask welcome-back (2)",
  },
];

/** Whether there is a person to speak with, and more languages, changes nothing but the key for the person. */
const SURROUNDINGS: readonly { agent: Business["agent"]; locales: Business["locales"] }[] = [
  { agent: null, locales: ["en-US"] },
  { agent: AGENT, locales: ["en-US"] },
  { agent: null, locales: ["en-US", "es-ES", "fr-FR"] },
  { agent: AGENT, locales: ["en-US", "es-ES", "fr-FR"] },
];

describe.each(TABLE)("a caller who is asked $asked", (row) => {
  it.each(ANSWERS)("and answers with %s is led where the table says", (answer) => {
    for (const ask of row.ask) {
      for (const { agent, locales } of SURROUNDINGS) {
        const situation = calling({ ask, agent, locales: row.locales ?? locales }, row.knowing);
        const expected =
          answer === "0" && agent === null ? row.otherwise : (row.outcomes[answer] ?? row.otherwise);
        expect(told(advance(row.question, did(answer), situation)), `${ask}, agent ${agent}`).toBe(expected);
      }
    }
  });

  it("is offered in the script exactly the single keys that lead somewhere", () => {
    for (const ask of row.ask) {
      for (const { agent, locales } of SURROUNDINGS) {
        const situation = calling({ ask, agent, locales: row.locales ?? locales }, row.knowing);
        const { business } = situation;
        const taken =
          row.question.step === "language"
            ? business.locales.map((locale) => languageKey(business, locale))
            : Object.values(keysOf(row.question, business));
        const leading = TWELVE_KEYS.filter(
          (key) => !advance(row.question, did(key), situation).prompts.includes("wrong-key"),
        );
        expect(new Set(leading)).toEqual(new Set(taken));
      }
    }
  });
});

describe("each question is asked three times and not once more:", () => {
  it.each(TABLE)("$asked", ({ question, ask, knowing, locales }) => {
    for (const asked of ask) {
      const situation = calling({ ask: asked, ...(locales === undefined ? {} : { locales }) }, knowing);
      for (const unhelpful of ["silence", "8", "1#", "12345"]) {
        let left = { ...question, attempt: 1 };
        for (const attempt of [2, 3]) {
          const { question: next, decisions } = advance(left, did(unhelpful), situation);
          expect(next).toEqual({ ...question, attempt });
          expect(decisions).toEqual([]);
          left = { ...question, attempt };
        }
        const last = advance({ ...question, attempt: MAX_ATTEMPTS }, did(unhelpful), situation);
        expect(last.question).toBeNull();
        expect(last.decisions).toEqual([]);
      }
    }
  });

  it("hearing it again counts, so that nobody can listen for ever", () => {
    const third = advance({ step: "choice", attempt: 3 }, did("9"), calling());
    expect(told(third)).toBe("say no-answer; end");
  });

  it("a third number that is not right ends the call", () => {
    const third: Question = { step: "confirm-number", attempt: 3, change: false, number: OTHER };
    expect(told(advance(third, did("2"), calling()))).toBe("say no-answer; end");
  });
});

describe("a call begins", () => {
  it("with the notice and the choice, for someone who has agreed to nothing", () => {
    expect(told(begin(calling()))).toBe("say notice, choice; ask choice (1)");
  });

  it("with the notice and the first topic, where topics are asked one by one", () => {
    expect(told(begin(calling({ ask: "each" })))).toBe("say notice, topic; ask topic visits (1)");
  });

  it("with the language, where the business speaks several", () => {
    const locales = ["es-ES", "en-US"] as const;
    expect(told(begin(calling({ locales })))).toBe("say language in es-ES; ask language (1)");
    expect(told(begin(calling({ locales }, { granted: ["visits"] })))).toBe(
      "say language in es-ES; ask language (1)",
    );
  });

  it("with a welcome, and no notice, for someone who has agreed before", () => {
    expect(told(begin(calling({}, { granted: ["visits"] })))).toBe("say welcome-back; ask welcome-back (1)");
  });

  it("with the notice and the wish for a number, for someone who withholds theirs", () => {
    expect(told(begin(calling({}, { caller: null })))).toBe("say notice, other-number; ask other-number (1)");
    expect(told(begin(calling({ ask: "each" }, { caller: null })))).toBe(
      "say notice, other-number; ask other-number (1)",
    );
  });
});

describe("a whole call", () => {
  /** Plays a call to where the answers lead; each line is one outcome. */
  function played(situation: Situation, ...answers: string[]): string[] {
    let outcome = begin(situation);
    const lines = [told(outcome)];
    for (const answer of answers) {
      if (outcome.question === null) throw new Error(`The call ended before ${answer}.`);
      outcome = advance(outcome.question, did(answer), { ...situation, locale: outcome.locale });
      lines.push(told(outcome));
    }
    return lines;
  }

  it("of one who keys in the own number is a grant at once: nobody else has to confirm", () => {
    expect(played(calling(), "3", OWN_KEYED, "1").at(-1)).toBe(
      "record granted visits+offers; say granted of visits+offers; end",
    );
  });

  it("of one who keyed in a wrong number first is about the second number only", () => {
    expect(played(calling(), "3", "4155550199", "2", "4155550177", "1")).toEqual([
      "say notice, choice; ask choice (1)",
      "say other-number; ask other-number (1)",
      "say confirm-number; ask confirm-number for +14155550199 (1)",
      "say other-number; ask other-number (2)",
      `say confirm-number; ask confirm-number for ${OTHER} (2)`,
      `record pending visits+offers for ${OTHER}; say pending of visits+offers; end`,
    ]);
  });

  it("of one who withholds the number is pending, topic by topic, until its owner confirms", () => {
    expect(played(calling({ ask: "each" }, { caller: null }), "4155550177", "1", "1", "2")).toEqual([
      "say notice, other-number; ask other-number (1)",
      `say confirm-number; ask confirm-number for ${OTHER} (1)`,
      `say topic; ask topic visits for ${OTHER} (1)`,
      `record pending visits for ${OTHER}; say topic; ask topic offers after visits for ${OTHER} (1)`,
      "say pending of visits; end",
    ]);
  });

  it("of one who moves an earlier yes to a new number ends the old one with the same key", () => {
    expect(played(calling({}, { granted: ["visits", "offers"] }), "3", "4155550177", "1")).toEqual([
      "say welcome-back; ask welcome-back (1)",
      "say notice, other-number; ask other-number to change (1)",
      `say confirm-number; ask confirm-number for ${OTHER} to change (1)`,
      `record revoked visits+offers; record pending visits+offers for ${OTHER}; say changed of visits+offers; end`,
    ]);
  });

  it("of one who said yes once and then nothing names what was agreed to", () => {
    expect(
      played(calling({ ask: "each" }), "1", "silence", "silence", "silence")
        .slice(-1)
        .join(),
    ).toBe("say granted of visits; end");
  });

  it("stays in the language that was chosen", () => {
    const situation = calling({ locales: ["en-US", "de-DE"] });
    expect(played(situation, "7", "2", "9", "1").slice(2)).toEqual([
      "say notice, choice in de-DE; ask choice (1)",
      "say notice, choice in de-DE; ask choice (2)",
      "record granted visits+offers; say granted of visits+offers in de-DE; end",
    ]);
  });

  it("of a returning caller whose yes was withdrawn meanwhile changes nothing for a new number", () => {
    const confirm: Question = { step: "confirm-number", attempt: 1, change: true, number: OTHER };
    expect(told(advance(confirm, did("1"), calling()))).toBe("say unchanged; end");
  });
});
