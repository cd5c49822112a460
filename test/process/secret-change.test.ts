import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { startServer, type Server } from "../support/server.ts";

const fresh = () => randomBytes(32).toString("base64");
const CALLERS = 80;
const numberOf = (place: number) => `+1415555${3_000 + place}`;

async function agrees(server: Server, from: string): Promise<void> {
  const call = server.call({ from });
  await call.begin();
  await call.press("1");
}

async function isKnown(server: Server, from: string): Promise<boolean> {
  const call = server.call({ from });
  await call.begin();
  return call.action().includes("/welcome-back?");
}

describe("a line whose secret is changed", () => {
  it("knows its callers before, during and after, and needs the old one no more once it says so", async () => {
    const [old, next] = [fresh(), fresh()];
    const both = `${next},${old}`;
    await using before = await startServer({ env: { YESLINE_SECRET: old } });
    const { folder, file } = before;
    await Promise.all(Array.from({ length: CALLERS }, (_, place) => agrees(before, numberOf(place))));
    const env = { DATABASE_URL: `file:${file}` };
    const early = await cli(["secret", "rotate"], { ...env, YESLINE_SECRET: both });
    expect([early.code, early.err]).toEqual([3, expect.stringContaining("restart the line with it first")]);
    await before.stop();

    await using during = await startServer({ folder, env: { YESLINE_SECRET: both } });
    const known = Promise.all(Array.from({ length: 40 }, (_, place) => isKnown(during, numberOf(place))));
    const joining = Promise.all(
      Array.from({ length: 10 }, (_, place) => agrees(during, numberOf(900 + place))),
    );
    await during.says(/sealed anew: the older values of YESLINE_SECRET may be dropped/);
    expect(new Set(await known)).toEqual(new Set([true]));
    await joining;
    expect(during.rows("secret_check")).toHaveLength(1);
    const again = await cli(["secret", "rotate", "--json"], { ...env, YESLINE_SECRET: both });
    expect(JSON.parse(again.out)).toMatchObject({ resealed: { numbers: 0 }, olderMayBeDropped: true });
    expect(during.rows("subscriber")).toHaveLength(CALLERS + 10);
    await during.stop();

    await using after = await startServer({ folder, env: { YESLINE_SECRET: next } });
    const all = [numberOf(0), numberOf(CALLERS - 1), numberOf(905)];
    expect(await Promise.all(all.map((from) => isKnown(after, from)))).toEqual([true, true, true]);
    expect(after.rows("subscriber")).toHaveLength(CALLERS + 10);
    const alone = await cli(["secret", "rotate"], { ...env, YESLINE_SECRET: next });
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("set NEW,OLD and restart the line")]);
    await after.stop();
    expect(readFileSync(file).toString("latin1")).not.toContain("4155553000");
    // Three servers start after each other.
  }, 90_000);

  it("can be changed by a command alone, while no line is running", async () => {
    const [old, next] = [fresh(), fresh()];
    await using before = await startServer({ env: { YESLINE_SECRET: old } });
    const { folder, file } = before;
    await agrees(before, numberOf(0));
    await before.stop();
    const env = { DATABASE_URL: `file:${file}`, YESLINE_SECRET: `${next},${old}` };
    const { code, out } = await cli(["secret", "rotate"], env);
    expect([code, out]).toEqual([0, expect.stringMatching(/^1 numbers, .*\n.*set that one alone/)]);
    await using after = await startServer({ folder, env: { YESLINE_SECRET: next } });
    expect(await isKnown(after, numberOf(0))).toBe(true);
  });
});
