import { z } from "@hono/zod-openapi";
import { LOCALES } from "../call/business.ts";
import { MAX_EXPIRY_MINUTES } from "../call/calling.ts";
import { ENTRY_KINDS } from "../call/consent.ts";
import { e164, holdsNumber } from "../call/phone-number.ts";
import { businessId, entryId, number, topicId } from "./fields.ts";

/** What comes in, checked, and, from the same lines, the description of it. */

const MAX_REASON = 200;
/** One entry list page at most. */
export const MAX_LIMIT = 500;
const USUAL_LIMIT = 100;

const possibleNumber = number.refine((text) => e164(text) !== null, "is not a possible telephone number");
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
  .refine(
    (text) => !holdsNumber(text),
    "is shown to whoever reads the log: write it without a telephone number",
  )
  .openapi({
    description: "Why, for the record. It is kept with the person, and erased with them.",
    example: "Asked by e-mail",
  });

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
