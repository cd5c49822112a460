import {
  USUAL_MESSAGES_PER_SECOND,
  USUAL_RULES,
  type Business,
  type Locale,
  type Topic,
} from "../call/business.ts";
import { loadScripts, versionsIn } from "./load.ts";

/**
 * Businesses that nobody has, one for each locale and jurisdiction that is written, so that every text in twiml/ is
 * rendered and checked, also those that no configured business speaks.
 */
export function specimens(folder: string): readonly Business[] {
  return [...loadScripts(folder, versionsIn(folder)).values()].flatMap((script) =>
    [...script.locales.values()].flatMap(({ locale, law }) =>
      [...law.keys()].flatMap((jurisdiction) =>
        (["together", "each"] as const).map((ask): Business => ({
          ...SPECIMEN,
          id: `specimen-${locale}-${jurisdiction}-${ask}`,
          script: script.version,
          locales: [locale],
          jurisdiction,
          ask,
          topics: [specimenTopic("first", locale), specimenTopic("second", locale)],
        })),
      ),
    ),
  );
}

const SPECIMEN = {
  ...USUAL_RULES,
  name: "Acme Dental",
  legalName: "Acme Dental Limited",
  contact: {
    email: "privacy@acme.example",
    postalAddress: "12 Main Street, Springfield",
    privacyUrl: "https://acme.example",
  },
  lines: ["+14155550100"],
  whatsapp: { sender: "+14155550110", templates: {}, messagesPerSecond: USUAL_MESSAGES_PER_SECOND },
  voices: {},
  agent: "+14155550190",
  retention: "P5Y",
} as const satisfies Partial<Business>;

/** Of a usual length; it is measured, never spoken. */
function specimenTopic(id: string, locale: Locale): Topic {
  return { id, category: "utility", names: { [locale]: "booking updates" } };
}
