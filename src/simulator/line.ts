import type { Caller, Key, Moment } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { CallEvent, DialStatus, EndedEvent } from "./events.ts";
import type { CallFacts } from "./fields.ts";
import type { Random } from "./random.ts";
import type { Wire } from "./wire.ts";

/** Bounds on one call: whatever a service answers and a caller does, the call ends. */
export type CallLimits = { webhooks: number; acts: number; milliseconds: number };

/** Four hours is Twilio's own limit for a call. */
export const defaultCallLimits: CallLimits = {
  webhooks: 200,
  acts: 10_000,
  milliseconds: 4 * 60 * 60 * 1_000,
};

/** What happens when the service dials somebody: how it ends, and how long they talk. */
export type Dialed = (to: string) => { status: DialStatus; ringSeconds: number; talkSeconds: number };

/** One call in progress: who, over what, at what time, and what was used up of the bounds. */
export type Line = {
  facts: CallFacts;
  caller: Caller;
  clock: Clock;
  wire: Wire;
  random: Random;
  dialed: Dialed;
  limits: CallLimits;
  emit: (event: CallEvent) => void;
  /** Twilio picked up: later webhooks say in-progress. */
  answered: boolean;
  acts: number;
  webhooks: number;
  gathers: number;
};

export type Ending = Omit<EndedEvent, "kind" | "atMs">;

/** What ended a stretch of time before it had passed. */
export type Interruption =
  | { kind: "key"; key: Key }
  | { kind: "speech"; text: string; confidence: number }
  | { kind: "end"; ending: Ending };

export type Stretch = Pick<Moment, "kind" | "hears"> & {
  seconds: number;
  insideGather?: boolean;
  digits?: string;
};

export const hearsNothing: Moment["hears"] = { keys: false, speech: false };

/**
 * Lets a stretch of the call pass, asking the caller what happens in it. A key where none is heard is
 * lost, and the stretch goes on. `undefined`: it passed to its end.
 */
export async function letPass(line: Line, stretch: Stretch): Promise<Interruption | undefined> {
  const endMs = line.clock.now() + stretch.seconds * 1_000;
  while (line.clock.now() < endMs) {
    const leftMs = line.limits.milliseconds - line.clock.now();
    if (leftMs <= 0) return tooMuch("the call lasted four hours");
    line.acts += 1;
    if (line.acts > line.limits.acts) return tooMuch(`the caller did more than ${line.limits.acts} things`);
    const moment: Moment = {
      kind: stretch.kind,
      atMs: line.clock.now(),
      lengthMs: Math.min(leftMs, endMs - line.clock.now()),
      hears: stretch.hears,
      insideGather: stretch.insideGather ?? false,
      gather: line.gathers,
      digits: stretch.digits ?? "",
    };
    const act = await line.clock.pass(moment.lengthMs, (over) => line.caller(moment, over));
    const atMs = line.clock.now();
    switch (act?.do) {
      case undefined:
        if (atMs >= line.limits.milliseconds) return tooMuch("the call lasted four hours");
        return undefined;
      case "press":
        line.emit({ kind: "pressed", atMs, key: act.key, heard: stretch.hears.keys });
        if (stretch.hears.keys) return { kind: "key", key: act.key };
        break;
      case "speak":
        line.emit({ kind: "said", atMs, text: act.text });
        if (stretch.hears.speech)
          return { kind: "speech", text: act.text, confidence: act.confidence ?? 0.9 };
        break;
      case "hang-up":
        return { kind: "end", ending: { by: "caller", reason: "the caller hung up", status: "completed" } };
      case "skip":
        return undefined;
      case "wake":
        break;
    }
  }
  return undefined;
}

function tooMuch(reason: string): Interruption {
  return { kind: "end", ending: { by: "simulator", reason, status: "completed" } };
}
