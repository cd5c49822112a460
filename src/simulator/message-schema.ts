import { z } from "zod";
import { consentState, duration, phoneNumber } from "./schema-parts.ts";

/** What a scenario may say about messages on WhatsApp. */

const words = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(20)], {
  error: "words, or a list of them",
});
const whom = phoneNumber.optional().describe("Whose telephone; by default the person of this scenario.");
const times = z.number().int().min(1).max(20).default(1).describe("How often the line is told of it.");

const arriving = z
  .strictObject({
    to: whom,
    says: words.optional().describe("Words that it says, whatever their case."),
    status: z.enum(["queued", "sent", "delivered", "read", "undelivered", "failed"]).optional(),
    error: z.number().int().min(1).optional().describe("Twilio's code for why it did not arrive."),
    nothing: z.literal(true).optional().describe("Nothing arrives."),
    within: duration.optional().describe("How long to wait, in real time."),
  })
  .refine((rule) => rule.nothing !== true || (rule.says ?? rule.status ?? rule.error) === undefined, {
    error: "either nothing arrives, or something that says …",
  });

const consentStates = z.union([consentState, z.record(z.string(), consentState)]);

const stepFields = {
  expect: z.union([z.literal("none"), arriving], {
    error: "what arrives, such as { says: [recorded] }, or none",
  }),
  send: z.union(
    [z.string().min(1), z.strictObject({ text: z.string(), from: whom, to: phoneNumber.optional(), times })],
    { error: "what is written, or { text, from, to, times }" },
  ),
  press: z.union([z.string().min(1), z.strictObject({ button: z.string().min(1), from: whom, times })], {
    error: "the button of the last message that has any, such as yes, or { button, from, times }",
  }),
  wait: duration,
  consent: z.union([z.strictObject({ subscriber: phoneNumber, is: consentStates }), consentStates], {
    error: "a state, one for each topic, or { subscriber, is }",
  }),
  permission: z.strictObject({
    topic: z.string().min(1),
    to: whom,
    at: z.iso.datetime({ offset: true }).optional().describe("When it is to be sent; by default now."),
    allowed: z.boolean(),
    reason: z.string().min(1).optional().describe("Such as revoked."),
  }),
};

export const messageStep = z
  .strictObject(z.object(stepFields).partial().shape)
  .refine((fields) => Object.keys(fields).length === 1, {
    error: `a step of messages is one of ${Object.keys(stepFields).join(", ")}`,
  })
  .meta({ minProperties: 1, maxProperties: 1 });

/** Who writes to whom; what is not said is known from the call, or from what arrives. */
export const correspondents = z.strictObject({
  from: phoneNumber.optional().describe("The person; by default the one on the phone."),
  to: phoneNumber.optional().describe("The line's sender on WhatsApp; by default the one that last wrote."),
});

type ParsedMessageStep = z.output<typeof messageStep>;
type Arriving = z.output<typeof arriving>;
export type ConsentStates = z.output<typeof consentStates>;

export type MessageStepKind =
  | { kind: "expect"; rule: Arriving }
  | { kind: "send"; words: string; from: string | undefined; to: string | undefined; times: number }
  | { kind: "press"; button: string; from: string | undefined; times: number }
  | { kind: "wait"; ms: number }
  | { kind: "consent"; subscriber: string | undefined; states: ConsentStates }
  | { kind: "permission"; rule: NonNullable<ParsedMessageStep["permission"]> };

export function messageStepOf(step: ParsedMessageStep): MessageStepKind {
  const { expect, send, press, wait, consent } = step;
  if (expect !== undefined) return { kind: "expect", rule: expect === "none" ? { nothing: true } : expect };
  if (send !== undefined) {
    const said = typeof send === "string" ? { text: send, times: 1 } : send;
    const { text, ...rest } = { from: undefined, to: undefined, ...said };
    return { kind: "send", words: text, ...rest };
  }
  if (press !== undefined) {
    const pressed = typeof press === "string" ? { button: press, times: 1 } : press;
    return { kind: "press", from: undefined, ...pressed };
  }
  if (wait !== undefined) return { kind: "wait", ms: wait };
  if (consent !== undefined) {
    return isOfSomebody(consent)
      ? { kind: "consent", subscriber: consent.subscriber, states: consent.is }
      : { kind: "consent", subscriber: undefined, states: consent };
  }
  return { kind: "permission", rule: step.permission ?? NOT_REACHED };
}

/** A step has exactly one of its fields: the schema says so. */
const NOT_REACHED = { topic: "", to: undefined, allowed: false };

type OfSomebody = { subscriber: string; is: ConsentStates };
function isOfSomebody(consent: NonNullable<ParsedMessageStep["consent"]>): consent is OfSomebody {
  return typeof consent === "object" && "is" in consent && "subscriber" in consent;
}
