import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { temporaryFolder } from "../support/memory.ts";
import { runMain, startServer, type Server } from "../support/server.ts";
import { wrongClock } from "./clock.ts";
import { fault } from "./rows.ts";

const DAY_SECONDS = 24 * 60 * 60;
const TEN_YEARS_SECONDS = 3_652 * DAY_SECONDS;
const ADMIN = { email: "admin@example.com", password: "a-long-enough-password" };

let folder: string;
let clock: ReturnType<typeof wrongClock>;
let server: Server;
beforeAll(async () => {
  folder = temporaryFolder();
  clock = wrongClock(folder);
  const first = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password };
  server = await startServer({ env: { ...clock.env, ...first } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const LOGGED_WITHIN_MS = 5_000;

async function skewSeconds(): Promise<number> {
  const { text } = await server.get("/metrics");
  return Number(/^yesline_clock_skew_seconds (\S+)$/m.exec(text)?.[1]);
}

const jumps = () =>
  server
    .log()
    .filter(({ msg }) => String(msg).startsWith("the machine's clock has jumped"))
    .map(({ seconds }) => seconds);

describe("a machine whose clock is wrong", () => {
  fault(15, async () => {
    const joins = server.call();
    await joins.begin();
    await joins.press("1");
    expect(await skewSeconds()).toBeCloseTo(0, 0);
    clock.set(-DAY_SECONDS);
    const leaves = server.call();
    await leaves.begin();
    expect(leaves.action()).toContain("/welcome-back?");
    await leaves.press("2");
    const entries = server.rows("entry").toSorted((a, b) => Number(a["seq"]) - Number(b["seq"]));
    expect(entries.map((row) => [row["call_sid"], row["kind"]])).toEqual([
      [joins.callSid, "granted"],
      [leaves.callSid, "revoked"],
    ]);
    expect(Number(entries[1]?.["at"])).toBeLessThan(Number(entries[0]?.["at"]));
    // What came last counts, whatever the clock said: nobody is known any more.
    expect(new Set(server.rows("consent").map((row) => row["state"]))).toEqual(new Set(["revoked"]));
    const later = server.call();
    await later.begin();
    expect(later.action()).toContain("/choice?");
    expect(await skewSeconds()).toBeCloseTo(-DAY_SECONDS, -1);
    // What a process has logged comes through a pipe, in its own time.
    await expect.poll(jumps, { timeout: LOGGED_WITHIN_MS }).toEqual([-DAY_SECONDS]);
  });

  fault(16, async () => {
    clock.set(0);
    expect(await skewSeconds()).toBeCloseTo(0, 0);
    const before = await signIn();
    expect(await letsIn(before)).toBe(true);

    clock.set(TEN_YEARS_SECONDS);
    expect(await letsIn(before)).toBe(false);
    const then = await signIn();
    expect(await letsIn(then)).toBe(true);
    await server.call().begin();
    expect(await skewSeconds()).toBeCloseTo(TEN_YEARS_SECONDS, -1);
    await expect.poll(() => jumps().at(-1), { timeout: LOGGED_WITHIN_MS }).toBe(TEN_YEARS_SECONDS);

    clock.set(0);
    expect([await letsIn(before), await letsIn(then)]).toEqual([false, false]);
    expect(await skewSeconds()).toBeCloseTo(0, 0);
    // Also the next start finds what was written ten years ahead; the ledger is whole all the same.
    await server.stop();
    server = await startServer({ folder: server.folder });
    expect(await skewSeconds()).toBeLessThan(-TEN_YEARS_SECONDS + DAY_SECONDS);
    await server.says(/the machine's clock is behind what the line wrote last/);
    const verify = await runMain(["ledger", "verify"], { DATABASE_URL: `file:${server.file}` }).exited;
    expect(verify).toMatchObject({
      code: 0,
      out: expect.stringContaining("All is as it was signed: 2 of 2"),
    });
  });
});

async function signIn(): Promise<string> {
  const response = await fetch(`${server.url}/console/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: server.url, "sec-fetch-site": "same-origin" },
    body: new URLSearchParams(ADMIN),
  });
  expect(response.status).toBe(303);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function letsIn(cookie: string): Promise<boolean> {
  const { status } = await fetch(`${server.url}/console/today`, { redirect: "manual", headers: { cookie } });
  return status === 200;
}
