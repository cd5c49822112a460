import type { Jurisdiction } from "../call/business.ts";
import { ENDINGS, STATEMENTS, type Ending, type Prompt } from "../call/flow.ts";
import type { Approval } from "./approval.ts";
import { checkMessages, checkWords } from "./check-messages.ts";
import {
  checkPlain,
  checkWellFormed,
  fold,
  lacks,
  lacksSlots,
  ownWords,
  says,
  type Finding,
} from "./finding.ts";
import type { Script, ScriptLocale, Template } from "./script.ts";
import { checkShapes } from "./shape.ts";
import type { Element } from "./twiml.ts";

export type { Finding };

/** What Twilio's verbs take; given by the room that knows Twilio. */
export type Verbs = ReadonlyMap<
  string,
  { readonly attributes: ReadonlySet<string>; readonly children: ReadonlySet<string> }
>;

/** Slots that a prompt must speak: what it states would be empty without them. */
const REQUIRED_SLOTS: Partial<Record<Prompt, readonly string[]>> = {
  language: ["keys.language"],
  notice: ["business", "topics"],
  outgoing: ["business"],
  choice: ["lastDigits"],
  topic: ["business", "topic"],
  "confirm-number": ["number"],
  "welcome-back": ["business"],
  granted: ["business", "topics", "reference"],
  refused: ["business", "reference"],
  pending: ["business", "reference"],
  changed: ["business", "reference"],
  revoked: ["business", "reference"],
  agent: ["agent"],
};

/** The same of what a law adds: who is answerable, and where to reach them. */
const REQUIRED_LAW_SLOTS: Partial<Record<Jurisdiction, readonly string[]>> = {
  EU: ["legalName"],
  GB: ["legalName"],
  CA: ["legalName", "postalAddress", "email"],
  AU: ["legalName"],
};

/** Which endings say that something is recorded; the others must never seem to (law 2). */
const SAYS_RECORDED: Readonly<Record<Ending, boolean>> = {
  granted: true,
  refused: true,
  pending: true,
  changed: true,
  revoked: true,
  unchanged: false,
  "no-answer": false,
  agent: false,
  sorry: false,
};
const RECORDED: readonly Prompt[] = ENDINGS.filter((ending) => SAYS_RECORDED[ending]);
const NOT_RECORDED: readonly Prompt[] = [
  // "Recorded" may be a call's audio there; that a choice is recorded stands in endings.
  ...STATEMENTS.filter((statement) => statement !== "notice" && statement !== "recording"),
  ...ENDINGS.filter((ending) => !SAYS_RECORDED[ending]),
];

/** What is wrong with a version in itself, whoever uses it. */
export function checkScript(script: Script, verbs: Verbs): Finding[] {
  const locales = [...script.locales.values()];
  const malformed = locales.flatMap((locale) =>
    [...documents(locale), ...locale.messages.values()].flatMap(checkWellFormed),
  );
  if (malformed.length > 0) return malformed;
  const found = locales.flatMap((locale) => [
    ...documents(locale).flatMap((document) => checkDocument(document, verbs)),
    ...checkShapes(locale),
    ...checkTerms(locale),
    ...checkKeyWords(locale),
    ...checkSlots(locale),
    ...checkMessages(locale),
  ]);
  return [...found, ...checkWords(script)];
}

/** A published script never changes. */
export function checkApproval({ version, digest }: Script, approval: Approval | undefined): Finding[] {
  const place = `twiml/approved.json: ${version}`;
  const approve = `yesline script approve ${version} --by NAME`;
  if (approval === undefined) return [{ place, message: `is not approved; when it is final: ${approve}` }];
  if (approval.digest !== digest) {
    const message = `its files have changed since ${approval.approver} approved it. A published script never changes: restore the files, or copy them to a new version`;
    return [{ place, message }];
  }
  return [];
}

/** A version is spoken from its day on. */
export function checkEffective(
  { version }: Script,
  approval: Approval | undefined,
  today: string,
): Finding[] {
  if (approval === undefined || approval.effective <= today) return [];
  const message = `is not in effect before ${approval.effective}`;
  return [{ place: `twiml/approved.json: ${version}`, message }];
}

function checkDocument(document: Template, verbs: Verbs): Finding[] {
  const place = `twiml/${document.file}`;
  return [
    ...checkPlain(document),
    ...document.root().children.flatMap((child) => checkVerb(child, verbs, place)),
  ];
}

function checkVerb(element: Element, verbs: Verbs, place: string): Finding[] {
  const verb = verbs.get(element.name);
  if (verb === undefined) return [{ place, message: `<${element.name}> is not a verb that Twilio knows` }];
  const attributes = Object.keys(element.attributes).filter((name) => !verb.attributes.has(name));
  const children = element.children.filter((child) => !verb.children.has(child.name));
  return [
    ...attributes.map((name) => ({ place, message: `<${element.name}> has no attribute ${name}` })),
    ...children.map((child) => ({ place, message: `<${element.name}> may not hold <${child.name}>` })),
    ...element.children.flatMap((child) => (children.includes(child) ? [] : checkVerb(child, verbs, place))),
  ];
}

/** Terms are looked for in the prompt's own words, so that a business's name cannot supply them by luck. */
function checkTerms(locale: ScriptLocale): Finding[] {
  const { channel, responsibility, optOut, recorded, recording, notSaved, law } = locale.terms;
  const must = [
    ...lacks(locale.prompts.get("notice"), [...channel, ...responsibility, ...optOut]),
    ...lacks(locale.prompts.get("recording"), recording),
    ...lacks(locale.prompts.get("sorry"), notSaved),
    ...RECORDED.flatMap((prompt) => lacks(locale.prompts.get(prompt), recorded)),
    ...[...locale.law].flatMap(([name, document]) =>
      law[name] === undefined
        ? [{ place: `twiml/${document.file}`, message: `locales.yaml names no terms for ${name}` }]
        : lacks(document, law[name]),
    ),
  ];
  const mustNot = NOT_RECORDED.flatMap((prompt) => {
    const document = locale.prompts.get(prompt);
    const said = document === undefined ? [] : recorded.filter((term) => says(document, term));
    return said.map((term) => ({ place: `twiml/${document?.file}`, message: `must not say "${term}"` }));
  });
  return [...must, ...mustNot];
}

/** A key that is spelled out would be spoken whether the flow takes it or not; only the key after a number is. */
function checkKeyWords(locale: ScriptLocale): Finding[] {
  const { keyWords, hashKey } = locale.terms;
  const said = wordFinder([...keyWords, ...hashKey]);
  const entering = locale.prompts.get("other-number");
  const spelled = documents(locale).flatMap((document) =>
    said(document)
      .filter((word) => document !== entering || !hashKey.includes(word))
      .map((word) => ({
        place: `twiml/${document.file}`,
        message: `spells out the key "${word}": keys and numbers come from slots`,
      })),
  );
  if (entering === undefined || said(entering).some((word) => hashKey.includes(word))) return spelled;
  return [
    ...spelled,
    { place: `twiml/${entering.file}`, message: "does not name the key that ends the number" },
  ];
}

/** Which of the words a document says as whole words; vowel signs belong to a word. */
function wordFinder(words: readonly string[]): (document: Template) => string[] {
  const around = String.raw`[\p{L}\p{M}\p{N}]`;
  const any = words.map((word) => RegExp.escape(fold(word))).join("|");
  const pattern = new RegExp(`(?<!${around})(?:${any})(?!${around})`, "gu");
  return (document) => {
    const found = new Set([...ownWords(document).matchAll(pattern)].map(([word]) => word));
    return words.filter((word) => found.has(fold(word)));
  };
}

function checkSlots(locale: ScriptLocale): Finding[] {
  return [
    ...[...locale.prompts].flatMap(([prompt, document]) => lacksSlots(document, REQUIRED_SLOTS[prompt])),
    ...[...locale.law].flatMap(([name, document]) => lacksSlots(document, REQUIRED_LAW_SLOTS[name])),
  ];
}

function documents(locale: ScriptLocale): Template[] {
  return [...locale.prompts.values(), ...locale.law.values()];
}
