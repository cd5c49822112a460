import { jurisdictionFor, type Business, type Jurisdiction, type Locale } from "../call/business.ts";
import { advance, begin, nameOf, type Outcome, type Question, type Situation } from "../call/flow.ts";
import type { Keypress } from "../call/keypress.ts";
import { isRecorded } from "../call/recording.ts";
import { lastDigits, spaced, subscriberNumber, type E164 } from "../call/phone-number.ts";
import type { LiveCall } from "../ledger/integration.ts";
import type { CallIdentity, Ledger, NewEntry, Recorded, Turn } from "../ledger/ledger.ts";
import { referenceOf } from "../ledger/reference.ts";
import { fillOpen, type Script } from "../script/script.ts";
import { GO_BACK, localeOf, speechOf, type speaker } from "../script/speak.ts";
import type { CallInput } from "../twilio/form.ts";
import type { Account } from "../twilio/signature.ts";
import { addressOf, type Address } from "./address.ts";

/** A call, its business, and the script that speaks in it. */
export type Conversation = {
  readonly call: CallIdentity;
  readonly business: Business;
  readonly script: Script;
  readonly speak: ReturnType<typeof speaker>;
  /** What stands before /voice in the public URL's path; "" as a rule. */
  readonly basePath: string;
  /** An agent's call that was brought in. */
  readonly live: LiveCall | null;
};

/** What a webhook was answered with. `outcome` names the ending or the next question, for log and metrics. */
export type Answer = {
  readonly twiml: string;
  readonly outcome: string;
  readonly recorded: Recorded;
  /** Something is to be done about the call's audio, at once. */
  readonly recording: boolean;
};

/** Nothing to say, because nobody listens. */
export const HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>';

export function identify(input: CallInput, account: Account, business: Business, at: number): CallIdentity {
  return {
    businessId: business.id,
    callSid: input.callSid,
    accountSid: account.sid,
    line: input.line,
    direction: input.direction,
    caller: subscriberNumber(input.caller),
    attestation: input.attestation,
    simulated: account.simulated,
    at,
  };
}

/** The call begins. @param chosen the language that whoever asked for the call named */
export async function beginCall(
  ledger: Ledger,
  conversation: Conversation,
  chosen: Locale | null = null,
): Promise<Answer> {
  const { locales } = conversation.business;
  const named = locales.find((each) => each === chosen);
  const locale = named ?? locales[0];
  const situation = await situate(ledger, conversation, locale, true);
  const asked = {
    step: "begin",
    attempt: 1,
    asked: null,
    locale,
    keypress: null,
    key: null,
    subscriberId: null,
  };
  return respond(ledger, conversation, asked, begin(situation, named !== undefined));
}

/** The caller answered. @throws where the question is not the business's any more: a topic or a person has gone */
export async function takeAnswer(
  ledger: Ledger,
  conversation: Conversation,
  address: Address,
  keypress: Keypress,
): Promise<Answer> {
  const { subscriberId, locale } = address;
  const { business } = conversation;
  const number = subscriberId === null ? null : await ledger.numberOf(business.id, subscriberId);
  const question = questionAt(address, business, number);
  if (question === null) throw new Error(noLongerAsked(business));
  const returning = question.step === "language" || question.step === "welcome-back" || address.change;
  const situation = await situate(ledger, conversation, locale, returning);
  // Before anything is kept: nobody is asked about a number that the line does not know.
  if (situation.caller === null && isAboutCaller(question)) throw new Error(noLongerAsked(business));
  const key = keypress.kind === "key" ? keypress.key : null;
  const asked: Asked = {
    step: nameOf(question),
    attempt: question.attempt,
    asked: addressOf(address.script, locale, question, subscriberId, address.businessId),
    locale,
    keypress: keypress.kind,
    key,
    subscriberId,
  };
  return respond(ledger, conversation, asked, advance(question, keypress, situation));
}

function noLongerAsked({ id }: Business): string {
  return `${id} no longer asks what this address asks.`;
}

/** Whether it speaks of the number that the call comes from. */
function isAboutCaller(question: Question): boolean {
  return question.step === "choice" || (question.step === "topic" && question.number === null);
}

/** The question that is answered, and what was done at it. */
type Asked = Pick<Turn, "step" | "attempt" | "asked" | "locale" | "keypress" | "key"> & {
  /** The other number it is about, where it is about one. */
  readonly subscriberId: string | null;
};

/** Law 2: record, then speak. What is spoken comes from what the ledger returns. */
async function respond(
  ledger: Ledger,
  conversation: Conversation,
  asked: Asked,
  outcome: Outcome,
): Promise<Answer> {
  const { call, business, script, speak, live } = conversation;
  const { question, locale } = outcome;
  const jurisdiction = jurisdictionFor(business, call.caller, new Set(localeOf(script, locale).law.keys()));
  const subscriberId = await aboutWhom(ledger, conversation, asked, question);
  const name = question === null ? (outcome.prompts[0] ?? "no-answer") : nameOf(question);
  const recording = recordingAt(outcome, conversation, jurisdiction);
  const recorded = await ledger.record({
    call,
    ...asked,
    recording,
    jurisdiction,
    script: script.version,
    entries: outcome.decisions.map(({ kind, topics, number }): NewEntry => ({
      kind,
      topics,
      subscriberId: number === null ? null : asked.subscriberId,
      jurisdiction,
      script: script.version,
    })),
    served: {
      step: outcome.prompts.includes("notice") ? "notice" : name,
      attempt: question?.attempt ?? 1,
      locale,
      text: speak({
        ...speechOf(outcome, jurisdiction, call.caller === null),
        returns: isReturning(live),
      }),
      action:
        question === null
          ? null
          : addressOf(script.version, locale, question, subscriberId, live?.businessId ?? null),
      subscriberId,
    },
  });
  const twiml = await twimlOf(ledger, conversation, recorded);
  return { twiml, outcome: name, recorded, recording: recording !== null };
}

/**
 * Begins with the notice, which says so first; ends where somebody takes over who was asked for a talk, not for a
 * recording. Null: nothing changes.
 */
function recordingAt(
  { prompts, question }: Outcome,
  { business, live }: Conversation,
  jurisdiction: Jurisdiction,
): "start" | "stop" | null {
  if (!isRecorded(business, jurisdiction)) return null;
  if (prompts.includes("notice")) return "start";
  return question === null && (isReturning(live) || prompts.includes("agent")) ? "stop" : null;
}

/** The id of the other number that the next question is about. */
async function aboutWhom(
  ledger: Ledger,
  { call }: Conversation,
  asked: Asked,
  question: Question | null,
): Promise<string | null> {
  if (question?.step === "confirm-number") {
    return asked.subscriberId ?? ledger.register(call.businessId, question.number, call.at);
  }
  return question?.step === "topic" && question.number !== null ? asked.subscriberId : null;
}

async function twimlOf(
  ledger: Ledger,
  { call, basePath, live }: Conversation,
  recorded: Recorded,
): Promise<string> {
  if (recorded.kind === "ended") return isReturning(live) ? onItsWay(GO_BACK, live) : HANG_UP;
  const { twiml, action, subscriberId } = recorded.served;
  const number = subscriberId === null ? null : await ledger.numberOf(call.businessId, subscriberId);
  return onItsWay(twiml, live, {
    ...(action === null ? {} : { action: basePath + action }),
    ...(number === null ? {} : { number: spaced(number) }),
    ...(call.caller === null ? {} : { lastDigits: lastDigits(call.caller) }),
    reference: spaced(referenceOf(call.callSid)),
  });
}

/** Whether an agent waits for the call. */
export function isReturning(live: LiveCall | null): boolean {
  return live !== null && live.returnUrl !== null;
}

/** Law 10: where an agent's call goes back to is filled in when it is answered, and is in no text that is kept. */
export function onItsWay(
  twiml: string,
  live: LiveCall | null,
  open: Parameters<typeof fillOpen>[1] = {},
): string {
  const returnUrl = live?.returnUrl ?? null;
  return fillOpen(twiml, { ...open, ...(returnUrl === null ? {} : { returnUrl }) });
}

async function situate(
  ledger: Ledger,
  { call, business, live }: Conversation,
  locale: Locale,
  returning: boolean,
): Promise<Situation> {
  const known = returning && call.caller !== null;
  const granted = known ? await ledger.granted(business.id, call.caller, call.simulated) : [];
  // Whom an agent has on the line knows who is calling.
  const outgoing = call.direction === "outbound" && live === null;
  return { business, locale, caller: call.caller, granted, outgoing };
}

/** The question that waits at an address; null where the address names what the business does not have. */
function questionAt(address: Address, business: Business, number: E164 | null): Question | null {
  const { step, attempt, change, topic, agreed } = address;
  if (!business.locales.includes(address.locale)) return null;
  switch (step) {
    case "language":
    case "choice":
    case "welcome-back":
      return { step, attempt };
    case "other-number":
      return { step, attempt, change };
    case "confirm-number":
      return number === null ? null : { step, attempt, change, number };
    case "topic": {
      const known = new Set(business.topics.map(({ id }) => id));
      if (topic === null || ![topic, ...agreed].every((id) => known.has(id))) return null;
      return address.subscriberId !== null && number === null
        ? null
        : { step, attempt, topic, agreed, number };
    }
  }
}
