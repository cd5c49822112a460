import { describe, expect, test } from "vitest";
import { during, eventsOf, play, problemCodes, spokenWords } from "./play.ts";
import { twiml, type Handler } from "./service.ts";

const answering = (verbs: string): Record<string, Handler> => ({ "/voice": () => twiml(verbs) });

// twilio.com/docs/voice/twiml: say, play, pause, redirect, hangup, reject, record, dial.

describe("Say", () => {
  test("speaks American English, once, unless told otherwise", async () => {
    const played = await play(
      answering('<Say>Hello.</Say><Say language="es-ES" voice="Polly.Lucia">Hola.</Say>'),
    );
    expect(eventsOf(played, "spoken")).toMatchObject([
      { text: "Hello.", language: "en-US", voice: undefined },
      { text: "Hola.", language: "es-ES", voice: "Polly.Lucia" },
    ]);
  });

  test("with a loop of 0 goes on until the caller hangs up, a thousand times at most", async () => {
    const played = await play(answering('<Say loop="0">Hello there.</Say>'));
    const once = await play(answering("<Say>Hello there.</Say>"));
    expect(played.ended.atMs).toBeCloseTo(once.ended.atMs * 1_000, 3);
  });

  test("takes longer for digits that stand apart than for a number", async () => {
    const [apart, number] = [
      await play(answering("<Say>1 2 3 4 5</Say>")),
      await play(answering("<Say>12345</Say>")),
    ];
    expect(apart.ended.atMs).toBeGreaterThan(number.ended.atMs * 3);
  });

  test("reads SSML as words and breaks, and ignores comments", async () => {
    const played = await play(
      answering('<Say>Press <!-- quietly -->one<break time="2s"/> or <sub alias="two">2</sub>.</Say>'),
    );
    expect(spokenWords(played)).toEqual(["Press one or two."]);
    expect(played.ended.atMs).toBeGreaterThan(2_000);
  });

  test.for([
    ["", 4_096],
    ['voice="Polly.Joanna"', 3_000],
    ['voice="Google.en-US-Neural2-A"', 5_000],
  ] as const)("with %s says at most %i characters", async ([voice, limit]) => {
    const fits = await play(answering(`<Say ${voice}>${"a".repeat(limit)}</Say>`));
    const tooLong = await play(answering(`<Say ${voice}>${"a".repeat(limit + 1)}</Say>`));
    expect([problemCodes(fits), problemCodes(tooLong)]).toEqual([[], [13_521]]);
    expect([spokenWords(fits).length, spokenWords(tooLong).length]).toEqual([1, 0]);
  });

  test("without words is warning 13520", async () => {
    expect(problemCodes(await play(answering("<Say> </Say>")))).toEqual([13_520]);
  });
});

describe("Play and Pause", () => {
  test("a pause lasts one second unless told otherwise", async () => {
    const played = await play(answering('<Pause/><Pause length="4"/>'));
    expect(played.ended.atMs).toBe(5_000);
  });

  test("tones take a quarter of a second, and w half a second", async () => {
    const played = await play(answering('<Play digits="12w3"/>'));
    expect(played.ended.atMs).toBe(1_250);
  });

  test("an invalid loop or length is a warning, and the default is taken", async () => {
    const played = await play(
      answering('<Play loop="x">a.mp3</Play><Say loop="-1">Hi.</Say><Pause length="x"/><Play/>'),
    );
    expect(problemCodes(played)).toEqual([13_410, 13_510, 13_910, 13_420]);
  });
});

describe("Redirect", () => {
  test("posts, and the rest of the document is ignored", async () => {
    const played = await play({
      "/voice": () => twiml("<Say>One.</Say><Redirect>next</Redirect><Say>not reached</Say>"),
      "/next": () => twiml("<Say>Two.</Say>"),
    });
    expect(played.received[1]).toMatchObject({ method: "POST", path: "/next" });
    expect(spokenWords(played)).toEqual(["One.", "Two."]);
  });

  test("with a method that is none is warning 13710, and posts", async () => {
    const played = await play({
      "/voice": () => twiml('<Redirect method="put">/next</Redirect>'),
      "/next": () => twiml("<Hangup/>"),
    });
    expect([problemCodes(played), played.received[1]?.method]).toEqual([[13_710], "POST"]);
  });

  test("to something that is no URL leaves the caller with an apology", async () => {
    const played = await play(answering("<Redirect>http://</Redirect>"));
    expect(played.ended).toMatchObject({ by: "twilio" });
    expect(problemCodes(played)).toEqual([11_100]);
  });

  test("in a circle ends at the bound on webhooks", async () => {
    const played = await play(answering("<Redirect>/voice</Redirect>"));
    expect(played.received).toHaveLength(200);
    expect(played.ended).toMatchObject({ by: "simulator", reason: "the call made more than 200 webhooks" });
  });
});

describe("Hangup and Reject", () => {
  test("Hangup ends the call at once, by the service", async () => {
    const played = await play(answering("<Hangup/><Say>not reached</Say>"));
    expect(played.ended).toMatchObject({ by: "service", reason: "the service hung up", status: "completed" });
    expect(spokenWords(played)).toEqual([]);
  });

  test.for([
    ["", "no-answer"],
    ['reason="busy"', "busy"],
  ] as const)("Reject as the first verb, %s, keeps Twilio from answering: %s", async ([reason, status]) => {
    const played = await play(
      { ...answering(`<Reject ${reason}/>`), "/status": () => ({ status: 204 }) },
      { status: {} },
    );
    expect(played.ended).toMatchObject({ by: "service", status });
    expect(played.received[1]?.form).toMatchObject({ CallStatus: status, CallDuration: "0" });
  });
});

describe("Record", () => {
  const recorder = (attributes = ""): Record<string, Handler> => ({
    "/voice": () => twiml(`<Record action="/recorded" ${attributes}/><Say>next verb</Say>`),
    "/recorded": () => twiml("<Say>thank you</Say>"),
  });
  const speaking = (text: string) => {
    let said = false;
    return during("recording", () => {
      if (said) return undefined;
      said = true;
      return { do: "speak", text, afterMs: 500 };
    });
  };

  test("posts where the recording is and how long, and later verbs are unreachable", async () => {
    const played = await play(recorder(), { caller: speaking("This is what I have to say about it.") });
    expect(played.received[1]?.form).toMatchObject({ RecordingDuration: "3", Digits: "" });
    expect(played.received[1]?.form["RecordingUrl"]).toMatch(/\/Recordings\/RE[0-9a-f]{32}$/u);
    expect(spokenWords(played)).toEqual(["thank you"]);
  });

  test("of silence is no recording: after the time-out execution falls through", async () => {
    const played = await play(recorder());
    expect(spokenWords(played)).toEqual(["next verb"]);
  });

  test("ended by hanging up posts Digits=hangup", async () => {
    let turn = 0;
    const caller = during("recording", () => {
      turn += 1;
      return turn === 1 ? { do: "speak", text: "Goodbye then.", afterMs: 0 } : { do: "hang-up", afterMs: 0 };
    });
    const played = await play(recorder(), { caller });
    expect(played.received[1]?.form).toMatchObject({ Digits: "hangup", CallStatus: "completed" });
    expect(played.ended.by).toBe("caller");
  });

  test("notes attributes that are not valid", async () => {
    const played = await play(
      recorder('timeout="x" maxLength="0" finishOnKey="a" playBeep="loud" method="PUT"'),
    );
    expect(new Set(problemCodes(played))).toEqual(new Set([13_610, 13_611, 13_612, 13_613, 13_616]));
  });
});

describe("Dial", () => {
  const dialer: Record<string, Handler> = {
    "/voice": () => twiml('<Dial action="/dialed" timeout="10">+14155550190</Dial>'),
    "/dialed": ({ form }) => twiml(`<Say>it was ${form["DialCallStatus"]}</Say>`),
  };

  test("tells its action how it went and how long they talked", async () => {
    const played = await play(dialer, {
      dialed: () => ({ status: "completed", ringSeconds: 3, talkSeconds: 40 }),
    });
    expect(played.received[1]?.form).toMatchObject({ DialCallStatus: "completed", DialCallDuration: "40" });
    expect(played.received[1]?.form["DialCallSid"]).toMatch(/^CA[0-9a-f]{32}$/u);
  });

  test("gives up when nobody answers within its time-out", async () => {
    const played = await play(dialer, {
      dialed: () => ({ status: "completed", ringSeconds: 11, talkSeconds: 40 }),
    });
    expect(spokenWords(played)).toEqual(["it was no-answer"]);
    expect(eventsOf(played, "dialed")[0]).toMatchObject({ atMs: 10_000, seconds: 0 });
  });

  test("without an action goes on with the next verb", async () => {
    const played = await play(answering("<Dial>+14155550190</Dial><Say>next verb</Say>"));
    expect(spokenWords(played)).toEqual(["next verb"]);
  });
});

describe("other verbs", () => {
  test("Start and Stop change nothing in the call", async () => {
    const played = await play(
      answering('<Start><Stream url="wss://x.test"/></Start><Say>Hi.</Say><Stop><Stream/></Stop>'),
    );
    expect([problemCodes(played), spokenWords(played)]).toEqual([[], ["Hi."]]);
  });

  test("a verb that Twilio does not know is warning 12200 and is passed over; names are case-sensitive", async () => {
    const played = await play(answering('<say>one</say><Shout>two</Shout><Say Voice="x">three</Say>'));
    expect(problemCodes(played)).toEqual([12_200, 12_200, 12_200]);
    expect(spokenWords(played)).toEqual(["three"]);
  });

  test("a verb that is not simulated ends the call and says so", async () => {
    const played = await play(answering("<Enqueue>support</Enqueue>"));
    expect(played.ended).toMatchObject({ by: "simulator", reason: "<Enqueue> is not simulated" });
  });

  test("a call whose caller never stops pressing keys ends at the bound on acts", async () => {
    const played = await play(
      {
        "/voice": ({ form }) =>
          twiml(form["Digits"] === undefined ? '<Gather numDigits="1"/>' : '<Gather finishOnKey=""/>'),
      },
      {
        caller: during("listening", () => ({ do: "press", key: "1", afterMs: 0 })),
        limits: { webhooks: 200, acts: 500, milliseconds: 1e9 },
      },
    );
    expect(played.ended).toMatchObject({ by: "simulator", reason: "the caller did more than 500 things" });
  });

  test("a call lasts four hours at most", async () => {
    const played = await play(answering('<Pause length="14400"/><Say>not reached</Say>'));
    expect(played.ended).toMatchObject({
      by: "simulator",
      reason: "the call lasted four hours",
      atMs: 14_400_000,
    });
  });
});
