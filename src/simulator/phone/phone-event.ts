import type { Key } from "../caller.ts";
import type { CallEvent } from "../events.ts";
import type { Pace } from "./requests.ts";

/** What the page is told, in order: everything that happens in the call, and what the phone itself does. */
export type PhoneEvent =
  | PlacedEvent
  | CallEvent
  /** The line waits for the person: `forMs` of call time, if time passes at all. */
  | { kind: "waiting"; atMs: number; forMs: number; digits: string }
  /** The line connects the caller with somebody else. */
  | { kind: "connecting"; atMs: number; stage: "ringing" | "talking" }
  | { kind: "paced"; atMs: number; pace: Pace }
  /** A key pressed while the service thought: nobody could hear it. */
  | { kind: "lost"; atMs: number; key: Key }
  /** Why the phone itself ended the call. */
  | { kind: "note"; atMs: number; text: string };

export type PlacedEvent = {
  kind: "placed";
  atMs: 0;
  callSid: string;
  line: string;
  name: string;
  /** The number that calls, in groups of digits; null when it is withheld. */
  from: string | null;
  pace: Pace;
  /** Where the call is to be found in the console, if there is one. */
  consoleUrl: string | null;
};

/** `id` counts from 1 without gaps, so that a reader who was cut off knows what is missing. */
export type NumberedEvent = { id: number; event: PhoneEvent };
