import { z } from "zod";

/** The form of what a person gets who asks what is kept about them. Fields are only ever added. */
const time = z.iso.datetime();
const simulated = z.boolean().describe("Made by the line's own simulator: never a real consent");
const locale = z.string().describe("BCP 47; `und` where nothing was said");

const consent = z.object({
  topic: z.string(),
  name: z.string().nullable(),
  state: z.enum(["granted", "refused", "pending", "revoked", "none"]),
  simulated,
  since: time,
});

const entry = z
  .looseObject({
    schemaVersion: z.string(),
    recordId: z.string(),
    kind: z.enum(["granted", "refused", "pending", "confirmed", "revoked"]),
    eventTime: time,
    notice: z.looseObject({ text: z.string(), sha256: z.string(), servedAt: time }).nullable(),
    question: z.looseObject({ text: z.string(), sha256: z.string(), servedAt: time }).nullable(),
    simulated,
  })
  .describe("A record of the ledger, as `ledger export` gives it, with the words that were served");

const call = z.object({
  sid: z.string(),
  reference: z.string(),
  line: z.string(),
  direction: z.enum(["inbound", "outbound"]),
  status: z.string(),
  outcome: z.string(),
  attestation: z.string(),
  simulated,
  durationSeconds: z.number().nullable(),
  begunAt: time,
  endedAt: time.nullable(),
  events: z.array(
    z.object({
      kind: z.enum(["key", "served", "status"]),
      step: z.string(),
      attempt: z.int(),
      locale,
      keypress: z.string().nullable(),
      key: z.string().nullable(),
      words: z
        .string()
        .nullable()
        .describe("What was spoken, with the slots for a number's digits left open"),
      at: time,
    }),
  ),
  webhooks: z.array(
    z.object({
      route: z.string(),
      step: z.string().nullable(),
      attempt: z.int().nullable(),
      httpStatus: z.int(),
      milliseconds: z.number(),
      outcome: z.string(),
      at: time,
    }),
  ),
});

const message = z.object({
  id: z.string(),
  direction: z.enum(["in", "out"]),
  purpose: z.string(),
  topics: z.array(z.string()),
  locale,
  status: z.string(),
  errorCode: z.int().nullable(),
  simulated,
  words: z.string().nullable(),
  at: time,
});

const person = z.object({
  pseudonym: z.string().describe("The random id that stands for the number in everything else"),
  consents: z.array(consent),
  entries: z.array(entry),
  calls: z.array(call),
  messages: z.array(message),
  notes: z.array(z.object({ author: z.string(), text: z.string(), at: time })),
  outgoing: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(["message", "call", "event"]),
      purpose: z.string().nullable(),
      state: z.string(),
      attempts: z.int(),
      errorCode: z.string().nullable(),
      simulated,
      at: time,
      finishedAt: time.nullable(),
    }),
  ),
  decisions: z.array(
    z.object({
      id: z.string(),
      topic: z.string(),
      simulated,
      sendAt: time,
      allowed: z.boolean(),
      reason: z.string(),
      entry: z.string().nullable(),
      at: time,
    }),
  ),
  accesses: z.array(
    z.object({
      who: z.string(),
      action: z.string(),
      subject: z.string().nullable(),
      detail: z.string(),
      at: time,
    }),
  ),
});

export const dossierSchema = z
  .object({
    schemaVersion: z.literal("yesline-dossier/1"),
    createdAt: time,
    number: z.string().describe("E.164"),
    controller: z.object({
      id: z.string(),
      name: z.string(),
      legalName: z.string(),
      contact: z.object({ email: z.string(), postalAddress: z.string(), privacyUrl: z.string() }),
    }),
    retention: z.string().describe("ISO 8601 duration, after the last use; the law may want longer"),
    staysWithdrawn: z.boolean(),
    person: person.nullable().describe("Null where nothing is kept of the number"),
  })
  .describe("Everything that is kept about one number at one business");

/** As JSON Schema (draft 2020-12), for whoever reads it by a program. */
export function dossierJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(dossierSchema);
}
