import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { startLine, type Line } from "../support/line.ts";
import { runMain, startServer } from "../support/server.ts";

let line: Line;
const NUMBER = "+14155552801";
const subscriber = (command: string, ...options: string[]) =>
  cli(["subscriber", command, NUMBER, "--business", "acme-dental", ...options], {
    DATABASE_URL: `file:${line.databaseFile}`,
  });
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

async function agree(): Promise<void> {
  const call = line.call({ from: NUMBER });
  await call.begin();
  await call.press("1");
}

describe("yesline subscriber show", () => {
  it("says where a number stands on each topic, and every entry about it", async () => {
    await agree();
    const { code, out, err } = await subscriber("show");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(
      [
        "+1••••••2801 at acme-dental",
        "  appointment-reminders: granted since 2026-06-01T09:00:00.000Z (simulated)",
        "  policy-updates: granted since 2026-06-01T09:00:00.000Z (simulated)",
        "  2026-06-01T09:00:00.000Z  granted  appointment-reminders, policy-updates  (simulated)",
        "",
      ].join("\n"),
    );
  });

  it("says the same as JSON, with the number masked", async () => {
    await agree();
    const { out } = await subscriber("show", "--json");
    expect(JSON.parse(out)).toMatchObject({
      number: "+1••••••2801",
      business: "acme-dental",
      known: true,
      consents: [
        { topic: "appointment-reminders", state: "granted", simulated: true },
        { topic: "policy-updates", state: "granted", simulated: true },
      ],
      entries: [{ kind: "granted", source: "call", simulated: true }],
    });
    expect(out).not.toContain("4155552801");
  });

  it("says that nothing is recorded of a stranger, and does not record that it was asked", async () => {
    const { code, out } = await subscriber("show");
    expect([code, out]).toEqual([0, "+1••••••2801 at acme-dental\n  nothing is recorded of this number\n"]);
    expect(line.rows("subscriber")).toEqual([]);
  });
});

/** A reason is kept with the person; the entry commits to it. */
const COMMITTED: unknown = expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/);

describe("yesline subscriber revoke", () => {
  it("withdraws everything at once, for the log and for the next call", async () => {
    await agree();
    const { code, out, err } = await subscriber("revoke", "--reason", "letter of 1 June");
    expect([code, err]).toEqual([
      0,
      "Simulated: it ends what simulated calls left, and writes nothing real.\n",
    ]);
    expect(out).toMatch(/^\S+ revoked appointment-reminders, policy-updates \(simulated\)\n$/);
    expect(line.rows("entry")).toMatchObject([
      { kind: "granted" },
      { kind: "revoked", source: "cli", reason: COMMITTED, call_sid: null, simulated: 1 },
    ]);
    const next = line.call({ from: NUMBER });
    expect((await next.begin()).beforeGather).toContain("WhatsApp");
    expect(next.action()).toContain("/choice?");
  });

  it("withdraws one topic, and leaves the other", async () => {
    await agree();
    const { out } = await subscriber("revoke", "--topic", "policy-updates", "--json");
    expect(JSON.parse(out)).toMatchObject({
      number: "+1••••••2801",
      entries: [{ kind: "revoked", topics: ["policy-updates"], simulated: true }],
    });
    const states = line.rows("consent").map((row) => [row["topic"], row["state"]]);
    expect(Object.fromEntries(states)).toEqual({
      "appointment-reminders": "granted",
      "policy-updates": "revoked",
    });
  });

  it("puts a stranger's wish on record too", async () => {
    const { code, out, err } = await subscriber("revoke");
    expect(code).toBe(0);
    expect(out).not.toContain("simulated");
    expect(err).toMatch(/^Real: no consent stands, but whoever wants no messages may say so/);
    expect(line.rows("entry")).toMatchObject([{ kind: "revoked", simulated: 0, locale: "en-US" }]);
  });

  it("says before it writes that only simulated consent stands on a line for real callers, and takes a choice", async () => {
    await agree();
    const real = { TWILIO_ACCOUNT_SID: `AC${"1".repeat(32)}`, TWILIO_AUTH_TOKEN: "a".repeat(32) };
    const onRealLine = (...options: string[]) =>
      cli(["subscriber", "revoke", NUMBER, "--business", "acme-dental", ...options], {
        DATABASE_URL: `file:${line.databaseFile}`,
        YESLINE_SECRET: Buffer.from(line.config.secret).toString("base64"),
        ...real,
      });
    const simulated = await onRealLine("--world", "simulated", "--topic", "policy-updates");
    expect(simulated.err).toBe("Simulated: it ends what simulated calls left, and writes nothing real.\n");
    expect(line.rows("entry").map((row) => [row["kind"], row["simulated"]])).toEqual([
      ["granted", 1],
      ["revoked", 1],
    ]);
    const never = await onRealLine();
    expect(never.err).toMatch(/^Real: only simulated consent stands, but whoever wants no messages/);
    expect(line.rows("entry").slice(2)).toMatchObject([
      { kind: "revoked", simulated: 0 },
      { kind: "revoked", simulated: 1 },
    ]);
    expect((await onRealLine("--world", "both")).code).toBe(2);
  });
});

describe("beside a server that is busy", () => {
  it("a withdrawal gets its turn, and no caller is turned away for it", async () => {
    await using server = await startServer();
    const call = server.call({ from: NUMBER });
    await call.begin();
    await call.press("1");
    const which = ["--business", "acme-dental", "--world", "real", "--json"];
    const command = ["subscriber", "revoke", NUMBER, ...which];
    const withdrawals = [1, 2, 3].map(() => runMain(command, { DATABASE_URL: `file:${server.file}` }).exited);
    const commands = { done: 0 };
    const all = Promise.all(withdrawals.map((each) => each.finally(() => commands.done++)));
    let callers = 0;
    while (commands.done < withdrawals.length) {
      const crowd = Array.from({ length: 10 }, async () => {
        const other = server.call({ from: `+1415555${3_000 + callers++}` });
        await other.begin();
        return other.press("2");
      });
      for (const answer of await Promise.all(crowd)) expect(answer.words).toContain("recorded");
    }
    for (const { code, err } of await all)
      expect([code, err]).toEqual([0, expect.stringMatching(/^Real: .*\n$/)]);
    const kinds = server.rows("entry").map((row) => row["kind"]);
    // One of each, and what the simulated call left.
    expect(kinds.filter((kind) => kind === "revoked")).toHaveLength(4);
    expect(kinds.filter((kind) => kind === "refused")).toHaveLength(callers);
    const next = server.call({ from: NUMBER });
    await next.begin();
    expect(next.action()).toContain("/choice?");
  });
});
