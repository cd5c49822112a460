import { placeCall } from "../call.ts";
import { isKey, type Caller } from "../caller.ts";
import { virtualClock } from "../clock.ts";
import { plainFacts } from "../fields.ts";
import type { StatusEvent } from "../status.ts";
import { createWire } from "../wire.ts";
import { book, type Book } from "./book.ts";
import type { PostOfficeParts } from "./post-office.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { pickupOf } from "./reserved.ts";
import type { RestCall } from "./resources.ts";

/** A call that a service asks for. */
export type Asked = {
  readonly from: string;
  readonly to: string;
  readonly url: string;
  readonly statusCallback: string | undefined;
  readonly statusEvents: readonly StatusEvent[];
  readonly machineDetection: boolean;
};

/** Telephones that ring: whoever waits for the call answers it, else nobody does. */
export type Switchboard = {
  readonly calls: Book<RestCall>;
  /** The next call to this number is answered, and these keys are pressed, each where the service listens. */
  expect(to: string, keys: readonly string[]): void;
  place(asked: Asked): RestCall | Refusal;
};

const MAX_CALLS = 1_000;
const MAX_UNDER_WAY = 50;
const MAX_WAITING = 100;

export function switchboard(parts: Omit<PostOfficeParts, "whatsappUrl" | "templates">): Switchboard {
  const { accountSid, random, now } = parts;
  const calls = book<RestCall>(MAX_CALLS);
  const waiting = new Map<string, readonly string[]>();
  let underWay = 0;

  async function ring(call: RestCall, asked: Asked): Promise<void> {
    const { from, to, url, statusCallback, statusEvents } = asked;
    const keys = waiting.get(to);
    waiting.delete(to);
    const pickup = keys === undefined ? pickupOf(to) : "person";
    const answered = pickup === "person" || pickup === "machine";
    const answeredBy = pickup === "machine" ? "machine_start" : "human";
    if (answered && asked.machineDetection) call.answeredBy = answeredBy;
    const clock = virtualClock();
    const facts = plainFacts({ accountSid, from, to, direction: "outbound-api" }, random);
    call.status = "ringing";
    const ended = await placeCall({
      facts: { ...facts, callSid: call.sid, answeredBy: call.answeredBy ?? undefined },
      voiceUrl: url,
      status: { url: statusCallback, events: statusEvents, order: "as it happens" },
      wire: createWire({ ...parts, clock }),
      clock,
      random,
      startsAt: new Date(call.createdAt),
      caller: pressing(keys ?? []),
      unanswered: pickup === "person" || pickup === "machine" ? undefined : pickup,
      onEvent(event) {
        if (event.kind === "webhook" && event.purpose === "call") call.status = "in-progress";
      },
    });
    call.status = ended.status;
    call.updatedAt = now();
    call.seconds = answered ? Math.ceil(ended.atMs / 1_000) : 0;
  }

  return {
    calls,
    expect(to, keys) {
      const [oldest] = waiting.keys();
      if (waiting.size >= MAX_WAITING && oldest !== undefined) waiting.delete(oldest);
      waiting.set(to, keys);
    },
    place(asked) {
      if (underWay >= MAX_UNDER_WAY) return refusal(429, 20_429, "Too Many Requests");
      const { from, to } = asked;
      const at = now();
      const { callSid: sid } = plainFacts({ accountSid, from, to, direction: "outbound-api" }, random);
      const times = { createdAt: at, updatedAt: at };
      const call: RestCall = { sid, from, to, ...times, status: "queued", answeredBy: null, seconds: null };
      calls.add(call);
      underWay += 1;
      // The answer to the request comes first, then what follows from it.
      setImmediate(() => {
        ring(call, asked)
          .catch(parts.onError)
          .finally(() => (underWay -= 1));
      });
      return call;
    },
  };
}

/** Presses what it was told, each where the service listens; then it listens to the end and hangs up. */
function pressing(keys: readonly string[]): Caller {
  return (moment) => {
    if (moment.kind !== "listening") return Promise.resolve(undefined);
    const here = keys[moment.gather - 1];
    if (here === undefined) return Promise.resolve({ do: "hang-up", afterMs: 0 });
    const key = here[moment.digits.length] ?? "";
    return Promise.resolve(isKey(key) ? { do: "press", key, afterMs: 0 } : undefined);
  };
}
