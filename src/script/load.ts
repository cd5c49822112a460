import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { JURISDICTIONS, LOCALES, type Jurisdiction, type Locale } from "../call/business.ts";
import { ENDINGS, STATEMENTS, STEPS, type Prompt } from "../call/flow.ts";
import { OUT_PURPOSES, type OutPurpose } from "../call/reply.ts";
import { readWith, ScriptError } from "./approval.ts";
import { template, type Script, type ScriptLocale, type Template } from "./script.ts";

/** Every document that a locale of a script has. */
export const PROMPTS: readonly Prompt[] = [...STEPS, ...STATEMENTS, ...ENDINGS];

/** A version's folder is named by its date. */
export const VERSION_PATTERN = /^\d{4}-\d{2}-\d{2}$/;

const terms = z.array(z.string().min(1)).min(1);
const localesFile = z.partialRecord(
  z.enum(LOCALES),
  z.strictObject({
    name: z.string().min(1),
    voice: z.string().min(1),
    charactersPerSecond: z.number().min(5).max(30),
    terms: z.strictObject({
      channel: terms,
      responsibility: terms,
      optOut: terms,
      recorded: terms,
      recording: terms,
      notSaved: terms,
      keyWords: terms,
      hashKey: terms,
      law: z.partialRecord(z.enum(JURISDICTIONS), terms),
      messages: z.strictObject({ channel: terms, named: terms, optOut: terms }),
    }),
    words: z.strictObject({
      yes: terms,
      no: terms,
      stop: terms,
      stopAll: terms,
      start: terms,
      help: terms,
      change: terms,
    }),
  }),
);

/** Every version under the folder, by name. */
export function versionsIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => VERSION_PATTERN.test(name));
}

/** The versions named, where they exist. @throws {ScriptError} naming the file that is missing or wrong */
export function loadScripts(folder: string, versions: Iterable<string>): ReadonlyMap<string, Script> {
  const there = new Set(versionsIn(folder)).intersection(new Set(versions));
  return new Map([...there].toSorted().map((version) => [version, loadScript(folder, version)]));
}

/** @throws {ScriptError} naming the file that is missing or wrong */
export function loadScript(folder: string, version: string): Script {
  const file = join(folder, version, "locales.yaml");
  const parsed = localesFile.safeParse(readWith(file, parse));
  if (!parsed.success) throw new ScriptError(`${file}: ${z.prettifyError(parsed.error)}`);
  const locales = LOCALES.flatMap((locale): [Locale, ScriptLocale][] => {
    const about = parsed.data[locale];
    if (about === undefined) return [];
    const prompts = PROMPTS.map((prompt): [Prompt, Template] => [
      prompt,
      read(folder, version, locale, `${prompt}.xml`),
    ]);
    const messages = OUT_PURPOSES.map((purpose): [OutPurpose, Template] => [
      purpose,
      read(folder, version, locale, `whatsapp/${purpose}.xml`),
    ]);
    const law = readLaw(folder, version, locale);
    return [[locale, { locale, ...about, prompts: new Map(prompts), law, messages: new Map(messages) }]];
  });
  return { version, digest: digestOf(folder, version), locales: new Map(locales) };
}

/** SHA-256 over the names and contents of all files of a version, in order of name; hex. */
export function digestOf(folder: string, version: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(join(folder, version), { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name).slice(join(folder, version).length + 1))
    .map((name) => name.replaceAll("\\", "/"))
    .toSorted();
  for (const name of names) {
    const content = readFileSync(join(folder, version, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function readLaw(folder: string, version: string, locale: Locale): ReadonlyMap<Jurisdiction, Template> {
  const written = JURISDICTIONS.filter((name) =>
    existsSync(join(folder, version, locale, "law", `${name}.xml`)),
  );
  return new Map(written.map((name) => [name, read(folder, version, locale, `law/${name}.xml`)]));
}

function read(folder: string, version: string, locale: Locale, name: string): Template {
  const file = `${version}/${locale}/${name}`;
  const path = join(folder, file);
  if (!existsSync(path))
    throw new ScriptError(`${path} is missing: every locale of a script has all prompts.`);
  return template(file, readFileSync(path, "utf8"));
}
