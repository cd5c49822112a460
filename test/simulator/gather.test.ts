import { describe, expect, test } from "vitest";
import type { Caller } from "../../src/simulator/caller.ts";
import { during, eventsOf, play, presses, spokenWords } from "./play.ts";
import { twiml, type Handler } from "./service.ts";

// Each test states a rule of twilio.com/docs/voice/twiml/gather and shows it.

const echo: Handler = ({ form }) =>
  twiml(`<Say>got ${form["Digits"] ?? form["SpeechResult"] ?? "no input"}</Say>`);

function gather(attributes: string, after = "", nested = ""): Record<string, Handler> {
  return { "/voice": () => twiml(`<Gather ${attributes}>${nested}</Gather>${after}`), "/got": echo };
}

/** Presses a key in the first prompt of the call that is being spoken. */
function pressesDuringPrompt(key: "1" | "#"): Caller {
  let pressed = false;
  return during("prompt", () => {
    if (pressed) return undefined;
    pressed = true;
    return { do: "press", key, afterMs: 500 };
  });
}

describe("Gather", () => {
  test("listens for five seconds when nothing says how long", async () => {
    const played = await play(gather(""));
    expect(eventsOf(played, "silence").map((event) => event.atMs)).toEqual([5_000]);
  });

  test("posts to the URL of the current document when there is no action", async () => {
    const played = await play(
      {
        "/voice": ({ form }) =>
          form["Digits"] === undefined ? twiml('<Gather numDigits="1"/>') : twiml("<Say>again</Say>"),
      },
      { caller: presses("4") },
    );
    expect(played.received.map(({ method, path, form }) => [method, path, form["Digits"]])).toEqual([
      ["POST", "/voice", undefined],
      ["POST", "/voice", "4"],
    ]);
    expect(spokenWords(played)).toEqual(["again"]);
  });

  test("resolves a relative action against the document, and takes an absolute one as it is", async () => {
    const played = await play(
      {
        "/voice": () => twiml("<Redirect>/a/b/document</Redirect>"),
        "/a/b/document": () => twiml('<Gather numDigits="1" action="next"/>'),
        "/a/b/next": ({ headers }) => twiml(`<Gather numDigits="1" action="http://${headers.host}/got"/>`),
        "/got": echo,
      },
      { caller: presses("12") },
    );
    expect(played.received.map(({ path }) => path)).toEqual(["/voice", "/a/b/document", "/a/b/next", "/got"]);
    expect(spokenWords(played)).toEqual(["got 2"]);
  });

  test("asks with GET, the digits in the query, when the method says so", async () => {
    const played = await play(gather('numDigits="1" action="/got?x=1" method="GET"'), {
      caller: presses("3"),
    });
    const asked = played.received[1];
    expect(asked?.method).toBe("GET");
    expect(asked?.rawBody).toBe("");
    expect(asked?.path).toMatch(/^\/got\?x=1&.*Digits=3/u);
  });

  test("ends as soon as numDigits keys are there", async () => {
    const played = await play(gather('numDigits="3" action="/got"'), { caller: presses("123456") });
    expect(spokenWords(played)).toEqual(["got 123"]);
    expect(eventsOf(played, "gathered")[0]).toMatchObject({ endedBy: "number of digits", atMs: 300 });
  });

  test("ends on # unless told otherwise, and # is not among the digits", async () => {
    const played = await play(gather('action="/got"'), { caller: presses("12#") });
    expect(played.received[1]?.form).toMatchObject({ Digits: "12", FinishedOnKey: "#" });
  });

  test("ends on the key that finishOnKey names, and then # is a digit", async () => {
    const played = await play(gather('action="/got" finishOnKey="*"'), { caller: presses("1#*") });
    expect(spokenWords(played)).toEqual(["got 1#"]);
  });

  test("with an empty finishOnKey no key ends it: only the time-out does", async () => {
    const played = await play(gather('action="/got" finishOnKey=""'), { caller: presses("1#*") });
    expect(spokenWords(played)).toEqual(["got 1#*"]);
    expect(eventsOf(played, "gathered")[0]).toMatchObject({ endedBy: "time-out", atMs: 300 + 5_000 });
  });

  test("without input makes no request: execution falls to the next verb", async () => {
    const played = await play(gather('action="/got" timeout="2"', "<Say>nobody there</Say>"));
    expect(played.received).toHaveLength(1);
    expect(spokenWords(played)).toEqual(["nobody there"]);
  });

  test("makes no request either when the finishing key comes first", async () => {
    const played = await play(gather('action="/got"', "<Say>next verb</Say>"), { caller: presses("#") });
    expect(played.received).toHaveLength(1);
    expect(spokenWords(played)).toEqual(["next verb"]);
  });

  test("with actionOnEmptyResult makes the request all the same", async () => {
    const played = await play(gather('action="/got" actionOnEmptyResult="true"', "<Say>not reached</Say>"));
    expect(played.received[1]?.form["Digits"]).toBe("");
    expect(spokenWords(played)).toEqual(["got"]);
  });

  test("ends the call when there was no input and no verb is left", async () => {
    const played = await play(gather('action="/got"'));
    expect(played.ended).toMatchObject({ by: "service", reason: "the document ended", status: "completed" });
  });

  test("makes the verbs after it unreachable once there was input", async () => {
    const played = await play(gather('numDigits="1" action="/got"', "<Say>not reached</Say>"), {
      caller: presses("1"),
    });
    expect(spokenWords(played)).toEqual(["got 1"]);
  });

  test("counts its time-out from the end of all nested prompts", async () => {
    const played = await play(gather('timeout="4"', "", '<Pause length="10"/><Pause length="3"/>'));
    expect(eventsOf(played, "silence")[0]?.atMs).toBe(17_000);
  });

  test("counts its time-out again from each key", async () => {
    const late: Caller = during("listening", ({ digits }) =>
      digits.length < 3 ? { do: "press", key: "5", afterMs: 1_900 } : undefined,
    );
    const played = await play(gather('timeout="2" action="/got"'), { caller: late });
    expect(eventsOf(played, "gathered")[0]).toMatchObject({ digits: "555", atMs: 3 * 1_900 + 2_000 });
  });

  test("does not take a key that comes after the time-out", async () => {
    const tooLate: Caller = during("listening", () => ({ do: "press", key: "1", afterMs: 5_000 }));
    expect(eventsOf(await play(gather("")), "gathered")).toEqual([]);
    expect(eventsOf(await play(gather(""), { caller: tooLate }), "pressed")).toEqual([]);
  });

  test("stops its nested prompt at the first key, which counts as input", async () => {
    const played = await play(
      gather('numDigits="1" action="/got"', "", "<Say>A long prompt that goes on and on.</Say>"),
      {
        caller: pressesDuringPrompt("1"),
      },
    );
    expect(eventsOf(played, "spoken")[0]).toMatchObject({ complete: false, insideGather: true, toMs: 500 });
    expect(spokenWords(played)).toEqual(["A long prompt that goes on and on.", "got 1"]);
  });

  test("does not play the prompts after the one that a key stopped", async () => {
    const played = await play(
      gather('action="/got" timeout="1"', "", "<Say>First prompt.</Say><Say>Second prompt.</Say>"),
      {
        caller: pressesDuringPrompt("1"),
      },
    );
    expect(spokenWords(played)).toEqual(["First prompt.", "got 1"]);
  });

  test("hears no key during a Say outside of it: the key is lost and the words go on", async () => {
    const played = await play(
      {
        "/voice": () => twiml('<Say>The whole notice.</Say><Gather numDigits="1" action="/got"/>'),
        "/got": echo,
      },
      { caller: pressesDuringPrompt("1") },
    );
    expect(eventsOf(played, "pressed")).toMatchObject([{ key: "1", heard: false }]);
    expect(eventsOf(played, "spoken")[0]).toMatchObject({
      complete: true,
      insideGather: false,
      beforeGather: true,
    });
    expect(played.received).toHaveLength(1);
  });

  test("may contain only Say, Play and Pause", async () => {
    const played = await play(gather("", "", "<Say>Hello.</Say><Hangup/>"));
    expect(eventsOf(played, "webhook")[0]?.problems).toMatchObject([{ code: 13_320, severity: "warning" }]);
    expect(eventsOf(played, "silence")).toHaveLength(1);
  });

  test("hears keys but no speech when nothing says what to listen for", async () => {
    const speaks: Caller = during("listening", ({ atMs }) =>
      atMs === 0 ? { do: "speak", text: "yes", afterMs: 100 } : undefined,
    );
    const played = await play(gather('action="/got"'), { caller: speaks });
    expect(played.received).toHaveLength(1);
  });

  test("listening for keys and speech, takes what comes first", async () => {
    const speaks: Caller = during("listening", () => ({
      do: "speak",
      text: "yes please",
      confidence: 0.8,
      afterMs: 100,
    }));
    const both = gather('input="dtmf speech" action="/got"');
    const bySpeech = await play(both, { caller: speaks });
    expect(bySpeech.received[1]?.form).toMatchObject({ SpeechResult: "yes please", Confidence: "0.8" });
    const byKey = await play(both, { caller: presses("1#") });
    expect(byKey.received[1]?.form).toMatchObject({ Digits: "1" });
  });

  test.for([
    ['finishOnKey="x"', 13_310],
    ['finishOnKey="12"', 13_311],
    ['method="PUT"', 13_312],
    ['timeout="soon"', 13_313],
    ['numDigits="0"', 13_314],
    ['input="telepathy"', 13_326],
    ['speechTimeout="-1"', 13_327],
    ['numdigits="1"', 12_200],
  ] as const)("with %s says warning %i and goes on with the default", async ([attribute, code]) => {
    const played = await play(gather(attribute));
    expect(eventsOf(played, "webhook")[0]?.problems).toMatchObject([{ code, severity: "warning" }]);
    expect(eventsOf(played, "listening")).toMatchObject([
      { finishOnKey: "#", timeoutSeconds: 5, numDigits: undefined },
    ]);
  });
});
