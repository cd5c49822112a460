import { z } from "@hono/zod-openapi";
import { JURISDICTIONS, LOCALES } from "../call/business.ts";
import { ENTRY_KINDS } from "../call/consent.ts";
import { REASONS } from "../call/permission.ts";
import { OUTGOING_STATES } from "../ledger/outgoing.ts";
import { businessId, entryId, number, time, topicId } from "./fields.ts";

/** What goes out, and, from the same lines, the description of it. */

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
  recording: z
    .object({
      sid: z.string(),
      seconds: z.int(),
      bytes: z.int(),
      sha256: z.string(),
      announced: z.literal(true),
    })
    .nullable()
    .openapi({ description: "Of a recorded entry: which audio it is." }),
  call: z
    .object({
      sid: z.string(),
      from: z.string().nullable().openapi({
        description: "The subscriber who called or was called; null where the number was withheld.",
      }),
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

export const BroughtInCall = z
  .object({ callSid: z.string(), business: businessId, state: z.literal("brought-in") })
  .openapi("BroughtInCall");
