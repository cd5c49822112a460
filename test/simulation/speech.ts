import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LOCALES, type Locale } from "../../src/call/business.ts";
import { TWIML_FOLDER } from "../../src/config.ts";

/** Last words of a call that this world tells apart. The first five say that something was recorded. */
const ENDINGS = [
  "granted",
  "refused",
  "pending",
  "changed",
  "revoked",
  "unchanged",
  "no-answer",
  "sorry",
] as const;
type Ending = (typeof ENDINGS)[number];

/** What a person hears, told by the words in `twiml/` alone: no code of the line's is asked. */
export type Spoken = {
  readonly ending: Ending | "other" | null;
  /** The languages in which the whole notice was spoken, before any question. */
  readonly notices: readonly Locale[];
  /** Where the answer goes; null where the call ends. */
  readonly action: string | null;
  /** A number that was read back. */
  readonly number: string | null;
};

type Sentence = { readonly locale: Locale; readonly pieces: readonly string[] };

/** @param version of the script that is spoken */
export function listenerFor(version: string): (twiml: string) => Spoken {
  const read = (name: string) => LOCALES.map((locale) => sentencesOf(version, locale, name));
  const notices = read("notice");
  const endings = ENDINGS.map((ending) => ({ ending, spoken: read(ending) }));

  return (twiml) => {
    const words = said(twiml);
    const first = said(twiml.split("<Gather")[0] ?? "");
    const action = /<Gather[^>]* action="([^"]*)"/.exec(twiml)?.[1];
    const has = (text: string) => (sentence: Sentence) =>
      sentence.pieces.every((piece) => text.includes(piece));
    const ending =
      endings.find(({ spoken }) => spoken.some(has(words)))?.ending ??
      (twiml.includes("<Gather") ? null : "other");
    const number = /(?:\d ){6,}\d/.exec(words)?.[0].replaceAll(" ", "");
    return {
      ending: action === undefined ? ending : null,
      notices: notices.filter(has(first)).map(({ locale }) => locale),
      action: action === undefined ? null : plain(action),
      number: number === undefined || action === undefined ? null : `+${number}`,
    };
  };
}

/** What of a prompt is the same in each call: between the slots, and outside of what is said only sometimes. */
function sentencesOf(version: string, locale: Locale, name: string): Sentence {
  const text = readFileSync(join(TWIML_FOLDER, version, locale, `${name}.xml`), "utf8");
  const always = text.replaceAll(/\{\{#if[\s\S]*?\{\{\/if\}\}/g, "");
  const pieces = said(always)
    .split(/\{\{[^}]*\}\}|\n/)
    .map((piece) => piece.trim())
    .filter((piece) => piece.length > 3);
  if (pieces.length === 0) throw new Error(`${locale}/${name} has no words of its own.`);
  return { locale, pieces };
}

function said(twiml: string): string {
  return [...twiml.matchAll(/<Say[^>]*>([^<]*)<\/Say>/g)].map(([, text = ""]) => plain(text)).join("\n");
}

function plain(text: string): string {
  return text
    .replaceAll(/&#x([0-9a-fA-F]+);/g, (_, digits: string) =>
      String.fromCodePoint(Number.parseInt(digits, 16)),
    )
    .replaceAll(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
