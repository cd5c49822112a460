import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { yesline } from "../../src/cli.ts";
import { ConfigError, loadConfig } from "../../src/config.ts";
import { ADMIN, startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

/** The command beside the server that is running. */
async function run(...args: readonly string[]) {
  let [out, err] = ["", ""];
  const code = await yesline(["operator", ...args], {
    loadConfig: () => line.config,
    serve: () => Promise.resolve(),
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, out, err };
}

describe("whoever runs the line", () => {
  it("adds an operator, who signs in with the password that is printed once", async () => {
    const added = await run("add", "Mina@Example.com", "--role", "supervisor", "--json");
    const made = JSON.parse(added.out) as { email: string; role: string; password: string };
    expect([added.code, made.email, made.role]).toEqual([0, "mina@example.com", "supervisor"]);
    const { browser, response } = await line.signIn("mina@example.com", made.password);
    expect(response.status).toBe(303);
    expect((await browser.get("/console/accesses")).status).toBe(200);
    expect((await browser.get("/console/operators")).status).toBe(403);
    expect(await line.accesses()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: "operator-added", actorName: "command line" }),
      ]),
    );
    expect(JSON.stringify(line.rows("operator_account"))).not.toContain(made.password);
  });

  it("lists them, in words and as JSON", async () => {
    await run("add", "mina@example.com");
    const listed = JSON.parse((await run("list", "--json")).out) as unknown;
    expect(listed).toMatchObject([
      { email: ADMIN.email, role: "admin", disabled: false, twoFactor: false },
      { email: "mina@example.com", role: "viewer" },
    ]);
    expect((await run("list")).out).toBe(`${ADMIN.email}  admin\nmina@example.com  viewer\n`);
  });

  it("disables one whose sessions end at once, and lets them in again with a new password and role", async () => {
    const viewer = await line.operator("viewer");
    expect(JSON.parse((await run("disable", viewer.email, "--json")).out)).toMatchObject({ disabled: true });
    expect((await viewer.get("/console/today")).status).toBe(303);
    const reset = JSON.parse(
      (await run("reset", viewer.email, "--role", "admin", "--json")).out,
    ) as typeof viewer;
    expect((await line.signIn(viewer.email, viewer.password)).response.status).toBe(401);
    const { browser } = await line.signIn(viewer.email, reset.password);
    expect((await browser.get("/console/operators")).status).toBe(200);
  });

  it("is told what is wrong with the command, with exit code 2", async () => {
    for (const args of [
      ["add", "no-address"],
      ["add", ADMIN.email],
      ["add", "x@example.com", "--role", "king"],
      ["disable", "nobody@example.com"],
      ["reset", "nobody@example.com"],
      ["add"],
    ]) {
      const { code, out, err } = await run(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).not.toBe("");
    }
  });

  it("is told with exit code 3 where the line was never started", async () => {
    const databaseFile = join(tmpdir(), `${randomUUID()}.db`);
    let err = "";
    const code = await yesline(["operator", "list"], {
      loadConfig: () => ({ ...line.config, databaseFile }),
      serve: () => Promise.resolve(),
      out: () => undefined,
      err: (text) => (err += text),
    });
    expect(code).toBe(3);
    expect(err).toContain("start the line once");
  });
});

describe("the configuration of the console", () => {
  const config = (env: Record<string, string>) =>
    loadConfig({ DATABASE_URL: `file:${join(tmpdir(), randomUUID(), "y.db")}`, ...env });
  const complaint = (env: Record<string, string>): string => {
    try {
      config(env);
      return "";
    } catch (error) {
      return error instanceof ConfigError ? error.message : String(error);
    }
  };

  it("has a first operator, and no single sign-on unless it is whole", () => {
    expect(config({})).toMatchObject({
      admin: { email: "admin@localhost", password: null },
      singleSignOn: null,
    });
    const whole = {
      YESLINE_OIDC_ISSUER: "https://login.example",
      YESLINE_OIDC_CLIENT_ID: "a",
      YESLINE_OIDC_CLIENT_SECRET: "b",
    };
    expect(config(whole).singleSignOn).toEqual({
      issuer: "https://login.example",
      clientId: "a",
      clientSecret: "b",
    });
    const { YESLINE_OIDC_CLIENT_SECRET: _, ...part } = whole;
    expect(complaint(part)).toMatch(/^YESLINE_OIDC_CLIENT_SECRET is missing for single sign-on: use /);
  });

  it("names the variable and the fix, and never prints a password", () => {
    expect(complaint({ YESLINE_ADMIN_EMAIL: "nobody" })).toMatch(
      /^YESLINE_ADMIN_EMAIL=nobody is not valid: use /,
    );
    expect(complaint({ YESLINE_ADMIN_PASSWORD: "short" })).toBe(
      "YESLINE_ADMIN_PASSWORD=… is not valid: use 8 to 128 characters.",
    );
    expect(complaint({ YESLINE_OIDC_ISSUER: "login.example" })).toMatch(
      /^YESLINE_OIDC_ISSUER=login.example is not/,
    );
  });
});
