import Handlebars from "handlebars";
import type { Prompt } from "../call/flow.ts";
import type { Approval } from "./approval.ts";
import type { Script, ScriptLocale, Template } from "./script.ts";
import { checkShapes } from "./shape.ts";
import { elements, parseTwiml, wordsOf, type Element } from "./twiml.ts";

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
  revoked: ["business", "reference"],
  agent: ["agent"],
};

/** Prompts that say that something is recorded; and those that must never seem to (law 2). */
export const RECORDED: readonly Prompt[] = ["granted", "refused", "pending", "revoked"];
export const NOT_RECORDED: readonly Prompt[] = ["sorry", "no-answer", "silence", "wrong-key"];

/** What is wrong with a version in itself, whoever uses it. */
export function checkScript(script: Script, verbs: Verbs): Finding[] {
  const locales = [...script.locales.values()];
  const malformed = locales.flatMap((locale) => documents(locale).flatMap(checkWellFormed));
  if (malformed.length > 0) return malformed;
  return locales.flatMap((locale) => [
    ...documents(locale).flatMap((document) => checkDocument(document, verbs)),
    ...checkShapes(locale),
    ...checkTerms(locale),
    ...checkSlots(locale),
  ]);
}

/** A published script never changes. */
export function checkApproval(
  { version, digest }: Script,
  approval: Approval | undefined,
  today: string,
): Finding[] {
  const place = `twiml/approved.json: ${version}`;
  const approve = `yesline script approve ${version} --by NAME`;
  if (approval === undefined) return [{ place, message: `is not approved; when it is final: ${approve}` }];
  if (approval.digest !== digest) {
    const message = `its files have changed since ${approval.approver} approved it. A published script never changes: restore the files, or copy them to a new version`;
    return [{ place, message }];
  }
  return approval.effective > today
    ? [{ place, message: `is not in effect before ${approval.effective}` }]
    : [];
}

function checkWellFormed({ file, source }: Template): Finding[] {
  try {
    parseTwiml(source);
    Handlebars.parse(source);
    return [];
  } catch (error) {
    return [{ place: `twiml/${file}`, message: error instanceof Error ? error.message : String(error) }];
  }
}

function checkDocument({ file, source }: Template, verbs: Verbs): Finding[] {
  const place = `twiml/${file}`;
  const root = parseTwiml(source);
  return [
    ...logic(source).map((message) => ({ place, message })),
    ...root.children.flatMap((child) => checkVerb(child, verbs, place)),
    ...literalDigits(root).map((text) => ({
      place,
      message: `"${text}" has a digit in it: keys and numbers come from slots`,
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
  return texts.filter((text) => /\p{Nd}/u.test(text));
}

/** Terms are looked for in the prompt's own words, so that a business's name cannot supply them by luck. */
function checkTerms(locale: ScriptLocale): Finding[] {
  const { channel, responsibility, optOut, recorded, law } = locale.terms;
  const must = [
    ...lacks(locale.prompts.get("notice"), [...channel, ...responsibility, ...optOut]),
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

function checkSlots(locale: ScriptLocale): Finding[] {
  return [...locale.prompts].flatMap(([prompt, { file, source }]) =>
    (REQUIRED_SLOTS[prompt] ?? [])
      .filter((slot) => !source.includes(`{{${slot}}}`))
      .map((slot) => ({ place: `twiml/${file}`, message: `does not speak {{${slot}}}` })),
  );
}

function documents(locale: ScriptLocale): Template[] {
  return [...locale.prompts.values(), ...locale.law.values()];
}

function ownWords({ source }: Template): string {
  return fold(withoutSlots(wordsOf(parseTwiml(source))));
}

function withoutSlots(text: string): string {
  return text.replaceAll(/\{\{[^}]*\}\}/g, "");
}

function fold(text: string): string {
  return text.normalize("NFC").toLocaleLowerCase("und");
}
