import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { twilioRest, type TwilioRest } from "../../src/twilio/rest.ts";

const ACCOUNT_SID = `AC${"a".repeat(32)}`;
const SID = `SM${"b".repeat(32)}`;
const MESSAGE = {
  from: "whatsapp:+14155550110",
  to: "whatsapp:+14155550123",
  statusCallback: "https://line.test/whatsapp/status",
  content: { body: "Hello" },
};

/** A server that answers as the test says, at a path of its own, as a proxy would have it. */
let server: Server;
let address: string;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let requests: string[];
let connections: number;
let rest: TwilioRest;

beforeEach(async () => {
  requests = [];
  connections = 0;
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().once("end", () => respond(request, response));
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  rest = restAt(`${address}/proxy`);
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function restAt(baseUrl: string): TwilioRest {
  return twilioRest({ accountSid: ACCOUNT_SID, authToken: "token", baseUrl, timeoutMs: 2_000 });
}

function answersWith(status: number, body: unknown, headers: Record<string, string> = {}) {
  respond = (_, response) =>
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(typeof body === "string" ? body : JSON.stringify(body));
}

describe("what Twilio did with a request is told from what nobody knows", () => {
  it("accepted: with the name that Twilio gave it, at the base URL with its path", async () => {
    answersWith(201, { sid: SID });
    expect(await rest.sendMessage(MESSAGE)).toEqual({ kind: "accepted", sid: SID });
    expect(requests).toEqual([`POST /proxy/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json`]);
  });

  it("refused: with Twilio's code, and without the number that its message quotes", async () => {
    const message = "The 'To' number whatsapp:+1 (415) 555-0123 is not valid: +14155550123.";
    answersWith(400, { code: 21_211, message, status: 400 });
    expect(await rest.sendMessage(MESSAGE)).toEqual({
      kind: "refused",
      code: "21211",
      message: "The 'To' number whatsapp:… is not valid: ….",
    });
  });

  it("refused by something in between that is not Twilio", async () => {
    answersWith(403, "<html>Forbidden</html>");
    expect(await rest.sendMessage(MESSAGE)).toMatchObject({ kind: "refused", code: "403" });
  });

  it.each([
    ["30", 30],
    ["999999999", 3_600],
    ["Mon, 23 Nov 2026 09:00:00 GMT", null],
    [undefined, null],
  ])("too many requests, with Retry-After %s", async (header, retryAfterSeconds) => {
    answersWith(429, { code: 20_429 }, header === undefined ? {} : { "retry-after": header });
    expect(await rest.sendMessage(MESSAGE)).toEqual({ kind: "busy", retryAfterSeconds });
  });

  it("too many for WhatsApp, which comes as another status", async () => {
    answersWith(400, { code: 63_018, message: "Rate limit exceeded", status: 400 });
    expect(await rest.sendMessage(MESSAGE)).toEqual({ kind: "busy", retryAfterSeconds: null });
  });

  it.each([500, 502, 503, 504, 408])("unclear: HTTP %i", async (status) => {
    answersWith(status, "upstream");
    expect(await rest.sendMessage(MESSAGE)).toEqual({ kind: "unclear", reason: `HTTP ${status}` });
  });

  it("unclear: no answer in time", async () => {
    respond = () => {};
    expect(await rest.placeCall(CALL)).toEqual({ kind: "unclear", reason: "no answer within 2 s" });
  });

  it("unclear: an answer that begins and does not end in time", async () => {
    respond = (_, response) => response.writeHead(201).write("{");
    expect(await rest.sendMessage(MESSAGE)).toMatchObject({ kind: "unclear" });
  });

  it("unclear: a connection that breaks after the request", async () => {
    respond = (request) => request.socket.destroy();
    expect(await rest.sendMessage(MESSAGE)).toMatchObject({ kind: "unclear" });
  });

  it.each([
    ["is not JSON", "accepted!"],
    ["names nothing", "{}"],
    ["is empty", ""],
    ["is endless", `"${"x".repeat(2_000_001)}"`],
  ])("unclear: an answer that %s", async (_, body) => {
    answersWith(201, body);
    expect(await rest.sendMessage(MESSAGE)).toMatchObject({ kind: "unclear" });
  });

  it("unreachable: nothing has left, and it is safe to repeat", async () => {
    server.close();
    expect(await rest.sendMessage(MESSAGE)).toEqual({
      kind: "unreachable",
      reason: "no connection (ECONNREFUSED)",
    });
    expect(await restAt("http://nobody.invalid").sendMessage(MESSAGE)).toMatchObject({ kind: "unreachable" });
  });
});

const CALL = {
  from: "+14155550100",
  to: "+14155550123",
  url: "https://line.test/voice",
  statusCallback: "https://line.test/voice/status",
  machineDetectionTimeoutSeconds: null,
};

describe("a request", () => {
  it("is made once: a redirect is not followed, and nothing is repeated", async () => {
    answersWith(307, "", { location: `${address}/elsewhere` });
    expect(await rest.sendMessage(MESSAGE)).toMatchObject({ kind: "refused", code: "307" });
    answersWith(429, {});
    await rest.sendMessage(MESSAGE);
    answersWith(503, {});
    await rest.sendMessage(MESSAGE);
    expect(requests).toHaveLength(3);
  });

  it("does not reach another host because the environment says so", async () => {
    process.env["HTTP_PROXY"] = "http://127.0.0.1:1";
    process.env["TWILIO_EDGE"] = "sydney";
    try {
      answersWith(201, { sid: SID });
      expect(await restAt(address).sendMessage(MESSAGE)).toMatchObject({ kind: "accepted" });
    } finally {
      delete process.env["HTTP_PROXY"];
      delete process.env["TWILIO_EDGE"];
    }
  });

  it("shares its connection with the next ones", async () => {
    answersWith(201, { sid: SID });
    for (let count = 0; count < 10; count++) await rest.sendMessage(MESSAGE);
    expect(requests).toHaveLength(10);
    expect(connections).toBeLessThan(3);
  });
});

describe("looking up what was sent", () => {
  it("says so where it cannot be seen, so that nobody takes it for absent", async () => {
    answersWith(503, {});
    expect(await rest.findMessages(MESSAGE)).toEqual({ kind: "unknown", reason: "HTTP 503" });
    answersWith(401, { code: 20_003, message: "Authenticate", status: 401 });
    expect(await rest.findCalls(CALL)).toEqual({ kind: "unknown", reason: "Authenticate" });
    answersWith(200, "not JSON");
    expect(await rest.findMessages(MESSAGE)).toMatchObject({ kind: "unknown" });
  });

  it("reads one page, the newest, and when each was made", async () => {
    const message = { sid: SID, body: "Hi", direction: "outbound-api" };
    const made = { ...message, date_created: "Mon, 23 Nov 2026 09:00:00 +0000" };
    answersWith(200, { messages: [made, { ...message, date_created: null }], next_page_uri: "/more" });
    expect(await rest.findMessages(MESSAGE)).toEqual({
      kind: "found",
      items: [
        { ...message, createdAt: Date.UTC(2026, 10, 23, 9) },
        { ...message, createdAt: Number.MAX_SAFE_INTEGER },
      ],
    });
    expect(requests).toHaveLength(1);
  });
});
