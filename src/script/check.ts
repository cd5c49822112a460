import Handlebars from "handlebars";
import type { Jurisdiction } from "../call/business.ts";
import { ENDINGS, STATEMENTS, type Ending, type Prompt } from "../call/flow.ts";
import type { Approval } from "./approval.ts";
import type { Script, ScriptLocale, Template } from "./script.ts";
import { checkShapes } from "./shape.ts";
import { elements, wordsOf, type Element } from "./twiml.ts";

/** One thing that is wrong with a script, and where. */
export type Finding = { readonly place: string; readonly message: string };

/** What Twilio's verbs take; given by the room that knows Twilio. */
export type Verbs = ReadonlyMap<
  string,
  { readonly attributes: ReadonlySet<string>; readonly children: ReadonlySet<string> }
>;

/** Slots that a prompt must speak: what it states would be empty without them. */
const REQUIRED_SLOTS: Partial<Record<Prompt, readonly string[]>> = {
  language: ["keys.language"],
  notice: ["business", "topics"],
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
  ...STATEMENTS.filter((statement) => statement !== "notice"),
  ...ENDINGS.filter((ending) => !SAYS_RECORDED[ending]),
];

/** What is wrong with a version in itself, whoever uses it. */
export function checkScript(script: Script, verbs: Verbs): Finding[] {
  const locales = [...script.locales.values()];
  const malformed = locales.flatMap((locale) => documents(locale).flatMap(checkWellFormed));
  if (malformed.length > 0) return malformed;
  return locales.flatMap((locale) => [
    ...documents(locale).flatMap((document) => checkDocument(document, verbs)),
    ...checkShapes(locale),
    ...checkTerms(locale),
    ...checkKeyWords(locale),
    ...checkSlots(locale),
  ]);
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

function checkWellFormed({ file, source, root }: Template): Finding[] {
  try {
    root();
    Handlebars.parse(source);
    return [];
  } catch (error) {
    return [{ place: `twiml/${file}`, message: error instanceof Error ? error.message : String(error) }];
  }
}

function checkDocument({ file, source, ...document }: Template, verbs: Verbs): Finding[] {
  const place = `twiml/${file}`;
  const root = document.root();
  return [
    ...logic(source).map((message) => ({ place, message })),
    ...root.children.flatMap((child) => checkVerb(child, verbs, place)),
    ...literalDigits(root).map((text) => ({
      place,
      message: `"${text}" has a digit in it, or a * or #: keys and numbers come from slots`,
    })),
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

/** Only `{{slot}}` and `{{#if slot}}`: logic belongs to the flow. */
function logic(source: string): string[] {
  return statements(Handlebars.parse(source)).flatMap((statement) => {
    if (statement.type === "ContentStatement" || statement.type === "CommentStatement") return [];
    if (statement.type === "MustacheStatement") {
      const mustache = statement as hbs.AST.MustacheStatement;
      return mustache.params.length === 0 && mustache.escaped ? [] : ["a slot is {{name}} and nothing more"];
    }
    const block = statement as hbs.AST.BlockStatement;
    const plain =
      block.type === "BlockStatement" && block.path.original === "if" && block.inverse === undefined;
    return plain ? [] : ["only {{slot}} and {{#if slot}} may stand in a prompt"];
  });
}

function statements(program: hbs.AST.Program): hbs.AST.Statement[] {
  return program.body.flatMap((statement) => {
    const inner =
      statement.type === "BlockStatement" ? (statement as hbs.AST.BlockStatement).program : undefined;
    return inner === undefined ? [statement] : [statement, ...statements(inner)];
  });
}

function literalDigits(root: Element): string[] {
  const texts = [...elements(root)].map((element) => withoutSlots(element.text));
  return texts.filter((text) => /[\p{Nd}*#]/u.test(text));
}

/** Terms are looked for in the prompt's own words, so that a business's name cannot supply them by luck. */
function checkTerms(locale: ScriptLocale): Finding[] {
  const { channel, responsibility, optOut, recorded, notSaved, law } = locale.terms;
  const must = [
    ...lacks(locale.prompts.get("notice"), [...channel, ...responsibility, ...optOut]),
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
    const said =
      document === undefined ? [] : recorded.filter((term) => ownWords(document).includes(fold(term)));
    return said.map((term) => ({ place: `twiml/${document?.file}`, message: `must not say "${term}"` }));
  });
  return [...must, ...mustNot];
}

function lacks(document: Template | undefined, terms: readonly string[]): Finding[] {
  if (document === undefined) return [];
  const words = ownWords(document);
  return terms
    .filter((term) => !words.includes(fold(term)))
    .map((term) => ({ place: `twiml/${document.file}`, message: `does not say "${term}"` }));
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

function lacksSlots({ file, source }: Template, slots: readonly string[] = []): Finding[] {
  return slots
    .filter((slot) => !source.includes(`{{${slot}}}`))
    .map((slot) => ({ place: `twiml/${file}`, message: `does not speak {{${slot}}}` }));
}

function documents(locale: ScriptLocale): Template[] {
  return [...locale.prompts.values(), ...locale.law.values()];
}

function ownWords({ root }: Template): string {
  return fold(withoutSlots(wordsOf(root())));
}

function withoutSlots(text: string): string {
  return text.replaceAll(/\{\{[^}]*\}\}/g, "");
}

function fold(text: string): string {
  return text.normalize("NFC").toLocaleLowerCase("und");
}
