import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseScenarios } from "../../src/simulator/index.ts";
import { cli } from "../support/cli.ts";
import { keepLog } from "../logs/kept.ts";
import { ROOT, startServer, type Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

type Called = { code: number | null; out: string; err: string };

/** `printf KEYS | yesline call phone --instant …` */
function phone(keys: string, ...args: string[]): Promise<Called> {
  const child = spawn(
    process.execPath,
    ["src/main.ts", "call", "phone", "--instant", "--url", server.url, ...args],
    { cwd: ROOT, env: { ...process.env, DATABASE_URL: `file:${server.file}` } },
  );
  const called = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (called.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (called.err += text));
  child.stdin.end(keys);
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => {
      keepLog("call phone", called.err);
      resolve({ code, ...called });
    });
  });
}

describe("a person who calls from a terminal", () => {
  it("hears the notice, presses 1 and hears that it is recorded", async () => {
    const { code, out, err } = await phone("1", "--from", "+12165550101");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /WhatsApp[^]*\? \(listens \d+ s\)\n[^]*press 1[^]*> 1\n[^]*recorded[^]*- service hung up/,
    );
    expect(server.rows("entry").filter((row) => row["kind"] === "granted")).toHaveLength(1);
  });

  it("lets a question pass, presses a wrong key, keys in a number, and confirms it", async () => {
    const { code, out } = await phone(" 7312165550192#1", "--from", "+12165550102");
    expect(code).toBe(0);
    expect(out).toMatch(
      /> nothing\n[^]*> 7\n[^]*> 3\n[^]*> #\n[^]*1 2 1 6 5 5 5 0 1 9 2[^]*> 1\n[^]*recorded/,
    );
  });

  it.each([
    ["q", "the q"],
    ["", "the end of the pipe"],
  ])("hangs up with %j, %s", async (keys) => {
    const { code, out } = await phone(keys, "--from", "+12165550103");
    expect([code, out]).toEqual([0, expect.stringMatching(/- caller hung up: /)]);
  });

  it("calls another line, with a withheld number", async () => {
    const { out } = await phone("2", "--from", "anonymous", "--to", "+34915550100");
    expect(out).toMatch(/English[^]*> 2\n[^]*Hotel Miramar[^]*WhatsApp/);
  });

  it("reads events as JSON, one a line", async () => {
    const { code, out } = await phone("2", "--from", "+12165550104", "--json");
    const kinds = out
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect([code, kinds[0], kinds.at(-1)]).toEqual([0, "webhook", "ended"]);
    expect(kinds).toEqual(expect.arrayContaining(["speaking", "listening", "pressed", "gathered"]));
  });

  it.each([
    ["a yes", "1", "+12165550111"],
    ["silence, a wrong key and another number", " 7312165550193#1", "+12165550112"],
    ["a hang-up", "9q", "+12165550113"],
  ])("saves %s as a scenario that is valid and plays green, again and again", async (_, keys, from) => {
    const file = join(server.folder, `saved-${from.slice(-4)}.yaml`);
    const { code, err } = await phone(keys, "--from", from, "--save", file);
    expect([code, err]).toEqual([0, `saved as ${file}\n`]);
    const { scenarios, problems } = parseScenarios(readFileSync(file, "utf8"), file);
    expect(problems).toEqual([]);
    expect(scenarios).toMatchObject([{ call: { from, to: "+14155550100" } }]);
    for (const time of [1, 2]) {
      const env = { DATABASE_URL: `file:${server.file}` };
      const played = await cli(["call", "run", file, "--url", server.url], env);
      expect({ time, ...played }).toMatchObject({
        time,
        code: 0,
        out: expect.stringContaining("1 scenario passed"),
      });
    }
  });

  it("learns with code 3 that nobody answers there, and nothing is saved", async () => {
    const file = join(server.folder, "nothing.yaml");
    const { code, err } = await phone("1", "--url", "http://127.0.0.1:1", "--save", file);
    expect([code, err]).toEqual([3, expect.stringContaining("http://127.0.0.1:1 does not answer")]);
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });

  it("learns with code 2 that it is not clear who signs", async () => {
    const env = {
      DATABASE_URL: `file:${server.file}`,
      TWILIO_ACCOUNT_SID: `AC${"1".repeat(32)}`,
      TWILIO_AUTH_TOKEN: "a".repeat(32),
    };
    const { code, err } = await cli(["call", "phone", "--instant"], env);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/The simulator is off here: .*YESLINE_SIMULATOR=on/),
    ]);
  });
});
