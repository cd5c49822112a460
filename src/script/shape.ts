import type { Locale } from "../call/business.ts";
import { STEPS, type Prompt } from "../call/flow.ts";
import type { Finding } from "./finding.ts";
import type { ScriptLocale, Template } from "./script.ts";
import { elements, type Element } from "./twiml.ts";

/** Verbs that let the call go on to what is spoken next, and take no keys. */
const SPOKEN: ReadonlySet<string> = new Set(["Say", "Pause", "Play"]);

const QUESTIONS: ReadonlySet<Prompt> = new Set(STEPS);
const MUST_BE_HEARD: ReadonlySet<Prompt> = new Set(["notice", "outgoing", "recording"]);
const ASIDES: ReadonlySet<Prompt> = new Set(["wrong-key", "silence"]);

/** What every question's Gather has, or silence and keys would go elsewhere than to the flow. */
const GATHER: Readonly<Record<string, string>> = {
  action: "{{action}}",
  method: "POST",
  input: "dtmf",
  actionOnEmptyResult: "true",
};
/** One key is an answer, also # and *; a number is over at the #. */
const ONE_KEY: Readonly<Record<string, string>> = { numDigits: "1", finishOnKey: "" };
const A_NUMBER: Readonly<Record<string, string>> = { finishOnKey: "#" };

/** A number of fifteen digits after 00, and a key over; not so many that a stuck key goes on for ever. */
const NUMBER_DIGITS = { least: 16, most: 20 };
const TIMEOUT_SECONDS = { least: 3, most: 30 };

/**
 * What kind of document each is. Law 3: what must be heard stands outside a Gather, so that no key can cut it short,
 * depends on nothing, and is in the caller's language.
 */
export function checkShapes({ locale, prompts, law }: ScriptLocale): Finding[] {
  return [
    ...[...prompts].flatMap(([prompt, document]) => checkShape(prompt, document, locale)),
    ...[...law.values()].flatMap((document) => checkShape("notice", document, locale)),
  ];
}

/** A statement must be heard whole; an aside comes before a question and may fit its words to it. */
type Kind = "question" | "statement" | "aside" | "ending";

function kindOf(prompt: Prompt): Kind {
  if (QUESTIONS.has(prompt)) return "question";
  if (ASIDES.has(prompt)) return "aside";
  return MUST_BE_HEARD.has(prompt) ? "statement" : "ending";
}

function checkShape(prompt: Prompt, { file, source, ...document }: Template, locale: Locale): Finding[] {
  const root = document.root();
  const kind = kindOf(prompt);
  const looping = [...elements(root)].filter(
    ({ name, attributes }) => name === "Say" && "loop" in attributes,
  );
  const foreign = [...elements(root)].filter(
    ({ name, attributes }) => name === "Say" && attributes["language"] !== locale,
  );
  return [
    ...(kind === "question" ? asks(prompt, root) : tells(kind, root, source)),
    ...(kind === "ending" ? ends(prompt, root) : []),
    ...looping.map(() => "has a Say with loop: it is spoken once"),
    ...foreign.map(() => `has a Say whose language is not ${locale}`),
  ].map((message) => ({ place: `twiml/${file}`, message }));
}

function asks(prompt: Prompt, { children: [gather, ...more] }: Element): string[] {
  if (gather?.name !== "Gather" || more.length > 0) return ["must be one <Gather>, and nothing beside it"];
  const number = prompt === "other-number";
  const fixed = { ...GATHER, ...(number ? A_NUMBER : ONE_KEY) };
  return [
    ...Object.entries(fixed)
      .filter(([name, value]) => gather.attributes[name] !== value)
      .map(([name, value]) => `its <Gather> must have ${name}="${value}"`),
    ...(number ? outside(gather, "numDigits", NUMBER_DIGITS) : []),
    ...outside(gather, "timeout", TIMEOUT_SECONDS),
  ];
}

function outside({ attributes }: Element, name: string, { least, most }: typeof TIMEOUT_SECONDS): string[] {
  const value = attributes[name] ?? "";
  if (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most) return [];
  return [`its <Gather> must have ${name} between ${least} and ${most}`];
}

/** No call stays open after its last words. */
function ends(prompt: Prompt, { children }: Element): string[] {
  const last = prompt === "agent" ? "Dial" : "Hangup";
  return children.at(-1)?.name === last ? [] : [`must end with <${last}>`];
}

function tells(kind: Kind, root: Element, source: string): string[] {
  const told = kind === "ending" ? root.children.slice(0, -1) : root.children;
  const wrong = told.filter(({ name }) => !SPOKEN.has(name));
  return [
    ...wrong.map(({ name }) => `may not hold <${name}>: it is only spoken`),
    ...(kind !== "aside" && source.includes("{{#")
      ? ["may not leave a part out: it has no {{#if slot}}"]
      : []),
  ];
}
