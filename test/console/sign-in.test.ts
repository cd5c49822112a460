import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fewAtOnce, TooManyAtOnce } from "../../src/console/identity/passwords.ts";
import { ADMIN, startConsoleLine, type ConsoleLine } from "./console-line.ts";
import { startProvider } from "./provider.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

const SESSION = "yesline.session_token";

describe("a stranger", () => {
  it("is sent to the sign-in page from wherever, and back there afterwards", async () => {
    const browser = line.stranger();
    for (const path of ["/console", "/console/today", "/console/log?outcome=granted", "/console/operators"]) {
      const answer = await browser.get(path);
      expect([answer.status, answer.headers.get("location")]).toEqual([
        303,
        `/console/sign-in?next=${encodeURIComponent(path)}`,
      ]);
    }
    const next = "/console/log?outcome=granted";
    const answer = await browser.post("/console/sign-in", { ...ADMIN, next });
    expect(answer.headers.get("location")).toBe(next);
  });

  it("is never sent out of the console by the sign-in page", async () => {
    for (const next of [
      "//evil.example",
      "https://evil.example",
      "/\\evil.example",
      "/console/../voice//x",
    ]) {
      const answer = await line.stranger().post("/console/sign-in", { ...ADMIN, next });
      expect(answer.headers.get("location")).toBe("/console/today");
    }
  });

  it("cannot sign up: of better-auth's own routes only the way back from a provider is open", async () => {
    for (const path of ["sign-up/email", "sign-in/email", "admin/create-user", "change-password"]) {
      const answer = await line
        .stranger()
        .post(`/console/auth/${path}`, { email: "x@example.com", password: "x" });
      expect(answer.status).toBe(401);
    }
    expect(line.rows("operator")).toHaveLength(1);
  });
});

describe("an operator", () => {
  it("signs in with a cookie that no script reads, and that is Secure where the public address is https", async () => {
    const { response } = await line.signIn(ADMIN.email, ADMIN.password);
    const cookie = response.headers.getSetCookie().find((each) => each.includes("session_token")) ?? "";
    expect(cookie).toMatch(/^__Secure-/);
    for (const flag of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/console"])
      expect(cookie).toContain(flag);
    expect(await line.accesses()).toMatchObject([{ action: "signed-in", actorName: ADMIN.email }]);
  });

  it("is refused with a wrong password, and that is in the access log", async () => {
    const { response } = await line.signIn(ADMIN.email, "not-the-password");
    expect(response.status).toBe(401);
    expect(await response.text()).toContain("do not go together");
    expect(await line.accesses()).toMatchObject([{ action: "sign-in-failed", actorName: ADMIN.email }]);
  });

  it("gets a new session at every sign-in, whatever cookie the browser brought", async () => {
    const browser = line.stranger();
    browser.jar.set(`__Secure-${SESSION}`, "fixed");
    await browser.post("/console/sign-in", ADMIN);
    expect(browser.jar.get(`__Secure-${SESSION}`)).not.toBe("fixed");
    expect((await browser.get("/console/today")).status).toBe(200);
  });

  it("is signed out after an hour without a click, and after twelve whatever was done", async () => {
    const admin = await line.operator("admin");
    const { client } = line.connection;
    client.prepare("UPDATE operator_session SET expires_at = ?").run(Date.now() - 1_000);
    expect((await admin.get("/console/today")).status).toBe(303);
    const { browser } = await line.signIn(admin.email, admin.password);
    expect((await browser.get("/console/today")).status).toBe(200);
    client.prepare("UPDATE operator_session SET created_at = ?").run(Date.now() - 12 * 60 * 60 * 1000 - 1);
    expect((await browser.get("/console/today")).status).toBe(303);
  });

  it("who is disabled is out at once, and stays out", async () => {
    const viewer = await line.operator("viewer");
    await line.identity.disable(viewer.id, true);
    expect((await viewer.get("/console/today")).status).toBe(303);
    expect((await line.signIn(viewer.email, viewer.password)).response.status).toBe(401);
  });

  it("with a second factor needs its code as well", async () => {
    const viewer = await line.operator("viewer");
    const page = await (
      await viewer.post("/console/account/second-factor", { "on-password": viewer.password })
    ).text();
    const secret = /secret=([A-Z2-7]+)/.exec(page)?.[1] ?? "";
    const confirmed = await viewer.post("/console/account/second-factor/confirm", { code: totp(secret) });
    expect(await confirmed.text()).toContain("The second factor is on.");
    const { browser, response } = await line.signIn(viewer.email, viewer.password);
    expect(response.headers.get("location")).toMatch(/^\/console\/sign-in\/code/);
    expect((await browser.get("/console/today")).status).toBe(303);
    expect((await browser.post("/console/sign-in/code", { code: "000000" })).status).toBe(401);
    expect((await browser.post("/console/sign-in/code", { code: totp(secret) })).status).toBe(303);
    expect((await browser.get("/console/today")).status).toBe(200);
  });

  it("changes the password, and the old one is worth nothing", async () => {
    const viewer = await line.operator("viewer");
    const next = "another-long-password";
    const form = { current: viewer.password, next };
    expect(await (await viewer.post("/console/account/password", form)).text()).toContain("is changed");
    expect((await line.signIn(viewer.email, viewer.password)).response.status).toBe(401);
    expect((await line.signIn(viewer.email, next)).response.status).toBe(303);
  });
});

describe("whoever guesses passwords (row 55)", () => {
  it("is throttled for the account, from wherever, also with the right password", async () => {
    const answers = [];
    for (let tries = 0; tries < 12; tries++)
      answers.push((await line.signIn(ADMIN.email, "guess")).response.status);
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    expect((await line.signIn(ADMIN.email, ADMIN.password)).response.status).toBe(429);
    line.clock.now += 16 * 60 * 1000;
    expect((await line.signIn(ADMIN.email, ADMIN.password)).response.status).toBe(303);
  });
});

describe("a login flood (row 61)", () => {
  it("has two passwords hashed at once, lets few wait and turns the others away", async () => {
    const limited = fewAtOnce(2, 3);
    let [running, most] = [0, 0];
    const slow = () =>
      limited(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
      });
    const results = await Promise.allSettled(Array.from({ length: 9 }, slow));
    expect(most).toBe(2);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    expect(results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []))[0]).toBeInstanceOf(
      TooManyAtOnce,
    );
    await expect(slow()).resolves.toBeUndefined();
  });
});

describe("single sign-on", () => {
  it("lets an operator in whom the provider knows by address, and nobody else", async () => {
    const provider = await startProvider();
    const here = await startConsoleLine({ env: provider.env });
    await here.identity.add("mina@example.com", "supervisor");
    expect(await here.stranger().page("/console/sign-in")).toContain("single sign-on");
    for (const [email, arrives] of [
      ["mina@example.com", "/console"],
      ["stranger@example.com", "/console/sign-in?problem=single-sign-on"],
    ] as const) {
      const browser = here.stranger();
      const answer = await browser.post("/console/sign-in/single-sign-on");
      const back = await provider.authorize(
        answer.headers.get("refresh")?.replace("0;url=", "") ?? "",
        email,
      );
      expect((await browser.get(back)).headers.get("location")).toBe(arrives);
      expect((await browser.get("/console/today")).status).toBe(arrives === "/console" ? 200 : 303);
    }
    expect(await here.accesses()).toMatchObject([{ action: "signed-in", detail: "single sign-on" }]);
    expect(here.rows("operator")).toHaveLength(2);
    await here.stop();
    provider.close();
  });

  it("refuses who comes back with a state that was never given", async () => {
    const provider = await startProvider();
    const here = await startConsoleLine({ env: provider.env });
    const forged = await here.stranger().get("/console/auth/callback/oidc?code=x&state=forged");
    expect(forged.headers.get("location")).toBe("/console/sign-in?problem=single-sign-on");
    await here.stop();
    provider.close();
  });
});

/** RFC 6238 with its usual 30 seconds and six digits. */
function totp(base32: string): string {
  const bits = Array.from(base32, (letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  ).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
