import { onTestFinished } from "vitest";
import { placeCall, type CallParts } from "../../src/simulator/call.ts";
import { isKey, type Act, type Caller, type Moment } from "../../src/simulator/caller.ts";
import { virtualClock } from "../../src/simulator/clock.ts";
import type { CallEvent, EndedEvent } from "../../src/simulator/events.ts";
import type { CallFacts } from "../../src/simulator/fields.ts";
import { httpTransport, type Transport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { createWire, type Faults } from "../../src/simulator/wire.ts";
import { testService, type Handler, type Received } from "./service.ts";

export const accountSid = `AC${"0".repeat(32)}`;
export const authToken = "a token only the two of us know";

export const someFacts: CallFacts = {
  callSid: `CA${"a".repeat(32)}`,
  accountSid,
  from: "+14155550123",
  to: "+14155550100",
  direction: "inbound",
  stirVerstat: undefined,
  forwardedFrom: undefined,
  callerName: undefined,
  answeredBy: undefined,
  extra: {},
};

export type PlayOptions = Partial<Pick<CallParts, "caller" | "dialed" | "limits" | "unanswered">> & {
  facts?: Partial<CallFacts>;
  /** Added to the voice URL. */
  fragment?: string;
  fallback?: boolean;
  status?: Partial<CallParts["status"]>;
  faults?: Partial<Faults>;
  transport?: (over: Transport) => Transport;
};

export type Played = { ended: EndedEvent; events: CallEvent[]; received: Received[]; url: string };

/** Plays one call against a service made of these routes, in virtual time; HTTP takes no time at all. */
export async function play(routes: Record<string, Handler>, options: PlayOptions = {}): Promise<Played> {
  const service = await testService(routes);
  onTestFinished(service.close);
  const clock = virtualClock();
  const random = seededRandom("test");
  const http = httpTransport();
  onTestFinished(http.close);
  const transport = options.transport?.(http) ?? http;
  const wire = createWire({ authToken, clock, transport, random, stopwatch: () => 0 });
  Object.assign(wire.faults, options.faults);
  const events: CallEvent[] = [];
  const ended = await placeCall({
    ...options,
    facts: { ...someFacts, ...options.facts },
    voiceUrl: `${service.url}/voice${options.fragment ?? ""}`,
    fallbackUrl: options.fallback === true ? `${service.url}/fallback` : undefined,
    status: { url: undefined, events: ["completed"], order: "as it happens", ...options.status },
    ...(options.status === undefined ? {} : { status: statusPlan(service.url, options.status) }),
    wire,
    clock,
    random,
    startsAt: new Date("2026-06-01T09:00:00Z"),
    onEvent: (event) => events.push(event),
  });
  return { ended, events, received: service.received, url: service.url };
}

function statusPlan(url: string, status: Partial<CallParts["status"]>): CallParts["status"] {
  return { url: `${url}/status`, events: ["completed"], order: "as it happens", ...status };
}

export function eventsOf<K extends CallEvent["kind"]>(
  played: Played,
  kind: K,
): Extract<CallEvent, { kind: K }>[] {
  return played.events.filter((event): event is Extract<CallEvent, { kind: K }> => event.kind === kind);
}

export function spokenWords(played: Played): string[] {
  return eventsOf(played, "spoken").map((event) => event.text);
}

export function problemCodes(played: Played): number[] {
  return eventsOf(played, "webhook").flatMap((event) => event.problems.map((found) => found.code));
}

/** Presses these keys, one in each listening moment, after a tenth of a second; then stays silent. */
export function presses(keys: string): Caller {
  const left = Array.from(keys);
  return during("listening", () => pressNext(left));
}

/** Acts in the first moment of a kind that it answers for; lets every other pass. */
export function during(kind: Moment["kind"], act: (moment: Moment) => Act | undefined): Caller {
  return (moment) => Promise.resolve(moment.kind === kind ? act(moment) : undefined);
}

function pressNext(left: string[]): Act | undefined {
  const key = left.shift() ?? "";
  return isKey(key) ? { do: "press", key, afterMs: 100 } : undefined;
}
