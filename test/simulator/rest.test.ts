import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import type { Delivery, Transport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { restRoutes } from "../../src/simulator/rest/routes.ts";
import { faultsOfAnswer, faultsOfRequest } from "../twilio/description.ts";
import { accountSid, authToken } from "./play.ts";
import { twiml } from "./service.ts";

const LINE = "https://line.test";
const SENDER = "whatsapp:+14155550110";
const PERSON = "whatsapp:+12125550101";
const CONTENT_SID = `HX${"c".repeat(32)}`;
const ACCOUNT = `/2010-04-01/Accounts/${accountSid}`;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** What a request to the service was, its signature checked with Twilio's own library. */
type Heard = {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly genuine: boolean;
};

const faults: string[] = [];
afterEach(() => {
  const found = faults.splice(0).join("\n");
  if (found !== "") throw new Error(found);
});

/** The simulator's Twilio, a clock, and a service that hears of everything. */
function twilio(answers: (heard: Heard) => string | number = () => 204) {
  const clock = { now: Date.parse("2026-11-22T10:00:00Z") };
  const heard: Heard[] = [];
  const transport: Transport = ({ url, body, headers }: Delivery) => {
    const fields = Object.fromEntries(new URLSearchParams(body));
    const genuine = validateRequest(authToken, headers["X-Twilio-Signature"] ?? "", url, fields);
    const one = { url, fields, genuine };
    heard.push(one);
    const answer = answers(one);
    const [status, text] = typeof answer === "number" ? [answer, ""] : [200, answer];
    const type = { "content-type": "text/xml" };
    return Promise.resolve({ kind: "answer", status, headers: type, body: text, tooLarge: false });
  };
  const problems: unknown[] = [];
  const template = {
    body: "This is {{1}}. May we send you {{2}}?",
    buttons: [
      { text: "Yes", payload: "yes:{{3}}" },
      { text: "No", payload: "no:{{3}}" },
    ],
  };
  const app = new Hono().route(
    "/phone/twilio",
    restRoutes({
      accountSid,
      authToken,
      whatsappUrl: `${LINE}/whatsapp`,
      templates: new Map([[CONTENT_SID, template]]),
      transport,
      random: seededRandom("rest"),
      now: () => clock.now,
      onError: (error) => problems.push(error),
    }),
  );

  async function ask(
    method: "GET" | "POST",
    path: string,
    fields?: Record<string, string>,
    token = authToken,
  ) {
    const body = fields === undefined ? null : new URLSearchParams(fields);
    const answer = await app.request(`http://own.test/phone/twilio${path}`, {
      method,
      body,
      headers: { Authorization: `Basic ${btoa(`${accountSid}:${token}`)}` },
    });
    const json = (await answer.json()) as Record<string, unknown>;
    if (answer.ok && path.startsWith("/2010")) {
      const asked = new URL(`https://api.twilio.com${path}`);
      faults.push(...faultsOfRequest(method, asked, body ?? new URLSearchParams()));
      faults.push(...faultsOfAnswer(method, asked, answer.status, json));
    }
    return { status: answer.status, retryAfter: answer.headers.get("Retry-After"), json };
  }

  const send = (fields: Record<string, string>) =>
    ask("POST", `${ACCOUNT}/Messages.json`, {
      From: SENDER,
      To: PERSON,
      StatusCallback: `${LINE}/fate?id=7`,
      ...fields,
    });
  const write = (fields: Record<string, string>) =>
    ask("POST", "/people/messages", { From: PERSON, To: SENDER, ...fields });
  const fates = () =>
    heard.filter(({ url }) => url.startsWith(`${LINE}/fate`)).map(({ fields }) => fields["MessageStatus"]);
  return {
    ask,
    send,
    write,
    heard,
    clock,
    fates,
    problems,
    message: async (sid: unknown) => (await ask("GET", `${ACCOUNT}/Messages/${String(sid)}.json`)).json,
    /** Everything that follows from what was asked for has happened. */
    settle: async () => {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const TEMPLATE = {
  ContentSid: CONTENT_SID,
  ContentVariables: JSON.stringify({ "1": "Acme Dental", "2": "policy updates", "3": "an-id" }),
};

describe("a message that a line sends", () => {
  test("arrives filled in and is read; each step is told, signed, in order", async () => {
    const { send, settle, heard, fates, message } = twilio();
    const { status, json } = await send(TEMPLATE);
    expect([status, json]).toMatchObject([
      201,
      { status: "queued", direction: "outbound-api", error_code: null },
    ]);
    await settle();
    expect(fates()).toEqual(["queued", "sent", "delivered", "read"]);
    expect(heard.every(({ genuine, url }) => genuine && url === `${LINE}/fate?id=7`)).toBe(true);
    expect(heard[0]?.fields).toMatchObject({
      MessageSid: json["sid"],
      AccountSid: accountSid,
      From: SENDER,
      To: PERSON,
    });
    expect(await message(json["sid"])).toMatchObject({
      status: "read",
      body: "This is Acme Dental. May we send you policy updates?",
      date_sent: "Sun, 22 Nov 2026 10:00:00 +0000",
    });
  });

  test("as free text is lost outside the window of a day, and arrives inside it", async () => {
    const { send, write, settle, fates, clock, message } = twilio();
    const early = await send({ Body: "Hello" });
    await settle();
    expect(fates()).toEqual(["queued", "failed"]);
    expect(await message(early.json["sid"])).toMatchObject({ status: "failed", error_code: 63_016 });
    await write({ Body: "Hi" });
    clock.now += DAY_MS - 1;
    const answer = await send({ Body: "Hello" });
    await settle();
    expect(await message(answer.json["sid"])).toMatchObject({ status: "read", error_code: null });
    clock.now += 1;
    const late = await send({ Body: "Hello" });
    await settle();
    expect(await message(late.json["sid"])).toMatchObject({ error_code: 63_016 });
  });

  test("to a number that is not on WhatsApp is taken, and then does not arrive", async () => {
    const { send, settle, heard, fates } = twilio();
    expect((await send({ ...TEMPLATE, To: "whatsapp:+12125550179" })).status).toBe(201);
    await settle();
    expect(fates()).toEqual(["queued", "sent", "undelivered"]);
    expect(heard.at(-1)?.fields).toMatchObject({ ErrorCode: "63024" });
  });

  test("to who has blocked the sender does not arrive, and one to who never looks is never read", async () => {
    const { send, settle, fates } = twilio();
    await send({ ...TEMPLATE, To: "whatsapp:+12125550178" });
    await settle();
    await send({ ...TEMPLATE, To: "whatsapp:+12125550175" });
    await settle();
    expect(fates()).toEqual(["queued", "sent", "undelivered", "queued", "sent", "delivered"]);
  });

  test("is one too many every other time at the number that is busy", async () => {
    const { send } = twilio();
    const busy = { ...TEMPLATE, To: "whatsapp:+12125550176" };
    const answers = [await send(busy), await send(busy), await send(busy)];
    expect(answers.map(({ status, retryAfter }) => [status, retryAfter])).toEqual([
      [429, "1"],
      [201, null],
      [429, "1"],
    ]);
    expect(answers[0]?.json).toMatchObject({ code: 20_429 });
  });

  test.each([
    ["to nobody", { To: "" }, 21_604],
    ["from nobody", { From: "" }, 21_603],
    ["to a number without WhatsApp", { To: "+12125550101" }, 21_211],
    ["from a number that is no sender", { From: "+14155550110" }, 63_007],
    ["without words", { Body: "" }, 21_619],
    ["that is too long", { Body: "x".repeat(1_601) }, 21_617],
    ["with a template that nobody approved", { ContentSid: `HX${"d".repeat(32)}` }, 21_655],
    ["with variables that are no JSON", { ...TEMPLATE, ContentVariables: "{" }, 21_656],
    ["with variables that are no texts", { ...TEMPLATE, ContentVariables: '{"1":2}' }, 21_656],
    ["to somebody who opted out with Twilio", { ...TEMPLATE, To: "whatsapp:+12125550177" }, 21_610],
  ])("%s is refused as Twilio refuses it", async (_, fields, code) => {
    const { send, settle, heard } = twilio();
    const { status, json } = await send({ Body: "Hello", ...fields });
    expect([status, json]).toEqual([
      400,
      {
        code,
        status: 400,
        message: expect.any(String),
        more_info: `https://www.twilio.com/docs/errors/${code}`,
      },
    ]);
    await settle();
    expect(heard).toEqual([]);
  });
});

describe("a person", () => {
  test("writes, and the line hears of it as Twilio tells it", async () => {
    const { write, heard } = twilio(() => "<Response/>");
    const { status, json } = await write({ Body: "STOP" });
    expect([status, json["webhooks"]]).toEqual([201, [{ status: 200, problems: [] }]]);
    expect(heard).toMatchObject([
      {
        url: `${LINE}/whatsapp`,
        genuine: true,
        fields: { From: PERSON, To: SENDER, Body: "STOP", SmsStatus: "received", WaId: "12125550101" },
      },
    ]);
  });

  test("presses the button of the last message, which tells its payload and what it answers", async () => {
    const { send, write, settle, heard } = twilio();
    const { json } = await send(TEMPLATE);
    await settle();
    await write({ Button: "yes" });
    expect(heard.at(-1)?.fields).toMatchObject({
      ButtonPayload: "yes:an-id",
      ButtonText: "Yes",
      Body: "Yes",
      OriginalRepliedMessageSid: json["sid"],
    });
  });

  test("cannot press a button that no message has", async () => {
    const { write, heard } = twilio();
    expect(await write({ Button: "yes" })).toMatchObject({ status: 400 });
    expect(heard).toEqual([]);
  });

  test("is told of twice or more where the webhook is repeated, byte for byte", async () => {
    const { write, heard } = twilio();
    await write({ Body: "YES", Times: "3" });
    expect(heard).toHaveLength(3);
    expect(new Set(heard.map(({ fields }) => JSON.stringify(fields))).size).toBe(1);
  });

  test("sees that a line fails", async () => {
    const { write } = twilio(() => 500);
    expect((await write({ Body: "STOP" })).json["webhooks"]).toMatchObject([
      { status: 500, problems: [{ code: 11_200 }] },
    ]);
  });
});

describe("whoever looks for a message that was sent", () => {
  test("finds it by its two addresses, the newest first, a page at a time", async () => {
    const { send, ask, write } = twilio();
    for (const Body of ["one", "two", "three"]) await send({ Body });
    await send({ Body: "elsewhere", To: "whatsapp:+12125550102" });
    await write({ Body: "hi" });
    const between = new URLSearchParams({ From: SENDER, To: PERSON, PageSize: "2" });
    const { json } = await ask("GET", `${ACCOUNT}/Messages.json?${between.toString()}`);
    expect(json["messages"]).toMatchObject([{ body: "three" }, { body: "two" }]);
    const next = await ask("GET", String(json["next_page_uri"]));
    expect(next.json).toMatchObject({ messages: [{ body: "one" }], next_page_uri: null });
  });

  test("finds only what was sent since then", async () => {
    const { send, ask, clock } = twilio();
    await send({ Body: "before" });
    clock.now += 60_000;
    const since = new Date(clock.now).toISOString();
    await send({ Body: "after" });
    const { json } = await ask("GET", `${ACCOUNT}/Messages.json?DateSent%3E=${encodeURIComponent(since)}`);
    expect(json["messages"]).toMatchObject([{ body: "after" }]);
  });
});

describe("a call that a line places", () => {
  const QUESTION = twiml(
    '<Say>Hello.</Say><Gather numDigits="1" action="/answer"><Say>Press 1.</Say></Gather>',
  );
  const line = ({ url }: Heard) =>
    url.endsWith("/answer") ? twiml("<Say>Thank you.</Say>") : url.endsWith("/voice") ? QUESTION : 204;
  const place = (ask: ReturnType<typeof twilio>["ask"], fields: Record<string, string> = {}) =>
    ask("POST", `${ACCOUNT}/Calls.json`, {
      From: "+14155550100",
      To: "+12125550101",
      Url: `${LINE}/voice`,
      StatusCallback: `${LINE}/status`,
      MachineDetection: "Enable",
      ...fields,
    });
  const placed = async (ask: ReturnType<typeof twilio>["ask"], sid: unknown) =>
    (await ask("GET", `${ACCOUNT}/Calls/${String(sid)}.json`)).json;

  test("is answered by whoever waits for it, who presses the keys they were told", async () => {
    const { ask, settle, heard, problems } = twilio(line);
    await ask("POST", "/people/calls", { To: "+12125550101", Keys: "1" });
    const { status, json } = await place(ask);
    expect([status, json]).toMatchObject([201, { status: "queued", answered_by: null }]);
    await settle();
    expect(problems).toEqual([]);
    expect(heard.map(({ url }) => new URL(url).pathname)).toEqual(["/voice", "/answer", "/status"]);
    expect(heard[0]?.fields).toMatchObject({ AnsweredBy: "human", Direction: "outbound-api" });
    expect(heard[1]?.fields).toMatchObject({ Digits: "1", CallSid: json["sid"] });
    expect(heard[2]?.fields).toMatchObject({ CallStatus: "completed" });
    expect(await placed(ask, json["sid"])).toMatchObject({ status: "completed", answered_by: "human" });
  });

  test.each([
    ["nobody waits", "+12125550101", "no-answer"],
    ["they are talking", "+12125550173", "busy"],
    ["the number does not exist", "+12125550172", "failed"],
  ])("is not answered where %s", async (_, To, ending) => {
    const { ask, settle, heard } = twilio(line);
    const { json } = await place(ask, { To });
    await settle();
    expect(heard.map(({ fields }) => fields["CallStatus"])).toEqual([ending]);
    expect(await placed(ask, json["sid"])).toMatchObject({
      status: ending,
      answered_by: null,
      duration: "0",
    });
  });

  test("may reach a machine, and says so before a word is spoken", async () => {
    const { ask, settle, heard } = twilio(line);
    await place(ask, { To: "+12125550174" });
    await settle();
    expect(heard[0]?.fields).toMatchObject({ AnsweredBy: "machine_start" });
  });

  test("is found by its two numbers", async () => {
    const { ask, settle } = twilio(line);
    const { json } = await place(ask);
    await settle();
    const between = new URLSearchParams({ From: "+14155550100", To: "+12125550101" });
    const found = await ask("GET", `${ACCOUNT}/Calls.json?${between.toString()}`);
    expect(found.json["calls"]).toMatchObject([{ sid: json["sid"], direction: "outbound-api" }]);
  });

  test.each([
    ["to nobody", { To: "" }, 21_201],
    ["to what is no number", { To: "12" }, 21_211],
    ["from what is no number", { From: "me" }, 21_212],
    ["without an address to ask", { Url: "voice" }, 21_205],
  ])("%s is refused", async (_, fields, code) => {
    const { ask } = twilio(line);
    expect(await place(ask, fields)).toMatchObject({ status: 400, json: { code } });
  });
});

describe("a call that a line records", () => {
  const SID = `CA${"c".repeat(32)}`;
  const RECORDINGS = `${ACCOUNT}/Calls/${SID}/Recordings.json`;
  const callback = `${LINE}/voice/recording?business=acme-dental`;

  test("is recorded, told of when the audio is there, listed, and looked at", async () => {
    const { ask, settle, heard } = twilio();
    const { status, json } = await ask("POST", RECORDINGS, {
      RecordingStatusCallback: callback,
      RecordingChannels: "mono",
    });
    expect([status, json]).toMatchObject([201, { call_sid: SID, status: "in-progress", duration: null }]);
    await settle();
    const { sid } = json as { sid: string };
    expect(heard).toMatchObject([
      {
        url: callback,
        genuine: true,
        fields: { CallSid: SID, RecordingSid: sid, RecordingStatus: "completed", RecordingDuration: "1" },
      },
    ]);
    const listed = await ask("GET", `${RECORDINGS}?PageSize=20`);
    expect(listed.json["recordings"]).toMatchObject([{ sid, status: "completed" }]);
    const looked = await ask("GET", `${ACCOUNT}/Recordings/${sid}.json`);
    expect(looked.json).toMatchObject({ sid, call_sid: SID, duration: "1", source: "StartCallRecordingAPI" });
  });

  test.each([
    ["of a call that has no such name", `${ACCOUNT}/Calls/CA1/Recordings.json`, {}, 404, 20_404],
    ["that tells nobody", RECORDINGS, { RecordingStatusCallback: "here" }, 400, 21_609],
    [
      "that is over already",
      `${ACCOUNT}/Calls/${SID}/Recordings/RE1.json`,
      { Status: "stopped" },
      404,
      20_404,
    ],
  ])("%s is refused", async (_, path, fields, status, code) => {
    const { ask } = twilio();
    expect(await ask("POST", path, fields)).toMatchObject({ status, json: { code } });
  });
});

describe("who is not the simulator's account", () => {
  test("is told to sign in, and nothing else", async () => {
    const { ask, heard } = twilio();
    for (const path of [`${ACCOUNT}/Messages.json`, "/people/messages", "/elsewhere"]) {
      const { status, json } = await ask("POST", path, { Body: "x" }, "another token");
      expect([status, json["code"]]).toEqual([401, 20_003]);
    }
    expect(heard).toEqual([]);
  });

  test("finds no other account and no other resource", async () => {
    const { ask } = twilio();
    const other = `/2010-04-01/Accounts/AC${"1".repeat(32)}/Messages.json`;
    for (const path of [other, `${ACCOUNT}/Recordings.json`, `${ACCOUNT}/Messages/SM1.json`]) {
      const { status, json } = await ask("GET", path);
      expect([status, json["code"]]).toEqual([404, 20_404]);
    }
  });
});
