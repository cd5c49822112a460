import { standingJurisdiction, TEMPLATE_USES, type Business, type Locale } from "../call/business.ts";
import { OUT_PURPOSES, type OutPurpose } from "../call/reply.ts";
import type { Printed } from "./print.ts";
import type { Script } from "./script.ts";
import { localeOf } from "./speak.ts";
import { parseTwiml, wordsOf } from "./twiml.ts";
import { messageTwiml, namedWords, topicNames } from "./write.ts";

/** As a template is submitted to WhatsApp: {{1}} is the business, {{2}} the topics, {{3}} in a button our message's id. */
export const TEMPLATE_VARIABLES = { business: "{{1}}", topics: "{{2}}" };

/** Which messages ask, and which depend on the law that is followed. */
export const ASKS: ReadonlySet<OutPurpose> = new Set(["notice", "verification"]);

/**
 * Every message of a business in one language, for counsel and for WhatsApp's approval.
 *
 * @throws where the business's script is not there
 */
export function printMessages(script: Script | undefined, business: Business, locale: Locale): Printed {
  if (script === undefined) throw new Error(`twiml/${business.script} is missing.`);
  const about = localeOf(script, locale);
  const jurisdiction = standingJurisdiction(business);
  const { yes, no } = namedWords(about);
  const topics = business.topics.map(({ id }) => id);
  const part = (title: string, purpose: OutPurpose): string => {
    const template = TEMPLATE_USES.some((use) => use === purpose);
    const variables = template
      ? TEMPLATE_VARIABLES
      : { business: business.name, topics: topicNames(business, topics, locale) };
    const twiml = messageTwiml(script, business, { purpose, locale, jurisdiction, topics }, variables);
    const buttons = ASKS.has(purpose) ? [`[${yes}] yes:{{3}}`, `[${no}] no:{{3}}`] : [];
    const lines = [...wordsOf(parseTwiml(twiml)).split("\n"), ...buttons];
    return [`${template ? "TEMPLATE" : "TEXT"}, ${title}`, ...lines.map((line) => `  ${line}`)].join("\n");
  };
  const parts = OUT_PURPOSES.map((purpose) =>
    part(ASKS.has(purpose) ? `${purpose}, ${jurisdiction}` : purpose, purpose),
  );
  const head = `${business.name} (${business.id}), ${about.name} (${locale}), script ${script.version}, messages on WhatsApp from ${business.whatsapp.sender}`;
  return { business: business.id, locale, text: [head, ...parts].join("\n\n") };
}
