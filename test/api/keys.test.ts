import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../src/ledger/integration.ts";
import { sid } from "../support/line.ts";
import { startApiLine, type ApiLine } from "./api-line.ts";

const ANNA = "+14155550123";
const SOME_ID = "019ab2c0-7d1e-7c3a-9a51-3c2f6d0f9b11";

let line: ApiLine;
beforeAll(async () => {
  line = await startApiLine();
  await line.agrees(ANNA);
});
afterAll(() => line.stop());

const ROUTES: readonly [Scope, string, string, object?][] = [
  ["consents:read", "GET", `/api/v1/consents/${ANNA}`],
  ["consents:write", "POST", `/api/v1/consents/${ANNA}/revocations`, { business: "acme-dental" }],
  [
    "consents:write",
    "POST",
    `/api/v1/consents/${ANNA}/changes`,
    { business: "acme-dental", to: "+14155550199" },
  ],
  [
    "permissions",
    "POST",
    "/api/v1/permissions",
    { business: "acme-dental", to: ANNA, topic: "policy-updates" },
  ],
  ["entries:read", "GET", "/api/v1/entries"],
  ["entries:read", "GET", `/api/v1/entries/${SOME_ID}`],
  ["calls:write", "POST", "/api/v1/calls", { business: "acme-dental", to: "+14155550150" }],
  ["calls:write", "GET", `/api/v1/calls/${SOME_ID}`],
  ["calls:write", "POST", `/api/v1/calls/${sid("CA")}/opt-in`, { business: "acme-dental" }],
];

describe("somebody without a valid key", () => {
  it.each(ROUTES)("does nothing that takes %s: %s %s", async (_, method, path, body) => {
    for (const key of [null, "", "yl_wrong", "a b"]) {
      const told = await line.ask(method, path, { key, body });
      expect([401, 429]).toContain(told.status);
      line.clock.now += 60_000;
    }
    expect(line.rows("entry").filter((row) => row["source"] === "api")).toEqual([]);
  });

  it("is told how to send one, and whether the one that was sent is wrong", async () => {
    const none = await line.ask("GET", "/api/v1/entries", { key: null });
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="yesline"');
    const wrong = await line.ask("GET", "/api/v1/entries", { key: "yl_wrong" });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get("www-authenticate")).toBe('Bearer realm="yesline", error="invalid_token"');
  });

  it("is stopped after twenty wrong ones, and a valid key from the same address is not", async () => {
    const statuses: number[] = [];
    for (let wrong = 0; wrong < 22; wrong++)
      statuses.push((await line.ask("GET", "/api/v1/entries", { key: "yl_wrong" })).status);
    const last = await line.ask("GET", "/api/v1/entries", { key: "yl_wrong" });
    expect(last.status).toBe(429);
    expect(last.headers.get("retry-after")).toBe("2");
    expect(last.body.type).toContain("#too-many-requests");
    expect((await line.ask("GET", "/api/v1/entries")).status).toBe(200);
    line.clock.now += 2_000;
    expect((await line.ask("GET", "/api/v1/entries", { key: "yl_wrong" })).status).toBe(401);
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(15);
  });

  it("may not use one that has expired or was revoked", async () => {
    const expiring = await line.addKey({ expiresAt: line.clock.now + 5_000 });
    expect((await line.ask("GET", "/api/v1/entries", { key: expiring })).status).toBe(200);
    line.clock.now += 5_000;
    expect((await line.ask("GET", "/api/v1/entries", { key: expiring })).status).toBe(401);
    const revoked = await line.addKey({ name: "revoked soon" });
    await line.memory.keys.revoke("revoked soon", line.clock.now);
    expect((await line.ask("GET", "/api/v1/entries", { key: revoked })).status).toBe(401);
  });
});

describe("a key without the scope", () => {
  it.each(ROUTES)("does nothing that takes %s: %s %s", async (scope, method, path, body) => {
    const key = await line.addKey({ scopes: SCOPES.filter((each) => each !== scope) });
    const told = await line.ask(method, path, { key, body });
    expect(told.status).toBe(403);
    expect(told.body.type).toContain("#missing-scope");
    expect(told.headers.get("www-authenticate")).toContain(`error="insufficient_scope", scope="${scope}"`);
  });
});

describe("a key of one business", () => {
  it.each(["acme-dental", "no-such-business"])(
    "cannot tell whether there is another one: %s",
    async (business) => {
      const key = await line.addKey({ businesses: ["hotel-miramar"] });
      const answers = [];
      for (const [, method, path, body] of ROUTES) {
        if (body !== undefined)
          answers.push(await line.ask(method, path, { key, body: { ...body, business } }));
      }
      for (const path of [`/api/v1/consents/${ANNA}`, "/api/v1/entries"])
        answers.push(await line.ask("GET", `${path}?business=${business}`, { key }));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    },
  );

  it("sees nothing of the others in any list", async () => {
    const key = await line.addKey({ businesses: ["hotel-miramar"] });
    const consents = await line.ask("GET", `/api/v1/consents/${ANNA}`, { key });
    expect(consents.body.consents).toEqual([]);
    const entries = await line.ask("GET", "/api/v1/entries", { key });
    expect(entries.body).toEqual({ entries: [], next: null });
    const [entry] = line.rows("entry");
    const one = await line.ask("GET", `/api/v1/entries/${String(entry?.["id"])}`, { key });
    expect(one.status).toBe(404);
  });
});

describe("a key that is used too often", () => {
  it("waits as long as it is told, and no longer", async () => {
    const small = await startApiLine({ allowances: { requests: { burst: 3, perSecond: 0.5 } } });
    const statuses = [];
    for (let request = 0; request < 3; request++)
      statuses.push((await small.ask("GET", "/api/v1/entries")).headers.get("ratelimit"));
    expect(statuses).toEqual(['"requests";r=2;t=2', '"requests";r=1;t=4', '"requests";r=0;t=6']);
    const refused = await small.ask("GET", "/api/v1/entries");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(refused.headers.get("ratelimit-policy")).toBe('"requests";q=3;w=6');
    small.clock.now += 1_999;
    expect((await small.ask("GET", "/api/v1/entries")).status).toBe(429);
    small.clock.now += 1;
    expect((await small.ask("GET", "/api/v1/entries")).status).toBe(200);
    const other = await small.addKey();
    expect((await small.ask("GET", "/api/v1/entries", { key: other })).status).toBe(200);
    await small.stop();
  });

  it("may still ask for permissions, which have an allowance of their own", async () => {
    const small = await startApiLine({ allowances: { requests: { burst: 1, perSecond: 0.001 } } });
    await small.ask("GET", "/api/v1/entries");
    expect((await small.ask("GET", "/api/v1/entries")).status).toBe(429);
    const body = { business: "acme-dental", to: ANNA, topic: "policy-updates" };
    const told = await small.ask("POST", "/api/v1/permissions", { body });
    expect(told.status).toBe(200);
    expect(told.headers.get("ratelimit")).toBe('"permissions";r=19999;t=1');
    await small.stop();
  });
});
