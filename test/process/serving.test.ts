import { statSync } from "node:fs";
import { Agent, request, type OutgoingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedRequest } from "../support/caller.ts";
import { sid } from "../support/line.ts";
import { startServer, type Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a webhook writes; the words of a message stand in served_text when it leaves, whenever that is. */
const TABLES = ["call", "call_event", "entry", "consent", "subscriber"];

describe("a server that has started", () => {
  it("tells people its addresses and its lines on standard output, and nothing else there", () => {
    const [first, ...rest] = server.out().trimEnd().split("\n");
    expect(first).toBe(`Yesline answers at ${server.url}`);
    expect(rest).toEqual(
      expect.arrayContaining([
        `  voice URL        ${server.url}/voice`,
        `  status callback  ${server.url}/voice/status`,
        `  WhatsApp URL     ${server.url}/whatsapp`,
        `  API reference    ${server.url}/api/docs`,
        "  Acme Dental: +14155550100",
        "  Hotel Miramar: +34915550100",
      ]),
    );
    expect(rest.filter((line) => !line.startsWith("  "))).toEqual([]);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("is alive, and ready because a row was really written", async () => {
    const before = Date.now();
    expect(await server.get("/healthz")).toEqual({ status: 200, text: "alive\n" });
    expect(await server.get("/readyz")).toEqual({ status: 200, text: "ready\n" });
    const [probe, ...more] = server.rows("probe");
    expect(Number(probe?.["at"])).toBeGreaterThanOrEqual(before);
    expect(more).toEqual([]);
  });

  it("says that there is nothing where there is nothing", async () => {
    expect((await server.get("/")).status).toBe(404);
  });
});

describe("a caller who presses 1", () => {
  it("is opted in over real HTTP, and a repeated webhook hears the same and writes nothing", async () => {
    const call = server.call({ from: "+14155552671" });
    const notice = await call.begin();
    expect(notice.beforeGather).toContain("Acme Dental");
    const action = call.action();
    const answer = await call.press("1");
    expect([answer.status, answer.hangsUp]).toEqual([200, true]);
    const own = () => server.rows("entry").filter((row) => row["call_sid"] === call.callSid);
    expect(own()).toMatchObject([{ kind: "granted", key: "1", simulated: 1, locale: "en-US" }]);
    const before = TABLES.map(server.rows);
    const again = await call.post(action, { CallStatus: "in-progress", Digits: "1" });
    expect(again).toEqual(answer);
    expect(TABLES.map(server.rows)).toEqual(before);
  });

  it("hangs up, and the call's end is kept", async () => {
    const call = server.call({ from: "+14155552672" });
    await call.begin();
    const fields = { CallStatus: "completed", CallDuration: "31", SequenceNumber: "3" };
    expect((await call.post("/voice/status", fields)).status).toBe(204);
    const row = server.rows("call").find((each) => each["call_sid"] === call.callSid);
    expect(row).toMatchObject({ status: "completed", duration_seconds: 31, ended_by: "twilio" });
  });

  it("leaves one line a webhook in the log, and no number in it", async () => {
    const call = server.call({ from: "+34655512345", to: "+34915550100" });
    await call.begin();
    await call.press("1");
    await call.post("/voice/status", { CallStatus: "completed" });
    await server.says(new RegExp(`"route":"status".*${call.callSid}`));
    const lines = server.log().filter((line) => line["callSid"] === call.callSid);
    expect(lines).toMatchObject([
      { msg: "webhook", route: "begin", status: 200, businessId: "hotel-miramar", caller: "+34•••••2345" },
      { msg: "webhook", route: "answer", status: 200, simulated: true },
      { msg: "webhook", route: "status", status: 204, outcome: "completed" },
    ]);
    for (const digits of ["34655512345", "655512345", "5512345", "34915550100", "14155550100"]) {
      expect(server.err()).not.toContain(digits);
    }
    expect(server.err()).not.toContain(server.account.authToken);
  });
});

describe("a number in anything that is refused", () => {
  it("does not reach the log either", async () => {
    const call = server.call({ from: "+14155557654", to: "+14155558765" });
    expect((await call.begin()).twiml).toContain("<Reject");
    await server.call({ from: "+14155557654junk" }).begin();
    await fetch(`${server.url}/voice?From=%2B14155557654`);
    await server.says(/"status":405/);
    for (const digits of ["4155557654", "5557654", "4155558765", "5558765"]) {
      expect(server.err()).not.toContain(digits);
    }
  });
});

describe("what an operator watches", () => {
  it("counts calls, entries, answers, the time of webhooks and the size of commits", async () => {
    const call = server.call({ from: "+14155552673" });
    await call.begin();
    await call.press("2");
    const { text } = await server.get("/metrics");
    // The log goes on being written, and never gets shorter while it is open.
    const walBytes = Number(/^yesline_wal_bytes (\d+)$/m.exec(text)?.[1]);
    expect(walBytes).toBeGreaterThan(0);
    expect(walBytes).toBeLessThanOrEqual(statSync(`${server.file}-wal`).size);
    expect(text).toMatch(/^yesline_calls_total\{business="acme-dental",simulated="true"\} [1-9]/m);
    expect(text).toMatch(
      /^yesline_entries_total\{business="acme-dental",kind="refused",simulated="true"\} [1-9]/m,
    );
    expect(text).toMatch(/^yesline_answers_total\{outcome="refused",simulated="true"\} [1-9]/m);
    expect(text).toMatch(/^yesline_webhook_seconds_bucket\{le="0\.1",route="begin",status="200"\} [1-9]/m);
    expect(text).toMatch(/^yesline_webhook_seconds_count\{route="answer",status="200"\} [1-9]/m);
    expect(text).toMatch(/^yesline_commit_batch_size_bucket\{le="1"\} [1-9]/m);
    expect(text).not.toMatch(/4155552673/);
  });
});

describe("whoever comes behind a request that is refused", () => {
  it("on the same connection, as behind a proxy, is answered, though the body of 1 MB was never read", async () => {
    const fields = {
      AccountSid: server.account.accountSid,
      CallSid: sid("CA"),
      From: "+14155552674",
      To: "+14155550100",
      CallStatus: "ringing",
      Direction: "inbound",
    };
    const signed = () => signedRequest(server.url, "/voice", fields, server.account.authToken);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await postInPieces(`${server.url}/voice`, signed().headers, agent)).toBe(413);
    const { headers, body } = await asPosted(signed());
    const answer = await post(
      `${server.url}/voice`,
      { ...headers, "content-length": body.length },
      [body],
      agent,
    );
    expect(answer).toBe(200);
    agent.destroy();
  });
});

/** A chunked request: 64 pieces of 16 kB, as long as the server takes them. */
function postInPieces(url: string, headers: Headers, agent: Agent): Promise<number> {
  const pieces = Array.from({ length: 64 }, () => "Digits=".padEnd(16_384, "1"));
  return post(url, { ...Object.fromEntries(headers), "transfer-encoding": "chunked" }, pieces, agent);
}

async function asPosted(signed: Request) {
  return { headers: Object.fromEntries(signed.headers), body: await signed.text() };
}

function post(url: string, headers: OutgoingHttpHeaders, pieces: readonly string[], agent: Agent) {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sending = request(url, { method: "POST", headers, agent }, (response) => {
    response.resume();
    response.once("end", () => resolve(response.statusCode ?? 0));
  });
  sending.once("error", reject);
  for (const piece of pieces) sending.write(piece);
  sending.end();
  return promise;
}
