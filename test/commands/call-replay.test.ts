import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScenarioResult } from "../../src/simulator/index.ts";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { ROOT, startServer, type Server } from "../support/server.ts";

let server: Server;
let folder: string;
beforeAll(async () => {
  folder = temporaryFolder();
  server = await startServer({ folder });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const yesline = (...args: string[]) => cli(args, { DATABASE_URL: `file:${server.file}` });
const replay = (callSid: string, ...args: string[]) =>
  yesline("call", "replay", callSid, "--url", server.url, ...args);

/** Plays a call and returns its SID. */
async function played(steps: string, call = 'from: "+12155550101", to: "+14155550100"'): Promise<string> {
  const file = join(folder, "call.yaml");
  writeFileSync(file, `name: a call\ncall: { ${call} }\nsteps: [${steps}]\n`);
  const { code, out } = await yesline("call", "run", file, "--url", server.url, "--json");
  const { results } = JSON.parse(out) as { results: ScenarioResult[] };
  expect([code, results.length]).toEqual([0, 1]);
  return results[0]?.callSid ?? "";
}

const HOTEL = 'from: "+33600000199", to: "+34915550100"';

describe("a stored call that is played again on the same version differs in nothing:", () => {
  it.each<[string, string, string?]>([
    ["a yes", '{ press: "1" }, { hangup: by-service }'],
    ["a no", '{ press: "2" }, { hangup: by-service }'],
    [
      "silence, a wrong key, and a yes",
      '{ silence: {} }, { press: "7" }, { press: "1" }, { hangup: by-service }',
    ],
    ["three silences", "{ silence: { times: 3 } }, { hangup: by-service }"],
    ["another number", '{ press: "3" }, { press: "12155550191#" }, { press: "1" }, { hangup: by-service }'],
    [
      "what is no number",
      '{ press: "3" }, { press: "12#" }, { press: "1215555#" }, { press: "00#" }, { hangup: by-service }',
    ],
    ["a hang-up at the choice", '{ press: "9" }, { hear: "press 1" }, { hangup: by-caller }'],
    ["a person", '{ press: "0" }, { hangup: by-service }'],
    [
      "a withheld number",
      '{ press: "12155550192#" }, { hangup: by-caller }',
      'from: anonymous, to: "+14155550100"',
    ],
    [
      "a call of the line",
      '{ press: "1" }',
      'from: "+14155550100", to: "+12155550103", direction: outbound-api',
    ],
    ["a guest who speaks French", '{ press: "3" }, { press: "1" }, { press: "2" }', HOTEL],
    ["a webhook that came twice", '{ press: "1" }, { repeatLastWebhook: { times: 2 } }'],
  ])("%s", async (_, steps, call) => {
    const callSid = await played(steps, call);
    const { code, out, err } = await replay(callSid);
    expect([code, out, err]).toEqual([
      0,
      expect.stringMatching(/^CA\w+ again as CA\w+: nothing differs\n$/),
      "",
    ]);
  });

  it.each([
    ["a hang-up that the carrier told of as an answer", { CallStatus: "completed", Digits: "" }],
    ["several keys at once where one was asked for", { CallStatus: "in-progress", Digits: "77" }],
  ])("%s", async (_, answer) => {
    const caller = server.call({ from: "+12155550104" });
    await caller.begin();
    await caller.post(caller.action(), answer);
    const { out, code } = await replay(caller.callSid);
    expect([code, out]).toEqual([0, expect.stringContaining("nothing differs")]);
  });

  it("a yes, as often as one likes", async () => {
    const callSid = await played('{ press: "1" }');
    for (const time of [1, 2, 3]) {
      const { code, out } = await replay(callSid, "--json");
      expect([time, code]).toEqual([time, 0]);
      const shown = JSON.parse(out) as Record<string, unknown>;
      expect(shown).toMatchObject({ replayed: callSid, differences: [] });
      expect(shown["as"]).not.toBe(callSid);
    }
  });

  it("a caller with consent, as long as simulated calls left one", async () => {
    await played('{ press: "1" }');
    const caller = server.call({ from: "+12155550101" });
    await caller.begin();
    await caller.press("1");
    const { code, out, err } = await replay(caller.callSid);
    expect([code, err]).toEqual([
      0,
      "This caller had consent; the replay differs where simulated calls left none.\n",
    ]);
    expect(out).toContain("nothing differs");
  });
});

describe("a stored call that is played again on another version", () => {
  it("shows turn by turn what is said otherwise, and ends with code 1", async () => {
    const callSid = await played('{ silence: {} }, { press: "1" }, { hangup: by-service }');
    const other = join(temporaryFolder(), "businesses.yaml");
    const demo = readFileSync(join(ROOT, "src", "businesses.demo.yaml"), "utf8");
    writeFileSync(
      other,
      demo.replaceAll("policy updates", "price changes").replace('agent: "+14155550190"\n', "\n"),
    );
    await server.stop();
    server = await startServer({ folder, env: { YESLINE_BUSINESSES: other } });
    const { code, out, err } = await replay(callSid);
    expect([code, err]).toEqual([1, ""]);
    expect(out).toMatch(
      /turn 1\n {2}was: .*policy updates.*press 0.*→ silence\n {2}now: (?!.*press 0).*price changes.*→ silence\n/u,
    );
    expect(out).toMatch(/turn 3\n {2}was: .*policy updates.*\n {2}now: .*price changes/u);
    const { out: json, code: same } = await replay(callSid, "--json");
    const { differences } = JSON.parse(json) as { differences: { turn: number }[] };
    expect([same, differences.map(({ turn }) => turn)]).toEqual([1, [1, 2, 3]]);
  });
});

describe("someone who wants a call again", () => {
  it.each([
    [
      "that there is not",
      () => Promise.resolve(`CA${"0".repeat(32)}`),
      /There is no call CA0+ in this ledger/,
    ],
    [
      "that nobody answered",
      () => played("", 'from: "+14155550100", to: "+12155550109", direction: outbound-api, unanswered: busy'),
      /was never answered: there is nothing to play again/,
    ],
  ])("%s gets code 2 and the reason", async (_, find, reason) => {
    const { code, out, err } = await replay(await find());
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(reason)]);
  });

  it("from a line that is not there gets code 3", async () => {
    const callSid = await played('{ press: "2" }');
    const { code, err } = await yesline("call", "replay", callSid, "--url", "http://127.0.0.1:1");
    expect([code, err]).toEqual([3, expect.stringContaining("http://127.0.0.1:1 does not answer")]);
  });
});
