import Handlebars from "handlebars";
import type { Template } from "./script.ts";
import { elements, wordsOf, type Element } from "./twiml.ts";

/** One thing that is wrong with a script, and where. */
export type Finding = { readonly place: string; readonly message: string };

/** What is wrong with a document before its words are looked at. */
export function checkWellFormed({ file, source, root }: Template): Finding[] {
  try {
    root();
    Handlebars.parse(source);
    return [];
  } catch (error) {
    return [{ place: `twiml/${file}`, message: error instanceof Error ? error.message : String(error) }];
  }
}

/** What no document may hold: logic, and keys or numbers that the flow does not know of. */
export function checkPlain({ file, source, root }: Template): Finding[] {
  const place = `twiml/${file}`;
  return [
    ...logic(source).map((message) => ({ place, message })),
    ...literalDigits(root()).map((text) => ({
      place,
      message: `"${text}" has a digit in it, or a * or #: keys and numbers come from slots`,
    })),
  ];
}

/** Terms are looked for in a document's own words, so that a business's name cannot supply them by luck. */
export function lacks(document: Template | undefined, terms: readonly string[]): Finding[] {
  if (document === undefined) return [];
  const words = ownWords(document);
  return terms
    .filter((term) => !words.includes(fold(term)))
    .map((term) => ({ place: `twiml/${document.file}`, message: `does not say "${term}"` }));
}

export function lacksSlots({ file, source }: Template, slots: readonly string[] = []): Finding[] {
  return slots
    .filter((slot) => !source.includes(`{{${slot}}}`))
    .map((slot) => ({ place: `twiml/${file}`, message: `does not speak {{${slot}}}` }));
}

/** Whether a document says a term. */
export function says(document: Template, term: string): boolean {
  return ownWords(document).includes(fold(term));
}

export function ownWords({ root }: Template): string {
  return fold(withoutSlots(wordsOf(root())));
}

export function fold(text: string): string {
  return text.normalize("NFC").toLocaleLowerCase("und");
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

function withoutSlots(text: string): string {
  return text.replaceAll(/\{\{[^}]*\}\}/g, "");
}
