import type { Key } from "./caller.ts";
import type { Problem } from "./problem.ts";

/** Why Twilio made a request. */
export type Purpose = "call" | "action" | "redirect" | "fallback" | "status";

/** Everything that happens in a call, in order. Times are milliseconds since the call began. */
export type CallEvent =
  | WebhookEvent
  /** The voice begins; `spoken` follows when it stops. */
  | {
      kind: "speaking";
      atMs: number;
      text: string;
      language: string;
      voice: string | undefined;
      forMs: number;
    }
  | SpokenEvent
  | { kind: "played"; atMs: number; url: string; digits: string | undefined; complete: boolean }
  | ListeningEvent
  /** `heard` is false for a key pressed where nobody listens. */
  | { kind: "pressed"; atMs: number; key: Key; heard: boolean }
  | { kind: "said"; atMs: number; text: string }
  /** A Gather ended without input. */
  | { kind: "silence"; atMs: number }
  /** A Gather ended with input. */
  | { kind: "gathered"; atMs: number; digits: string; endedBy: GatherEnd }
  | { kind: "recorded"; atMs: number; seconds: number }
  | { kind: "dialed"; atMs: number; to: string; status: DialStatus; seconds: number }
  | EndedEvent;

export type GatherEnd = "finishing key" | "number of digits" | "time-out" | "speech";

export type DialStatus = "completed" | "busy" | "no-answer" | "failed";

export type WebhookEvent = {
  kind: "webhook";
  atMs: number;
  purpose: Purpose;
  method: "GET" | "POST";
  url: string;
  params: Readonly<Record<string, string>>;
  /** Undefined when no answer arrived. */
  status: number | undefined;
  /** How long Twilio waited for the answer, retries included. */
  ms: number;
  tries: number;
  /** The answer's body, as it came. */
  twiml: string;
  problems: readonly Problem[];
};

export type SpokenEvent = {
  kind: "spoken";
  text: string;
  language: string;
  voice: string | undefined;
  /** Whether it was said to its end. */
  complete: boolean;
  fromMs: number;
  toMs: number;
  insideGather: boolean;
  /** Outside a Gather, in a document that goes on to a Gather or a Redirect: what is said before asking. */
  beforeGather: boolean;
};

export type ListeningEvent = {
  kind: "listening";
  atMs: number;
  numDigits: number | undefined;
  finishOnKey: string;
  timeoutSeconds: number;
};

/** The statuses a call can end with. */
export type FinalStatus = "completed" | "busy" | "no-answer" | "failed" | "canceled";

export type EndedEvent = {
  kind: "ended";
  atMs: number;
  /** Twilio ends a call when it has nothing to play; the simulator when a bound is reached. */
  by: "caller" | "service" | "twilio" | "simulator";
  reason: string;
  status: FinalStatus;
};
