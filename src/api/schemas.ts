import { z } from "@hono/zod-openapi";
import { JURISDICTIONS, LOCALES } from "../call/business.ts";
import { MAX_EXPIRY_MINUTES } from "../call/calling.ts";
import { ENTRY_KINDS } from "../call/consent.ts";
import { REASONS } from "../call/permission.ts";
import { e164, holdsNumber } from "../call/phone-number.ts";
import { OUTGOING_STATES } from "../ledger/outgoing.ts";

/** What comes in and goes out, and, from the same lines, the description of it. */

const E164_FORM = /^\+[1-9]\d{6,14}$/;
/** As the business file has it. */
const ID_FORM = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ID_FAULT = "must be lower-case letters, digits and hyphens";
const MAX_REASON = 200;

/** One entry list page at most. */
export const MAX_LIMIT = 500;
const USUAL_LIMIT = 100;

const number = z
  .string()
  .regex(E164_FORM, { error: "must be E.164: +, country code, number", abort: true })
  .openapi({ description: "A telephone number in E.164.", example: "+14155550123" });
const possibleNumber = number.refine((text) => e164(text) !== null, "is not a possible telephone number");

const businessId = z
  .string()
  .regex(ID_FORM, ID_FAULT)
  .openapi({ description: "The id of a business, as in the business file.", example: "acme-dental" });
const topicId = z
  .string()
  .regex(ID_FORM, { error: ID_FAULT, abort: true })
  // It is kept, also where it is no topic of ours.
  .refine((text) => !holdsNumber(text), "is not a topic's id")
  .openapi({ description: "The id of a topic of the business.", example: "appointment-reminders" });
const entryId = z
  .uuid()
  .openapi({ description: "An entry's id.", example: "019ab2c0-7d1e-7c3a-9a51-3c2f6d0f9b11" });
const time = z.iso
  .datetime({ offset: true })
  .openapi({ description: "RFC 3339.", example: "2026-11-23T09:00:00Z" });
const timeGiven = z.iso
  .datetime({ offset: true, error: "must be RFC 3339 with its zone, such as 2026-11-23T09:00:00Z" })
  .openapi({ example: "2026-11-23T09:00:00Z" });
const simulatedGiven = z
  .boolean()
  .default(false)
  .openapi({ description: "About what the simulator made, which is never consent." });
const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true")
  .openapi({ type: "boolean", default: false });
const reasonGiven = z
  .string()
  .min(1)
  .max(MAX_REASON)
  .refine((text) => !holdsNumber(text), "stays in the log for ever: write it without a telephone number")
  .openapi({ description: "Why, for the record; no personal data.", example: "Asked by e-mail" });

export const NumberPath = z.object({
  number: possibleNumber.openapi({ param: { name: "number", in: "path" } }),
});
export const EntryPath = z.object({ id: entryId.openapi({ param: { name: "id", in: "path" } }) });
export const CallPath = z.object({
  id: z.uuid().openapi({ param: { name: "id", in: "path" }, description: "As `POST calls` gave it." }),
});
export const CallSidPath = z.object({
  CallSid: z
    .string()
    .regex(/^CA[0-9a-f]{32}$/, "must be a CallSid of Twilio's")
    .openapi({ param: { name: "CallSid", in: "path" }, description: "The live call, as Twilio names it." }),
});

export const ConsentQuery = z.object({
  business: businessId.optional().openapi({ param: { name: "business", in: "query" } }),
  simulated: flag.openapi({
    param: { name: "simulated", in: "query" },
    description: "What simulated calls left.",
  }),
});

export const EntryQuery = z.object({
  business: businessId.optional().openapi({ param: { name: "business", in: "query" } }),
  kind: z
    .enum(ENTRY_KINDS)
    .optional()
    .openapi({ param: { name: "kind", in: "query" } }),
  since: timeGiven
    .optional()
    .openapi({ param: { name: "since", in: "query" }, description: "From then on." }),
  until: timeGiven.optional().openapi({ param: { name: "until", in: "query" }, description: "Before then." }),
  simulated: flag.openapi({
    param: { name: "simulated", in: "query" },
    description: "What the simulator made.",
  }),
  cursor: z
    .string()
    .max(100)
    .optional()
    .openapi({ param: { name: "cursor", in: "query" }, description: "`next` of the page before." }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: `must be a whole number from 1 to ${MAX_LIMIT}`, abort: true })
    .transform(Number)
    .pipe(z.number().int().min(1).max(MAX_LIMIT))
    .default(USUAL_LIMIT)
    .openapi({
      param: { name: "limit", in: "query" },
      type: "integer",
      minimum: 1,
      maximum: MAX_LIMIT,
      default: USUAL_LIMIT,
    }),
});

export const Problem = z
  .object({
    type: z.url().openapi({ description: "Which problem; the page explains it." }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          detail: z.string(),
          pointer: z.string().optional().openapi({ description: "JSON pointer into the body." }),
          parameter: z.string().optional().openapi({ description: "In the path or the query." }),
          header: z.string().optional(),
        }),
      )
      .optional()
      .openapi({ description: "Each place in the request that is wrong." }),
    reason: z.string().optional().openapi({ description: "Which rule refused a call." }),
  })
  .openapi("Problem", { description: "RFC 9457." });

export const Consent = z
  .object({
    business: businessId,
    subscriber: z.string().openapi({ description: "Stands for the number at this business." }),
    topic: topicId,
    state: z.enum(["granted", "refused", "pending", "revoked", "none"]),
    since: time,
    entry: entryId.nullable().openapi({ description: "The latest entry about it." }),
  })
  .openapi("Consent");
export const ConsentList = z
  .object({
    number,
    simulated: z.boolean(),
    consents: z.array(Consent).openapi({ description: "A topic that is not in it was never asked about." }),
  })
  .openapi("ConsentList");

export const Entry = z
  .object({
    id: entryId,
    sequence: z.int().openapi({ description: "Its place in the log's order." }),
    kind: z.enum(ENTRY_KINDS),
    business: businessId,
    subscriber: z.string().openapi({ description: "Whom it is about; stays when the number is erased." }),
    topics: z.array(topicId),
    locale: z.enum(LOCALES),
    jurisdiction: z.enum(JURISDICTIONS),
    script: z.string().openapi({ description: "The version of the words.", example: "2026-11-22" }),
    source: z.string().openapi({ description: "The way in: call, whatsapp, api, console, cli …" }),
    sourceId: z
      .string()
      .openapi({ description: "Twilio's CallSid or message SID, or the request's own id." }),
    simulated: z.boolean(),
    confirms: z.uuid().nullable().openapi({ description: "Of a confirmed entry: the pending one." }),
    supersedes: z
      .uuid()
      .nullable()
      .openapi({ description: "Of a new number's pending entry: what ended the old number's consent." }),
    reason: z.string().nullable(),
    commitment: z
      .string()
      .openapi({ description: "HMAC-SHA256 of the number with a salt that erasure destroys." }),
    at: time,
  })
  .openapi("Entry");
const numbers = {
  maskedNumber: z.string().nullable().openapi({ description: "Null once erased.", example: "+1••••••0123" }),
  number: number
    .nullable()
    .openapi({ description: "In clear with the scope numbers:read; else, and once erased, null." }),
};
const NumberedEntry = Entry.extend(numbers).openapi("NumberedEntry");
const Words = z
  .object({ text: z.string(), sha256: z.string(), servedAt: time })
  .openapi("Words", { description: "Verbatim, with the slots that belong to one person left open." });
export const EntryDetail = Entry.extend({
  ...numbers,
  notice: Words.nullable().openapi({
    description: "What made the consent valid; null where none was needed.",
  }),
  question: Words.nullable().openapi({ description: "What the person answered." }),
  key: z.string().nullable().openapi({ description: "The key that was pressed." }),
  attestation: z.string().nullable().openapi({ description: "STIR/SHAKEN, of the call." }),
  call: z
    .object({
      sid: z.string(),
      line: z.string(),
      direction: z.string(),
      status: z.string(),
      begunAt: time,
      endedAt: time.nullable(),
    })
    .nullable(),
}).openapi("EntryDetail");
export const EntryList = z
  .object({
    entries: z.array(NumberedEntry),
    next: z.string().nullable().openapi({
      description: "Go on with it as `cursor`, also where the page is short; null: the log ends here.",
    }),
  })
  .openapi("EntryList");
export const Written = z
  .object({ entries: z.array(Entry).openapi({ description: "What was written; none where nothing stood." }) })
  .openapi("Written");

export const RevocationRequest = z
  .strictObject({
    business: businessId,
    topics: z
      .array(topicId)
      .min(1)
      .max(100)
      .optional()
      .openapi({ description: "Only these; without it, everything of the business." }),
    reason: reasonGiven.optional(),
    simulated: simulatedGiven,
  })
  .openapi("RevocationRequest");
export const ChangeRequest = z
  .strictObject({
    business: businessId,
    to: possibleNumber.openapi({ description: "The new number." }),
    reason: reasonGiven.optional(),
    simulated: simulatedGiven,
  })
  .openapi("ChangeRequest");

export const PermissionRequest = z
  .strictObject({
    business: businessId,
    to: number,
    topic: topicId,
    at: timeGiven
      .optional()
      .openapi({ description: "When it is to be sent; without it, now. At most 30 days ahead." }),
    simulated: simulatedGiven,
  })
  .openapi("PermissionRequest");
export const Permission = z
  .object({
    allowed: z.boolean(),
    reason: z.enum(REASONS),
    explanation: z.string().openapi({ description: "One plain sentence." }),
    entry: entryId.nullable().openapi({ description: "What the answer stands on." }),
    decision: z.uuid().openapi({ description: "This answer is kept under this id." }),
    simulated: z.boolean(),
    at: time.openapi({ description: "The time that it was asked for." }),
  })
  .openapi("Permission");

export const CallOrder = z
  .strictObject({
    business: businessId,
    to: possibleNumber,
    locale: z
      .enum(LOCALES)
      .optional()
      .openapi({ description: "The call's language; without it, the person is asked." }),
    expiresInMinutes: z
      .int()
      .min(1)
      .max(MAX_EXPIRY_MINUTES)
      .optional()
      .openapi({ description: "How long the call may wait, also for the calling hours; without it, 15." }),
    simulated: simulatedGiven,
  })
  .openapi("CallOrder");
export const Call = z
  .object({
    id: z.uuid(),
    business: businessId,
    state: z.enum(OUTGOING_STATES),
    attempts: z.int(),
    callSid: z.string().nullable(),
    error: z.object({ code: z.string().nullable(), message: z.string() }).nullable(),
    simulated: z.boolean(),
    at: time,
    finishedAt: time.nullable(),
  })
  .openapi("Call");
/** https, or http on the same machine, where a test's application may be. */
const SAFE_RETURN = /^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/?#]|$))/i;
export const BringInOrder = z
  .strictObject({
    business: businessId,
    returnUrl: z
      .url({ protocol: /^https?$/, error: "must be an https address" })
      .regex(SAFE_RETURN, "must be an https address")
      .max(2_000)
      .optional()
      .openapi({ description: "Where the call goes on afterwards; without it, the line hangs up." }),
    locale: z
      .enum(LOCALES)
      .optional()
      .openapi({ description: "The language; without it, the caller is asked." }),
  })
  .openapi("BringInOrder");
export const BroughtInCall = z
  .object({ callSid: z.string(), business: businessId, state: z.literal("brought-in") })
  .openapi("BroughtInCall");
