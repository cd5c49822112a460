import type { Locale } from "../call/business.ts";
import { STEPS, type Prompt } from "../call/flow.ts";
import type { Finding } from "./check.ts";
import type { ScriptLocale, Template } from "./script.ts";
import { elements, parseTwiml, type Element } from "./twiml.ts";

/** Verbs that let the call go on to what is spoken next, and take no keys. */
const SPOKEN: ReadonlySet<string> = new Set(["Say", "Pause", "Play"]);

const QUESTIONS: ReadonlySet<Prompt> = new Set(STEPS);
const ASIDES: ReadonlySet<Prompt> = new Set(["wrong-key", "silence"]);

/**
 * What kind of document each is. Law 3: what must be heard stands outside a Gather, so that no key can cut it short,
 * depends on nothing, and is in the caller's language.
 */
export function checkShapes({ locale, prompts, law }: ScriptLocale): Finding[] {
  return [
    ...[...prompts].flatMap(([prompt, document]) => checkShape(kindOf(prompt), document, locale)),
    ...[...law.values()].flatMap((document) => checkShape("statement", document, locale)),
  ];
}

/** A statement must be heard whole; an aside comes before a question and may fit its words to it. */
type Kind = "question" | "statement" | "aside" | "ending";

function kindOf(prompt: Prompt): Kind {
  if (QUESTIONS.has(prompt)) return "question";
  if (ASIDES.has(prompt)) return "aside";
  return prompt === "notice" ? "statement" : "ending";
}

function checkShape(kind: Kind, { file, source }: Template, locale: Locale): Finding[] {
  const root = parseTwiml(source);
  const foreign = [...elements(root)].filter(
    ({ name, attributes }) => name === "Say" && attributes["language"] !== locale,
  );
  return [
    ...(kind === "question" ? asks(root) : tells(kind, root, source)),
    ...foreign.map(() => `has a Say whose language is not ${locale}`),
  ].map((message) => ({ place: `twiml/${file}`, message }));
}

function asks({ children: [gather, ...more] }: Element): string[] {
  if (gather?.name !== "Gather" || more.length > 0) return ["must be one <Gather>, and nothing beside it"];
  const { action, actionOnEmptyResult } = gather.attributes;
  return [
    ...(action === "{{action}}" ? [] : ['its <Gather> must have action="{{action}}"']),
    ...(actionOnEmptyResult === "true" ? [] : ['its <Gather> must have actionOnEmptyResult="true"']),
  ];
}

function tells(kind: Kind, root: Element, source: string): string[] {
  const wrong = root.children.filter(({ name }) =>
    kind === "ending" ? name === "Gather" || name === "Redirect" : !SPOKEN.has(name),
  );
  return [
    ...wrong.map(({ name }) => `may not hold <${name}>: it is only spoken`),
    ...(kind !== "aside" && source.includes("{{#")
      ? ["may not leave a part out: it has no {{#if slot}}"]
      : []),
  ];
}
