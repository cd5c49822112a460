import { TEMPLATE_USES, type Business, type Jurisdiction, type Locale } from "../call/business.ts";
import { folded, MEANINGS, vocabularyOf, type Meaning } from "../call/intent.ts";
import { OUT_PURPOSES, type OutPurpose } from "../call/reply.ts";
import { checkPlain, lacks, lacksSlots, says, type Finding } from "./finding.ts";
import type { Script, ScriptLocale, Template } from "./script.ts";
import { wordsOf, parseTwiml } from "./twiml.ts";
import { messageTwiml } from "./write.ts";

/** What is wrong with what we write on WhatsApp, and with the words that people may write to us. */

/** Characters: WhatsApp's bound on a template's body, and Twilio's on a free text's (WhatsApp would take 4,096). */
const MAX_TEMPLATE = 1_024;
const MAX_TEXT = 1_600;

/** What each message states, and the answers that it names. */
const REQUIRED_SLOTS: Readonly<Record<OutPurpose, readonly string[]>> = {
  notice: ["business", "topics", "law", "words.yes", "words.no", "words.stop"],
  verification: ["business", "topics", "law", "words.yes", "words.no", "words.stop"],
  confirmation: ["business", "topics", "words.stop"],
  refused: ["business", "topics"],
  withdrawn: ["business", "topics"],
  help: ["business", "words.start", "words.stop", "words.change", "email"],
};

/** Law 2: which say that something is recorded; the others must never seem to. */
const SAYS_RECORDED: Readonly<Record<OutPurpose, boolean>> = {
  notice: false,
  verification: false,
  confirmation: true,
  refused: true,
  withdrawn: true,
  help: false,
};

/** Of one locale, whoever uses it. */
export function checkMessages(locale: ScriptLocale): Finding[] {
  const { channel, named, optOut } = locale.terms.messages;
  const { responsibility, recorded } = locale.terms;
  const message = (purpose: OutPurpose) => locale.messages.get(purpose);
  const notice = [...channel, ...responsibility, ...optOut];
  return [
    ...[...locale.messages].flatMap(([purpose, document]) => [
      ...checkPlain(document),
      ...checkMessageShape(document),
      ...lacksSlots(document, REQUIRED_SLOTS[purpose]),
      ...(isTemplate(purpose) ? checkEnds(document) : []),
      ...(SAYS_RECORDED[purpose] ? lacks(document, recorded) : mustNotSay(document, recorded)),
    ]),
    ...lacks(message("notice"), notice),
    ...lacks(message("verification"), [...notice, ...named]),
    ...lacks(message("confirmation"), optOut),
    ...mustNotSay(message("notice"), named),
  ];
}

/** A word that means two things, in whatever two languages, would be understood by luck. */
export function checkWords({ version, locales }: Script): Finding[] {
  const place = `twiml/${version}/locales.yaml`;
  const empty = [...locales.values()].flatMap(({ locale, words }) =>
    MEANINGS.flatMap((meaning: Meaning) => words[meaning].filter((word) => folded(word) === "")).map(
      (word) => ({ place, message: `${locale}: "${word}" has no letter in it` }),
    ),
  );
  try {
    vocabularyOf([...locales].map(([locale, { words }]) => [locale, words] as const));
    return empty;
  } catch (error) {
    return [...empty, { place, message: error instanceof Error ? error.message : String(error) }];
  }
}

/** Every message, as this business would send it about all of its topics: fillable, and not too long. */
export function checkWriting(
  script: Script,
  business: Business,
  locale: Locale,
  jurisdiction: Jurisdiction,
): Finding[] {
  const topics = business.topics.map(({ id }) => id);
  return OUT_PURPOSES.flatMap((purpose) => {
    const place = `twiml/${script.version}/${locale}/whatsapp/${purpose}.xml with law/${jurisdiction}.xml, for ${business.id}`;
    try {
      const words = wordsOf(
        parseTwiml(messageTwiml(script, business, { purpose, locale, jurisdiction, topics })),
      );
      const limit = isTemplate(purpose) ? MAX_TEMPLATE : MAX_TEXT;
      if (words.length <= limit) return [];
      return [{ place, message: `has ${words.length} characters; at most ${limit}` }];
    } catch (error) {
      return [{ place, message: error instanceof Error ? error.message : String(error) }];
    }
  });
}

function isTemplate(purpose: OutPurpose): boolean {
  return TEMPLATE_USES.some((use) => use === purpose);
}

/** One message, of words alone; nothing in it may be left out. */
function checkMessageShape({ file, source, ...document }: Template): Finding[] {
  const { children, text } = document.root();
  const [message, ...more] = children;
  const plain =
    message?.name === "Message" &&
    more.length === 0 &&
    text === "" &&
    message.children.length === 0 &&
    Object.keys(message.attributes).length === 0;
  return [
    ...(plain ? [] : ["must be one <Message> of words, and nothing beside it"]),
    ...(source.includes("{{#") ? ["may not leave a part out: it has no {{#if slot}}"] : []),
  ].map((wrong) => ({ place: `twiml/${file}`, message: wrong }));
}

/** WhatsApp approves no template that begins or ends with a variable. */
function checkEnds({ file, ...document }: Template): Finding[] {
  const words = wordsOf(document.root());
  if (!/^\{\{|\}\}$/.test(words)) return [];
  return [{ place: `twiml/${file}`, message: "may not begin or end with a slot: WhatsApp refuses that" }];
}

function mustNotSay(document: Template | undefined, terms: readonly string[]): Finding[] {
  if (document === undefined) return [];
  const said = terms.filter((term) => says(document, term));
  return said.map((term) => ({ place: `twiml/${document.file}`, message: `must not say "${term}"` }));
}
