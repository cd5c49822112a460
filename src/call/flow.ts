import type { Business, Locale } from "./business.ts";
import type { Key, Keypress } from "./keypress.ts";
import { countryOf, keyedNumber, type E164 } from "./phone-number.ts";

/**
 * The call as a pure function: a question and a keypress give an outcome. No clock, no storage, no words.
 *
 * Law 1: silence is never consent. Only the key called `agree` makes a decision of kind granted or pending.
 * Law 3: heard, then asked. Every question that `agree` answers follows the notice in the same call.
 */

/** The questions a caller can be asked; each is a file of twiml/ and the last part of a webhook's path. */
export const STEPS = [
  "language",
  "choice",
  "topic",
  "other-number",
  "confirm-number",
  "welcome-back",
] as const;
export type Step = (typeof STEPS)[number];

/**
 * Documents that are only spoken before a question; `outgoing` only where the line called, and `recording` with every
 * notice of a call that is recorded.
 */
export const STATEMENTS = ["outgoing", "recording", "notice", "wrong-key", "silence"] as const;
export type Statement = (typeof STATEMENTS)[number];

/** The last words of a call. */
export const ENDINGS = [
  "granted",
  "refused",
  "pending",
  "changed",
  "revoked",
  "unchanged",
  "no-answer",
  "agent",
  "sorry",
] as const;
export type Ending = (typeof ENDINGS)[number];
export type Prompt = Step | Statement | Ending;

/** A question is asked this often in all; then the call ends. */
export const MAX_ATTEMPTS = 3;

/**
 * A question as it waits for its answer. It travels in the signed address of the next webhook, so no instance keeps
 * a session. `number` is the other number, when the answer is about one; `change` marks a caller who wants to move
 * an existing consent to it.
 */
export type Question =
  | { readonly step: "language"; readonly attempt: number }
  | { readonly step: "choice"; readonly attempt: number }
  | { readonly step: "welcome-back"; readonly attempt: number }
  | {
      readonly step: "topic";
      readonly attempt: number;
      readonly topic: string;
      readonly agreed: readonly string[];
      readonly number: E164 | null;
    }
  | { readonly step: "other-number"; readonly attempt: number; readonly change: boolean }
  | {
      readonly step: "confirm-number";
      readonly attempt: number;
      readonly change: boolean;
      readonly number: E164;
    };

/** What is to be recorded. `number` null: of the number that the call comes from. */
export type Decision = {
  readonly kind: "granted" | "refused" | "pending" | "revoked";
  readonly topics: readonly string[];
  readonly number: E164 | null;
};

/** What one answer leads to. The prompts are spoken in this order, in `locale`; without a question the call ends. */
export type Outcome = {
  readonly decisions: readonly Decision[];
  readonly prompts: readonly Prompt[];
  readonly locale: Locale;
  /** Topics that the ending names. */
  readonly topics: readonly string[];
  readonly question: Question | null;
};

/** What the flow knows of the call. `caller` is null where WhatsApp could not reach the calling number. */
export type Situation = {
  readonly business: Business;
  readonly locale: Locale;
  readonly caller: E164 | null;
  /** Topics for which the caller's present consent is granted, in this world (real or simulated). */
  readonly granted: readonly string[];
  /** The line called: who is calling is said first, and what is not granted yet is asked. */
  readonly outgoing: boolean;
};

/** The keys of each question, by what they mean. The language question's keys are its offers, see languageKey. */
const KEYS = {
  choice: { agree: "1", refuse: "2", other: "3", again: "9", agent: "0" },
  topic: { agree: "1", refuse: "2", other: "3", again: "9", agent: "0" },
  "other-number": { refuse: "2" },
  "confirm-number": { agree: "1", reenter: "2" },
  "welcome-back": { keep: "1", stop: "2", change: "3" },
} as const satisfies Partial<Record<Step, Record<string, Key>>>;

type Keyed = keyof typeof KEYS;
type Meaning<S extends Keyed> = keyof (typeof KEYS)[S] & string;

/** Names a question within its call: with the attempt, the idempotency key of its answer. */
export function nameOf(question: Question): string {
  if (question.step !== "topic") return question.step;
  return `topic:${question.topic}${question.number === null ? "" : ":other-number"}`;
}

/** A call begins. @param chosen the language is known: whoever asked for the call named it */
export function begin(situation: Situation, chosen = false): Outcome {
  if (chosen || situation.business.locales.length === 1) return greet(situation);
  return ask(situation, ["language"], { step: "language", attempt: 1 });
}

/** The caller answered. */
export function advance(question: Question, answer: Keypress, situation: Situation): Outcome {
  if (answer.kind === "hang-up") return end(situation, "no-answer");
  if (answer.kind === "silence") return again(question, "silence", situation);
  switch (question.step) {
    case "language":
      return afterLanguage(question, answer, situation);
    case "choice":
      return afterChoice(question, answer, situation);
    case "topic":
      return afterTopic(question, answer, situation);
    case "other-number":
      return afterOtherNumber(question, answer, situation);
    case "confirm-number":
      return afterConfirmNumber(question, answer, situation);
    case "welcome-back":
      return afterWelcomeBack(question, answer, situation);
  }
}

/** The keys that a question takes from this business's callers; the script must speak these and no others. */
export function keysOf(question: Question, business: Business): Readonly<Record<string, Key>> {
  if (question.step === "language") return {};
  const { other, agent, ...keys }: Record<string, Key> = KEYS[question.step];
  // Past the first yes or no another number is not offered: its ending would not know of what was agreed before.
  const late = question.step === "topic" && !isFirst(question, business);
  return {
    ...keys,
    ...(other === undefined || late ? {} : { other }),
    ...(agent === undefined || business.agent === null ? {} : { agent }),
  };
}

/** The key that offers a locale: the first is 1. A business has at most nine. */
export function languageKey(business: Business, locale: Locale): Key {
  return String(business.locales.indexOf(locale) + 1) as Key;
}

type Answer = Exclude<Keypress, { kind: "silence" } | { kind: "hang-up" }>;
type Asked<S extends Step> = Extract<Question, { step: S }>;

function greet(situation: Situation): Outcome {
  const greeting = greeted(situation);
  return situation.outgoing ? { ...greeting, prompts: ["outgoing", ...greeting.prompts] } : greeting;
}

function greeted(situation: Situation): Outcome {
  if (isWelcomeBack(situation)) {
    return ask(situation, ["welcome-back"], { step: "welcome-back", attempt: 1 });
  }
  return situation.caller === null ? askOtherNumber(situation, false) : askConsent(situation, 1);
}

/** Who is called is called for what is not granted yet; who calls may have come for anything. */
function isWelcomeBack({ business, granted, outgoing }: Situation): boolean {
  return outgoing ? business.topics.every(({ id }) => granted.includes(id)) : granted.length > 0;
}

/** The notice, whole, and then the question that an agreeing key answers. */
function askConsent(situation: Situation, attempt: number): Outcome {
  const [first] = situation.business.topics;
  const question: Question =
    situation.business.ask === "together"
      ? { step: "choice", attempt }
      : { step: "topic", attempt, topic: first.id, agreed: [], number: null };
  return ask(situation, ["notice", question.step], question);
}

/** A number has to be keyed in by someone who has not heard the notice in this call. */
function askOtherNumber(situation: Situation, change: boolean): Outcome {
  return ask(situation, ["notice", "other-number"], { step: "other-number", attempt: 1, change });
}

function afterLanguage(question: Question, answer: Answer, situation: Situation): Outcome {
  const { business } = situation;
  const locale = business.locales.find(
    (offer) => answer.kind === "key" && languageKey(business, offer) === answer.key,
  );
  return locale === undefined ? again(question, "wrong-key", situation) : greet({ ...situation, locale });
}

function afterChoice(question: Asked<"choice">, answer: Answer, situation: Situation): Outcome {
  const all = situation.business.topics.map((topic) => topic.id);
  switch (meaning(question, answer, situation)) {
    case "agree":
      return end(situation, "granted", [{ kind: "granted", topics: all, number: null }], all);
    case "refuse":
      return end(situation, "refused", [{ kind: "refused", topics: all, number: null }]);
    case "other":
      return ask(situation, ["other-number"], { step: "other-number", attempt: 1, change: false });
    case "again":
      return again(question, "notice", situation);
    case "agent":
      return end(situation, "agent");
    case "wrong-key":
      return again(question, "wrong-key", situation);
  }
}

function afterTopic(question: Asked<"topic">, answer: Answer, situation: Situation): Outcome {
  const { topic } = question;
  const number = othersNumber(question.number, situation);
  switch (meaning(question, answer, situation)) {
    case "agree": {
      const kind = number === null ? "granted" : "pending";
      const agreed = [...question.agreed, topic];
      return nextTopic(question, agreed, [{ kind, topics: [topic], number }], situation);
    }
    case "refuse": {
      // Nobody can refuse in the name of another number's owner.
      const refusal: Decision[] = number === null ? [{ kind: "refused", topics: [topic], number }] : [];
      return nextTopic(question, question.agreed, refusal, situation);
    }
    case "other":
      return ask(situation, ["other-number"], { step: "other-number", attempt: 1, change: false });
    case "again":
      return again(question, isFirst(question, situation.business) ? "notice" : null, situation);
    case "agent":
      return end(situation, "agent");
    case "wrong-key":
      return again(question, "wrong-key", situation);
  }
}

function afterOtherNumber(question: Asked<"other-number">, answer: Answer, situation: Situation): Outcome {
  if (meaning(question, answer, situation) === "refuse") return refuseOtherNumber(question, situation);
  const country = countryOf(situation.business.lines[0]);
  const number = answer.kind === "digits" ? keyedNumber(answer.digits, country) : null;
  if (number === null) return again(question, "wrong-key", situation);
  const { attempt, change } = question;
  return ask(situation, ["confirm-number"], { step: "confirm-number", attempt, change, number });
}

function afterConfirmNumber(
  question: Asked<"confirm-number">,
  answer: Answer,
  situation: Situation,
): Outcome {
  switch (meaning(question, answer, situation)) {
    case "agree":
      return question.change ? changeNumber(question.number, situation) : agreeFor(question, situation);
    case "reenter": {
      const { attempt, change } = question;
      return again({ step: "other-number", attempt, change }, null, situation);
    }
    case "wrong-key":
      return again(question, "wrong-key", situation);
  }
}

function afterWelcomeBack(question: Asked<"welcome-back">, answer: Answer, situation: Situation): Outcome {
  switch (meaning(question, answer, situation)) {
    case "keep":
      return end(situation, "unchanged");
    case "stop":
      return end(situation, "revoked", [{ kind: "revoked", topics: standing(situation), number: null }]);
    case "change":
      return askOtherNumber(situation, true);
    case "wrong-key":
      return again(question, "wrong-key", situation);
  }
}

/** What "stop everything" is about; consent may have ended elsewhere while the question was read out. */
function standing({ granted, business }: Situation): readonly string[] {
  return granted.length > 0 ? granted : business.topics.map((topic) => topic.id);
}

/** The next yes/no question, or the ending that fits what was agreed to. */
function nextTopic(
  question: Asked<"topic">,
  agreed: readonly string[],
  decisions: readonly Decision[],
  situation: Situation,
): Outcome {
  const { topics } = situation.business;
  const next = topics[topics.findIndex((topic) => topic.id === question.topic) + 1];
  if (next !== undefined) {
    const following: Question = { ...question, attempt: 1, topic: next.id, agreed };
    return { ...ask(situation, ["topic"], following), decisions };
  }
  if (agreed.length > 0) return end(situation, agreedEnding(question, situation), decisions, agreed);
  const refusable = othersNumber(question.number, situation) === null;
  return end(situation, refusable ? "refused" : "unchanged", decisions);
}

function agreeFor({ number }: Asked<"confirm-number">, situation: Situation): Outcome {
  const { topics, ask: asked } = situation.business;
  if (asked === "each") {
    const question: Question = { step: "topic", attempt: 1, topic: topics[0].id, agreed: [], number };
    return ask(situation, ["topic"], question);
  }
  const all = topics.map((topic) => topic.id);
  const others = othersNumber(number, situation);
  const kind = others === null ? "granted" : "pending";
  return end(situation, kind, [{ kind, topics: all, number: others }], all);
}

/** The old number's consent ends with the same key that asks for the new number's. */
function changeNumber(number: E164, situation: Situation): Outcome {
  const topics = situation.granted;
  if (number === situation.caller || topics.length === 0) return end(situation, "unchanged");
  const moved: Decision[] = [
    { kind: "revoked", topics, number: null },
    { kind: "pending", topics, number },
  ];
  return end(situation, "changed", moved, topics);
}

function refuseOtherNumber(question: Asked<"other-number">, situation: Situation): Outcome {
  // Who withholds a number cannot be put on record as refusing, and who came to change one keeps what was.
  if (question.change || situation.caller === null) return end(situation, "unchanged");
  const topics = situation.business.topics.map((topic) => topic.id);
  return end(situation, "refused", [{ kind: "refused", topics, number: null }]);
}

/** The same question once more, after a word about why; past the last attempt the call ends. */
function again(
  question: Question,
  before: "wrong-key" | "silence" | "notice" | null,
  situation: Situation,
): Outcome {
  const attempt = question.attempt + 1;
  if (attempt <= MAX_ATTEMPTS) {
    const prompts = before === null ? [question.step] : [before, question.step];
    return ask(situation, prompts, { ...question, attempt });
  }
  // What was agreed to before the silence stays, and the caller is told so.
  if (question.step === "topic" && question.agreed.length > 0) {
    return end(situation, agreedEnding(question, situation), [], question.agreed);
  }
  return end(situation, "no-answer");
}

function agreedEnding(question: Asked<"topic">, situation: Situation): "granted" | "pending" {
  return othersNumber(question.number, situation) === null ? "granted" : "pending";
}

function isFirst(question: Asked<"topic">, { topics }: Business): boolean {
  return question.number === null && question.topic === topics[0].id;
}

function meaning<S extends Keyed>(
  question: Asked<S>,
  answer: Answer,
  { business }: Situation,
): Meaning<S> | "wrong-key" {
  if (answer.kind !== "key") return "wrong-key";
  const taken = Object.entries(keysOf(question, business)).find(([, key]) => key === answer.key);
  return taken === undefined ? "wrong-key" : (taken[0] as Meaning<S>);
}

/** Whose consent a keyed-in number is about: null is the caller's own, which needs no second confirmation. */
function othersNumber(number: E164 | null, { caller }: Situation): E164 | null {
  return number === caller ? null : number;
}

function ask(situation: Situation, prompts: readonly Prompt[], question: Question): Outcome {
  return { decisions: [], prompts, locale: situation.locale, topics: [], question };
}

function end(
  situation: Situation,
  ending: Ending,
  decisions: readonly Decision[] = [],
  topics: readonly string[] = [],
): Outcome {
  return { decisions, prompts: [ending], locale: situation.locale, topics, question: null };
}
