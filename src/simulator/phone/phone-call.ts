import { placeCall } from "../call.ts";
import { pacedClock, type Clock } from "../clock.ts";
import type { CallEvent, EndedEvent } from "../events.ts";
import { plainFacts, type CallFacts } from "../fields.ts";
import type { Transport } from "../http.ts";
import type { Random } from "../random.ts";
import { targetUrls, type Target } from "../run.ts";
import { scenarioFromEvents } from "../save.ts";
import { createWire } from "../wire.ts";
import { eventLog, type EventLog, type EventLogLimits } from "./event-log.ts";
import { person, type Person } from "./person.ts";
import type { PhoneEvent, PlacedEvent } from "./phone-event.ts";
import { readableNumber } from "./readable-number.ts";
import { attestations, paces, type ActionRequest, type PlacingRequest } from "./requests.ts";

/** A line that the phone can call. */
export type PhoneLine = {
  /** E.164. */
  readonly line: string;
  readonly name: string;
  /** Such as en-US; the first one greets. */
  readonly locales: readonly string[];
};

export type PhoneCallParts = {
  readonly target: Target;
  readonly line: PhoneLine;
  readonly transport: Transport;
  readonly consoleUrl: ((callSid: string) => string) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly random: Random;
  readonly limits: EventLogLimits;
};

/** One call that somebody at a page makes. */
export type PhoneCall = {
  readonly callSid: string;
  readonly log: EventLog;
  /** Settles when the call is over; a fault of the simulator rejects. */
  readonly over: Promise<void>;
  /** @returns whether the call took it: a key that nobody can hear is lost */
  readonly act: (action: ActionRequest) => boolean;
  /** Ends the call from this side and says why. */
  readonly giveUp: (reason: string) => void;
  /** What was played so far, as YAML. */
  readonly scenario: () => string;
};

const WITHHELD = "anonymous";

export function phoneCall(request: PlacingRequest, parts: PhoneCallParts): PhoneCall {
  const facts = factsOf(request, parts);
  const log = eventLog(parts.limits);
  const events: CallEvent[] = [];
  const state = { pace: request.pace };
  const clock = pacedClock({ speed: () => paces[state.pace], stopwatch: parts.monotonicMs });
  const tell = (event: PhoneEvent): void => {
    if (!log.closed) log.append(event);
  };
  const somebody = person({
    instant: () => paces[state.pace] === Infinity,
    onMoment({ kind, atMs, lengthMs, digits }) {
      if (kind === "listening" || kind === "recording")
        tell({ kind: "waiting", atMs, forMs: lengthMs, digits });
      if (kind === "ringing" || kind === "talking") tell({ kind: "connecting", atMs, stage: kind });
    },
  });
  const giveUp = (text: string): void => {
    tell({ kind: "note", atMs: clock.now(), text });
    somebody.hangUp();
  };
  const act = actions({ somebody, state, clock, tell });
  tell(placedEvent(facts, request, parts));
  const onEvent = (event: CallEvent): void => {
    const wasFull = log.full;
    events.push(event);
    tell(event);
    if (log.full && !wasFull) giveUp("This call became too long for this phone, which hung up.");
  };
  const over = play({ facts, clock, somebody, onEvent }, parts).then(
    () => log.close(),
    (error: unknown) => {
      tell({ kind: "note", atMs: clock.now(), text: "The simulator failed; the call is lost." });
      log.close();
      throw error;
    },
  );
  return {
    callSid: facts.callSid,
    log,
    over,
    act: (action) => !log.closed && act(action),
    giveUp,
    scenario: () => scenarioFromEvents(`${parts.line.name}, as played`, facts, events),
  };
}

type Playing = { facts: CallFacts; clock: Clock; somebody: Person; onEvent: (event: CallEvent) => void };

function play({ facts, clock, somebody, onEvent }: Playing, parts: PhoneCallParts): Promise<EndedEvent> {
  const { target, transport, random } = parts;
  const urls = targetUrls(target);
  return placeCall({
    facts,
    voiceUrl: urls.voiceUrl,
    fallbackUrl: urls.fallbackUrl,
    status: { url: urls.statusUrl, events: ["completed"], order: "as it happens" },
    wire: createWire({ authToken: target.authToken, clock, transport, random }),
    clock,
    random,
    startsAt: new Date(parts.now()),
    caller: somebody.caller,
    onEvent,
  });
}

type Acting = {
  somebody: Person;
  state: Pick<PlacingRequest, "pace">;
  clock: Clock;
  tell: (event: PhoneEvent) => void;
};

function actions({ somebody, state, clock, tell }: Acting): (action: ActionRequest) => boolean {
  return (action) => {
    switch (action.do) {
      case "press": {
        const taken = somebody.press(action.key);
        if (!taken) tell({ kind: "lost", atMs: clock.now(), key: action.key });
        return taken;
      }
      case "silence":
        return somebody.silence();
      case "skip":
        return somebody.skip();
      case "hang-up":
        somebody.hangUp();
        return true;
      case "pace":
        state.pace = action.pace;
        tell({ kind: "paced", atMs: clock.now(), pace: action.pace });
        somebody.wake();
        return true;
    }
  };
}

function factsOf(request: PlacingRequest, { target, random }: PhoneCallParts): CallFacts {
  const from = request.caller === "withheld" ? WITHHELD : request.caller;
  const who = { accountSid: target.accountSid, from, to: request.line, direction: "inbound" } as const;
  return { ...plainFacts(who, random), stirVerstat: attestations[request.attestation] };
}

function placedEvent(facts: CallFacts, { pace }: PlacingRequest, parts: PhoneCallParts): PlacedEvent {
  const { line, name } = parts.line;
  return {
    kind: "placed",
    atMs: 0,
    callSid: facts.callSid,
    line,
    name,
    from: facts.from === WITHHELD ? null : readableNumber(facts.from),
    pace,
    consoleUrl: parts.consoleUrl?.(facts.callSid) ?? null,
  };
}
