import { JURISDICTIONS, type Business, type Jurisdiction, type Locale } from "../call/business.ts";
import { ENDINGS, keysOf, languageKey, STATEMENTS, type Prompt, type Question } from "../call/flow.ts";
import type { Key } from "../call/keypress.ts";
import { isRecorded } from "../call/recording.ts";
import { checkWriting } from "./check-messages.ts";
import type { Finding } from "./finding.ts";
import type { OpenSlot, Script, ScriptLocale } from "./script.ts";
import { localeOf, speechTwiml, type Speech } from "./speak.ts";
import { elements, MAX_DOCUMENT_BYTES, parseTwiml, wordsOf, type Element } from "./twiml.ts";

/**
 * Seconds of speech at a normal pace, so that a caller who agrees is done in under a minute. The language question
 * holds an offer for each locale.
 */
const SECONDS: Partial<Record<Prompt, number>> = { notice: 30, choice: 20, language: 20 };
const SECONDS_OTHERWISE = 12;
/** Longer for a notice that begins with the word that the call is recorded. */
const SECONDS_OF_RECORDING = 6;
const SECONDS_A_SPACED_DIGIT = 0.35;

/** Characters in one Say, by the voice's maker (Twilio error 13521). */
const SAY_LIMITS: readonly [RegExp, number][] = [
  [/^Polly\./, 3_000],
  [/^Google\./, 5_000],
  [/^/, 4_096],
];

/** What keeps a business from using its script. */
export function checkBusiness(script: Script | undefined, business: Business): Finding[] {
  if (script === undefined) {
    return [{ place: `twiml/${business.script}`, message: `is missing: ${business.id} asks for it` }];
  }
  return business.locales.flatMap((name) => {
    const place = `twiml/${script.version}/${name}`;
    const locale = script.locales.get(name);
    if (locale === undefined) return [{ place, message: `is missing: ${business.id} speaks ${name}` }];
    const laws = jurisdictionsOf(business, locale);
    const missing = laws.filter((law) => !locale.law.has(law));
    if (missing.length > 0) {
      return missing.map((law) => ({
        place: `${place}/law/${law}.xml`,
        message: `is missing: ${business.id} needs it`,
      }));
    }
    return laws.flatMap((law) => [
      ...checkSpeeches(script, business, name, law),
      ...checkWriting(script, business, name, law),
    ]);
  });
}

/** Estimated seconds to speak a document, each Say at its own language's pace. */
export function speakingSeconds(script: Script, root: Element): number {
  let seconds = 0;
  for (const { name, attributes, text } of elements(root)) {
    if (name === "Pause") seconds += Number(attributes["length"] ?? 1);
    if (name !== "Say") continue;
    const pace = localeOf(script, attributes["language"] as Locale).charactersPerSecond;
    const digits = text.match(/(?<!\S)\d(?!\d)/g)?.length ?? 0;
    seconds += (codePoints(text) - 2 * digits) / pace + digits * SECONDS_A_SPACED_DIGIT;
  }
  return seconds;
}

/** The jurisdictions a caller of this business may meet in a locale. */
export function jurisdictionsOf(business: Business, locale: ScriptLocale): readonly Jurisdiction[] {
  if (business.jurisdiction !== "caller") return [business.jurisdiction];
  return JURISDICTIONS.filter((name) => name === "EU" || locale.law.has(name));
}

/** Every question that this business's flow can ask, once for each form of words it takes. */
export function questionsOf(business: Business): readonly Question[] {
  const number = business.lines[0];
  const topics = business.topics.flatMap(({ id }): Question[] => [
    { step: "topic", attempt: 1, topic: id, agreed: [], number: null },
    { step: "topic", attempt: 1, topic: id, agreed: [], number },
  ]);
  return [
    ...(business.locales.length > 1 ? [LANGUAGE] : []),
    ...(business.ask === "together" ? [CHOICE] : topics),
    ENTERING,
    { step: "confirm-number", attempt: 1, change: false, number },
    { step: "confirm-number", attempt: 1, change: true, number },
    { step: "welcome-back", attempt: 1 },
  ];
}

/** Speaks everything this business can say in a locale, and looks at keys, sizes and seconds. */
function checkSpeeches(
  script: Script,
  business: Business,
  locale: Locale,
  jurisdiction: Jurisdiction,
): Finding[] {
  const topics = business.topics.map((topic) => topic.id);
  const plain = { locale, jurisdiction, topics: [], withheld: true } as const;
  const asked = questionsOf(business).map((question): Speech => ({
    ...plain,
    prompts: [question.step],
    question,
  }));
  const told = TOLD.filter((prompt) => prompt !== "agent" || business.agent !== null).map(
    (prompt): Speech => ({
      ...plain,
      prompts: [prompt],
      question: null,
      topics: NAMES_TOPICS.has(prompt) ? topics : [],
    }),
  );
  const unusable: Speech = { ...plain, prompts: ["wrong-key"], question: ENTERING };
  return [...asked, ...told, unusable].flatMap((speech) => checkSpeech(script, business, speech));
}

const TOLD: readonly Prompt[] = [...STATEMENTS, ...ENDINGS];

const LANGUAGE: Question = { step: "language", attempt: 1 };
const CHOICE: Question = { step: "choice", attempt: 1 };

/** A wrong key where a number is keyed in has words of its own. */
export const ENTERING: Question = { step: "other-number", attempt: 1, change: false };

/** Endings that the flow gives topics to name. */
const NAMES_TOPICS: ReadonlySet<Prompt> = new Set(["granted", "pending", "changed"]);

/** The longest of what belongs to one call, as far as every call has it when the prompt is spoken. */
function openSlots({ prompts: [prompt], question }: Speech): Partial<Record<OpenSlot, string>> {
  return {
    reference: "1 2 3 4 5 6",
    ...(question === null ? {} : { action: "/" }),
    ...(prompt === "choice" ? { lastDigits: "0 1 2 3" } : {}),
    ...(prompt === "confirm-number" ? { number: "4 9 1 5 1 2 3 4 5 6 7 8 9" } : {}),
  };
}

function checkSpeech(script: Script, business: Business, speech: Speech): Finding[] {
  const [prompt] = speech.prompts as readonly [Prompt];
  const law = prompt === "notice" ? ` with law/${speech.jurisdiction}.xml` : "";
  const place = `twiml/${script.version}/${speech.locale}/${prompt}.xml${law}, for ${business.id}`;
  const found = (message: string): Finding => ({ place, message });
  let root: Element;
  let document: string;
  let seconds: number;
  try {
    document = speechTwiml(script, business, speech, openSlots(speech));
    root = parseTwiml(document);
    seconds = speakingSeconds(script, root);
  } catch (error) {
    return [found(error instanceof Error ? error.message : String(error))];
  }
  const isAnnounced = prompt === "notice" && isRecorded(business, speech.jurisdiction);
  const limit = (SECONDS[prompt] ?? SECONDS_OTHERWISE) + (isAnnounced ? SECONDS_OF_RECORDING : 0);
  const long = [...elements(root)].filter(
    (element) => element.name === "Say" && element.text.length > sayLimit(element),
  );
  return [
    ...(seconds > limit ? [found(`takes about ${seconds.toFixed(1)} s to say; at most ${limit} s`)] : []),
    ...(Buffer.byteLength(document) >= MAX_DOCUMENT_BYTES ? [found("is 64 kB or more")] : []),
    ...long.map((say) => found(`has a Say of ${say.text.length} characters, more than its voice takes`)),
    ...checkKeys(script, business, speech).map(found),
  ];
}

/** Every key that the flow takes is spoken. No other can be: its slot has no value, and digits come from slots. */
function checkKeys(script: Script, business: Business, speech: Speech): string[] {
  const document = speechTwiml(script, business, speech, openSlots(speech), (key) => `⟦${key}⟧`);
  const marked = wordsOf(parseTwiml(document));
  const spoken = new Set([...marked.matchAll(/⟦(.)⟧/gu)].map((match) => match[1] as Key));
  const taken = speech.prompts.includes(speech.question?.step ?? "notice") ? speech.question : null;
  const silent = takenKeys(business, taken).filter((key) => !spoken.has(key));
  return silent.map((key) => `does not speak key ${key}, which the flow takes`);
}

function takenKeys(business: Business, question: Question | null): Key[] {
  if (question === null) return [];
  if (question.step === "language") return business.locales.map((locale) => languageKey(business, locale));
  return Object.values(keysOf(question, business));
}

function sayLimit({ attributes }: Element): number {
  return SAY_LIMITS.find(([maker]) => maker.test(attributes["voice"] ?? ""))?.[1] ?? 0;
}

/** Astral characters count once. */
function codePoints(text: string): number {
  return Array.from(text).length;
}
