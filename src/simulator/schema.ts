import { z } from "zod";
import { correspondents, messageStep } from "./message-schema.ts";
import { consentState, duration, phoneNumber } from "./schema-parts.ts";

export type { ConsentState } from "./schema-parts.ts";

/** The scenario format: what a YAML file may say. Lengths of time become milliseconds. */

const keysPattern = /^(?:[0-9*#w]|\{[a-z]\w*\.digits\}){1,64}$/u;
const keyText = z
  .string({ error: 'keys in quotes, such as "1"' })
  .regex(keysPattern, "keys are 0-9, *, # and w, which waits half a second");

const times = z.number().int().min(1).max(20).default(1);
const sameAnswer = z.boolean().default(true).describe("Fail when the answer is not the same as before.");

const words = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const hearRule = z
  .strictObject({
    contains: words.optional().describe("Words that must be said, whatever their case."),
    matches: z.string().refine(isPattern, "not a regular expression").optional(),
    similar: z.string().min(1).optional().describe("Words that must be said, more or less."),
    min: z.number().min(0).max(1).default(0.7).describe("How similar, from 0 to 1."),
    within: duration.optional().describe("How soon the service begins to speak."),
    language: z.string().optional().describe("Such as en-US."),
  })
  .refine((rule) => [rule.contains, rule.matches, rule.similar, rule.language].some(isDefined), {
    error: "say what to hear: contains, matches, similar or language",
  });

const pressRule = z.strictObject({
  keys: keyText,
  after: duration.optional().describe("How long to wait first."),
  bargeIn: z.boolean().default(false).describe("Press while the prompt is still being spoken."),
  early: z.boolean().default(false).describe("Press at once, even where nobody listens and the key is lost."),
});

const stepFields = {
  hear: z.union([z.string().min(1), hearRule], {
    error: "words to hear, or { contains, matches, similar … }",
  }),
  silence: z.strictObject({ times }).nullable().describe("Wait until the service stops listening."),
  press: z.union([keyText, pressRule], { error: 'keys in quotes, such as "1", or { keys: "1" }' }),
  speak: z.union([
    z.string().min(1),
    z.strictObject({
      text: z.string().min(1),
      after: duration.optional(),
      confidence: z.number().min(0).max(1).optional(),
    }),
  ]),
  wait: duration,
  hangup: z.union([
    z.enum(["by-caller", "by-service"]),
    z.strictObject({ by: z.enum(["by-caller", "by-service"]), after: duration.optional() }),
  ]),
  repeatLastWebhook: z
    .strictObject({ times, together: z.boolean().default(false), sameAnswer })
    .nullable()
    .describe("Send the last webhook again, byte for byte."),
  dropConnection: z.strictObject({ times }).nullable().describe("Lose the answers to the coming requests."),
  network: z.strictObject({
    delay: duration.optional().describe("Added to every request from now on."),
    copies: z.number().int().min(0).max(20).optional().describe("Duplicates delivered with every webhook."),
  }),
  replay: z
    .strictObject({
      webhook: z.union([z.literal("all"), z.number().int().min(1)]).default("all"),
      sameAnswer,
    })
    .nullable()
    .describe("Send earlier webhooks of this call again, byte for byte."),
};

const stepNames = Object.keys(stepFields) as (keyof typeof stepFields)[];

const step = z
  .strictObject(z.object(stepFields).partial().shape)
  .refine((fields) => Object.keys(fields).length === 1, {
    error: `a step is one of ${stepNames.join(", ")}`,
  })
  .meta({ minProperties: 1, maxProperties: 1 });

const call = z.strictObject({
  from: phoneNumber,
  to: phoneNumber.min(1),
  at: z.iso.datetime({ offset: true }).optional().describe("When the call begins."),
  direction: z.enum(["inbound", "outbound-api"]).default("inbound"),
  stirVerstat: z.string().optional().describe("Such as TN-Validation-Passed-A."),
  forwardedFrom: z.string().optional(),
  callerName: z.string().optional(),
  answeredBy: z.string().optional(),
  unanswered: z.enum(["busy", "no-answer", "failed", "canceled"]).optional(),
  statusEvents: z.array(z.enum(["initiated", "ringing", "answered", "completed"])).default(["completed"]),
  statusOrder: z.enum(["as it happens", "reversed"]).default("as it happens"),
  agent: z
    .strictObject({
      status: z.enum(["completed", "busy", "no-answer", "failed"]).default("completed"),
      rings: duration.prefault("5s"),
      talks: duration.prefault("30s"),
    })
    .optional()
    .describe("What happens when the service dials somebody."),
  fields: z.record(z.string(), z.string()).default({}).describe("Any other field Twilio might send."),
});

const expectations = z.strictObject({
  consent: z
    .union([consentState, z.record(z.string(), consentState)])
    .optional()
    .describe("One state, or one for each topic."),
  subscriber: phoneNumber.optional().describe("Whose consent; by default the person on the phone."),
  entries: z.number().int().min(0).optional(),
  attempts: z.number().int().min(0).optional().describe("How often the service listened for an answer."),
  noticeHeard: z.enum(["complete", "partial", "none"]).optional(),
  webhooks: z
    .strictObject({ errors: z.number().int().min(0).optional(), count: z.number().int().min(0).optional() })
    .optional(),
});

const numberPattern = z
  .string()
  .regex(
    /^\+[1-9][0-9?]{6,14}$/u,
    'a number with ? for the digits that are new each time, such as "+3460?????00"',
  );

export const scenarioSchema = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().optional(),
    numbers: z
      .record(z.string().regex(/^[a-z]\w*$/u, "a name, such as friend"), numberPattern)
      .default({})
      .describe("Numbers that nobody has had before: {friend}, or {friend.digits} where they are keyed in."),
    call: call.optional(),
    steps: z.array(step).max(500).optional().describe("Of a call; [] where nobody answers it."),
    whatsapp: correspondents.default({}),
    messages: z.array(messageStep).max(200).default([]).describe("What is written after the call."),
    expect: expectations.default({}),
  })
  .superRefine(({ call: placed, steps, whatsapp, messages }, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (placed !== undefined) {
      if (steps === undefined)
        fault(["steps"], "say what the caller does; [] for a call that nobody answers");
      return;
    }
    if (steps !== undefined) fault(["steps"], "a call has steps: say who calls, call: { from, to }");
    if (messages.length === 0) fault([], "say who calls, call: { from, to }, or what is written, messages");
    else if (whatsapp.from === undefined || whatsapp.to === undefined) {
      fault(["messages"], "without a call, say who writes to which sender, whatsapp: { from, to }");
    }
  });

export type ScenarioInput = z.input<typeof scenarioSchema>;
export type ParsedScenario = z.output<typeof scenarioSchema>;
export type ParsedStep = NonNullable<ParsedScenario["steps"]>[number];
export type HearRule = z.output<typeof hearRule>;
export type PressRule = z.output<typeof pressRule>;
export type ScenarioCall = NonNullable<ParsedScenario["call"]>;
export type Expectations = ParsedScenario["expect"];

/** The format as JSON Schema, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: "input" });
  return { $schema, title: "Yesline scenario", ...schema };
}

export const hearing = (text: string): HearRule => hearRule.parse({ contains: text });
export const pressing = (keys: string): PressRule => pressRule.parse({ keys });

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "iu") instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function isDefined(value: unknown): boolean {
  return value !== undefined;
}
