import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placeCall } from "../../src/simulator/call.ts";
import { keys, type Act, type Caller } from "../../src/simulator/caller.ts";
import { virtualClock } from "../../src/simulator/clock.ts";
import type { CallEvent } from "../../src/simulator/events.ts";
import type { Transport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { speakingSeconds } from "../../src/simulator/speech.ts";
import { readTwiml } from "../../src/simulator/twiml.ts";
import { createWire } from "../../src/simulator/wire.ts";
import { authToken, someFacts } from "./play.ts";

const attributes = [
  ['timeout="1"', 'timeout="x"', 'numDigits="1"', 'numDigits="4"', 'finishOnKey=""', 'finishOnKey="5"'],
  [
    'action="/next"',
    'action="http://other.test/x"',
    'action="::"',
    'method="GET"',
    'actionOnEmptyResult="true"',
  ],
  ['input="dtmf speech"', 'loop="0"', 'length="9999"', 'maxLength="3"', 'reason="busy"', 'bogus="1"'],
].flat();
const names = [
  ["Say", "Play", "Pause", "Gather", "Gather", "Gather", "Redirect", "Redirect", "Hangup", "Reject"],
  ["Record", "Dial", "Start", "Stop", "Enqueue", "Bogus", "say"],
].flat();
const text = fc.constantFrom("Press 1.", "", "/next", "&amp;", "& broken", "+14155550190", "1 2 3");

const element = nested(2);

/** A verb, or something like one, with others inside it to this depth. */
function nested(depth: number): fc.Arbitrary<string> {
  const attribute = fc.constantFrom(...attributes);
  const some = fc.uniqueArray(attribute, { maxLength: 4, selector: (it) => it.split("=")[0] });
  const inner = depth === 0 ? fc.constant<string[]>([]) : fc.array(nested(depth - 1), { maxLength: 3 });
  return fc
    .tuple(fc.constantFrom(...names), some, text, inner)
    .map(
      ([tag, own, words, children]) => `<${[tag, ...own].join(" ")}>${words}${children.join("")}</${tag}>`,
    );
}

const body = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(element, { maxLength: 5 }).map((verbs) => `<Response>${verbs.join("")}</Response>`),
  },
  { weight: 1, arbitrary: fc.string() },
);
const reply = fc.record({
  status: fc.constantFrom(200, 200, 200, 200, 404, 500, 302),
  type: fc.constantFrom("text/xml", "text/xml", "application/json"),
  body,
});

const act: fc.Arbitrary<Act | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ do: fc.constant("press" as const), key: fc.constantFrom(...keys), afterMs: fc.nat(20_000) }),
  fc.record({ do: fc.constant("wake" as const), afterMs: fc.nat(5_000) }),
  fc.record({ do: fc.constant("speak" as const), text: fc.constant("yes"), afterMs: fc.nat(5_000) }),
  fc.record({ do: fc.constant("skip" as const), afterMs: fc.constant(0) }),
);

/** Answers with these replies in turn, over and over. */
function endlessly(replies: readonly { status: number; type: string; body: string }[]): Transport {
  let index = 0;
  return () => {
    const next = replies[index % replies.length];
    index += 1;
    const headers = { "content-type": next?.type ?? "", location: "/elsewhere" };
    return Promise.resolve({
      kind: "answer",
      status: next?.status ?? 500,
      headers,
      body: next?.body ?? "",
      tooLarge: false,
    });
  };
}

function endlesslyDoing(acts: readonly (Act | undefined)[]): Caller {
  let index = 0;
  return () => Promise.resolve(acts[index++ % acts.length]);
}

describe("the interpreter", () => {
  test("ends every call, whatever the service answers and whatever the caller presses whenever", async () => {
    const limits = { webhooks: 50, acts: 1_000, milliseconds: 4 * 3_600_000 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(reply, { minLength: 1, maxLength: 5 }),
        fc.array(act, { minLength: 1, maxLength: 12 }),
        async (replies, acts) => {
          const clock = virtualClock();
          const random = seededRandom(1);
          const wire = createWire({
            authToken,
            clock,
            random,
            transport: endlessly(replies),
            stopwatch: () => 0,
          });
          const events: CallEvent[] = [];
          const ended = await placeCall({
            facts: someFacts,
            voiceUrl: "http://service.test/voice#rp=all&rc=1",
            status: { url: undefined, events: [], order: "as it happens" },
            wire,
            clock,
            random,
            startsAt: new Date(0),
            caller: endlesslyDoing(acts),
            limits,
            onEvent: (event) => events.push(event),
          });
          expect(events.at(-1)).toEqual(ended);
          expect(events.filter(({ kind }) => kind === "webhook").length).toBeLessThanOrEqual(
            limits.webhooks + 1,
          );
          expect(clock.now()).toBeLessThanOrEqual(limits.milliseconds + 3_600_000);
          expect(inOrder(events)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("reads any text as TwiML or says what is wrong with it", () => {
    fc.assert(
      fc.property(fc.oneof(body, fc.string(), element), (xml) => {
        const { verbs, problems } = readTwiml(xml);
        expect(verbs !== undefined || problems.some(({ severity }) => severity === "error")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("takes some time to say anything, and longer for more words", () => {
    fc.assert(
      fc.property(fc.lorem(), fc.constantFrom("en-US", "es-ES", "ja-JP", "xx", ""), (words, language) => {
        expect(speakingSeconds(`${words} ${words}`, language)).toBeGreaterThan(
          speakingSeconds(words, language),
        );
      }),
    );
  });
});

/** A prompt or recording is told of when it ends, with the time when it began. */
function inOrder(events: readonly CallEvent[]): boolean {
  const times = events.flatMap((event) =>
    event.kind === "spoken" || event.kind === "played" ? [] : [event.atMs],
  );
  return times.every((time, index) => time >= (times[index - 1] ?? 0));
}
