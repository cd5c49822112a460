import { countryOf, type Country, type E164 } from "./phone-number.ts";

/** Locales a script can be written in, as BCP 47 tags that Twilio's Say knows. */
export const LOCALES = ["en-US", "es-ES", "pt-BR", "de-DE", "fr-FR", "nl-NL", "hi-IN"] as const;
export type Locale = (typeof LOCALES)[number];

/** Jurisdictions whose law adds sentences to the notice (twiml/VERSION/LOCALE/law). */
export const JURISDICTIONS = ["US", "EU", "GB", "CA", "BR", "IN", "ZA", "AU"] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

/** WhatsApp's template categories. */
export const CATEGORIES = ["utility", "marketing", "authentication"] as const;
export type Category = (typeof CATEGORIES)[number];

/** A kind of update that a business wants to send. */
export type Topic = {
  readonly id: string;
  readonly category: Category;
  readonly names: Readonly<Partial<Record<Locale, string>>>;
};

/** Who asks for consent: the controller. */
export type Business = {
  readonly id: string;
  readonly name: string;
  readonly legalName: string;
  readonly contact: { readonly email: string; readonly postalAddress: string; readonly privacyUrl: string };
  readonly lines: readonly [E164, ...E164[]];
  readonly whatsapp: {
    readonly sender: E164;
    readonly templates: Templates;
    /** What Twilio lets the sender send. */
    readonly messagesPerSecond: number;
  };
  readonly script: string;
  readonly locales: readonly [Locale, ...Locale[]];
  readonly voices: Readonly<Partial<Record<Locale, string>>>;
  readonly jurisdiction: Jurisdiction | "caller";
  readonly topics: readonly [Topic, ...Topic[]];
  readonly ask: "together" | "each";
  readonly agent: E164 | null;
  /** ISO 8601 duration. */
  readonly retention: string;
  /** Every call that hears the notice is recorded; where the law needs it, it is recorded all the same. */
  readonly recording: boolean;
  /** What a STOP that names no topic ends: everything, or the topics of the message that it answers. */
  readonly withdrawal: "all" | "topic";
  /** A number that someone else named has so long to confirm. */
  readonly verifyWithinHours: number;
  readonly messages: MessageRules;
  readonly calls: CallRules;
  /** From this share of opt-outs on (0 to 1), the console warns. */
  readonly optOutWarning: number;
  /** What receipts say besides of the person's data; null is left out of them. */
  readonly privacy: PrivacyFacts;
};

export type PrivacyFacts = {
  /** Where the line's data lie, such as a city and a country. */
  readonly storageLocation: string | null;
  /** Whom a person may complain to; null: the jurisdiction's, where it has one. */
  readonly authority: string | null;
  /** Who else gets the data, besides who carries calls and messages. */
  readonly recipients: readonly { readonly name: string; readonly role: string }[];
};

/** Templates that WhatsApp has approved, by what they are for: one content SID for all locales, or one each. */
export type Templates = Readonly<
  Partial<Record<TemplateUse, string | Readonly<Partial<Record<Locale, string>>>>>
>;
export const TEMPLATE_USES = ["confirmation", "verification", "notice", "withdrawn"] as const;
export type TemplateUse = (typeof TEMPLATE_USES)[number];

/** Hours of the day, whole, in the local time of whoever is reached: `from` is inside, `to` is not. */
export type Hours = { readonly from: number; readonly to: number };

/** When and how often a permission allows a message. */
export type MessageRules = {
  readonly hours: Hours;
  /**
   * Where the business's customers live, as IANA names it: it counts for numbers of the lines' own country. Null: the
   * hour must be within `hours` in every zone of the number's country.
   */
  readonly timeZone: string | null;
  /** So many of one topic to one number in so many days; null: no cap. */
  readonly cap: { readonly messages: number; readonly days: number } | null;
};

/** Whom, when and how often the line may call. */
export type CallRules = {
  /** Countries that may be called; none: the line calls nobody. */
  readonly countries: readonly Country[];
  readonly hours: Hours;
  /** To one number in 24 hours. */
  readonly perNumber: number;
  /** Of this business in one hour. */
  readonly perHour: number;
  /** Asked for by one operator or API key in one hour. */
  readonly perOperator: number;
};

/** What holds where a business says nothing: no call is recorded that need not be, everything ends with a STOP, nobody is called. */
export const USUAL_RULES = {
  recording: false,
  withdrawal: "all",
  verifyWithinHours: 72,
  // "8–21 in the called party's local time is the common ceiling" for calls and messages.
  messages: { hours: { from: 8, to: 21 }, timeZone: null, cap: null },
  calls: { countries: [], hours: { from: 8, to: 21 }, perNumber: 1, perHour: 60, perOperator: 20 },
  optOutWarning: 0.05,
  privacy: { storageLocation: null, authority: null, recipients: [] },
} as const satisfies Pick<
  Business,
  "recording" | "withdrawal" | "verifyWithinHours" | "messages" | "calls" | "optOutWarning" | "privacy"
>;

/** "80 MPS by default per WhatsApp sender for outbound traffic" (Twilio), which raises it on request. */
export const USUAL_MESSAGES_PER_SECOND = 80;

/** The content SID for a locale; null where the business has none. */
export function templateOf({ whatsapp }: Business, use: TemplateUse, locale: Locale): string | null {
  const given = whatsapp.templates[use];
  return (typeof given === "string" ? given : given?.[locale]) ?? null;
}

/** The strictest notice we have, and the only one written in every locale. */
const STRICTEST: Jurisdiction = "EU";

/**
 * Whose law the notice follows. With `jurisdiction: caller` it is the law of the caller's country (of the line's,
 * where the number is withheld); where no text of it exists in the caller's language, the EU's is read, the strictest.
 */
export function jurisdictionFor(
  business: Business,
  caller: E164 | null,
  written: ReadonlySet<Jurisdiction>,
): Jurisdiction {
  if (business.jurisdiction !== "caller") return business.jurisdiction;
  const country = countryOf(caller ?? business.lines[0]);
  const own = JURISDICTIONS.find((jurisdiction) => jurisdiction === country);
  return own !== undefined && written.has(own) ? own : STRICTEST;
}

/**
 * The law of what does not come by phone from a caller: the business's own, or the strictest. A template on WhatsApp
 * has one text, approved beforehand: what is kept as evidence must be that text, so its law cannot follow the number.
 */
export function standingJurisdiction({ jurisdiction }: Business): Jurisdiction {
  return jurisdiction === "caller" ? STRICTEST : jurisdiction;
}

/** A topic's name as it is spoken in a locale. @throws where the configuration gave none (it refuses that at boot) */
export function topicName(business: Business, topicId: string, locale: Locale): string {
  const name = business.topics.find((topic) => topic.id === topicId)?.names[locale];
  if (name === undefined) throw new Error(`${business.id}: topic ${topicId} has no name in ${locale}`);
  return name;
}
