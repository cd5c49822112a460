import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { http, HttpResponse, passthrough } from "msw";
import { setupServer } from "msw/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { LiveCalls } from "../../src/ledger/integration.ts";
import { bringer, mayReturnTo, type BringIn } from "../../src/outbox/live-call.ts";
import { parseForm } from "../../src/twilio/fields.ts";
import { signatureCheck } from "../../src/twilio/signature.ts";
import { twilioRest } from "../../src/twilio/rest.ts";
import { signedRequest } from "../support/caller.ts";
import { PUBLIC_URL, sid, startLine, type Line } from "../support/line.ts";
import { useNodesResponse } from "../support/nodes-response.ts";
import { faultsOfRequest } from "../twilio/description.ts";

const TWILIO_URL = "https://twilio.test";
const ACCOUNT = { sid: `AC${"a".repeat(32)}`, authToken: "token" };
const CUSTOMER = "+14155550123";
/** The call centre's number: no line of ours. */
const CENTRE = "+14155559000";
const BACK_WITH_THE_AGENT = "<Response><Dial><Conference>agents</Conference></Dial></Response>";

let line: Line;
let bringIn: ReturnType<typeof bringer>;
let giveBack: () => void;
let disk: "works" | "full";
let twilio: {
  call: { from: string; to: string; direction: string; status: string } | null;
  /** What the next redirect meets. */
  fault: number | "broken" | { status: number; code: number } | null;
  redirects: { path: string; fields: Record<string, string> }[];
  violations: string[];
};
let centre: { server: Server; url: string; asked: URLSearchParams[] };

const network = setupServer(
  http.all("http://127.0.0.1:*/*", () => passthrough()),
  http.get(`${TWILIO_URL}/2010-04-01/Accounts/:account/Calls/:sid`, ({ params }) => {
    if (twilio.call === null) return refusal(404, 20_404);
    return HttpResponse.json({ ...twilio.call, sid: String(params["sid"]).replace(".json", "") });
  }),
  http.post(`${TWILIO_URL}/2010-04-01/Accounts/:account/Calls/:sid`, async ({ request }) => {
    const fields = new URLSearchParams(await request.text());
    const url = new URL(request.url);
    twilio.violations.push(...faultsOfRequest("POST", url, fields));
    const { fault } = twilio;
    twilio.fault = null;
    if (typeof fault === "number") return refusal(fault, 20_000 + fault);
    if (fault !== null && fault !== "broken") return refusal(fault.status, fault.code);
    twilio.redirects.push({ path: url.pathname, fields: Object.fromEntries(fields) });
    return fault === "broken" ? HttpResponse.error() : HttpResponse.json({ ...twilio.call, sid: "CA" });
  }),
);

beforeEach(async () => {
  disk = "works";
  twilio = {
    call: { from: CUSTOMER, to: CENTRE, direction: "inbound", status: "in-progress" },
    fault: null,
    redirects: [],
    violations: [],
  };
  line = startLine({
    env: { TWILIO_ACCOUNT_SID: ACCOUNT.sid, TWILIO_AUTH_TOKEN: ACCOUNT.authToken },
    wrapLedger,
  });
  bringIn = bringerOn(line.memory.liveCalls);
  centre = await callCentre();
  giveBack = useNodesResponse();
  network.listen({ onUnhandledFrame: "error" });
});
afterEach(async () => {
  network.close();
  giveBack();
  centre.server.close();
  await line.stop();
});

function bringerOn(liveCalls: LiveCalls) {
  const rest = twilioRest({ accountSid: ACCOUNT.sid, authToken: ACCOUNT.authToken, baseUrl: TWILIO_URL });
  const { businesses } = line.config;
  const restOf = (simulated: boolean) => (simulated ? null : rest);
  return bringer({ businesses, publicUrl: PUBLIC_URL, ledger: line.ledger, liveCalls, restOf });
}

/** An agent asks for the call to be brought in, and it goes back to the agent afterwards. */
const requestOf = (callSid: string, over: Partial<BringIn> = {}): BringIn => ({
  businessId: "acme-dental",
  callSid,
  returnUrl: `${centre.url}/agent?desk=7&queue=a`,
  requestedBy: "key-1",
  at: line.clock.now,
  ...over,
});

/** A customer speaks with an agent; Twilio asks wherever it is told to. */
async function onTheLine(over: Partial<BringIn> = {}, fields: Record<string, string> = {}) {
  const callSid = sid("CA");
  const result = await bringIn(requestOf(callSid, over));
  const call = line.call({ callSid, from: CUSTOMER, to: CENTRE, fields });
  const begin = () => call.begin(pathOf(twilio.redirects.at(-1)?.fields["Url"] ?? ""));
  return { callSid, result, call, begin };
}

const pathOf = (url: string) => url.slice(PUBLIC_URL.length);

/** Twilio follows the redirect: it posts to the other application, signed, and does what that answers. */
async function followed(twiml: string, callSid: string): Promise<string> {
  const [, escaped = ""] = /<Redirect method="POST">([^<]+)<\/Redirect><\/Response>$/.exec(twiml) ?? [];
  const { origin, pathname, search } = new URL(escaped.replaceAll("&amp;", "&"));
  const fields = {
    CallSid: callSid,
    AccountSid: ACCOUNT.sid,
    From: CUSTOMER,
    To: CENTRE,
    CallStatus: "in-progress",
  };
  const answer = await fetch(signedRequest(origin, pathname + search, fields, ACCOUNT.authToken));
  return answer.text();
}

describe("a customer whom an agent has on the line", () => {
  it("is brought into the flow, agrees, and is with the agent again", async () => {
    const { callSid, result, call, begin } = await onTheLine();
    expect(result).toEqual({ kind: "brought-in" });
    expect(twilio.redirects).toEqual([
      {
        path: `/2010-04-01/Accounts/${ACCOUNT.sid}/Calls/${callSid}.json`,
        fields: { Url: `${PUBLIC_URL}/voice?business=acme-dental`, Method: "POST" },
      },
    ]);
    expect(twilio.violations).toEqual([]);
    const notice = await begin();
    expect(notice.beforeGather).toMatch(/^Hello, this is Acme Dental\./);
    expect(notice.action).toContain("business=acme-dental");
    const granted = await call.press("1");
    expect(granted.words).toContain("recorded");
    expect(granted.hangsUp).toBe(false);
    expect(await followed(granted.twiml, callSid)).toBe(BACK_WITH_THE_AGENT);
    expect(centre.asked[0]?.get("desk")).toBe("7");
    expect(await line.ledger.granted("acme-dental", CUSTOMER, false)).toHaveLength(2);
  });

  it.each([
    ["refused", ["2"]],
    ["no-answer", ["", "", ""]],
    ["pending", ["3", "14155550177", "1"]],
    ["agent", ["0"]],
  ] as const)("is with the agent again after %s", async (outcome, keys) => {
    const { callSid, call, begin } = await onTheLine();
    let heard = await begin();
    for (const key of keys) heard = await call.press(key);
    expect(line.webhooks.at(-1)?.outcome).toBe(outcome);
    expect(await followed(heard.twiml, callSid)).toBe(BACK_WITH_THE_AGENT);
  });

  it("is with the agent again after an apology, and nothing is recorded", async () => {
    const { callSid, call, begin } = await onTheLine();
    await begin();
    disk = "full";
    const sorry = await call.press("1");
    expect(sorry.words).toContain("Nothing was saved");
    expect(await followed(sorry.twiml, callSid)).toBe(BACK_WITH_THE_AGENT);
    expect(line.rows("entry")).toEqual([]);
  });

  it("is with the agent again, where the line thinks that the call is long over", async () => {
    const { callSid, call, begin } = await onTheLine();
    await begin();
    await line.ledger.closeAbandoned(line.clock.now + 1, line.clock.now + 1);
    const over = await call.press("1");
    expect(over.words).toBe("");
    expect(await followed(over.twiml, callSid)).toBe(BACK_WITH_THE_AGENT);
    expect(line.rows("entry")).toEqual([]);
  });

  it("is hung up on, where the agent named no way back", async () => {
    const { call, begin } = await onTheLine({ returnUrl: null });
    await begin();
    expect((await call.press("1")).twiml).toMatch(/<Hangup\/><\/Response>$/);
  });

  it("hears the language that the agent named, or is asked for it", async () => {
    const named = await onTheLine({ businessId: "hotel-miramar", locale: "de-DE" });
    expect((await named.begin()).words).toContain("Guten Tag, hier ist Hotel Miramar.");
    const asked = await onTheLine({ businessId: "hotel-miramar" });
    expect((await asked.begin()).action).toMatch(/\/language\?.*business=hotel-miramar/);
    const notice = await asked.call.press("2");
    expect(notice.beforeGather).toContain("Hello, this is Hotel Miramar.");
  });

  it("is the one who was called, where the agent has called them", async () => {
    twilio.call = { from: CENTRE, to: CUSTOMER, direction: "outbound-api", status: "in-progress" };
    const fields = { Direction: "outbound-api", From: CENTRE, To: CUSTOMER };
    const { call, begin } = await onTheLine({}, fields);
    expect((await begin()).words).not.toContain("You are being called");
    await call.press("1");
    expect(await line.ledger.granted("acme-dental", CUSTOMER, false)).toHaveLength(2);
  });

  it("hears the same, and is on record once, when Twilio repeats its webhooks", async () => {
    const { call, begin } = await onTheLine();
    const first = await begin();
    expect((await begin()).twiml).toBe(first.twiml);
    const answer = await call.press("1");
    const again = await call.post(first.action ?? "", { CallStatus: "in-progress", Digits: "1" });
    expect(again.twiml).toBe(answer.twiml);
    expect(line.rows("entry")).toHaveLength(1);
  });

  it("leaves no trace of where they went back to in what is kept of the words", async () => {
    const { call, begin } = await onTheLine();
    await begin();
    await call.press("1");
    for (const table of ["served_text", "call_event", "call"]) {
      expect(JSON.stringify(line.rows(table))).not.toContain("desk=7");
    }
    expect(line.rows("served_text").map((row) => row["twiml"])).toContainEqual(
      expect.stringContaining('<Redirect method="POST">{{returnUrl}}</Redirect>'),
    );
  });

  it("asked for twice, is brought in once", async () => {
    const { callSid, begin } = await onTheLine();
    await begin();
    expect(await bringIn(requestOf(callSid, { returnUrl: "https://elsewhere.example/" }))).toEqual({
      kind: "brought-in",
    });
    expect(twilio.redirects).toHaveLength(1);
    expect(line.rows("live_call")).toMatchObject([{ return_url: `${centre.url}/agent?desk=7&queue=a` }]);
  });
});

describe("an agent is told, and nothing is kept, where", () => {
  it.each([
    ["the call has ended", { call: { status: "completed" } }, {}, "not_in_progress"],
    ["the call still rings", { call: { status: "ringing" } }, {}, "not_in_progress"],
    ["the agent talks with a program", { call: { to: "client:sales" } }, {}, "not_a_phone_call"],
    ["the call is on another business's line", { call: { to: "+34915550100" } }, {}, "other_business"],
    ["the business is not there", {}, { businessId: "nobody" }, "unknown_business"],
    ["the business does not speak that language", {}, { locale: "hi-IN" }, "unknown_language"],
    ["the way back is not safe", {}, { returnUrl: "http://centre.example/" }, "return_url"],
    ["the call ends at that moment", { fault: { status: 400, code: 21_220 } }, {}, "not_in_progress"],
    ["Twilio refuses", { fault: { status: 403, code: 20_003 } }, {}, "twilio_refused"],
    ["Twilio has no time", { fault: 429 }, {}, "twilio_unreachable"],
  ] as const)("%s", async (_, world, over, reason) => {
    if ("call" in world && twilio.call !== null) twilio.call = { ...twilio.call, ...world.call };
    if ("fault" in world) twilio.fault = world.fault;
    const { result } = await onTheLine(over);
    expect(result).toMatchObject({ kind: "refused", reason });
    expect(JSON.stringify(result)).not.toMatch(/\d{7}/);
    expect([line.rows("live_call"), line.rows("call")]).toEqual([[], []]);
    expect(twilio.redirects).toEqual([]);
  });

  it("Twilio knows no such call", async () => {
    twilio.call = null;
    expect((await onTheLine()).result).toMatchObject({ reason: "unknown_call" });
  });

  it("the person has been in the flow in this call already", async () => {
    const call = line.call();
    await call.begin();
    expect(await bringIn(requestOf(call.callSid))).toMatchObject({ reason: "already_asked" });
  });
});

describe("where nobody knows whether Twilio took the call over", () => {
  it("the customer is asked if it did, and the agent may ask again", async () => {
    twilio.fault = "broken";
    const { callSid, result, call, begin } = await onTheLine();
    expect(result).toMatchObject({ reason: "unclear" });
    await begin();
    expect(await bringIn(requestOf(callSid))).toEqual({ kind: "brought-in" });
    expect(twilio.redirects).toHaveLength(1);
    expect(await followed((await call.press("2")).twiml, callSid)).toBe(BACK_WITH_THE_AGENT);
  });

  it("the agent asks again, and it is taken over then", async () => {
    twilio.fault = 503;
    const { callSid, result } = await onTheLine();
    expect(result).toMatchObject({ reason: "unclear" });
    expect(await bringIn(requestOf(callSid))).toEqual({ kind: "brought-in" });
    expect(twilio.redirects).toHaveLength(1);
  });
});

describe("a call on somebody else's line", () => {
  it("is not ours, though its address names a business, unless it was brought in for that very business", async () => {
    const stranger = line.call({ from: CUSTOMER, to: CENTRE });
    expect((await stranger.begin("/voice?business=acme-dental")).twiml).toContain("<Reject/>");
    const { call } = await onTheLine();
    expect((await call.begin("/voice?business=hotel-miramar")).twiml).toContain("<Reject/>");
    expect(line.rows("call")).toEqual([]);
  });
});

describe("where a call may go back to", () => {
  it.each([
    "https://centre.example/agent?desk=7",
    "http://127.0.0.1:8080/agent",
    "http://localhost/agent",
    "http://[::1]:8080/",
    "https://line.test/other",
  ])("%s", (address) => {
    expect(mayReturnTo(address, PUBLIC_URL)).toBe(true);
  });

  it.each([
    "http://centre.example/agent",
    "http://127.0.0.1.evil.example/",
    "ftp://centre.example/",
    "javascript:alert(1)",
    "/agent",
    "",
    "https://user:password@centre.example/",
    "https://line.test/voice",
    "https://line.test/voice?business=acme-dental",
  ])("not %s", (address) => {
    expect(mayReturnTo(address, PUBLIC_URL)).toBe(false);
  });

  it("not an address that is longer than any", () => {
    expect(mayReturnTo(`https://centre.example/${"a".repeat(2_000)}`, PUBLIC_URL)).toBe(false);
  });
});

function wrapLedger(ledger: Ledger): Ledger {
  return {
    ...ledger,
    record: (turn) => (disk === "full" ? Promise.reject(new Error("disk full")) : ledger.record(turn)),
  };
}

/** The call centre's own application: TwiML of somebody else's, which checks Twilio's signature too. */
async function callCentre() {
  const asked: URLSearchParams[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const account = { sid: ACCOUNT.sid, authTokens: [ACCOUNT.authToken], simulated: false };
    const checked = signatureCheck(url, [account])({
      rawPath: request.url ?? "",
      contentType: request.headers["content-type"],
      signature: request.headers["x-twilio-signature"] as string | undefined,
      body,
    });
    const isTwilio = !("refused" in checked) && parseForm(body)?.get("CallSid") !== undefined;
    asked.push(new URL(request.url ?? "", url).searchParams);
    response.writeHead(isTwilio ? 200 : 403, { "Content-Type": "text/xml" });
    response.end(isTwilio ? BACK_WITH_THE_AGENT : "");
  };
  const server = createServer((...exchange) => void answer(...exchange)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, asked };
}

function refusal(status: number, code: number) {
  return HttpResponse.json({ code, message: "No", more_info: "", status }, { status });
}
