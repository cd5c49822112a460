import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { usualHeaders } from "../src/headers.ts";
import { signedRequest } from "./support/caller.ts";
import { PUBLIC_URL, sid, startLine } from "./support/line.ts";
import { startServer, type Server } from "./support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer({ env: { PUBLIC_URL: "https://line.test" } });
});
afterAll(() => server[Symbol.asyncDispose]());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(server.url + path, { redirect: "manual", ...init });

/** One of each door's answers: pages, data, refusals, what is not there. */
const ANSWERS: readonly [string, RequestInit?][] = [
  ["/"],
  ["/healthz"],
  ["/readyz"],
  ["/metrics"],
  ["/voice"],
  ["/voice", { method: "POST" }],
  ["/whatsapp", { method: "POST", body: "x".repeat(70_000) }],
  ["/api/v1/entries"],
  ["/api/v1/openapi.json"],
  ["/api/docs"],
  ["/api/docs/assets/reference.js"],
  ["/api/nothing"],
  ["/console/today"],
  ["/console/sign-in"],
  ["/console/assets/console.css"],
  ["/console/sign-in", { method: "POST" }],
  ["/phone"],
  ["/phone/twilio/2010-04-01/x"],
  ["/.well-known/yesline/checkpoint"],
  ["/.well-known/yesline/verify"],
];
const named = ANSWERS.map(([path, init]) => [`${init?.method ?? "GET"} ${path}`, path, init] as const);

describe("what a browser is told with", () => {
  it.each(named)(
    "%s: to guess no type, to run nothing foreign, to stay with https",
    async (_, path, init) => {
      const { headers } = await ask(path, init);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
      expect(headers.get("referrer-policy")).toMatch(/^(?:no-referrer|same-origin)$/);
      expect(headers.get("permissions-policy")).toContain("camera=()");
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toMatch(/default-src 'none'/);
      expect(policy).toMatch(/frame-ancestors 'none'/);
      // The page that checks receipts works from a file: its one script and its style are in it, and named by digest.
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
    },
  );

  it("whatever may be personal: to keep nothing of it", async () => {
    const personal = named.filter(([, path]) => !/assets|well-known|\/phone$|\/api\/docs|openapi/.test(path));
    const kept = await Promise.all(
      personal.map(async ([name, path, init]) => [
        name,
        (await ask(path, init)).headers.get("cache-control"),
      ]),
    );
    expect(kept.filter(([, policy]) => policy !== "no-store")).toEqual([]);
  });
});

it("a line without https tells nobody to ask for it", async () => {
  const plain = startLine({ publicUrl: "http://line.test" });
  onTestFinished(() => plain.stop());
  const { headers } = await plain.app.request("/healthz");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("strict-transport-security")).toBeNull();
});

it("a prompt, and what is heard without a word, carry what every other answer does", async () => {
  const line = startLine();
  onTestFinished(() => line.stop());
  const [account] = line.config.accounts;
  const fields = {
    AccountSid: account?.sid ?? "",
    CallSid: sid("CA"),
    From: "+14155550123",
    To: "+14155550100",
  };
  const usual = Object.entries(usualHeaders(PUBLIC_URL)).map(([name, value]) => [name.toLowerCase(), value]);
  for (const [path, status] of [
    ["/voice", 200],
    ["/voice/status", 204],
  ] as const) {
    const request = signedRequest(PUBLIC_URL, path, fields, account?.authTokens[0] ?? "");
    const answer = await line.app.request(request);
    expect(answer.status).toBe(status);
    expect([...answer.headers]).toEqual(expect.arrayContaining(usual));
  }
});
