import { placeCall } from "./call.ts";
import { isKey, type Caller } from "./caller.ts";
import { virtualClock } from "./clock.ts";
import type { CallEvent, EndedEvent } from "./events.ts";
import { plainFacts } from "./fields.ts";
import { withTransport, type Transport } from "./http.ts";
import { systemRandom, type Random } from "./random.ts";
import { targetUrls, type Target } from "./run.ts";
import { createWire } from "./wire.ts";

/** A call that took place: what was done each time the service listened, and what was then said. */
export type Recording = {
  from: string;
  to: string;
  direction?: "inbound" | "outbound-api";
  turns: Turn[];
};

/** What the service said before it listened (or the call ended), and what the caller then did. */
export type Turn = {
  said: string[];
  did: { kind: "keys"; keys: string } | { kind: "silence" } | { kind: "hang-up" } | { kind: "nothing" };
};

export type Difference = { turn: number; was: string; now: string };

export type ReplayResult = {
  callSid: string;
  differences: Difference[];
  turns: Turn[];
  events: CallEvent[];
  ended: EndedEvent;
};

export type ReplayOptions = {
  random?: Random;
  now?: () => Date;
  transport?: Transport;
  /** Takes out of what was said what differs from call to call, such as a reference number. */
  alike?: (said: string) => string;
};

/** Plays a stored call's keys again, as a new call against the running service, and shows what differs. */
export async function replayCall(
  recording: Recording,
  target: Target,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const { random = systemRandom, now = () => new Date(), alike = (said) => said } = options;
  const { from, to, direction = "inbound" } = recording;
  const urls = targetUrls(target);
  const facts = plainFacts({ accountSid: target.accountSid, from, to, direction }, random);
  const clock = virtualClock();
  const events: CallEvent[] = [];
  const ended = await withTransport(options.transport, {}, (transport) =>
    placeCall({
      facts,
      voiceUrl: urls.voiceUrl,
      fallbackUrl: urls.fallbackUrl,
      status: { url: urls.statusUrl, events: ["completed"], order: "as it happens" },
      wire: createWire({ authToken: target.authToken, clock, transport, random }),
      clock,
      random,
      startsAt: now(),
      caller: repeating(recording.turns),
      onEvent: (event) => events.push(event),
    }),
  );
  const turns = turnsOf(events);
  return {
    callSid: facts.callSid,
    differences: compare(recording.turns, turns, alike),
    turns,
    events,
    ended,
  };
}

/** Does in each listening what was done in it before; when nothing is left to repeat, hangs up. */
function repeating(turns: readonly Turn[]): Caller {
  return (moment) => {
    if (moment.kind !== "listening") return Promise.resolve(undefined);
    const turn = turns[moment.gather - 1];
    if (turn?.did.kind === "silence") return Promise.resolve(undefined);
    if (turn?.did.kind !== "keys") return Promise.resolve({ do: "hang-up", afterMs: 0 });
    const key = turn.did.keys[moment.digits.length] ?? "";
    return Promise.resolve(isKey(key) ? { do: "press", key, afterMs: 0 } : undefined);
  };
}

/** What a call's events come to, turn by turn. */
export function turnsOf(events: readonly CallEvent[]): Turn[] {
  const turns: Turn[] = [];
  let said: string[] = [];
  let keys = "";
  const close = (did: Turn["did"]): void => {
    turns.push({ said, did });
    said = [];
    keys = "";
  };
  for (const event of events) {
    if (event.kind === "speaking") said.push(event.text);
    else if (event.kind === "pressed" && event.heard) keys += event.key;
    else if (event.kind === "silence") close(keys === "" ? { kind: "silence" } : { kind: "keys", keys });
    else if (event.kind === "gathered") close({ kind: "keys", keys });
    else if (event.kind === "ended") close(event.by === "caller" ? { kind: "hang-up" } : { kind: "nothing" });
  }
  return turns;
}

function compare(
  before: readonly Turn[],
  after: readonly Turn[],
  alike: (said: string) => string,
): Difference[] {
  const differences: Difference[] = [];
  for (let turn = 0; turn < Math.max(before.length, after.length); turn += 1) {
    const was = alike(describe(before[turn]));
    const now = alike(describe(after[turn]));
    if (was !== now) differences.push({ turn: turn + 1, was, now });
  }
  return differences;
}

function describe(turn: Turn | undefined): string {
  if (turn === undefined) return "the call had ended";
  const did = turn.did.kind === "keys" ? `keys ${turn.did.keys}` : turn.did.kind;
  // A hard space sounds like any other.
  return `${turn.said.join(" ").replaceAll(/\s+/gu, " ")} → ${did}`;
}
