import type { Decision } from "./clock.ts";

/** The keys of a telephone. */
export type Key = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "*" | "#";
export const keys: readonly Key[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"];

export function isKey(text: string): text is Key {
  return keys.some((key) => key === text);
}

/**
 * A stretch of a call in which the caller may do something.
 * A key is heard only where `hears.keys` says so: during a Say outside a Gather it is lost.
 */
export type Moment = {
  kind: "prompt" | "pause" | "listening" | "recording" | "ringing" | "talking";
  /** When it began, in milliseconds since the call began. */
  atMs: number;
  /** How long it lasts from now on if nobody does anything. */
  lengthMs: number;
  hears: { keys: boolean; speech: boolean };
  insideGather: boolean;
  /** How often the service has listened so far, the present Gather included. */
  gather: number;
  /** What was keyed in this Gather so far. */
  digits: string;
};

/** What the caller does `afterMs` from the moment's beginning; later than its end is not at all. */
export type Act = Decision &
  (
    | { do: "press"; key: Key }
    | { do: "speak"; text: string; confidence?: number }
    | { do: "hang-up" }
    /** Cuts a prompt or pause short as if it had been played to its end: no telephone can, a tester can. */
    | { do: "skip" }
    /** Nothing, but ask me again then. */
    | { do: "wake" }
  );

/**
 * The person at the other end. Asked at every moment what to do; `undefined` lets the moment pass.
 * On a virtual clock the call waits for the answer; on a paced clock the moment goes on meanwhile, and
 * `over` fires when it has passed.
 */
export type Caller = (moment: Moment, over: AbortSignal) => Promise<Act | undefined>;

/** A caller who never does anything. */
export const silentCaller: Caller = () => Promise.resolve(undefined);
