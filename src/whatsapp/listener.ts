import type { Business } from "../call/business.ts";
import { understand, vocabularyOf, type Vocabulary, type Written } from "../call/intent.ts";
import { reply, type Conversation, type Intent, type Reply } from "../call/reply.ts";
import type { E164 } from "../call/phone-number.ts";
import type { Script } from "../script/script.ts";

/** What a message means, and what comes of it in the light of what stands. */
export type Listened = { readonly intent: Intent; readonly decide: (conversation: Conversation) => Reply };

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

  return (message: Written & { readonly from: E164 }, business: Business): Listened => {
    const script = scripts.get(business.script);
    if (script === undefined) throw new Error(`Script ${business.script} is not loaded.`);
    const { intent, locale } = understand(message, business, vocabularyIn(script));
    const correspondent = { business, number: message.from, locale };
    return { intent, decide: (conversation) => reply(intent, conversation, correspondent) };
  };
}
