import { once } from "node:events";
import { connect } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen, type Listening } from "../../src/server.ts";
import { wasCutShort } from "../../src/twilio/body-limit.ts";
import { startLine, type Line } from "../support/line.ts";
import { mutated, text } from "./junk.ts";
import { PATIENCE, promptly, runs } from "./runs.ts";

let line: Line;
let listening: Listening;
beforeAll(async () => {
  line = startLine();
  listening = await listen("127.0.0.1", 0, () => line.app);
});
afterAll(async () => {
  const { server } = listening;
  const closed = once(server, "close");
  server.close();
  if ("closeAllConnections" in server) server.closeAllConnections();
  await closed;
  await line.stop();
});

const METHODS = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "CONNECT", "TRACE", "PROPFIND", "get", "BREW"];
const TARGETS = [
  [
    "/",
    "*",
    "//",
    "/voice",
    "/voice/status",
    "/whatsapp",
    "/api/v1/entries?limit=5",
    "/api/docs",
    "/metrics",
  ],
  [
    "/.well-known/yesline/verify",
    "/healthz",
    "http://elsewhere.test/voice",
    "line.test:443",
    "/voice/%zz/x/y",
  ],
  ["/%00", "/..%2f..%2fetc/passwd", "/api/v1/consents/%2B14155550123", "/voice?try=1#rc=2", "?", "/\u00e9"],
].flat();
const HEADERS = [
  [
    "Host: line.test",
    "Host:",
    "Host: a\r\nHost: b",
    "Host: [::1",
    "Host: line.test/evil",
    "X-Forwarded-Host: evil",
  ],
  [
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 99999999999",
  ],
  [
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, gzip",
    "Expect: 100-continue",
    "Connection: upgrade",
  ],
  ["Upgrade: websocket", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"],
  [
    "X-Twilio-Signature: x",
    "Authorization: Bearer x",
    "Authorization: Basic \u00ff",
    "Cookie: a=b; c",
    "Range: bytes=0-",
  ],
  [
    "Accept-Encoding: gzip;q=0, *",
    "If-None-Match: *",
    `X: ${"y".repeat(20_000)}`,
    "A header without a colon",
  ],
].flat();

/** A request as bytes: mostly one that a client might send. */
const request = fc
  .record({
    method: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("GET", "POST") }, fc.constantFrom(...METHODS)),
    target: fc.oneof(fc.constantFrom(...TARGETS), mutated(fc.constantFrom(...TARGETS))),
    version: fc.oneof(
      { weight: 9, arbitrary: fc.constant("HTTP/1.1") },
      fc.constantFrom("HTTP/1.0", "HTTP/9.9", ""),
    ),
    host: fc.oneof({ weight: 9, arbitrary: fc.constant(["Host: line.test"]) }, fc.constant([])),
    headers: fc.array(fc.oneof(fc.constantFrom(...HEADERS), mutated(fc.constantFrom(...HEADERS))), {
      maxLength: 4,
    }),
    body: fc.oneof(fc.constant(""), text, fc.constantFrom("0\r\n\r\n", "5\r\na=b&c\r\n0\r\n\r\n", "zz\r\n")),
  })
  .map(({ method, target, version, host, headers, body }) =>
    [[`${method} ${target} ${version}`, ...host, ...headers, "Connection: close"].join("\r\n"), body].join(
      "\r\n\r\n",
    ),
  );

/**
 * Says it, and that there is no more to come: a body that was promised longer is cut short.
 *
 * @returns the status of every answer that came before the connection ended
 */
async function statusesFor(bytes: string): Promise<readonly number[]> {
  const { port } = new URL(listening.address);
  const socket = connect(Number(port), "127.0.0.1");
  let answered = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (answered += chunk));
  socket.on("error", () => undefined);
  socket.end(bytes, "utf8");
  await once(socket, "close");
  return [...answered.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}

it(
  "whatever bytes come in the place of a request, the line goes on answering",
  { timeout: PATIENCE },
  async () => {
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const statuses = await promptly(bytes, () => statusesFor(bytes));
        for (const status of statuses) seen.add(status);
        expect(statuses.filter((status) => status >= 500 && status !== 501 && status !== 505)).toEqual([]);
        // A client that hangs up is no fault of ours; the doors for Twilio say so themselves.
        expect(line.errors.splice(0).filter((error) => !wasCutShort(error))).toEqual([]);
      }),
      runs(300),
    );
    expect([...seen]).toEqual(expect.arrayContaining([400, 404]));
    expect((await fetch(`${listening.address}/readyz`)).status).toBe(200);
    expect(line.rows("entry")).toEqual([]);
    expect(line.rows("call")).toEqual([]);
  },
);

it("a webhook whose sender hangs up in the middle is refused, and is no failure of ours", async () => {
  const form = "Content-Type: application/x-www-form-urlencoded";
  for (const path of ["/voice", "/whatsapp"])
    for (const length of ["Content-Length: 99", "Transfer-Encoding: chunked"])
      await statusesFor(
        [`POST ${path} HTTP/1.1`, "Host: line.test", form, length, "", "9\r\nCallSid=C"].join("\r\n"),
      );
  await expect.poll(() => line.webhooks.at(-1)?.outcome).toBe("The body ended before its end.");
  await expect.poll(() => line.messageWebhooks.at(-1)?.outcome).toBe("The body ended before its end.");
  expect(line.errors).toEqual([]);
  expect(await line.metrics()).not.toContain('outcome="sorry"');
});
