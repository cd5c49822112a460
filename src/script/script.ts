import { createHash } from "node:crypto";
import Handlebars from "handlebars";
import type { Business, Jurisdiction, Locale } from "../call/business.ts";
import type { Prompt } from "../call/flow.ts";
import type { Words } from "../call/intent.ts";
import type { OutPurpose } from "../call/reply.ts";
import { ScriptError } from "./approval.ts";
import { parseTwiml, wordsOf, type Element } from "./twiml.ts";

/** One immutable, dated version of all prompts. Law 9: code names prompts, it never words them. */
export type Script = {
  readonly version: string;
  /** SHA-256 over every file of the version, hex. */
  readonly digest: string;
  readonly locales: ReadonlyMap<Locale, ScriptLocale>;
};

export type ScriptLocale = {
  readonly locale: Locale;
  /** The language's own name. */
  readonly name: string;
  /** The voice that speaks where the business has chosen none. */
  readonly voice: string;
  /** Normal pace, in code points. */
  readonly charactersPerSecond: number;
  readonly terms: Terms;
  readonly prompts: ReadonlyMap<Prompt, Template>;
  readonly law: ReadonlyMap<Jurisdiction, Template>;
  /** What people may write to us on WhatsApp, and what we write to them. */
  readonly words: Words;
  readonly messages: ReadonlyMap<OutPurpose, Template>;
};

/**
 * Words that must occur, so that no statement can be lost unnoticed; and `keyWords`, which must not: keys come from
 * slots. `hashKey` names the key that ends a number.
 */
export type Terms = {
  readonly channel: readonly string[];
  readonly responsibility: readonly string[];
  readonly optOut: readonly string[];
  readonly recorded: readonly string[];
  readonly recording: readonly string[];
  readonly notSaved: readonly string[];
  readonly keyWords: readonly string[];
  readonly hashKey: readonly string[];
  readonly law: Readonly<Partial<Record<Jurisdiction, readonly string[]>>>;
  /** The same of what is written; `named`: that someone else gave the number. */
  readonly messages: {
    readonly channel: readonly string[];
    readonly named: readonly string[];
    readonly optOut: readonly string[];
  };
};

export type Template = {
  /** Where it stands, for messages: `2026-11-22/en-US/notice.xml`. */
  readonly file: string;
  readonly source: string;
  /** The document as it stands, slots and all; read once. @throws where it is not well-formed */
  readonly root: () => Element;
  /** What stands inside the Response, with the slots filled. @throws for a slot without a value */
  readonly render: (slots: Slots) => string;
};

/** Values by name; a value that is false or "" leaves out the part that depends on it. */
export type Slots = { readonly [name: string]: string | boolean | Readonly<Record<string, string>> };

/**
 * Slots that belong to one call. They stay open in the text that is kept, so that nothing personal is in it and few
 * distinct texts exist; `fillOpen` fills them in the answer.
 */
export const OPEN_SLOTS = ["action", "lastDigits", "number", "reference", "returnUrl"] as const;
export type OpenSlot = (typeof OPEN_SLOTS)[number];

/** A text as it is kept and served. */
export type Rendered = {
  readonly twiml: string;
  readonly words: string;
  readonly digest: string;
  readonly wordsDigest: string;
};

/** Compiles a prompt: a TwiML document with Handlebars slots; nothing but `{{slot}}` and `{{#if slot}}`. */
export function template(file: string, source: string): Template {
  let root: Element | undefined;
  const inner = /^\s*<Response>([\s\S]*)<\/Response>\s*$/.exec(source)?.[1];
  if (inner === undefined) throw new ScriptError(`${file}: the root element is not <Response>`);
  const compact = inner
    .replaceAll(/>\s+</g, "><")
    // A message keeps its lines; a voice does not mind them.
    .replaceAll(/[ \t]*[\r\n]+[ \t]*/g, "\n")
    .replaceAll(/[ \t]+/g, " ")
    .trim();
  const compiled = Handlebars.compile<Slots>(compact, {
    strict: true,
    knownHelpersOnly: true,
    // Handlebars escapes for HTML; see escaped().
    noEscape: true,
  });
  return {
    file,
    source,
    root: () => (root ??= parseTwiml(source)),
    render(slots) {
      try {
        // What is left out leaves no trace, so that the text depends on what is spoken only.
        return compiled(escaped(slots)).replaceAll(/>\s+</g, "><").trim();
      } catch (error) {
        throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    },
  };
}

/** One document out of several prompts. Questions that follow each other are one: the languages' offers. */
export function compose(bodies: readonly string[]): string {
  const joined = bodies.join("").replaceAll(/<\/Gather>\s*<Gather [^>]*>/g, "");
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${joined}</Response>`;
}

/** The text as it is kept: its words and the digests by which it is found again. */
export function rendered(twiml: string): Rendered {
  const words = wordsOf(parseTwiml(twiml));
  return { twiml, words, digest: sha256(twiml), wordsDigest: sha256(words) };
}

/** Fills what belongs to this call, escaped for XML. @throws for an open slot without a value */
export function fillOpen(twiml: string, values: Partial<Record<OpenSlot, string>>): string {
  return twiml.replaceAll(OPEN_SLOT, (_, slot: OpenSlot) => {
    const value = values[slot];
    if (value === undefined) throw new Error(`The slot {{${slot}}} has no value.`);
    return escapeXml(value);
  });
}

/** Each open slot as itself, for a text that is to be kept. */
export const LEFT_OPEN: Readonly<Record<OpenSlot, string>> = {
  action: "{{action}}",
  lastDigits: "{{lastDigits}}",
  number: "{{number}}",
  reference: "{{reference}}",
  returnUrl: "{{returnUrl}}",
};

/** The slots that a business fills, in one of its locales. */
export function businessSlots(business: Business, locale: ScriptLocale) {
  return {
    business: business.name,
    legalName: business.legalName,
    postalAddress: business.contact.postalAddress,
    email: business.contact.email,
    voice: business.voices[locale.locale] ?? locale.voice,
    ...(business.agent === null ? {} : { agent: business.agent }),
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escaped(slots: Slots): Slots {
  return Object.fromEntries(
    Object.entries(slots).map(([name, value]) => {
      if (typeof value === "boolean") return [name, value];
      return [name, typeof value === "string" ? escapeXml(value) : (escaped(value) as typeof value)];
    }),
  );
}

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const OPEN_SLOT = new RegExp(`\\{\\{(${OPEN_SLOTS.join("|")})\\}\\}`, "g");

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
