import { topicName, type Business, type Jurisdiction, type Locale } from "../call/business.ts";
import type { Meaning } from "../call/intent.ts";
import type { OutPurpose } from "../call/reply.ts";
import { businessSlots, compose, rendered, type Rendered, type Script, type ScriptLocale } from "./script.ts";
import { lawOf, localeOf } from "./speak.ts";
import { parseTwiml, wordsOf } from "./twiml.ts";

/** A message of ours, apart from whom it goes to. */
export type Writing = {
  readonly purpose: OutPurpose;
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly topics: readonly string[];
};

/** So many texts are kept ready for each business; the distinct ones are far fewer. */
const MAX_KEPT = 500;

/** Writes a script's messages for a business. Each distinct text is rendered once; `words` of it is the body. */
export function writer(script: Script, business: Business) {
  const kept = new Map<string, Rendered>();
  return (writing: Writing): Rendered => {
    const { purpose, locale, jurisdiction, topics } = writing;
    const key = [purpose, locale, jurisdiction, topics].join("|");
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= MAX_KEPT) kept.clear();
    const text = rendered(messageTwiml(script, business, writing));
    kept.set(key, text);
    return text;
  };
}

/** One writer for each business and script, so that what it has written stays ready. @throws for a script that is not there */
export function writers(scripts: ReadonlyMap<string, Script>) {
  const kept = new Map<string, ReturnType<typeof writer>>();
  return (
    business: Business,
    { script: version, ...writing }: Writing & { readonly script: string },
  ): Rendered => {
    const key = `${business.id}/${version}`;
    const script = scripts.get(version);
    if (script === undefined) throw new Error(`Script ${version} is not loaded.`);
    const write = kept.get(key) ?? writer(script, business);
    kept.set(key, write);
    return write(writing);
  };
}

/** Topics as a message names them: the second variable of a template; the business's name is the first. */
export function topicNames(business: Business, topics: readonly string[], locale: Locale): string {
  const names = topics.map((id) => topicName(business, id, locale));
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}

/** What stands in place of the values that a template takes as variables. */
export type Variables = { readonly business: string; readonly topics: string };

/** The document with all slots filled. */
export function messageTwiml(
  script: Script,
  business: Business,
  { purpose, locale, jurisdiction, topics }: Writing,
  variables: Variables = { business: business.name, topics: topicNames(business, topics, locale) },
): string {
  const about = localeOf(script, locale);
  const template = about.messages.get(purpose);
  if (template === undefined) throw new Error(`${locale}/whatsapp/${purpose}.xml is missing.`);
  // A message about nothing is a mistake that the slot without a value brings to light.
  const { topics: named, ...rest } = variables;
  const slots = {
    ...businessSlots(business, about),
    ...rest,
    ...(named === "" ? {} : { topics: named }),
    words: namedWords(about),
  };
  // Law 3: the whole notice is the message and what the jurisdiction adds, never one without the other.
  const law = template.source.includes("{{law}}")
    ? { law: asOneLine(lawOf(script, about, jurisdiction).render(slots)) }
    : {};
  return compose([template.render({ ...slots, ...law })]);
}

/** The word of each meaning that our messages ask for; whatever is asked for is understood. */
export function namedWords({ locale, words }: ScriptLocale): Readonly<Record<Meaning, string>> {
  const named = Object.entries(words).map(([meaning, [first = ""]]) => [
    meaning,
    first.toLocaleUpperCase(locale),
  ]);
  return Object.fromEntries(named) as Record<Meaning, string>;
}

/** What a voice would speak, one sentence behind the other. */
function asOneLine(law: string): string {
  return wordsOf(parseTwiml(compose([law]))).replaceAll("\n", " ");
}
