import { standingJurisdiction, templateOf, TEMPLATE_USES, type Business } from "../call/business.ts";
import { ASKS, TEMPLATE_VARIABLES } from "./print-messages.ts";
import type { Script } from "./script.ts";
import { localeOf } from "./speak.ts";
import { parseTwiml, wordsOf } from "./twiml.ts";
import { messageTwiml, namedWords } from "./write.ts";

/** A template as WhatsApp has it: `{{1}}` is the business, `{{2}}` the topics, `{{3}}` in a button our message's id. */
export type Template = {
  readonly body: string;
  readonly buttons: readonly { readonly text: string; readonly payload: string }[];
};

/**
 * What was submitted to WhatsApp under each content SID: the script's own words, as `script print` shows them. Where one
 * SID stands for several languages, it is the first of them.
 */
export function templatesOf(
  scripts: ReadonlyMap<string, Script>,
  businesses: readonly Business[],
): ReadonlyMap<string, Template> {
  const templates = new Map<string, Template>();
  for (const business of businesses) {
    const script = scripts.get(business.script);
    if (script === undefined) throw new Error(`twiml/${business.script} is missing.`);
    for (const locale of business.locales) {
      const about = localeOf(script, locale);
      const jurisdiction = standingJurisdiction(business);
      const topics = business.topics.map(({ id }) => id);
      for (const purpose of TEMPLATE_USES) {
        const sid = templateOf(business, purpose, locale);
        if (sid === null || templates.has(sid)) continue;
        const writing = { purpose, locale, jurisdiction, topics };
        const body = wordsOf(parseTwiml(messageTwiml(script, business, writing, TEMPLATE_VARIABLES)));
        const { yes, no } = namedWords(about);
        const buttons = [
          { text: yes, payload: "yes:{{3}}" },
          { text: no, payload: "no:{{3}}" },
        ];
        templates.set(sid, { body, buttons: ASKS.has(purpose) ? buttons : [] });
      }
    }
  }
  return templates;
}
