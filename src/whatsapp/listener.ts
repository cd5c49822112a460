import type { Business } from "../call/business.ts";
import { understand, vocabularyOf, type Vocabulary, type Written } from "../call/intent.ts";
import type { Correspondent, Intent } from "../call/reply.ts";
import type { Script } from "../script/script.ts";

/** What a message means, and the language of the word that was understood. */
export type Listened = { readonly intent: Intent } & Pick<Correspondent, "locale">;

/** Understands messages with the words of each business's script, all of its languages at once. */
export function listener(scripts: ReadonlyMap<string, Script>) {
  const kept = new Map<string, Vocabulary>();

  function vocabularyIn(script: Script): Vocabulary {
    const known = kept.get(script.version);
    if (known !== undefined) return known;
    const vocabulary = vocabularyOf(
      [...script.locales].map(([locale, { words }]) => [locale, words] as const),
    );
    kept.set(script.version, vocabulary);
    return vocabulary;
  }

  return (message: Written, business: Business): Listened => {
    const script = scripts.get(business.script);
    if (script === undefined) throw new Error(`Script ${business.script} is not loaded.`);
    return understand(message, business, vocabularyIn(script));
  };
}
