import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOCALES, type Business, type Topic } from "../../src/call/business.ts";
import {
  advance,
  begin,
  ENDINGS,
  keysOf,
  languageKey,
  MAX_ATTEMPTS,
  nameOf,
  STEPS,
  type Outcome,
  type Prompt,
  type Question,
  type Situation,
} from "../../src/call/flow.ts";
import { calling, CALLER, did, TWELVE_KEYS } from "./clinic.ts";

const RUNS = 2_000;
/** Sorry is said by the voice, when the flow did not come to answer. */
const REACHED: readonly Prompt[] = ENDINGS.filter((ending) => ending !== "sorry");

/** Digits that are the other number, the caller's own, a foreign one, one that WhatsApp cannot have, and nonsense. */
const DIGITS = ["4155550177", "4155550123", "0034612345678", "9005550123", "11", "*1#"] as const;

/** Most callers do what they are asked to, so that calls get far: the nth thing the question takes. Others do anything. */
const answers = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ nth: fc.nat(7) }) },
    { weight: 2, arbitrary: fc.constantFrom(...TWELVE_KEYS, ...DIGITS, "silence") },
    { weight: 1, arbitrary: fc.stringMatching(/^[0-9*#]{2,18}$/) },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);

const IDS = ["visits", "offers", "results", "surveys"];
const topicsOf = (count: number): Business["topics"] => {
  const [first = "", ...more] = IDS.slice(0, count);
  const topic = (id: string): Topic => ({ id, category: "utility", names: {} });
  return [topic(first), ...more.map(topic)];
};

/** Any business, and anyone who may call it. */
const situations = fc
  .record({
    ask: fc.constantFrom("together" as const, "each" as const),
    topics: fc.integer({ min: 1, max: IDS.length }),
    locales: fc.integer({ min: 1, max: LOCALES.length }),
    agent: fc.constantFrom(null, "+14155550190" as const),
    caller: fc.constantFrom(null, CALLER),
    granted: fc.subarray(IDS),
    outgoing: fc.boolean(),
  })
  .map(({ ask, topics, locales, agent, caller, granted, outgoing }) => {
    const [first, ...more] = LOCALES.slice(0, locales);
    const known = topicsOf(topics);
    return calling(
      { ask, agent, topics: known, locales: [first ?? "en-US", ...more] },
      {
        caller,
        granted: caller === null ? [] : granted.filter((id) => known.some((topic) => topic.id === id)),
        outgoing,
      },
    );
  });

/** One webhook of a call: what was asked, what was answered, and what came of it. The first has no question. */
type Turn = { readonly question: Question | null; readonly answer: string; readonly outcome: Outcome };

function play(situation: Situation, given: readonly (string | { nth: number })[]): readonly Turn[] {
  const turns: Turn[] = [{ question: null, answer: "", outcome: begin(situation) }];
  for (const what of given) {
    const { question = null, locale = situation.locale } = turns.at(-1)?.outcome ?? {};
    if (question === null) break;
    const answer = typeof what === "string" ? what : aptAnswer(question, situation.business, what.nth);
    turns.push({ question, answer, outcome: advance(question, did(answer), { ...situation, locale }) });
  }
  return turns;
}

function aptAnswer(question: Question, business: Business, nth: number): string {
  const keys =
    question.step === "language"
      ? business.locales.map((locale) => languageKey(business, locale))
      : Object.values(keysOf(question, business));
  const takes: readonly string[] = question.step === "other-number" ? [...DIGITS.slice(0, 2), ...keys] : keys;
  return takes[nth % takes.length] ?? "silence";
}

function always(holds: (turns: readonly Turn[], situation: Situation) => void): void {
  fc.assert(
    fc.property(situations, answers, (situation, given) => holds(play(situation, given), situation)),
    { numRuns: RUNS },
  );
}

/** The turns in which somebody agreed. */
const agreeing = (turns: readonly Turn[]) =>
  turns.filter(({ outcome }) =>
    outcome.decisions.some(({ kind }) => kind === "granted" || kind === "pending"),
  );
const decided = (turns: readonly Turn[]) => turns.flatMap(({ outcome }) => outcome.decisions);

describe("whatever keys a caller presses,", () => {
  it("nobody agrees before the whole notice was spoken to them, in their language, in the same call", () => {
    let agreements = 0;
    always((turns) => {
      for (const turn of agreeing(turns)) {
        agreements += 1;
        const before = turns.slice(0, turns.indexOf(turn)).map(({ outcome }) => outcome);
        const heard = before.filter(({ prompts }) => prompts.includes("notice"));
        expect(heard.map(({ locale }) => locale)).toContain(turn.outcome.locale);
      }
    });
    expect(agreements).toBeGreaterThan(RUNS / 5);
  });

  it("nobody agrees but with the key that was spoken as agreeing, at a question that asks it", () => {
    let agreements = 0;
    always((turns, { business }) => {
      for (const { question, answer } of agreeing(turns)) {
        agreements += 1;
        expect(["choice", "topic", "confirm-number"]).toContain(question?.step);
        expect(answer).toBe("1");
        expect(question === null ? {} : keysOf(question, business)).toMatchObject({ agree: answer });
      }
    });
    expect(agreements).toBeGreaterThan(RUNS / 5);
  });

  it("silence decides nothing, and neither does hanging up", () => {
    always((turns, situation) => {
      for (const { question, outcome } of turns) {
        if (question === null) continue;
        const here = { ...situation, locale: outcome.locale };
        expect(advance(question, did("silence"), here).decisions).toEqual([]);
        expect(advance(question, did("hang-up"), here)).toMatchObject({ decisions: [], question: null });
      }
    });
  });

  it("no question is put twice at the same attempt, for that is the idempotency key of its answer", () => {
    always((turns) => {
      const asked = turns.flatMap(({ outcome: { question } }) =>
        question === null ? [] : [`${nameOf(question)} ${question.attempt}`],
      );
      expect(new Set(asked).size).toBe(asked.length);
    });
  });

  it("no question is put more often than three times", () => {
    always((turns) => {
      for (const { outcome } of turns) {
        expect(outcome.question?.attempt ?? 1).toBeLessThanOrEqual(MAX_ATTEMPTS);
      }
    });
  });

  it("what is spoken always ends in the question that waits, or in an ending", () => {
    always((turns) => {
      for (const { outcome } of turns) {
        const last = outcome.question === null ? REACHED : [outcome.question.step];
        expect(last).toContain(outcome.prompts.at(-1));
        expect(outcome.prompts.slice(0, -1).filter((prompt) => STEPS.includes(prompt as never))).toEqual([]);
      }
    });
  });

  it("nobody is told that nothing was agreed to or changed, after a yes or a withdrawal in the call", () => {
    always((turns) => {
      const denials = turns.filter(({ outcome }) =>
        ["no-answer", "unchanged", "refused"].includes(outcome.prompts[0] ?? ""),
      );
      const changes = decided(turns).filter(({ kind }) => kind !== "refused");
      expect(denials.length === 0 || changes.length === 0).toBe(true);
    });
  });

  it("an ending that says what was recorded follows a record of just that, of every topic it names", () => {
    const saying = new Set<Prompt | undefined>(["granted", "refused", "pending", "revoked"]);
    always((turns) => {
      for (const { outcome } of turns.filter((turn) => saying.has(turn.outcome.prompts[0]))) {
        const said = outcome.prompts[0];
        const about = decided(turns).flatMap(({ kind, topics }) => (kind === said ? topics : []));
        expect(about.length).toBeGreaterThan(0);
        expect(about).toEqual(expect.arrayContaining([...outcome.topics]));
        expect(outcome.topics.length > 0).toBe(said === "granted" || said === "pending");
      }
    });
  });

  it("an ending that says that the number changed follows the end of the old consent and a request for the new", () => {
    always((turns) => {
      for (const { outcome } of turns) {
        const kinds = new Set(outcome.decisions.map(({ kind }) => kind));
        const moved = kinds.has("revoked") && kinds.has("pending");
        expect(outcome.prompts[0] === "changed").toBe(moved);
        const about = moved ? outcome.decisions.map(({ topics }) => topics) : [];
        for (const topics of about) expect(topics).toEqual(outcome.topics);
      }
    });
  });

  it("nothing is recorded of a withheld number, and nobody refuses or withdraws in another number's name", () => {
    always((turns, { caller }) => {
      for (const { kind, number } of decided(turns)) {
        expect(number === null && caller === null).toBe(false);
        expect(number === null).toBe(kind !== "pending");
        expect(number !== null && number === caller).toBe(false);
      }
    });
  });

  it("nobody is put on record about a topic that the business does not have", () => {
    always((turns, { business }) => {
      const ids = business.topics.map((topic) => topic.id);
      for (const { topics } of decided(turns)) {
        expect(topics.length).toBeGreaterThan(0);
        expect(ids).toEqual(expect.arrayContaining([...topics]));
      }
    });
  });
});

/** Every question that can follow each question, for every answer that makes a difference. */
function everyCall(situation: Situation): {
  readonly first: string;
  readonly next: ReadonlyMap<string, ReadonlySet<string>>;
} {
  const next = new Map<string, Set<string>>();
  const queue = [begin(situation)];
  for (let outcome = queue.pop(); outcome !== undefined; outcome = queue.pop()) {
    const { question, locale } = outcome;
    if (question === null) continue;
    const from = JSON.stringify(question);
    if (next.has(from)) continue;
    const following = new Set<string>();
    next.set(from, following);
    for (const answer of [...TWELVE_KEYS, ...DIGITS, "silence", "hang-up"]) {
      const led = advance(question, did(answer), { ...situation, locale });
      if (led.question !== null) following.add(JSON.stringify(led.question));
      queue.push(led);
    }
  }
  return { first: JSON.stringify(begin(situation).question), next };
}

/** Answers in the longest call there is. @throws where a question can come back, for then there is none */
function longest({ first, next }: ReturnType<typeof everyCall>): number {
  const known = new Map<string, number>();
  const under = new Set<string>();
  const from = (question: string): number => {
    if (under.has(question)) throw new Error(`${question} can come back`);
    const before = known.get(question);
    if (before !== undefined) return before;
    under.add(question);
    const answered = 1 + Math.max(0, ...[...(next.get(question) ?? [])].map(from));
    under.delete(question);
    known.set(question, answered);
    return answered;
  };
  return from(first);
}

/**
 * The bound, in answers: 3 for the language; 3 for the first question, the last of which asks for another number;
 * 6 for that number, keyed in and confirmed three times; and, one by one, 3 for each topic.
 */
describe("every call ends, at the latest after", () => {
  const BUSINESSES = [1, 2, 3, 4].flatMap((topics) =>
    (["together", "each"] as const).flatMap((ask) =>
      [1, 4].map((locales) => ({
        topics,
        ask,
        locales,
        answers: (locales > 1 ? 3 : 0) + 3 + 6 + (ask === "each" ? 3 * topics : 0),
      })),
    ),
  );

  it.each(BUSINESSES)("$answers answers: $topics topics, $ask, $locales locales", (given) => {
    const [first = "en-US", ...more] = LOCALES.slice(0, given.locales);
    const business = { ask: given.ask, topics: topicsOf(given.topics), locales: [first, ...more] as const };
    expect(longest(everyCall(calling(business)))).toBe(given.answers);
    for (const other of [{ caller: null }, { granted: ["visits"] }]) {
      expect(longest(everyCall(calling(business, other)))).toBeLessThanOrEqual(given.answers);
    }
  });

  it("12 answers, for a caller who keeps changing the number of an earlier yes", () => {
    const situation = calling({ ask: "each", locales: ["en-US", "es-ES"] }, { granted: ["visits"] });
    expect(longest(everyCall(situation))).toBe(12);
  });
});

describe("in every call there can be, and not only in those that were tried,", () => {
  const CASES = (["together", "each"] as const).flatMap((ask) =>
    [{}, { caller: null }, { granted: ["visits"] }].map((knowing) => ({ ask, knowing })),
  );

  it.each(CASES)("no question comes back at the same attempt: $ask, $knowing", ({ ask, knowing }) => {
    const situation = calling(
      { ask, topics: topicsOf(3), locales: ["en-US", "es-ES"], agent: "+14155550190" },
      knowing,
    );
    const { first, next } = everyCall(situation);
    const keyed = (question: string) => {
      const parsed = JSON.parse(question) as Question;
      return `${nameOf(parsed)} ${parsed.attempt}`;
    };
    const byKey = new Map<string, Set<string>>();
    for (const [from, following] of next) {
      const known = byKey.get(keyed(from)) ?? new Set();
      byKey.set(keyed(from), known.union(new Set([...following].map(keyed))));
    }
    expect(() => longest({ first: keyed(first), next: byKey })).not.toThrow();
    expect([...byKey.keys()].filter((key) => !/ [123]$/.test(key))).toEqual([]);
  });
});
