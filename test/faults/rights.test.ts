import { afterAll, beforeAll, describe, expect } from "vitest";
import type { ConsoleParts } from "../../src/console/parts.ts";
import { consoleRoutes } from "../../src/console/routes.ts";
import { startServer, type Server } from "../support/server.ts";
import { ADMIN, ADMIN_ENV, browserOf, operatorOf, type Browser } from "./operator.ts";
import { fault } from "./rows.ts";

const CALLER = "+14155558201";

let server: Server;
let admin: Browser;
let viewer: Browser & { email: string };
let supervisor: Browser & { email: string };
/** The caller's id and page. */
let person: { readonly id: string; readonly page: string };

beforeAll(async () => {
  server = await startServer({ env: ADMIN_ENV });
  admin = browserOf(server);
  await admin.signIn(ADMIN);
  viewer = await operatorOf(server, "viewer");
  supervisor = await operatorOf(server, "supervisor");
  const call = server.call({ from: CALLER });
  await call.begin();
  await call.press("1");
  const [entry] = server.rows("entry");
  const id = String(entry?.["subscriber_id"]);
  person = { id, page: `/console/subscribers/acme-dental/${id}` };
});
afterAll(() => server[Symbol.asyncDispose]());

const accesses = () => server.rows("access_log");
const SESSION = "yesline.session_token";

/** Every address of the console that takes a POST, with something in place of its parts. */
function postAddresses(): readonly string[] {
  const parts: Pick<ConsoleParts, "publicUrl" | "businesses" | "scripts"> = {
    publicUrl: server.url,
    businesses: [],
    scripts: new Map(),
  };
  const paths = consoleRoutes(parts as ConsoleParts)
    .routes.filter(({ method }) => method === "POST")
    .map(({ path }) => path.replace(/:change\{[^}]*\}/, "disable"));
  return [...new Set(paths)].map(
    (path) =>
      "/console" +
      path
        .replace(":business", "acme-dental")
        .replace(":format", "csv")
        .replace(":change", "disable")
        .replaceAll(/:\w+/g, person.id),
  );
}

describe("a page of somebody else, in the browser of an admin who is signed in", () => {
  fault(54, async () => {
    const addresses = postAddresses();
    expect(addresses.length).toBeGreaterThan(30);
    const evil = "https://evil.example";
    const [form, json, plain] = ["application/x-www-form-urlencoded", "application/json", "text/plain"];
    const foreign: Record<string, string>[] = [
      { Origin: evil, "Content-Type": form },
      { Origin: evil, "Content-Type": json },
      { Origin: "null", "Content-Type": plain },
      { Origin: evil, "Sec-Fetch-Site": "cross-site", "Content-Type": json },
      { Origin: server.url, "Sec-Fetch-Site": "same-site", "Content-Type": form },
      { "Content-Type": form },
    ];
    const body = (type = "") =>
      type === json
        ? '{"email":"evil@example.com","role":"admin","confirmed":"yes"}'
        : "email=evil%40example.com&role=admin&confirmed=yes";
    const tables = ["entry", "note", "operator", "operator_session", "api_key", "endpoint", "erasure"];
    const written = () => [...tables.map(server.rows), server.rows("outbox").length];
    const before = written();
    for (const path of addresses) {
      const told = await Promise.all(
        foreign.map((headers) =>
          admin.send(path, { method: "POST", headers, body: body(headers["Content-Type"]) }),
        ),
      );
      expect([path, new Set(told.map(({ status }) => status))]).toEqual([path, new Set([403])]);
    }
    expect(written()).toEqual(before);
    expect((await admin.get("/console/today")).status).toBe(200);
    const phone = {
      method: "POST",
      headers: { Origin: evil, "Content-Type": "application/json" },
      body: "{}",
    };
    expect((await admin.send("/phone/calls", phone)).status).toBe(403);
  });
});

describe("a session", () => {
  fault(56, async () => {
    const leaver = await operatorOf(server, "admin", "leaver@company.example");
    const stolen = leaver.jar.get(SESSION) ?? "";
    expect((await leaver.get("/console/today")).status).toBe(200);
    await leaver.post("/console/sign-out");
    for (const value of ["fixed", "fixed.c2lnbmF0dXJl", stolen, `${stolen}x`, ""]) {
      const thief = browserOf(server);
      thief.jar.set(SESSION, value);
      const page = await thief.get("/console/today");
      expect([value, page.status, page.text]).toEqual([value, 303, ""]);
      expect(page.headers.location).toMatch(/^\/console\/sign-in\?/);
      thief.jar.set(SESSION, value);
      expect([value, (await thief.post("/console/search", { q: "8201" })).status]).toEqual([value, 401]);
      thief.jar.set(SESSION, value);
      const tail = await thief.get("/console/log/live", { Accept: "text/event-stream" });
      expect([value, tail.status]).toEqual([value, 401]);
    }
    // What somebody has put into the browser before is worth nothing after a sign-in either.
    const victim = browserOf(server);
    victim.jar.set(SESSION, "fixed");
    await victim.signIn(ADMIN);
    expect(victim.jar.get(SESSION)).not.toBe("fixed");
  });
});

describe("whoever's role does not reach", () => {
  fault(57, async () => {
    const pages = ["operators", "accesses", "keys", "endpoints", "inbox"];
    for (const name of pages) {
      const { status, text } = await viewer.get(`/console/${name}`);
      expect([name, status]).toEqual([name, 403]);
      expect(text).not.toContain(ADMIN.email);
    }
    for (const path of ["operators", `operators/${person.id}/role`, "keys"]) {
      const { status } = await viewer.post(`/console/${path}`, { email: "evil@example.com", role: "admin" });
      expect([path, status]).toEqual([path, 403]);
    }
    const refused = accesses().filter((row) => row["action"] === "refused");
    expect(refused.map((row) => row["detail"])).toEqual([
      ...pages.map((name) => `GET /console/${name}`),
      "POST /console/operators",
      `POST /console/operators/${person.id}/role`,
      "POST /console/keys",
    ]);
    expect(new Set(refused.map((row) => row["actor_name"]))).toEqual(new Set([viewer.email]));
  });

  fault(58, async () => {
    const masked = await supervisor.get(person.page);
    expect(masked.text.replaceAll(/\D/g, "")).not.toContain(CALLER.slice(1));
    expect((await viewer.post(`${person.page}/reveal`)).status).toBe(403);
    expect(accesses().filter((row) => row["action"] === "revealed")).toEqual([]);
    const revealed = await supervisor.post(`${person.page}/reveal`);
    expect(revealed.text).toContain("+1 415 555 8201");
    const kept = accesses().filter((row) => row["action"] === "revealed");
    expect(kept).toMatchObject([
      { actor_name: supervisor.email, subject: person.id, business_id: "acme-dental" },
    ]);
    expect(JSON.stringify(accesses())).not.toContain(CALLER.slice(1));
  });
});

describe("whoever guesses passwords", () => {
  fault(55, async () => {
    // Addresses of this machine: nobody else is throttled for these tries.
    const guesser = browserOf(server, "127.0.0.10");
    const elsewhere = browserOf(server, "127.0.0.11");
    const known = { email: supervisor.email, password: "a-wrong-guess" };
    const unknown = { email: "nobody@company.example", password: "a-wrong-guess" };
    const took: [number[], number[]] = [[], []];
    for (let tries = 0; tries < 10; tries++) {
      for (const [index, who] of [known, unknown].entries()) {
        const from = performance.now();
        expect((await guesser.signIn(who)).status).toBe(401);
        took[index]?.push(performance.now() - from);
      }
    }
    const [ofKnown = 0, ofUnknown = 0] = took.map((times) => times.toSorted((a, b) => a - b)[5]);
    // Were there no password to check, it would take a tenth of the time.
    expect(Math.max(ofKnown, ofUnknown) / Math.min(ofKnown, ofUnknown)).toBeLessThan(3);
    // The account rests, from wherever; and so does the address, whoever it tries next.
    for (const who of [known, unknown]) expect((await elsewhere.signIn(who)).status).toBe(429);
    expect((await guesser.signIn({ ...unknown, email: "next@company.example" })).status).toBe(429);
    // Whatever address a header claims: the one at the other end of the connection counts.
    const claimed = { Origin: server.url, "X-Forwarded-For": "203.0.113.9", Forwarded: "for=203.0.113.9" };
    expect((await guesser.post("/console/sign-in", ADMIN, claimed)).status).toBe(429);
    expect((await elsewhere.signIn(ADMIN)).status).toBe(303);
  });
});
