import { z } from "zod";
import { keypress, type Keypress } from "../call/keypress.ts";
import type { E164 } from "../call/phone-number.ts";

/** Every field of a form body in the order it came; a name may stand more than once. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** A request that is wrong in itself: the HTTP status of the answer, and what is wrong, for a developer. */
export type Refusal = { readonly refused: 400 | 403 | 415; readonly message: string };

/** Twilio sends about 30 fields; a form of more than this many is not Twilio's. */
const MAX_FIELDS = 200;

/**
 * Splits an `application/x-www-form-urlencoded` body. Values are neither trimmed nor repaired: the signature
 * covers them as they came. @returns null for bad percent-encoding, text that is not UTF-8, or a NUL
 */
export function parseForm(body: Uint8Array): Fields | null {
  const fields = new Map<string, string[]>();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const pairs = text === "" ? [] : text.split("&");
    if (pairs.length > MAX_FIELDS) return null;
    for (const pair of pairs) {
      const equals = pair.indexOf("=");
      const name = decode(equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
      if (name.includes("\0") || value.includes("\0")) return null;
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
    }
  } catch (error) {
    // URIError: bad percent-encoding; TypeError: not UTF-8. Anything else is ours.
    if (error instanceof URIError || error instanceof TypeError) return null;
    throw error;
  }
  return fields;
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  return spaced.includes("%") ? decodeURIComponent(spaced) : spaced;
}

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
const number = z.string().regex(/^\+[1-9]\d{6,14}$/, "not an E.164 number");
const party = (message: string) => z.string().regex(/^(?!\+?\d{7,15}[A-Za-z])[^\p{Cc}]{0,100}$/u, message);
const callForm = z.object({
  CallSid: z.string().regex(/^CA[0-9a-f]{32}$/, "not a call SID"),
  /** A number, or whatever a carrier sends for a withheld one; a number that runs on is a shifted boundary. */
  From: party("not a caller"),
  To: party("not a called party"),
  CallStatus: z.enum(CALL_STATUSES).default("in-progress"),
  Direction: z.enum(["inbound", "outbound-api", "outbound-dial"]).default("inbound"),
  StirVerstat: z.string().optional(),
  AnsweredBy: z.string().optional(),
});
const answerForm = callForm.extend({
  Digits: z
    .string()
    .regex(/^(?:[0-9*#]{0,64}|hangup)$/, "not a string of keys")
    .optional(),
});
const statusForm = callForm.extend({
  SequenceNumber: z
    .string()
    .regex(/^\d{1,6}$/, "not a sequence number")
    .default("0")
    .transform(Number),
  CallDuration: z
    .string()
    .regex(/^\d{1,6}$/, "not a number of seconds")
    .transform(Number)
    .optional(),
});

const recordingForm = z.object({
  CallSid: z.string().regex(/^CA[0-9a-f]{32}$/, "not a call SID"),
  RecordingSid: z.string().regex(/^RE[0-9a-f]{32}$/, "not a recording SID"),
  RecordingStatus: z.enum(["in-progress", "completed", "absent", "failed"]).default("completed"),
});

/** What Twilio tells of a recording. How long it is and what it says is asked for, not believed. */
export type RecordingInput = { readonly callSid: string; readonly sid: string; readonly status: string };

/** The callback of a recording. */
export function recordingInput(fields: Fields): RecordingInput | Refusal {
  const form = read(recordingForm, fields);
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
export function callInput(fields: Fields): CallInput | Refusal {
  const form = read(callForm, fields);
  return "refused" in form ? form : toCall(form);
}

/** The webhook that brings an answer. */
export function answerInput(fields: Fields): AnswerInput | Refusal {
  const form = read(answerForm, fields);
  if ("refused" in form) return form;
  const call = toCall(form);
  if ("refused" in call) return call;
  const hungUp = form.Digits === "hangup";
  return { ...call, keypress: hungUp ? { kind: "hang-up" } : keypress(form.Digits) };
}

/** The status callback. */
export function statusInput(fields: Fields): StatusInput | Refusal {
  const form = read(statusForm, fields);
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

/** The fields that a form names, each in its pattern and once; the others are not looked at. */
export function read<T extends z.ZodObject>(form: T, fields: Fields): z.output<T> | Refusal {
  const values: Record<string, string> = {};
  const names = Object.keys(form.shape);
  for (const name of names) {
    const [value, ...more] = fields.get(name) ?? [];
    if (more.length > 0) return { refused: 400, message: `${name} stands more than once` };
    if (value !== undefined) values[name] = value;
  }
  const hidden = hiddenIn(fields, names);
  if (hidden !== undefined) return { refused: 400, message: `${hidden} stands within another field` };
  const parsed = form.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { refused: 400, message: `${issue?.path.join(".") ?? "form"}: ${issue?.message ?? "malformed"}` };
}

/** What may be missing, and begins like this where it is there. */
const MAY_BE_MISSING: Readonly<Partial<Record<string, RegExp>>> = {
  AnsweredBy: /AnsweredBy(?:human|machine|fax|unknown)/,
  CallStatus: new RegExp(`CallStatus(?:${CALL_STATUSES.join("|")})`),
  Digits: /Digits(?:[0-9*#]|hangup)/,
  Direction: /Direction(?:in|out)bound/,
  SequenceNumber: /SequenceNumber\d/,
  StirVerstat: /StirVerstatTN-/,
};

/**
 * The signature covers names and values in one string, without their borders: whoever moves one can hide a field in its
 * neighbour, so that a key becomes silence or a machine a person. @returns the field that is hidden
 */
function hiddenIn(fields: Fields, names: readonly string[]): string | undefined {
  const missing = names.filter((name) => MAY_BE_MISSING[name] !== undefined && !fields.has(name));
  if (missing.length === 0) return undefined;
  const signed = [...fields.keys()]
    .toSorted()
    .map((name) => name + (fields.get(name) ?? []).join(""))
    .join("");
  return missing.find((name) => MAY_BE_MISSING[name]?.test(signed));
}

function toCall(form: z.output<typeof callForm>): CallInput | Refusal {
  const inbound = form.Direction === "inbound";
  const line = number.safeParse(inbound ? form.To : form.From);
  if (!line.success) return { refused: 400, message: `${inbound ? "To" : "From"}: not an E.164 number` };
  return {
    callSid: form.CallSid,
    line: line.data as E164,
    caller: inbound ? form.From : form.To,
    direction: inbound ? "inbound" : "outbound",
    status: form.CallStatus,
    attestation: attestation(form.StirVerstat),
    answeredBy: form.AnsweredBy === undefined ? null : form.AnsweredBy === "human" ? "human" : "machine",
  };
}
