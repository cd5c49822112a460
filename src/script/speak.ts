import { keysOf, languageKey, type Outcome, type Prompt, type Question } from "../call/flow.ts";
import type { Key } from "../call/keypress.ts";
import { isRecorded } from "../call/recording.ts";
import { topicName, type Business, type Jurisdiction, type Locale } from "../call/business.ts";
import {
  businessSlots,
  compose,
  LEFT_OPEN,
  rendered,
  type Rendered,
  type Script,
  type ScriptLocale,
  type Slots,
} from "./script.ts";

/** What is to be said, apart from what belongs to one call. */
export type Speech = {
  readonly prompts: readonly Prompt[];
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly question: Question | null;
  /** Topics that an ending names. */
  readonly topics: readonly string[];
  /** WhatsApp could not reach the calling number. */
  readonly withheld: boolean;
  /** An agent's call: it goes back to where it came from instead of ending. */
  readonly returns?: boolean;
};

/** So many texts are kept ready for each business; the distinct ones are far fewer. */
const MAX_KEPT = 2_000;

const RETURN = `<Redirect method="POST">${LEFT_OPEN.returnUrl}</Redirect>`;

/** Speaks a script for a business. Each distinct text is rendered once. */
export function speaker(script: Script, business: Business) {
  const kept = new Map<string, Rendered>();
  return (speech: Speech): Rendered => {
    const key = distinct(speech);
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= MAX_KEPT) kept.clear();
    const text = rendered(speechTwiml(script, business, speech, LEFT_OPEN));
    kept.set(key, text);
    return text;
  };
}

/** The outcome's speech. */
export function speechOf(outcome: Outcome, jurisdiction: Jurisdiction, withheld: boolean): Speech {
  const { prompts, locale, question, topics } = outcome;
  return { prompts, locale, jurisdiction, question, topics, withheld };
}

/** No words: the call goes back to where it came from. */
export const GO_BACK = compose([RETURN]);

/**
 * The document with all slots filled: what belongs to one call from `open`, the rest from the business.
 *
 * @param write how a key is written; the check marks keys with it, to tell them from other words
 */
export function speechTwiml(
  script: Script,
  business: Business,
  speech: Speech,
  open: Slots,
  write: (key: Key) => string = (key) => key,
): string {
  const bodies = speech.prompts.flatMap((prompt) =>
    prompt === "language"
      ? business.locales.map((locale) => offer(script, business, locale, open, write))
      : spoken(script, business, prompt, speech, { ...open, ...questionSlots(business, speech, write) }),
  );
  return compose(speech.returns === true && speech.question === null ? bodies.map(goingBack) : bodies);
}

/** The locale's part of the script. @throws where it has none; boot has refused that */
export function localeOf(script: Script, locale: Locale): ScriptLocale {
  const found = script.locales.get(locale);
  if (found === undefined) throw new Error(`twiml/${script.version}/${locale} is missing.`);
  return found;
}

/** The last verb of an ending, which hangs up or dials the business's person: an agent waits at the other end already. */
function goingBack(ending: string): string {
  const open = ending.replace(/<(Hangup|Dial)\b(?:[^>]*\/>|[^>]*>[^<]*<\/\1>)$/, "");
  if (open === ending) throw new Error("An ending does not end with <Hangup> or <Dial>.");
  return open + RETURN;
}

function spoken(script: Script, business: Business, prompt: Prompt, speech: Speech, own: Slots): string[] {
  const locale = localeOf(script, speech.locale);
  const topics = topicList(business, speech);
  const slots = { ...businessSlots(business, locale), ...own, ...(topics === "" ? {} : { topics }) };
  const body = template(locale, prompt).render(slots);
  if (prompt !== "notice") return [body];
  // Law 3: the whole notice is the prompt and what the jurisdiction adds, never one without the other. That the call is
  // recorded is said first, and again with the notice: nobody is recorded who was not told.
  const told = isRecorded(business, speech.jurisdiction) ? [template(locale, "recording").render(slots)] : [];
  return [...told, body, lawOf(script, locale, speech.jurisdiction).render(slots)];
}

function offer(
  script: Script,
  business: Business,
  offered: Locale,
  open: Slots,
  write: (key: Key) => string,
): string {
  const locale = localeOf(script, offered);
  return template(locale, "language").render({
    ...businessSlots(business, locale),
    ...open,
    first: offered === business.locales[0],
    keys: { language: write(languageKey(business, offered)) },
  });
}

/** A slot without a value is absent: {{#if slot}} is false, and to speak it is an error that the check finds. */
function questionSlots(business: Business, speech: Speech, write: (key: Key) => string): Slots {
  const { question, locale, withheld } = speech;
  const taken = question === null ? [] : Object.entries(keysOf(question, business));
  // Who moves a consent to another number ends the old one with the key that confirms the number, and is told so.
  const change = question?.step === "confirm-number" && question.change;
  return {
    withheld,
    change,
    together: !change && business.ask === "together",
    each: !change && business.ask === "each",
    entering: question?.step === "other-number",
    choosing: question?.step !== "other-number",
    keys: Object.fromEntries(taken.map(([name, key]) => [name, write(key)])),
    ...(question?.step === "topic" ? { topic: topicName(business, question.topic, locale) } : {}),
  };
}

/** The notice names all topics; an ending names those it is about. */
function topicList(business: Business, { prompts, topics, locale }: Speech): string {
  const ids = prompts.includes("notice") ? business.topics.map((topic) => topic.id) : topics;
  const names = ids.map((id) => topicName(business, id, locale));
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}

function template(locale: ScriptLocale, prompt: Prompt) {
  const found = locale.prompts.get(prompt);
  if (found === undefined) throw new Error(`${locale.locale}/${prompt}.xml is missing.`);
  return found;
}

/** What a jurisdiction adds to a notice. @throws where it is not written; boot has refused that */
export function lawOf(script: Script, locale: ScriptLocale, jurisdiction: Jurisdiction) {
  const found = locale.law.get(jurisdiction);
  if (found === undefined) {
    throw new Error(`twiml/${script.version}/${locale.locale}/law/${jurisdiction}.xml is missing.`);
  }
  return found;
}

/** A short key of everything the text depends on. */
function distinct(speech: Speech): string {
  const { prompts, locale, jurisdiction, question, topics, withheld, returns = false } = speech;
  let asked = "";
  if (question?.step === "topic") asked = `${question.topic}/${question.number === null}`;
  if (question?.step === "confirm-number") asked = String(question.change);
  return [prompts, locale, jurisdiction, asked, topics, withheld, returns].join("|");
}
