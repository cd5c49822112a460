import webhooks from "twilio/lib/webhooks/webhooks.js";
import { describe, expect, test } from "vitest";
import { accountSid, authToken, eventsOf, play, presses, problemCodes, spokenWords } from "./play.ts";
import { twiml, type Handler } from "./service.ts";

const twoSteps: Record<string, Handler> = {
  "/voice": () => twiml('<Gather numDigits="1" action="/next"/>'),
  "/next": () => twiml('<Pause length="61"/>'),
  "/status": () => ({ status: 204, type: null }),
};

describe("a webhook", () => {
  test("carries what Twilio always sends, the older duplicates, and places that are often empty", async () => {
    const [first] = (await play(twoSteps)).received;
    expect(first?.form).toMatchObject({
      CallSid: `CA${"a".repeat(32)}`,
      AccountSid: accountSid,
      ApiVersion: "2010-04-01",
      Direction: "inbound",
      From: "+14155550123",
      Caller: "+14155550123",
      FromCountry: "US",
      FromCity: "",
      To: "+14155550100",
      Called: "+14155550100",
    });
    expect(first?.form).not.toHaveProperty("StirVerstat");
  });

  test("carries the attestation and fields nobody knows when there are any", async () => {
    const facts = { stirVerstat: "TN-Validation-Passed-A", from: "anonymous", extra: { NewField: "new" } };
    const [first] = (await play(twoSteps, { facts })).received;
    expect(first?.form).toMatchObject({
      StirVerstat: "TN-Validation-Passed-A",
      NewField: "new",
      From: "anonymous",
      FromCountry: "",
    });
  });

  test("says ringing on the first inbound request and in-progress on later ones", async () => {
    const played = await play(twoSteps, { caller: presses("1") });
    expect(played.received.map(({ form }) => form["CallStatus"])).toEqual(["ringing", "in-progress"]);
  });

  test("is a form with a charset, from TwilioProxy, with an idempotency token", async () => {
    const [first] = (await play(twoSteps)).received;
    expect(first?.headers).toMatchObject({
      "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      "user-agent": "TwilioProxy/1.1",
      "i-twilio-idempotency-token": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u),
    });
  });

  test("is signed so that Twilio's own SDK accepts it, by POST and by GET", async () => {
    const played = await play(
      {
        "/voice": () => twiml('<Gather numDigits="1" method="GET" action="/next?a=b%20c"/>'),
        "/next": () => twiml(""),
      },
      { caller: presses("1") },
    );
    const accepted = played.received.map(({ method, path, form, headers }) =>
      webhooks.validateRequest(
        authToken,
        String(headers["x-twilio-signature"]),
        played.url + path,
        method === "POST" ? form : {},
      ),
    );
    expect(accepted).toEqual([true, true]);
  });

  test("brings back the cookies that the service set in this call", async () => {
    const played = await play(
      {
        "/voice": () => ({
          body: twiml('<Gather numDigits="1" action="/next"/>'),
          headers: { "Set-Cookie": "session=42; Path=/; HttpOnly" },
        }),
        "/next": () => twiml(""),
      },
      { caller: presses("1") },
    );
    expect(played.received.map(({ headers }) => headers.cookie)).toEqual([undefined, "session=42"]);
  });

  test("sends the URL's credentials as basic authentication and not in the URL", async () => {
    const played = await play({
      "/voice": ({ headers }) => twiml(`<Redirect>http://me:secret@${headers.host}/next</Redirect>`),
      "/next": () => twiml(""),
    });
    expect(played.received[1]).toMatchObject({
      path: "/next",
      headers: { authorization: `Basic ${btoa("me:secret")}` },
    });
  });
});

describe("a status callback", () => {
  test("tells of the end by default, with duration, timestamp and sequence number", async () => {
    const played = await play(twoSteps, { caller: presses("1"), status: {} });
    expect(played.received.at(-1)).toMatchObject({
      path: "/status",
      form: {
        CallStatus: "completed",
        CallDuration: "62",
        Duration: "2",
        SequenceNumber: "0",
        CallbackSource: "call-progress-events",
        Timestamp: "Mon, 01 Jun 2026 09:01:01 +0000",
      },
    });
  });

  test("tells of every stage of an outgoing call that one asks for, counting from 0", async () => {
    const events = ["initiated", "ringing", "answered", "completed"] as const;
    const played = await play(twoSteps, {
      facts: { direction: "outbound-api", answeredBy: "human" },
      status: { events },
    });
    const told = played.received
      .filter(({ path }) => path === "/status")
      .map(({ form }) => [form["SequenceNumber"], form["CallStatus"]]);
    expect(told).toEqual([
      ["0", "initiated"],
      ["1", "ringing"],
      ["2", "in-progress"],
      ["3", "completed"],
    ]);
    expect(played.received[3]?.form).toMatchObject({ CallStatus: "in-progress", AnsweredBy: "human" });
  });

  test("may arrive in any order", async () => {
    const events = ["initiated", "ringing", "answered", "completed"] as const;
    const played = await play(twoSteps, {
      facts: { direction: "outbound-api" },
      status: { events, order: "reversed" },
    });
    expect(played.received.slice(-4).map(({ form }) => form["SequenceNumber"])).toEqual(["3", "2", "1", "0"]);
  });

  test("is all there is of an outgoing call that nobody answers", async () => {
    const played = await play(twoSteps, {
      facts: { direction: "outbound-api" },
      unanswered: "busy",
      status: {},
    });
    expect(played.received.map(({ path, form }) => [path, form["CallStatus"], form["CallDuration"]])).toEqual(
      [["/status", "busy", "0"]],
    );
  });

  test("that fails is an error, and the call is none the worse", async () => {
    const played = await play({ ...twoSteps, "/status": () => ({ status: 500 }) }, { status: {} });
    expect([problemCodes(played), played.ended.by]).toEqual([[11_200], "service"]);
  });
});

describe("an answer", () => {
  const giving = (reply: Parameters<typeof twiml>[0] | ReturnType<Handler>) =>
    play({ "/voice": () => reply, "/fallback": () => twiml("<Say>fallback</Say>") });

  test.for([
    ["a client error", { status: 404 }, 11_200],
    ["a server error", { status: 503, body: "down" }, 11_200],
    ["over 64 kB", { body: twiml(`<!-- ${"x".repeat(65_536)} --><Hangup/>`) }, 11_750],
    ["empty", { body: "" }, 11_770],
    ["not well-formed", { body: "<Response><Say>a & b</Say></Response>" }, 12_100],
    ["with an entity that is not defined", { body: twiml("<Say>&eacute;</Say>") }, 12_100],
    ["with a DOCTYPE", { body: '<!DOCTYPE r [<!ENTITY e "x">]><Response><Say>&e;</Say></Response>' }, 12_100],
    ["nested without end", { body: twiml("<a>".repeat(99) + "</a>".repeat(99)) }, 12_100],
    ["with two roots", { body: "<Response/><Response/>" }, 12_100],
    ["with another root", { body: "<response/>" }, 12_102],
    ["of another type", { type: "application/json", body: "{}" }, 12_300],
    ["without a type", { type: null, body: twiml("") }, 12_300],
  ] as const)("%s is an error; the caller hears an apology and the call drops", async ([, reply, code]) => {
    const played = await giving(reply);
    expect(problemCodes(played)).toEqual([code]);
    expect(spokenWords(played)).toEqual(["We're sorry, an application error has occurred. Goodbye."]);
    expect(played.ended.by).toBe("twilio");
  });

  test.for(["text/xml", "application/xml", "text/html; charset=utf-8"])(
    "of type %s is TwiML",
    async (type) => {
      expect(spokenWords(await giving({ type, body: twiml("<Say>Caf&#233; &amp; co</Say>") }))).toEqual([
        "Café & co",
      ]);
    },
  );

  test("in plain text is spoken, and a recording is played", async () => {
    expect(spokenWords(await giving({ type: "text/plain", body: "1 < 2 & so on" }))).toEqual([
      "1 < 2 & so on",
    ]);
    expect(eventsOf(await giving({ type: "audio/mpeg", body: "…" }), "played")).toHaveLength(1);
  });
});
