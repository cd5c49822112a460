import { z } from "@hono/zod-openapi";

const text = z.string();
const time = z.iso.datetime();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const contact = z.strictObject({ email: text, postalAddress: text, privacyUrl: text });

const words = {
  text: text.openapi({ description: "Verbatim, with the slots that belong to one person left open." }),
  sha256: digest,
  servedAt: time,
};

/** The record of a receipt. Names follow ISO/IEC TS 27560:2023, as the W3C DPV guide lays it out. */
const ReceiptRecord = z.strictObject({
  schemaVersion: text,
  recordId: z.uuid(),
  kind: z.enum(["granted", "refused", "pending", "confirmed", "revoked", "recorded"]),
  eventId: z.uuid(),
  eventType: text,
  eventState: z.enum([
    "ConsentGiven",
    "ConsentRefused",
    "ConsentRequested",
    "ConsentWithdrawn",
    "ConsentUnknown",
  ]),
  eventTime: time,
  sequence: z.int(),
  subject: z.strictObject({
    pseudonym: text,
    number: text.nullable().openapi({ description: "Masked, unless the salt is there; null once erased." }),
    salt: hash.optional().openapi({
      description: "Where the number is in clear: the commitment is the HMAC-SHA256 of it under this key.",
    }),
    erased: z.boolean(),
    commitment: digest.openapi({
      description: "HMAC-SHA256 of the number with a salt that erasure destroys.",
    }),
  }),
  controller: z.strictObject({
    id: text,
    name: text.optional(),
    legalName: text.optional(),
    contact: contact.optional(),
  }),
  channel: z.literal("whatsapp"),
  topics: z.array(z.strictObject({ id: text, category: text.optional(), name: text.optional() })),
  jurisdiction: text,
  locale: text,
  script: text,
  notice: z
    .strictObject({
      id: text.optional().openapi({ description: "Which prompt of the script it is." }),
      version: text,
      language: text,
      voice: text.nullable().optional().openapi({ description: "Null for what was written." }),
      ...words,
    })
    .nullable(),
  question: z.strictObject({ name: text, ...words }).nullable(),
  servedEventId: text.nullable(),
  messages: z.strictObject({ notice: text.nullable(), reply: text }).nullable(),
  confirms: z.uuid().nullable(),
  supersedes: z.uuid().nullable(),
  collectionMethod: text,
  call: z
    .strictObject({
      sid: text,
      from: text.nullable().optional().openapi({
        description: "The pseudonym of who called or was called; null where the number was withheld.",
      }),
      line: text,
      direction: z.enum(["inbound", "outbound"]),
      status: text,
      begunAt: time,
      endedAt: time.nullable(),
    })
    .nullable(),
  attestation: text.nullable(),
  key: z.strictObject({ pressed: text, question: text, attempt: z.int(), at: time }).nullable(),
  reason: text.nullable().openapi({ description: "In words; null once erased." }),
  reasonCommitment: digest.nullable().openapi({
    description:
      "HMAC-SHA256 of the words with a salt that erasure destroys: the leaf has it as hmac-sha256:…",
  }),
  recording: z
    .strictObject({
      sid: text,
      seconds: z.int().min(0),
      bytes: z.int().min(1),
      sha256: digest,
      announced: z.literal(true).optional(),
    })
    .nullable()
    .optional()
    .openapi({ description: "Which audio it is, of an entry that says that its call was recorded." }),
  simulated: z.boolean(),
  lawfulBasis: text
    .nullable()
    .openapi({ description: "What messages rest on; null where nothing was given." }),
  personalData: z.array(text),
  withdrawalMethods: z.array(text),
  validity: text.nullable(),
  retention: text.nullable().openapi({ description: "ISO 8601 duration." }),
  retentionUntil: z.iso.date().nullable(),
  storageLocation: text.nullable().openapi({ description: "Null where the business has not said it." }),
  recipients: z.array(z.strictObject({ name: text, role: text })),
  policyUrl: text.nullable(),
  rights: z.array(text),
  authority: text.nullable().openapi({ description: "Whom a person may complain to." }),
  revocation: z
    .strictObject({ channel: text, scope: z.array(text), receivedAt: time, honouredAt: time })
    .nullable(),
});

export const EntryReceipt = z
  .strictObject({
    schemaVersion: z.literal("yesline-receipt/1"),
    issuedAt: time,
    record: ReceiptRecord,
    proof: z
      .strictObject({
        algorithm: z.literal("rfc6962-sha256"),
        leaf: z.record(z.string(), z.unknown()).openapi({
          description: "What was sealed; hashed as canonical JSON (RFC 8785) after a zero byte.",
        }),
        leafHash: hash,
        leafIndex: z.int().min(0),
        treeSize: z.int().min(1),
        inclusion: z.array(hash).max(64),
        checkpoint: text.openapi({ description: "A signed note (C2SP tlog-checkpoint)." }),
        keys: z.array(text).min(1),
      })
      .nullable()
      .openapi({
        description: "Null until the entry has its place in the log, some seconds after it was made.",
      }),
    seal: text.openapi({
      description: "A signed note over the SHA-256 of all the rest, as canonical JSON: changed parts show.",
    }),
  })
  .openapi("EntryReceipt");

/** For whoever validates receipts that were handed on (JSON Schema, draft 2020-12). */
export function receiptSchema(publicUrl: string): object {
  return {
    $id: `${publicUrl}/api/receipt.schema.json`,
    title: "Receipt of consent, version 1",
    ...z.toJSONSchema(EntryReceipt),
  };
}
