import { keypress, type Keypress } from "../call/keypress.ts";
import type { E164 } from "../call/phone-number.ts";
import {
  formOf,
  matching,
  oneOf,
  optional,
  turned,
  usually,
  type Fields,
  type Patterns,
  type Refusal,
} from "./fields.ts";

/** The call's state as Twilio names it; the terminal ones come last. */
export const CALL_STATUSES = [
  "queued",
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  "busy",
  "no-answer",
  "failed",
  "canceled",
] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];

const TERMINAL: ReadonlySet<CallStatus> = new Set(["completed", "busy", "no-answer", "failed", "canceled"]);

/** Whether a call in this state has ended. */
export function isTerminal(status: CallStatus): boolean {
  return TERMINAL.has(status);
}

/** Source: facts on Twilio's requests. Parameter boundaries are not signed, so each pattern is whole and strict. */
const NUMBER = /^\+[1-9]\d{6,14}$/;
const CALL_SID = matching(/^CA[0-9a-f]{32}$/, "not a call SID");
/** A number, or whatever a carrier sends for a withheld one; a number that runs on is a shifted boundary. */
const PARTY = /^(?!\+?\d{7,15}[A-Za-z])[^\p{Cc}]{0,100}$/u;
const COUNT = /^\d{1,6}$/;
/** Whatever Twilio writes there is read, and what is unknown counts for nothing. */
const ANYTHING = matching(/^/, "");
const DIRECTIONS = ["inbound", "outbound-api", "outbound-dial"] as const;

const callFields = {
  CallSid: CALL_SID,
  From: matching(PARTY, "not a caller"),
  To: matching(PARTY, "not a called party"),
  CallStatus: usually(
    oneOf(CALL_STATUSES),
    "in-progress",
    new RegExp(`CallStatus(?:${CALL_STATUSES.join("|")})`),
  ),
  Direction: usually(oneOf(DIRECTIONS), "inbound", /Direction(?:in|out)bound/),
  StirVerstat: optional(ANYTHING, /StirVerstatTN-/),
  AnsweredBy: optional(ANYTHING, /AnsweredBy(?:human|machine|fax|unknown)/),
} satisfies Patterns;
const readCall = formOf(callFields);
const readAnswer = formOf({
  ...callFields,
  Digits: optional(
    matching(/^(?:[0-9*#]{0,64}|hangup)$/, "not a string of keys"),
    /Digits(?:[0-9*#]|hangup)/,
  ),
});
const readStatus = formOf({
  ...callFields,
  SequenceNumber: usually(turned(matching(COUNT, "not a sequence number"), Number), 0, /SequenceNumber\d/),
  CallDuration: optional(turned(matching(COUNT, "not a number of seconds"), Number)),
});
const readRecording = formOf({
  CallSid: CALL_SID,
  RecordingSid: matching(/^RE[0-9a-f]{32}$/, "not a recording SID"),
  RecordingStatus: usually(oneOf(["in-progress", "completed", "absent", "failed"]), "completed"),
});

/** What Twilio tells of a recording. How long it is and what it says is asked for, not believed. */
export type RecordingInput = { readonly callSid: string; readonly sid: string; readonly status: string };

/** The callback of a recording. */
export function recordingInput(fields: Fields, signed?: string): RecordingInput | Refusal {
  const form = readRecording(fields, signed);
  if ("refused" in form) return form;
  return { callSid: form.CallSid, sid: form.RecordingSid, status: form.RecordingStatus };
}

/** What Twilio knows of the call, in our words. */
export type CallInput = {
  readonly callSid: string;
  readonly line: E164;
  /** The other party as it came: E.164, or something else where it is withheld or malformed. */
  readonly caller: string;
  readonly direction: "inbound" | "outbound";
  readonly status: CallStatus;
  readonly attestation: Attestation;
  /** Who took a call of ours; null where nobody looked. What Twilio cannot tell counts as a machine. */
  readonly answeredBy: "human" | "machine" | null;
};
export type AnswerInput = CallInput & { readonly keypress: Keypress };
export type StatusInput = CallInput & { readonly sequence: number; readonly durationSeconds: number | null };

/** The webhook that begins a call. */
export function callInput(fields: Fields, signed?: string): CallInput | Refusal {
  const form = readCall(fields, signed);
  return "refused" in form ? form : toCall(form);
}

/** The webhook that brings an answer. */
export function answerInput(fields: Fields, signed?: string): AnswerInput | Refusal {
  const form = readAnswer(fields, signed);
  if ("refused" in form) return form;
  const call = toCall(form);
  if ("refused" in call) return call;
  const hungUp = form.Digits === "hangup";
  return { ...call, keypress: hungUp ? { kind: "hang-up" } : keypress(form.Digits) };
}

/** The status callback. */
export function statusInput(fields: Fields, signed?: string): StatusInput | Refusal {
  const form = readStatus(fields, signed);
  if ("refused" in form) return form;
  const call = toCall(form);
  if ("refused" in call) return call;
  return { ...call, sequence: form.SequenceNumber, durationSeconds: form.CallDuration ?? null };
}

/** STIR/SHAKEN's verdict on the calling number. It says who may use the number, never who pressed the key. */
export type Attestation =
  | "passed-A"
  | "passed-B"
  | "passed-C"
  | "failed-A"
  | "failed-B"
  | "failed-C"
  | "failed"
  | "unverified";

/** Reads `StirVerstat`; what is absent or unknown is "unverified". */
export function attestation(stirVerstat: string | undefined): Attestation {
  const match = /^TN-Validation-(Passed|Failed)(?:-([ABC]))?(?:-(?:Diverted|Passthrough))?$/.exec(
    stirVerstat ?? "",
  );
  if (match === null) return "unverified";
  const [, verdict, level] = match;
  if (level === undefined) return verdict === "Failed" ? "failed" : "unverified";
  return `${verdict === "Passed" ? "passed" : "failed"}-${level as "A" | "B" | "C"}`;
}

function toCall(form: Exclude<ReturnType<typeof readCall>, Refusal>): CallInput | Refusal {
  const inbound = form.Direction === "inbound";
  const line = inbound ? form.To : form.From;
  if (!NUMBER.test(line)) return { refused: 400, message: `${inbound ? "To" : "From"}: not an E.164 number` };
  return {
    callSid: form.CallSid,
    line: line as E164,
    caller: inbound ? form.From : form.To,
    direction: inbound ? "inbound" : "outbound",
    status: form.CallStatus,
    attestation: attestation(form.StirVerstat),
    answeredBy: form.AnsweredBy === undefined ? null : form.AnsweredBy === "human" ? "human" : "machine",
  };
}
