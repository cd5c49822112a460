import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { XMLValidator } from "fast-xml-parser";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ScenarioResult } from "../../src/simulator/index.ts";
import { cli, ndjson } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { startServer, type Server } from "../support/server.ts";

let server: Server;
let folder: string;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  folder = temporaryFolder();
  return () => rmSync(folder, { recursive: true });
});

const callRun = (...args: string[]) =>
  cli(["call", "run", "--url", server.url, ...args], { DATABASE_URL: `file:${server.file}` });

function write(name: string, ...scenarios: string[]): string {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, scenarios.join("---\n"));
  return file;
}

const scenario = (name: string, steps: string, rest = "", number = "+12175550101") =>
  `name: ${name}\ncall: { from: "${number}", to: "+14155550100" }\nsteps: [${steps}]\n${rest}`;

const AGREES = scenario("somebody agrees", '{ press: "1" }, { hear: recorded }');
const REFUSES = scenario("somebody refuses", '{ press: "2" }, { hear: recorded }', "", "+12175550102");
const FAILS = scenario("somebody waits for Telegram", "{ hear: Telegram }", "", "+12175550103");

const namesIn = (out: string) =>
  (JSON.parse(out) as { results: ScenarioResult[] }).results.map(({ name }) => name);

describe("a run of scenarios", () => {
  it("plays only those whose name contains the text of --grep", async () => {
    const file = write("three.yaml", AGREES, REFUSES, FAILS);
    const { code, out } = await callRun(file, "--grep", "refuses", "--json");
    expect([code, namesIn(out)]).toEqual([0, ["somebody refuses"]]);
  });

  it("takes every .yaml and .yml in a folder, in the order of their paths", async () => {
    write("b/late.yaml", REFUSES);
    write("a/early.yml", AGREES);
    write("a/notes.txt", "no scenario");
    const { code, out } = await callRun(folder, "--json");
    expect([code, namesIn(out)]).toEqual([0, ["somebody agrees", "somebody refuses"]]);
  });

  it("stops after the first failure with --bail, and goes on without", async () => {
    const file = write("three.yaml", AGREES, FAILS, REFUSES);
    const [bailed, whole] = [await callRun(file, "--bail", "--json"), await callRun(file, "--json")];
    expect([bailed.code, namesIn(bailed.out)]).toEqual([
      1,
      ["somebody agrees", "somebody waits for Telegram"],
    ]);
    expect([whole.code, namesIn(whole.out)]).toHaveLength(2);
    expect(namesIn(whole.out)).toHaveLength(3);
  });

  it("gives a scenario up that takes longer than --timeout, and says so", async () => {
    const file = write("slow.yaml", scenario("somebody listens in real time", "{ hear: never said }"));
    const { code, out } = await callRun(file, "--real-time", "--timeout", "0.05");
    expect(code).toBe(1);
    expect(out).toContain(`${file}:1: the scenario took too long`);
  });

  it("withdraws what an earlier run left of a file's callers, and of nobody else", async () => {
    const once = write("once.yaml", AGREES + "expect: { consent: granted, entries: 1 }\n");
    for (const time of [1, 2, 3]) expect([time, (await callRun(once)).code]).toEqual([time, 0]);
    const back = scenario(
      "somebody comes back",
      '{ hear: "press 3" }, { hangup: by-caller }',
      "expect: { consent: granted }\n",
    );
    const twice = write("twice.yaml", AGREES, back);
    for (const time of [1, 2]) expect([time, (await callRun(twice)).code]).toEqual([time, 0]);
    const stranger = write("stranger.yaml", REFUSES);
    expect((await callRun(stranger)).code).toBe(0);
    const { out } = await cli(["subscriber", "show", "+12175550101", "--business", "acme-dental", "--json"], {
      DATABASE_URL: `file:${server.file}`,
    });
    expect(JSON.parse(out)).toMatchObject({
      consents: [
        { state: "granted", simulated: true },
        { state: "granted", simulated: true },
      ],
    });
  });

  it("cannot know of consent where the ledger is another one, and says so", async () => {
    const file = write("consent.yaml", AGREES + "expect: { consent: granted }\n");
    const elsewhere = { DATABASE_URL: `file:${join(folder, "other.db")}` };
    const { account, url } = server;
    const aim = ["--url", url, "--account", account.accountSid, "--token", account.authToken];
    const { code, out } = await cli(["call", "run", file, ...aim], elsewhere);
    expect(code).toBe(1);
    expect(out).toContain("nobody to ask: this run was not told how");
  });

  it("can aim at a line without its ledger, as long as nothing is asked of it", async () => {
    const file = write("no.yaml", REFUSES);
    const { account, url } = server;
    const aim = ["--url", url, "--account", account.accountSid, "--token", account.authToken];
    const { code } = await cli(["call", "run", file, ...aim], {
      DATABASE_URL: `file:${join(folder, "other.db")}`,
    });
    expect(code).toBe(0);
  });

  it("stops at the first call when nobody answers, with code 3", async () => {
    const file = write("three.yaml", AGREES, REFUSES, FAILS);
    const { code, out } = await callRun(file, "--json", "--url", "http://127.0.0.1:1");
    expect([code, namesIn(out)]).toEqual([3, ["somebody agrees"]]);
  });
});

describe("a report", () => {
  it("is for people unless another is asked for", async () => {
    const { code, out, err } = await callRun(write("one.yaml", AGREES));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^✓ somebody agrees \(a call of [\d.]+ s, played in \d+ ms\)\n\n1 scenario passed in [\d.]+ s\n$/u,
    );
  });

  it("in JSON is the same with --json as with --reporter json", async () => {
    const file = write("two.yaml", AGREES, FAILS);
    const kept = (out: string) => {
      const { ok, total, failed, results } = JSON.parse(out) as {
        ok: boolean;
        total: number;
        failed: number;
        results: ScenarioResult[];
      };
      return {
        ok,
        total,
        failed,
        results: results.map(({ name, line, steps }) => ({ name, line, steps: steps.length })),
      };
    };
    const [short, long] = [await callRun(file, "--json"), await callRun(file, "--reporter", "json")];
    expect(kept(long.out)).toEqual(kept(short.out));
    expect(kept(long.out)).toMatchObject({
      ok: false,
      total: 2,
      failed: 1,
      results: [{ line: 1 }, { line: 5 }],
    });
  });

  it("in lines of JSON has one for each scenario", async () => {
    const { out } = await callRun(write("two.yaml", AGREES, FAILS), "--reporter", "ndjson");
    expect(ndjson(out)).toMatchObject([
      { name: "somebody agrees", ok: true },
      { name: "somebody waits for Telegram", ok: false },
    ]);
  });

  it("for JUnit names the failure where it is", async () => {
    const file = write("two.yaml", AGREES, FAILS);
    const { out } = await callRun(file, "--reporter", "junit");
    expect(XMLValidator.validate(out)).toBe(true);
    expect(out).toContain('<testsuites name="call run" tests="2" failures="1"');
    expect(out).toContain(`<failure message="${file}:7: { hear: Telegram }">`);
  });

  it("in HTML is a page that is whole in itself", async () => {
    const { out } = await callRun(write("two.yaml", AGREES, FAILS), "--reporter", "html");
    expect(out).toMatch(/^<!doctype html>/iu);
    expect(out).toContain("somebody waits for Telegram");
    expect(out).not.toMatch(/<script|<link|src=/u);
  });

  it.each(["pretty", "json", "ndjson", "junit", "html"])(
    "by %s is written to --out, and nothing is printed",
    async (reporter) => {
      const to = join(folder, "report");
      const { code, out, err } = await callRun(write("one.yaml", FAILS), "--reporter", reporter, "--out", to);
      expect([code, out, err]).toEqual([1, "", ""]);
      expect(readFileSync(to, "utf8")).toContain("somebody waits for Telegram");
    },
  );

  it("that cannot be written is code 2 before anybody is called, and says where", async () => {
    const to = join(folder, "nowhere", "report");
    const calls = server.rows("call").length;
    const { code, err } = await callRun(write("one.yaml", AGREES), "--out", to);
    expect([code, err]).toEqual([2, expect.stringContaining(`--out ${to} cannot be written: ENOENT`)]);
    expect(server.rows("call")).toHaveLength(calls);
  });
});
