import { existsSync } from "node:fs";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "vitest";
import { signedRequest } from "../support/caller.ts";
import { sid } from "../support/line.ts";
import { startServer, type Server } from "../support/server.ts";

describe.concurrent("a server that is told to stop", () => {
  it("answers the callers who are on the line, takes no new ones, and ends with code 0", async ({
    expect,
  }) => {
    await using server = await startServer();
    const calls = await Promise.all(Array.from({ length: 5 }, () => underWay(server)));
    server.kill("SIGTERM");
    await server.says(/stopping: no new connections/);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
    const answers = await Promise.all(calls.map((call) => call.finish()));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, connection: "close" });
      expect(answer.body).toContain("<Gather");
    }
    const exit = await server.exited;
    expect([exit.code, exit.signal]).toEqual([0, null]);
    expect(exit.err).toMatch(/"stopped"\}\n$/);
    const begun = server.rows("call").map((row) => String(row["call_sid"]));
    expect(begun.toSorted()).toEqual(calls.map((call) => call.callSid).toSorted());
  });

  it("is not ready any more, and says so to a probe that came in time", async ({ expect }) => {
    await using server = await startServer();
    const held = await underWay(server);
    const probe = connect(server.port, "127.0.0.1");
    const answered = text(probe);
    await new Promise((resolve) => probe.write("GET /readyz HTTP/1.1\r\nHost: line\r\n", resolve));
    // Answers to this one come after the server has read what was written to the other connection before.
    await server.get("/healthz");
    server.kill("SIGTERM");
    await server.says(/stopping: no new connections/);
    probe.write("\r\n");
    const answer = await answered;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain("not ready: stopping");
    await held.finish();
    expect((await server.exited).code).toBe(0);
  });

  it("by Ctrl-C does the same, and leaves one whole file behind", async ({ expect }) => {
    await using server = await startServer();
    const call = server.call();
    await call.begin();
    await call.press("1");
    const exit = await server.stop("SIGINT");
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(existsSync(`${server.file}-wal`)).toBe(false);
    expect(server.rows("entry")).toHaveLength(1);
  });
});

/** A call that begins: the server has its headers and waits for the body, which it was told to ask for. */
async function underWay(server: Server) {
  const { accountSid, authToken } = server.account;
  const callSid = sid("CA");
  const fields = { AccountSid: accountSid, CallSid: callSid, From: "+14155552680", To: "+14155550100" };
  const signed = signedRequest(server.url, "/voice", fields, authToken);
  const body = await signed.text();
  const sending: ClientRequest = request(`${server.url}/voice`, {
    method: "POST",
    headers: {
      ...Object.fromEntries(signed.headers),
      "content-length": String(body.length),
      expect: "100-continue",
      connection: "keep-alive",
    },
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once("response", resolve);
    sending.once("error", reject);
  });
  const asked = new Promise((resolve) => sending.once("continue", resolve));
  sending.flushHeaders();
  await asked;
  return {
    callSid,
    async finish() {
      sending.end(body);
      const answer = await response;
      return {
        status: answer.statusCode,
        connection: answer.headers.connection,
        body: await text(answer),
      };
    },
  };
}
