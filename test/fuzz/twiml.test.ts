import { globSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeCall } from "../../src/simulator/call.ts";
import { keys } from "../../src/simulator/caller.ts";
import { virtualClock } from "../../src/simulator/clock.ts";
import type { CallEvent } from "../../src/simulator/events.ts";
import type { Transport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { readAnswer } from "../../src/simulator/twiml.ts";
import { createWire } from "../../src/simulator/wire.ts";
import { authToken, someFacts } from "../simulator/play.ts";
import { mutated, text } from "./junk.ts";
import { PATIENCE, promptly, runs } from "./runs.ts";

/** Documents that a service might answer with: the line's own prompts, and every verb with its attributes. */
const PROMPTS = globSync("twiml/*/{en-US,hi-IN}/*.xml").map((file) => readFileSync(file, "utf8"));
const EVERY_VERB = `<?xml version="1.0" encoding="UTF-8"?><Response>
<Gather action="/next?a=1&amp;b=2" method="POST" timeout="5" numDigits="1" finishOnKey="#" actionOnEmptyResult="true"
  input="dtmf speech"><Say language="en-US" voice="Polly.Joanna-Neural" loop="1">Press <say-as interpret-as="digits">1</say-as></Say>
  <Pause length="2"/><Play loop="1">/a.mp3</Play></Gather>
<Record timeout="5" maxLength="30" playBeep="true" finishOnKey="12#" action="/recorded"/>
<Dial timeout="30" action="/dialed">+14155550190</Dial><Redirect method="POST">/next</Redirect><Hangup/></Response>`;

const document = mutated(fc.constantFrom(...PROMPTS, EVERY_VERB));

const MAX_MESSAGE = 600;
const LIMITS = { webhooks: 30, acts: 500, milliseconds: 3_600_000 };

describe("whatever a service answers to the simulator", { timeout: PATIENCE }, () => {
  it("is TwiML, or its fault is said in a line", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 5, arbitrary: document }, text), async (body) => {
        const answer = { status: 200, contentType: "text/xml", body, tooLarge: false };
        const { verbs, problems } = await promptly(body, () => readAnswer(answer));
        expect(verbs !== undefined || problems.length > 0).toBe(true);
        for (const { message } of problems) expect(message.length).toBeLessThan(MAX_MESSAGE);
      }),
      runs(800),
    );
  });

  it.each([
    ["elements without end", `<Response>${"<Say>".repeat(10_000)}`],
    ["depth without end", "<a>".repeat(10_000) + "</a>".repeat(10_000)],
    [
      "attributes without end",
      `<Response><Say ${Array.from({ length: 5_000 }, (_, n) => `a${n}="1"`).join(" ")}/></Response>`,
    ],
    ["brackets without end", "<".repeat(60_000)],
    ["comments without end", "<!--".repeat(15_000)],
    ["CDATA without end", `<Response><![CDATA[${"]".repeat(60_000)}`],
    ["instructions without end", "<?".repeat(30_000)],
    ["spaces without end", `<Response${" ".repeat(60_000)}/>`],
    [
      "entities of its own",
      '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Response><Say>&b;</Say></Response>',
    ],
    [
      "a file of this machine",
      '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>',
    ],
    ["a character that is none", "<Response><Say>&#x110000;&#xD800;&#0;</Say></Response>"],
    ["names of JavaScript", '<Response><__proto__ constructor="1" __proto__="2"/></Response>'],
  ])("%s is read soon, or its fault is said in few words", async (what, body) => {
    const answer = { status: 200, contentType: "text/xml", body, tooLarge: false };
    const { verbs, problems } = await promptly(what, () => readAnswer(answer));
    expect(JSON.stringify(verbs ?? [])).not.toMatch(/root:|aaaa/);
    expect(problems.every(({ message }) => message.length < MAX_MESSAGE)).toBe(true);
    expect(verbs !== undefined || problems.length === 1).toBe(true);
  });

  it("ends the call in the end, whatever the caller presses", async () => {
    const pressed = fc.array(fc.option(fc.constantFrom(...keys)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 4 }),
        pressed,
        async (bodies, presses) => {
          const events = await promptly(bodies.join("\n"), () => played(bodies, presses));
          expect(events.at(-1)?.kind).toBe("ended");
          expect(events.filter(({ kind }) => kind === "webhook").length).toBeLessThanOrEqual(
            LIMITS.webhooks + 1,
          );
        },
      ),
      runs(150),
    );
  });
});

/** One call to a service that answers with these in turn, over and over. */
async function played(bodies: readonly string[], presses: readonly ((typeof keys)[number] | null)[]) {
  const clock = virtualClock();
  const random = seededRandom(1);
  let answered = 0;
  let acted = 0;
  const transport: Transport = () => {
    const body = bodies[answered++ % bodies.length] ?? "";
    const headers = { "content-type": "text/xml" };
    return Promise.resolve({ kind: "answer", status: 200, headers, body, tooLarge: false });
  };
  const events: CallEvent[] = [];
  await placeCall({
    facts: someFacts,
    voiceUrl: "http://service.test/voice",
    status: { url: undefined, events: [], order: "as it happens" },
    wire: createWire({ authToken, clock, random, transport, stopwatch: () => 0 }),
    clock,
    random,
    startsAt: new Date(0),
    caller() {
      const key = presses[acted++ % presses.length] ?? null;
      return Promise.resolve(key === null ? undefined : { do: "press", key, afterMs: 100 });
    },
    limits: LIMITS,
    onEvent: (event) => events.push(event),
  });
  return events;
}
