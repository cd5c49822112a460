import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from "yaml";
import { z } from "zod";
import {
  CATEGORIES,
  JURISDICTIONS,
  LOCALES,
  TEMPLATE_USES,
  USUAL_RULES,
  type Business,
  USUAL_MESSAGES_PER_SECOND,
} from "./call/business.ts";
import { brokenMinimum } from "./call/retention.ts";
import { e164, knownCountry, type Country, type E164 } from "./call/phone-number.ts";

/** A configuration that cannot be used; each line names the place and the fix. */
export class ConfigError extends Error {}

/** Bounds: more than this is a mistake, not a business. */
const MAX_BUSINESSES = 1_000;
const MAX_LOCALES = 9;
const MAX_TOPICS = 10;
const MAX_TEXT = 200;
/** As far as Twilio raises it. */
const MAX_MESSAGES_PER_SECOND = 400;
const MAX_RECIPIENTS = 20;
const MAX_ALIASES = 100;
const MAX_CHARACTERS = 4_000_000;
/** So many faults are told; whoever has mended them is told the others. */
const MAX_FAULTS = 100;
const MAX_MESSAGE = 300;

/** Text that a voice will speak or a screen will show: nothing that XML cannot hold or that looks like a slot. */
const spokenText = z
  .string()
  .trim()
  .min(1)
  .max(MAX_TEXT)
  .refine((text) => !/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u.test(text), "has a control character in it: remove it")
  .refine((text) => !text.includes("{{"), "has {{ in it: that is how the script marks its slots");

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens");

const number = z
  .string({ error: 'must be E.164 in quotes, such as "+14155550100"' })
  .transform((text, context): E164 => {
    const parsed = e164(text);
    if (parsed !== null) return parsed;
    context.addIssue({
      code: "custom",
      message: `must be E.164, such as "+14155550100" (in quotes), not ${text}`,
    });
    return z.NEVER;
  });

const topic = z.strictObject({
  id,
  category: z.enum(CATEGORIES),
  names: z.partialRecord(z.enum(LOCALES), spokenText),
});

const contentSid = z.string().regex(/^HX[0-9a-f]{32}$/, "must be a content SID, HX…");

const countryCode = z.string().transform((text, context): Country => {
  const known = knownCountry(text);
  if (known !== null) return known;
  context.addIssue({ code: "custom", message: `must be a country such as US (ISO 3166-1), not ${text}` });
  return z.NEVER;
});

const hours = z
  .strictObject({ from: z.int().min(0).max(23), to: z.int().min(1).max(24) })
  .refine(({ from, to }) => from < to, "must begin before they end, such as { from: 8, to: 21 }");

const messageRules = z.strictObject({
  hours: hours.default(USUAL_RULES.messages.hours),
  timeZone: z
    .string()
    .refine(isTimeZone, "must be a time zone such as America/Chicago")
    .nullable()
    .default(USUAL_RULES.messages.timeZone),
  cap: z
    .strictObject({ messages: z.int().min(1).max(1_000), days: z.int().min(1).max(90) })
    .nullable()
    .default(USUAL_RULES.messages.cap),
});

function isTimeZone(name: string): boolean {
  return Intl.supportedValuesOf("timeZone").includes(name);
}

/** Who may be called is said country by country: without the list the line calls nobody. */
const callRules = z.strictObject({
  countries: z.array(countryCode).max(250).default([]),
  hours: hours.default(USUAL_RULES.calls.hours),
  perNumber: z.int().min(1).max(10).default(USUAL_RULES.calls.perNumber),
  perHour: z.int().min(1).max(3_600).default(USUAL_RULES.calls.perHour),
  perOperator: z.int().min(1).max(3_600).default(USUAL_RULES.calls.perOperator),
});

/** Receipts say it; what is not known is left out. */
const privacyFacts = z.strictObject({
  storageLocation: spokenText.nullable().default(null),
  authority: spokenText.nullable().default(null),
  recipients: z
    .array(z.strictObject({ name: spokenText, role: spokenText }))
    .max(MAX_RECIPIENTS)
    .default([]),
});

const business = z
  .strictObject({
    id,
    name: spokenText,
    legalName: spokenText,
    contact: z.strictObject({ email: z.email(), postalAddress: spokenText, privacyUrl: z.url() }),
    lines: z.tuple([number], number),
    whatsapp: z.strictObject({
      sender: number,
      templates: z
        .partialRecord(
          z.enum(TEMPLATE_USES),
          z.union([contentSid, z.partialRecord(z.enum(LOCALES), contentSid)], "must be a content SID, HX…"),
        )
        .default({}),
      messagesPerSecond: z.int().min(1).max(MAX_MESSAGES_PER_SECOND).default(USUAL_MESSAGES_PER_SECOND),
    }),
    script: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a version, such as "2026-11-22" (in quotes)'),
    locales: z
      .tuple([z.enum(LOCALES)], z.enum(LOCALES))
      .refine((all) => all.length <= MAX_LOCALES, `at most ${MAX_LOCALES}`),
    voices: z
      .partialRecord(z.enum(LOCALES), z.string().regex(/^[A-Za-z0-9.-]{1,64}$/, "is not a voice"))
      .default({}),
    jurisdiction: z.enum([...JURISDICTIONS, "caller"]),
    topics: z.tuple([topic], topic).refine((all) => all.length <= MAX_TOPICS, `at most ${MAX_TOPICS}`),
    ask: z.enum(["together", "each"]),
    agent: number.nullable().default(null),
    retention: z
      .string()
      .regex(/^P(?=\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?$/, "must be an ISO 8601 duration, such as P5Y"),
    recording: z.boolean().default(USUAL_RULES.recording),
    withdrawal: z.enum(["all", "topic"]).default(USUAL_RULES.withdrawal),
    verifyWithinHours: z.int().min(1).max(720).default(USUAL_RULES.verifyWithinHours),
    messages: messageRules.prefault({}),
    calls: callRules.prefault({}),
    optOutWarning: z.number().gt(0).max(1).default(USUAL_RULES.optOutWarning),
    privacy: privacyFacts.prefault({}),
  })
  .superRefine((value, context) => {
    for (const [index, { id: topicId, names }] of value.topics.entries()) {
      for (const locale of value.locales.filter((wanted) => names[wanted] === undefined)) {
        context.addIssue({
          code: "custom",
          path: ["topics", index, "names"],
          message: `topic ${topicId} has no name in ${locale}, which the business speaks: add one`,
        });
      }
    }
    const minimum = brokenMinimum(value);
    if (minimum !== null)
      context.addIssue({
        code: "custom",
        path: ["retention"],
        message: `${value.retention} is shorter than the law of ${minimum.law} wants evidence to be kept: use ${minimum.duration} or more`,
      });
    for (const [field, all] of [
      ["locales", value.locales],
      ["topics", value.topics.map((each) => each.id)],
    ] as const) {
      if (new Set(all).size < all.length)
        context.addIssue({ code: "custom", path: [field], message: "has one twice" });
    }
  });

const businessFile = z
  .strictObject({ businesses: z.array(business).min(1).max(MAX_BUSINESSES) })
  .superRefine(({ businesses }, context) => {
    const seen = new Map<string, string>();
    for (const [index, { id: businessId, lines, whatsapp }] of businesses.entries()) {
      const path = ["businesses", index];
      // A message's only hint at its business is the sender that it was written to.
      const sharing = seen.get(`whatsapp:${whatsapp.sender}`);
      if (sharing !== undefined)
        context.addIssue({
          code: "custom",
          path: [...path, "whatsapp", "sender"],
          message: `${whatsapp.sender} is already the WhatsApp sender of ${sharing}`,
        });
      seen.set(`whatsapp:${whatsapp.sender}`, businessId);
      if (seen.has(businessId))
        context.addIssue({ code: "custom", path: [...path, "id"], message: `${businessId} stands twice` });
      seen.set(businessId, businessId);
      for (const line of lines) {
        const other = seen.get(line);
        if (other !== undefined)
          context.addIssue({
            code: "custom",
            path: [...path, "lines"],
            message: `${line} is already a line of ${other}`,
          });
        seen.set(line, businessId);
      }
    }
  });

/** Reads a business file. @throws {ConfigError} naming file, line and field of everything that is wrong */
export function parseBusinesses(text: string, file: string): readonly Business[] {
  if (text.length > MAX_CHARACTERS)
    throw new ConfigError(`${file}:1: has more than ${MAX_CHARACTERS} characters: that is no business file`);
  try {
    return readBusinesses(text, file);
  } catch (error) {
    // The reader of YAML calls itself for each level of nesting, and so does what looks at the result.
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`${file}:1: is nested too deeply: that is no business file`, { cause: error });
  }
}

/** Its own `uniqueKeys` would compare each key with every other one; `repeatedKey` does not. */
const YAML = { prettyErrors: false, uniqueKeys: false, resolveKnownTags: false, logLevel: "error" } as const;

function readBusinesses(text: string, file: string): readonly Business[] {
  const lines = new LineCounter();
  const placeAt = (offset: number) => `${file}:${Math.max(1, lines.linePos(offset).line)}`;
  const placeOf = (node: Node | null | undefined) => placeAt(node?.range?.[0] ?? 0);
  const refuse = (faults: readonly string[]) => new ConfigError(faults.slice(0, MAX_FAULTS).join("\n"));
  const document = parseDocument(text, { ...YAML, lineCounter: lines });
  // It catches some of its own overflows.
  if (document.errors.some(({ message }) => message.startsWith("Maximum call stack")))
    throw new RangeError("nested too deeply");
  if (document.errors.length > 0)
    throw refuse(document.errors.map(({ pos, message }) => `${placeAt(pos[0])}: ${oneLine(message)}`));
  const repeated = repeatedKey(document);
  if (repeated !== null)
    throw refuse([`${placeOf(repeated)}: ${oneLine(String(repeated))} stands twice: keys are unique`]);
  const parsed = businessFile.safeParse(valueOf(document, placeOf));
  if (parsed.success) return parsed.data.businesses;
  const issues = parsed.error.issues.slice(0, MAX_FAULTS);
  throw refuse(
    issues.map((issue) => {
      const field = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
      const path = [...issue.path, ...field];
      const where = oneLine(path.join(".")) || "file";
      return `${placeOf(nodeAt(document, path))}: ${where}: ${oneLine(issue.message)}`;
    }),
  );
}

/** The second one, where a key stands twice in one mapping. */
function repeatedKey(document: Document): Node | null {
  let repeated: Node | null = null;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated = key;
        seen.add(key.value);
      }
      return repeated === null ? undefined : visit.BREAK;
    },
  });
  return repeated;
}

/** A message may quote what stands in the file, however long it is. */
function oneLine(text: string): string {
  return (text.split("\n")[0] ?? "").replaceAll(/\p{Cc}/gu, " ").slice(0, MAX_MESSAGE);
}

/** What the document says, aliases followed; so many of them, so that a small file cannot grow without end. */
function valueOf(document: Document, placeOf: (node: Node | undefined) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const aliases: Alias[] = [];
    visit(document, { Alias: (_, alias) => void aliases.push(alias) });
    const faulty = aliases.find((alias) => alias.resolve(document) === undefined) ?? aliases[0];
    throw new ConfigError(`${placeOf(faulty)}: ${error.message}`, { cause: error });
  }
}

/** The node at a path, or the nearest one around it, so that a missing field points to where it belongs. */
function nodeAt(document: Document, path: readonly PropertyKey[]): Node | null {
  let node: Node | null = document.contents;
  for (const part of path) {
    const next = isMap(node) || isSeq(node) ? (node.get(part, true) as Node | undefined) : undefined;
    if (next === undefined) break;
    node = next;
  }
  return node;
}
