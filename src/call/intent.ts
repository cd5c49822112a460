import type { Business, Locale } from "./business.ts";
import { subscriberNumber } from "./phone-number.ts";
import type { Intent } from "./reply.ts";

/**
 * What a person meant by a message. Whole messages are understood, never words picked out of a sentence: "please stop
 * by tomorrow" is a supervisor's to read.
 *
 * Law 1, for messages: only a word or a button that says yes, and nothing beside it, is a yes.
 */

/** What a word may mean; each is a list in a script's locales.yaml. `stopAll` names every topic. */
export const MEANINGS = ["yes", "no", "stop", "stopAll", "start", "help", "change"] as const;
export type Meaning = (typeof MEANINGS)[number];

/** The words of one locale. The first of each list is the one that our own messages name. */
export type Words = Readonly<Record<Meaning, readonly string[]>>;

/** "Stop words to accept in messages, in any case and with punctuation" (WhatsApp's policy), whatever a script says. */
export const POLICY_STOP_WORDS: readonly string[] =
  "STOP,STOPALL,QUIT,END,REVOKE,OPT OUT,OPTOUT,CANCEL,UNSUBSCRIBE,PARE,PARAR,SAIR,BAJA,ALTO,ARRÊT,STOPP,ABMELDEN,AFMELDEN,रोकें".split(
    ",",
  );

/** Every word that is understood, folded. In one script a word means one thing, whatever the language. */
export type Vocabulary = ReadonlyMap<string, Understood>;
type Understood = { readonly meaning: Meaning; readonly locales: readonly Locale[] };

/** A message, as far as it is read for its meaning. */
export type Written = {
  readonly body: string;
  readonly buttonText: string | null;
  readonly payload: string | null;
  /** Only where Twilio's own opt-out handling is on for the sender. */
  readonly optOutType: "STOP" | "START" | "HELP" | null;
};

/** The intent, and the language of the word that said it where the word belongs to one alone. */
export type Heard = { readonly intent: Intent; readonly locale: Locale | null };

/** @throws for a word that means two things; the script's check names it before */
export function vocabularyOf(words: Iterable<readonly [Locale, Words]>): Vocabulary {
  const vocabulary = new Map<string, Understood>();
  for (const word of POLICY_STOP_WORDS) vocabulary.set(folded(word), { meaning: "stop", locales: [] });
  for (const [locale, lists] of words) {
    for (const meaning of MEANINGS) {
      for (const word of lists[meaning]) {
        const known = vocabulary.get(folded(word));
        if (known !== undefined && !agrees(known.meaning, meaning))
          throw new Error(`"${word}" means ${known.meaning} and ${meaning}.`);
        vocabulary.set(folded(word), { meaning, locales: [...(known?.locales ?? []), locale] });
      }
    }
  }
  return vocabulary;
}

/** A stop beats everything; then a button of ours, then the words, and what Twilio makes of them last. */
export function understand(written: Written, business: Business, vocabulary: Vocabulary): Heard {
  const said = written.buttonText === null || written.body !== "" ? written.body : written.buttonText;
  const stop = stopOf(said, business, vocabulary);
  if (stop !== null) return stop;
  if (written.optOutType === "STOP") return heard({ kind: "stop", topics: null });
  const spoken = spokenOf(said, vocabulary);
  const pressed = written.payload === null ? null : pressedIn(written.payload);
  if (pressed !== null) {
    // A template whose buttons were mixed up must not make a yes out of a no.
    const contrary = spoken !== null && spoken.intent.kind !== pressed.kind;
    return heard(contrary ? { kind: "unclear" } : pressed);
  }
  // A button that is not ours belongs to another question: its yes answers that one.
  const foreign = written.payload !== null && written.payload !== said;
  if (spoken !== null && !(foreign && spoken.intent.kind === "yes")) return spoken;
  // "START" of Twilio's is also what it makes of a YES: it may ask, but never agree.
  if (written.optOutType === "START") return heard({ kind: "start" });
  if (written.optOutType === "HELP") return heard({ kind: "help" });
  return heard({ kind: "unclear" });
}

/**
 * A word as it is compared: without case, accents, punctuation, emoji and invisible characters. Marks of scripts whose
 * vowels are marks (Devanagari) stay.
 */
export function folded(text: string): string {
  return withoutAccents(text)
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

/** The same, where nothing but the mildest punctuation may stand beside the words: "yes?" and "yes 👎" are none. */
function strictly(text: string): string | null {
  const bare = withoutAccents(text)
    .replace(/^[\s"'“”*_¡]+/u, "")
    .replace(/[\s"'“”*_]*(?:\.|।|!+)?[\s"'“”*_]*$/u, "");
  return /^[\p{L}\p{M}]+(?:[\s,'’]+[\p{L}\p{M}]+)*$/u.test(bare) ? folded(bare) : null;
}

function withoutAccents(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]|\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase()
    .normalize("NFC");
}

/** Longer than any word we know, with a topic or a number behind it; what is longer is a letter. */
const MAX_UNDERSTOOD = 300;

/** Ours: `yes`, or `yes:` and the message that asks. */
const PAYLOAD = /^(yes|no|stop)(?::[0-9a-f-]{36})?$/;

function pressedIn(payload: string): Intent | null {
  const kind = PAYLOAD.exec(payload)?.[1];
  if (kind === undefined) return null;
  return kind === "stop" ? { kind, topics: null } : { kind: kind as "yes" | "no" };
}

function stopOf(said: string, business: Business, vocabulary: Vocabulary): Heard | null {
  if (said.length > MAX_UNDERSTOOD) return null;
  const text = folded(said);
  const all = business.topics.map(({ id }) => id);
  const whole = vocabulary.get(text);
  if (whole?.meaning === "stop") return heard({ kind: "stop", topics: null }, whole);
  if (whole?.meaning === "stopAll") return heard({ kind: "stop", topics: all }, whole);
  for (const topic of business.topics) {
    for (const name of [topic.id, ...Object.values(topic.names)].map(folded)) {
      const word = text.startsWith(`${name} `) ? text.slice(name.length + 1) : null;
      const verb = text.endsWith(` ${name}`) ? text.slice(0, -name.length - 1) : word;
      const known = verb === null ? undefined : vocabulary.get(verb);
      if (known?.meaning === "stop" || known?.meaning === "stopAll")
        return heard({ kind: "stop", topics: [topic.id] }, known);
    }
  }
  return null;
}

function spokenOf(said: string, vocabulary: Vocabulary): Heard | null {
  if (said.length > MAX_UNDERSTOOD) return null;
  const known = vocabulary.get(folded(said));
  switch (known?.meaning) {
    case "yes":
      return vocabulary.get(strictly(said) ?? "")?.meaning === "yes" ? heard({ kind: "yes" }, known) : null;
    case "no":
    case "start":
    case "help":
      return heard({ kind: known.meaning }, known);
    // Without a number there is nothing to change; the help says how.
    case "change":
      return heard({ kind: "help" }, known);
    case "stop":
    case "stopAll":
    case undefined:
      return changeOf(said, vocabulary);
  }
}

/** `CHANGE +34 600 000 000`, with the country code, in one of the forms that people write. */
function changeOf(said: string, vocabulary: Vocabulary): Heard | null {
  const match = /^([^+\d]{1,100})(?:\+|00)([\d\s().\-/]{6,40})$/u.exec(said.normalize("NFKC").trim());
  const known = vocabulary.get(folded(match?.[1] ?? ""));
  if (known?.meaning !== "change") return null;
  const number = subscriberNumber(`+${(match?.[2] ?? "").replaceAll(/\D/g, "")}`);
  return number === null ? null : heard({ kind: "change", number }, known);
}

function heard(intent: Intent, { locales }: Pick<Understood, "locales"> = { locales: [] }): Heard {
  const [only, ...more] = locales;
  return { intent, locale: only !== undefined && more.length === 0 ? only : null };
}

/** A policy word that a script lists as "everything" still stops. */
function agrees(known: Meaning, meaning: Meaning): boolean {
  return known === meaning || (known === "stop" && meaning === "stopAll");
}
