import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BulkResult } from "../../src/simulator/index.ts";
import { cli } from "../support/cli.ts";
import { startServer, type Server } from "../support/server.ts";

let server: Server;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "yesline-bulk-"));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const bulkOn = (line: Server, ...args: string[]) =>
  cli(["call", "bulk", "--url", line.url, ...args], { DATABASE_URL: `file:${line.file}` });
const bulk = (...args: string[]) => bulkOn(server, ...args);

async function result(line: Server, ...args: string[]): Promise<BulkResult> {
  const { code, out, err } = await bulkOn(line, ...args, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out) as BulkResult;
}

describe("three hundred callers at once", () => {
  it("all come to an end, none with an error, and every webhook is timed", async () => {
    const { code, out, err } = await bulk("--calls", "300", "--concurrency", "20", "--seed", "first");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^300 calls in .* seed first, 0 with errors\n/);
    expect(out).toMatch(/\/voice\/2026-11-22\/en-US\/choice/);
    expect(out).toMatch(/ p50 +p95 +p99 +max\n/);
    expect(out).toMatch(/how they ended\n +\d+ +service: the service hung up/);
    expect(server.rows("call").length).toBeGreaterThanOrEqual(300);
    expect(server.rows("entry").every((row) => row["simulated"] === 1)).toBe(true);
  });

  it("are the same for the same seed: the same behaviours and the same endings", async () => {
    await using fresh = await startServer();
    const mix = join(folder, "mix.yaml");
    writeFileSync(mix, STRANGERS);
    const run = (seed: string) => result(fresh, "--calls", "300", "--seed", seed, "--mix", mix);
    const [once, again] = [await run("42"), await run("42")];
    expect(once.failedCalls).toBe(0);
    expect([again.behaviours, again.outcomes, again.webhooks.count]).toEqual([
      once.behaviours,
      once.outcomes,
      once.webhooks.count,
    ]);
    expect(Object.keys(once.behaviours).toSorted()).toEqual(["gives up", "says no", "says nothing"]);
    const other = await run("43");
    expect(other.behaviours).not.toEqual(once.behaviours);
  });

  it("of the usual mix are the same for the same seed, too, on a fresh line", async () => {
    const twice = await Promise.all(
      [1, 2].map(async () => {
        await using fresh = await startServer();
        const args = ["--calls", "300", "--concurrency", "1", "--seed", "7"];
        const { behaviours, outcomes, failedCalls } = await result(fresh, ...args);
        return { behaviours, outcomes, failedCalls };
      }),
    );
    expect(twice[1]).toEqual(twice[0]);
    expect(twice[0]).toMatchObject({ failedCalls: 0 });
  });

  it("can be sent to another line of the house", async () => {
    const { byPath } = await result(server, "--calls", "20", "--seed", "hotel", "--to", "+34915550100");
    expect(Object.keys(byPath)).toContain("/voice/2026-11-22/es-ES/language");
  });
});

describe("someone who calls in bulk", () => {
  it("learns with code 1 that the line is slower than was asked for", async () => {
    const { code, out, err } = await bulk("--calls", "10", "--max-p95", "0.001");
    expect(code).toBe(1);
    expect(out).toMatch(/^10 calls in /);
    expect(err).toMatch(/^95 % of the webhooks took up to [\d.]+ ms; at most 0\.001 ms was asked for\n$/);
  });

  it("learns with code 1 that the line refuses who signs", async () => {
    const { code, out } = await bulk("--calls", "5", "--token", "0".repeat(32));
    expect(code).toBe(1);
    expect(out).toMatch(/5 with errors[^]*errors\n +\d+ +11200 /);
  });

  it("learns with code 3 that nobody answers there", async () => {
    const env = { DATABASE_URL: `file:${server.file}` };
    const { code, err } = await cli(["call", "bulk", "--calls", "5", "--url", "http://127.0.0.1:1"], env);
    expect([code, err]).toEqual([
      3,
      "Nobody answers there: start the line (npm start), or give its --url.\n",
    ]);
  });

  it.each([
    "https://line.example",
    "http://192.0.2.1:3000",
    "http://127.example.com",
    "http://localhost.example",
  ])("is refused with code 2 for %s, which is not this machine, unless they insist", async (url) => {
    const env = { DATABASE_URL: `file:${server.file}` };
    const { code, out, err } = await cli(["call", "bulk", "--calls", "1", "--url", url], env);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`${url} is not on this machine`);
    expect(err).toContain("--allow-remote");
  });

  it.each([
    [["--calls", "0"], /--calls 0 is not a whole number from 1 to/],
    [["--calls", "many"], /--calls many is not a whole number/],
    [["--concurrency", "1001"], /--concurrency 1001 is not a whole number from 1 to 1000/],
    [["--rate", "-1"], /--rate -1 is not a whole number/],
    [["--max-p95", "soon"], /--max-p95 soon is not a number of milliseconds/],
    [["--mix", "nowhere.yaml"], /--mix nowhere\.yaml: ENOENT/],
    [["--loud"], /unknown option '--loud'/],
  ])("gets code 2 for %s, and the reason", async (args, reason) => {
    const calls = server.rows("call").length;
    const { code, err } = await bulk("--calls", "1", ...args);
    expect(code).toBe(2);
    expect(err).toMatch(reason);
    expect(server.rows("call")).toHaveLength(calls);
  });

  it("gets code 2 for a mix that is none, with the field", async () => {
    const mix = join(folder, "bad.yaml");
    writeFileSync(mix, "behaviours: [{ name: shouts, answers: [shout] }]\n");
    const { code, err } = await bulk("--calls", "1", "--mix", mix);
    expect(code).toBe(2);
    expect(err).toContain(`--mix ${mix}: `);
    expect(err).toContain("answers");
  });
});

/** None of them leaves a consent behind, so that the second time is like the first. */
const STRANGERS = `
behaviours:
  - { name: says no, weight: 3, answers: ["2"], bargesIn: 0.5 }
  - { name: says nothing, weight: 2 }
  - { name: gives up, weight: 1, hangsUp: 0.5, answers: [hang-up] }
`;
