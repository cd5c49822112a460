import { parsePhoneNumberFromString } from "libphonenumber-js";
import type { FinalStatus } from "./events.ts";
import { newSid, type Random } from "./random.ts";
import type { Fields } from "./signature.ts";

/** What is known of a call before it begins. */
export type CallFacts = {
  callSid: string;
  accountSid: string;
  /** E.164, or "anonymous", or whatever a carrier may send. */
  from: string;
  to: string;
  direction: "inbound" | "outbound-api";
  /** Attestation of the caller's number, such as TN-Validation-Passed-A; outside the US often absent. */
  stirVerstat: string | undefined;
  forwardedFrom: string | undefined;
  callerName: string | undefined;
  /** What answered an outgoing call, when machine detection was asked for. */
  answeredBy: string | undefined;
  /** Any other field, for services that must not trip over one they don't know. */
  extra: Readonly<Record<string, string>>;
};

/** A call of which nothing is known but who calls whom. */
export function plainFacts(
  who: Pick<CallFacts, "accountSid" | "from" | "to" | "direction">,
  random: Random,
): CallFacts {
  const unknown = {
    stirVerstat: undefined,
    forwardedFrom: undefined,
    callerName: undefined,
    answeredBy: undefined,
  };
  return { callSid: newSid("CA", random), ...who, ...unknown, extra: {} };
}

export type ProgressStatus = "queued" | "initiated" | "ringing" | "in-progress" | FinalStatus;

/** The fields of every webhook (twilio.com/docs/voice/twiml, "Request parameters"), sorted by name. */
export function callFields(facts: CallFacts, status: ProgressStatus, more: Fields = []): Fields {
  const optional: [string, string | undefined][] = [
    ["StirVerstat", facts.stirVerstat],
    ["ForwardedFrom", facts.forwardedFrom],
    ["CallerName", facts.callerName],
    ["AnsweredBy", facts.answeredBy],
  ];
  const fields: [string, string][] = [
    ["CallSid", facts.callSid],
    ["AccountSid", facts.accountSid],
    ["ApiVersion", "2010-04-01"],
    ["CallStatus", status],
    ["Direction", facts.direction],
    ...party("From", "Caller", facts.from),
    ...party("To", "Called", facts.to),
    ...optional.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
    ...Object.entries(facts.extra),
    ...more.map(([name, value]): [string, string] => [name, value]),
  ];
  return fields.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Places are often empty; the country follows from the number. The second name is the older duplicate. */
function party(name: string, olderName: string, number: string): [string, string][] {
  const country = parsePhoneNumberFromString(number)?.country ?? "";
  const details = { "": number, Country: country, City: "", State: "", Zip: "" };
  return [name, olderName].flatMap((prefix) =>
    Object.entries(details).map(([detail, value]): [string, string] => [prefix + detail, value]),
  );
}

/** A status callback's own fields. `SequenceNumber` counts from 0; arrival order is not guaranteed. */
export function statusFields(sequence: number, at: Date, ended?: { seconds: number }): Fields {
  return [
    ["CallbackSource", "call-progress-events"],
    ["SequenceNumber", String(sequence)],
    ["Timestamp", rfc2822(at)],
    ...(ended === undefined ? [] : endFields(ended.seconds)),
  ];
}

function endFields(seconds: number): [string, string][] {
  return [
    ["CallDuration", String(seconds)],
    ["Duration", String(Math.ceil(seconds / 60))],
  ];
}

/** Such as "Mon, 01 Jun 2026 09:00:00 +0000". */
function rfc2822(at: Date): string {
  return at.toUTCString().replace("GMT", "+0000");
}
