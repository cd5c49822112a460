import { describe, expect, onTestFinished, test } from "vitest";
import { keypad } from "../../src/simulator/keypad.ts";
import { pacedClock } from "../../src/simulator/clock.ts";
import { placeCall } from "../../src/simulator/call.ts";
import type { CallEvent } from "../../src/simulator/events.ts";
import { httpTransport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { replayCall, turnsOf, type Recording } from "../../src/simulator/replay.ts";
import { runScenario } from "../../src/simulator/run.ts";
import { scenarioFromEvents } from "../../src/simulator/save.ts";
import { parseScenarios } from "../../src/simulator/scenario.ts";
import { createWire } from "../../src/simulator/wire.ts";
import { consentLine, type LineFaults } from "./consent-line.ts";
import { accountSid, authToken, someFacts } from "./play.ts";
import { testService } from "./service.ts";

async function target(faults: LineFaults = {}) {
  const service = await testService(consentLine(new Map(), faults));
  onTestFinished(service.close);
  return { url: service.url, accountSid, authToken };
}

/** A call that a person makes on a telephone whose clock this test turns. */
async function dialled(react: (event: CallEvent, phone: ReturnType<typeof keypad>) => void, speed = 1) {
  const { url } = await target();
  let now = 0;
  const wait = (ms: number) => {
    now += ms;
    return new Promise<void>((resolve) => setImmediate(resolve));
  };
  const clock = pacedClock({ speed: () => speed, stopwatch: () => now, wait });
  const phone = keypad({ instant: () => speed === Infinity });
  const transport = httpTransport();
  onTestFinished(transport.close);
  const random = seededRandom(1);
  const events: CallEvent[] = [];
  const ended = await placeCall({
    facts: someFacts,
    voiceUrl: `${url}/voice`,
    status: { url: undefined, events: [], order: "as it happens" },
    wire: createWire({ authToken, clock, transport, random, stopwatch: () => now }),
    clock,
    random,
    startsAt: new Date(0),
    caller: phone.caller,
    onEvent(event) {
      events.push(event);
      setImmediate(() => react(event, phone));
    },
  });
  return { ended, events, realMs: now };
}

describe("a person on a telephone", () => {
  test("hears words at the pace of speech, and a key cuts the question short", async () => {
    const played = await dialled((event, phone) => event.kind === "listening" && phone.press("1"));
    expect(played.ended).toMatchObject({ by: "service", reason: "the service hung up" });
    expect(played.events.filter(({ kind }) => kind === "spoken")).toMatchObject([
      { complete: true },
      { complete: false },
      { complete: true },
    ]);
    expect(played.realMs).toBeGreaterThan(5_000);
  });

  test("can listen four times as fast", async () => {
    const [slow, fast] = [await dialled(() => undefined, 1), await dialled(() => undefined, 4)];
    expect(fast.events.map(({ kind }) => kind)).toEqual(slow.events.map(({ kind }) => kind));
    expect(slow.realMs / fast.realMs).toBeGreaterThan(3.5);
  });

  test("at instant speed hears everything at once, and only listening waits", async () => {
    const played = await dialled(
      (event, phone) => event.kind === "spoken" && event.insideGather && phone.press("2"),
      Infinity,
    );
    expect([played.ended.by, played.realMs]).toEqual(["service", 0]);
  });

  test("can skip a prompt, stay silent, and hang up", async () => {
    let listened = 0;
    const played = await dialled((event, phone) => {
      if (event.kind === "speaking") phone.skip();
      if (event.kind === "spoken" && event.insideGather) {
        listened += 1;
        if (listened === 1) phone.silence();
        else phone.hangUp();
      }
    });
    expect(played.ended).toMatchObject({ by: "caller" });
    expect(played.events.filter(({ kind }) => kind === "silence")).toHaveLength(1);
    expect(played.realMs).toBeLessThan(3_000);
  });

  test("can save what was played as a scenario that plays it again", async () => {
    const played = await dialled((event, phone) => {
      if (event.kind === "listening") phone.press(event.atMs < 8_000 ? "7" : "1");
    });
    const yaml = scenarioFromEvents("what I did", someFacts, played.events);
    const { scenarios, problems } = parseScenarios(yaml, "saved.yaml");
    expect(problems).toEqual([]);
    const again = await Promise.all(scenarios.map(async (scenario) => runScenario(scenario, await target())));
    expect(again.flatMap(({ steps }) => steps.filter(({ ok }) => !ok))).toEqual([]);
    expect(yaml).toContain('keys: "7"');
  });
});

describe("a stored call", () => {
  const recording = async (): Promise<Recording> => {
    const { events } = await dialled((event, phone) => event.kind === "listening" && phone.press("1"));
    return { from: someFacts.from, to: someFacts.to, turns: turnsOf(events) };
  };

  test("played again against the same version differs in nothing", async () => {
    const again = await replayCall(await recording(), await target());
    expect([again.differences, again.ended.by]).toEqual([[], "service"]);
    expect(again.callSid).not.toBe(someFacts.callSid);
  });

  test("played again against another version shows what differs", async () => {
    const again = await replayCall(await recording(), await target({ without: "Acme" }));
    expect(again.differences).toMatchObject([
      { turn: 1, was: expect.stringContaining("Acme"), now: expect.not.stringContaining("Acme") },
    ]);
  });
});
