import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBusinesses } from "../src/business-file.ts";
import { parseTwiml } from "../src/script/twiml.ts";
import { parseScenarios } from "../src/simulator/index.ts";

/** The README in a copy of the house, so that what its commands write stays there. */
const REPOSITORY = new URL("..", import.meta.url).pathname;
const README = readFileSync(join(REPOSITORY, "README.md"), "utf8");
const COPIED = [
  "src",
  "twiml",
  "migrations",
  "test",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "README.md",
];

let folder: string;
let line: ChildProcess;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "yesline-readme-"));
  for (const name of COPIED) cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  cpSync(join(folder, "twiml", "2026-11-22"), join(folder, "twiml", "2027-01-15"), { recursive: true });
  env = { ...process.env, PORT: "0", LOG_LEVEL: "warn" };
  line = spawn("npm", ["start"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const address = await firstAddress(line);
  env = { ...env, PORT: new URL(address).port };
});

afterAll(() => {
  // The whole group: npm does not hand a signal on to what it started.
  if (line.pid !== undefined) process.kill(-line.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("a reader of the README", () => {
  it.each(commands())("runs `%s` and it works", async (command) => {
    const options = { cwd: folder, env, maxBuffer: 50_000_000 };
    await expect(promisify(execFile)("sh", ["-c", command], options)).resolves.toBeDefined();
  });

  it("finds that the scripts it names are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
      scripts: object;
    };
    const named = [...README.matchAll(/npm (?:run )?(start|test|dev|check|bench)\b/g)].map(
      (match) => match[1],
    );
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("can use the business file, the scenario and the fallback document as they stand", () => {
    const [business = "", scenario = ""] = blocks("yaml");
    expect(parseBusinesses(business, "README.md")[0]?.id).toBe("acme-dental");
    expect(parseScenarios(scenario, "README.md").problems).toEqual([]);
    const [fallback = ""] = blocks("xml");
    expect(parseTwiml(fallback).children.map((verb) => verb.name)).toEqual(["Say", "Hangup"]);
  });

  it("finds every file that it links to", () => {
    const links = [...README.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(REPOSITORY, link)))).toEqual([]);
  });
});

/** Every `yesline` command of the README, in its order. */
function commands(): string[] {
  return [...new Set(README.match(/npm run -s cli -- [^`\n]+/g))];
}

function blocks(language: string): string[] {
  const found = [...README.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```/gm)];
  return found
    .filter((match) => match[2] === language)
    .map((match) => (match[3] ?? "").replaceAll(/^ {0,5}(?=<)/gm, ""));
}

function firstAddress(server: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = "";
  server.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    const address = /answers at (http:\S+)/.exec(printed)?.[1];
    if (address !== undefined) resolve(address);
  });
  server.once("exit", (code) => reject(new Error(`npm start ended with ${code}: ${printed}`)));
  return promise;
}
