import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
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

/** Where the README's reader finds the line. */
const USUAL_PORT = "3000";
const ADMIN = { email: "admin@localhost", password: "a-long-enough-password" };
const MAX_OUTPUT = 50_000_000;

/** Of the API; only a problem has its status in it. */
type Answer = { readonly status?: number };

let folder: string;
let line: ChildProcess;
let address: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "yesline-readme-"));
  for (const name of COPIED) cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  cpSync(join(folder, "twiml", "2026-11-22"), join(folder, "twiml", "2027-01-15"), { recursive: true });
  env = {
    ...process.env,
    // The commands are many, and one program: it starts faster when Node keeps what it compiled.
    NODE_COMPILE_CACHE: join(folder, "compiled"),
    PORT: "0",
    LOG_LEVEL: "error",
    YESLINE_ADMIN_PASSWORD: ADMIN.password,
  };
  line = spawn("npm", ["start"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  address = await firstAddress(line);
  env = { ...env, PORT: new URL(address).port };
});

afterAll(() => {
  // The whole group: npm does not hand a signal on to what it started.
  if (line.pid !== undefined) process.kill(-line.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("a reader of the README", () => {
  it.each(commands())("runs `%s` and it works as shown", async (command, shown) => {
    if (command.startsWith("curl ") && !command.includes(" > "))
      return seesAnswer(`${command} --silent`, shown);
    // A variable that a command sets is there for the commands after it, as in the reader's own shell.
    const [, variable = null] = /^([A-Z_]+)=\$\(npm/.exec(command) ?? [];
    // What goes into a file is there for the commands after it, too.
    const [, file = null] = / > ([^\s']+)$/.exec(command) ?? [];
    const look = variable === null ? (file === null ? "" : ` && cat ${file}`) : `; printf %s "$${variable}"`;
    const out = await shell(`${shorter(command)}${look}`);
    if (variable !== null) env = { ...env, [variable]: out };
    // The README takes an entry of an export by its id.
    const [, entry = env["ENTRY"]] = /"recordId":"([^"]+)"/.exec(out) ?? [];
    env = { ...env, ENTRY: entry };
    expect(out).not.toBe(variable === null && file === null ? null : "");
  });

  it("adds an endpoint in the console, and the receiver of the README takes its signed events", async () => {
    const port = await freePort();
    const secret = await addEndpoint(`http://127.0.0.1:${port}/events`);
    const [program = ""] = blocks("ts");
    const shown = jsonAfter(README.indexOf(program) + program.length);
    expect(program).toContain("listen(4000");
    writeFileSync(join(folder, "receiver.ts"), program.replace("4000", String(port)));
    const receiver = spawn(process.execPath, ["receiver.ts"], {
      cwd: folder,
      env: { ...env, EVENTS_SECRET: secret },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void receiver.kill());
    const body = JSON.stringify({ business: "acme-dental" });
    const headers = { Authorization: `Bearer ${env["KEY"]}`, "Content-Type": "application/json" };
    const revoked = await fetch(`${address}/api/v1/consents/+14155550166/revocations`, {
      method: "POST",
      headers,
      body,
    });
    expect(revoked.status).toBe(201);
    const { entries } = (await revoked.json()) as { entries: [{ id: string }] };
    const [, event = ""] = await said(receiver, /^\S+ (\{.*\})$/m);
    expect(shapeOf(JSON.parse(event))).toEqual(shapeOf(JSON.parse(shown ?? "")));
    expect(event).toContain(entries[0].id);
    const forged = await fetch(`http://127.0.0.1:${port}/events`, { method: "POST", body: event });
    expect(forged.status).toBe(400);
  });

  it("finds every variable that the line reads, and no number that it does not count", async () => {
    const config = readFileSync(join(REPOSITORY, "src/config.ts"), "utf8");
    const read = [...config.matchAll(/^ {2}([A-Z_]+): optional\(/gm)].map((match) => match[1] ?? "");
    expect(read).toContain("TWILIO_API_URL");
    expect(read.filter((name) => !new RegExp(`\`${name}[\`=]`).test(README))).toEqual([]);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    const served = new Set([...metrics.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1] ?? ""));
    // In an alarm a metric stands among others, and a histogram as its buckets.
    const told = [...README.matchAll(/\byesline_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((name) => !served.has(name))).toEqual([]);
    // Each is an alarm of the runbook, or is said to be for information alone.
    const operate = README.slice(README.indexOf("### Runbook"), README.indexOf("## Security"));
    expect([...served].filter((name) => !new RegExp(`\\b${name}(?:_bucket)?\\b`).test(operate))).toEqual([]);
  });

  it("finds what each package is for, and none that is not there", () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(REPOSITORY, "package.json"), "utf8"),
    ) as Record<string, object>;
    const [, table = ""] = README.split(/^\| package +\|/m);
    const named = [...table.matchAll(/^\| (`[^|]+`) +\|/gm)].flatMap(([, names = ""]) => names.split(", "));
    const all = Object.keys({ ...dependencies, ...optionalDependencies });
    expect(named.map((name) => name.replaceAll("`", "").trim()).toSorted()).toEqual(all.toSorted());
  });

  it("can change the secret as it is told, without a line", async () => {
    expect(README).toContain("`secret rotate`");
    expect(README).toContain("`YESLINE_SECRET=NEW,OLD`");
    await shell('mkdir apart && sqlite3 data/yesline.db ".backup apart/yesline.db"');
    const old = readFileSync(join(folder, "data", "secret"), "utf8").trim();
    const both = `DATABASE_URL=file:apart/yesline.db YESLINE_SECRET=${randomBytes(32).toString("base64")},${old}`;
    expect(await shell(`${both} npm run -s cli -- secret rotate`)).toContain("sealed anew");
  });

  it("finds that the scripts it names are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
      scripts: object;
    };
    const named = [...README.matchAll(/npm (?:run )?(start|test|dev|check|bench|soak)\b/g)].map(
      (match) => match[1],
    );
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("can use the business file, the scenarios and the fallback documents as they stand", () => {
    const [business = "", ...scenarios] = blocks("yaml");
    expect(parseBusinesses(business, "README.md")[0]?.id).toBe("acme-dental");
    expect(scenarios.flatMap((each) => parseScenarios(each, "README.md").problems)).toEqual([]);
    const fallbacks = blocks("xml").map((each) => parseTwiml(each).children.map((verb) => verb.name));
    expect(fallbacks).toEqual([["Say", "Hangup"], ["Message"]]);
  });

  it("plays the scenarios of the README", async () => {
    const files = blocks("yaml")
      .slice(1)
      .map((scenario, index) => {
        writeFileSync(join(folder, `${index}.yaml`), scenario);
        return `${index}.yaml`;
      });
    expect(files).toHaveLength(2);
    const out = await shell(`npm run -s cli -- call run ${files.join(" ")}`);
    expect(out).toContain("2 scenarios passed");
  });

  it("finds every file that it links to", () => {
    const links = [...README.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(REPOSITORY, link)))).toEqual([]);
    const headings = new Set(
      [...README.matchAll(/^##+ (.+)$/gm)].map(([, words = ""]) =>
        words
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, "")
          .replaceAll(" ", "-"),
      ),
    );
    const places = [...README.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1] ?? "");
    expect(places.filter((place) => !headings.has(place))).toEqual([]);
  });
});

/** Every command of the README in its order, and the JSON that it shows right after it. */
function commands(): [command: string, shown: string | null][] {
  const found = README.matchAll(
    /(?:[A-Z_]+=\$\((?=npm)|(?:[A-Z_]+=(?:\$\([^)]*\)|\S+) )+)?npm run -s cli -- [^`\n]+|^curl (?:.*\\\n)*.*/gm,
  );
  const all = [...found].map((match): [string, string | null] => [
    match[0].replaceAll(/ *\\\n */g, " "),
    jsonAfter(match.index + match[0].length),
  ]);
  return [...new Map(all)];
}

/** The first block that stands after this place, if it is JSON and no command comes before it. */
function jsonAfter(place: number): string | null {
  const [before = ""] = README.slice(place).split(/^(?:curl |npm | *```(?:sh|ts|yaml)$)/m);
  return /^```json\n([\s\S]*?)^```/m.exec(before)?.[1] ?? null;
}

async function seesAnswer(command: string, shown: string | null): Promise<void> {
  const answer = JSON.parse(await shell(command)) as Answer;
  const expected = shown === null ? null : (JSON.parse(here(shown)) as Answer);
  expect(answer.status).toBe(expected?.status);
  const view = expected?.status === undefined ? shapeOf : (problem: unknown) => problem;
  expect(view(answer)).toEqual(view(expected ?? answer));
}

/** All of the scenarios are played in calls.test.ts, which takes a minute: here, those that have this in their name. */
function shorter(command: string): string {
  return command.replace(/call run test\/calls$/, "$& --grep 'a caller hangs up'");
}

/** The line of this test is not at the usual address. */
function here(text: string): string {
  return text.replaceAll(`127.0.0.1:${USUAL_PORT}`, new URL(address).host);
}

async function shell(command: string): Promise<string> {
  const options = { cwd: folder, env, maxBuffer: MAX_OUTPUT };
  return (await promisify(execFile)("sh", ["-c", here(command)], options)).stdout;
}

/** Names and nesting; values differ from one day to the next. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object" || value === null) return "a value";
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, shapeOf(inside)]));
}

/** @returns the secret, as the console shows it once */
async function addEndpoint(url: string): Promise<string> {
  const post = (path: string, form: Record<string, string>, cookie = "") =>
    fetch(`${address}/console/${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { Origin: address, Cookie: cookie },
      body: new URLSearchParams(form),
    });
  const entered = await post("sign-in", ADMIN);
  const cookie = entered.headers.getSetCookie().map((each) => each.split(";")[0] ?? "");
  const made = { business: "acme-dental", url, kind: "revoked", description: "" };
  const page = await (await post("endpoints", made, cookie.join("; "))).text();
  const [secret] = /whsec_[\w+/=]+/.exec(page) ?? [];
  if (secret === undefined) throw new Error(`No secret is shown:\n${page}`);
  return secret;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function blocks(language: string): string[] {
  const found = [...README.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```/gm)];
  return found
    .filter((match) => match[2] === language)
    .map((match) => (match[3] ?? "").replaceAll(/^ {0,5}(?=<)/gm, ""));
}

async function firstAddress(server: ChildProcess): Promise<string> {
  const [, found = ""] = await said(server, /answers at (http:\S+)/);
  return found;
}

/** Resolves when the program has printed it. */
function said(program: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  let printed = "";
  program.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    const found = pattern.exec(printed);
    if (found !== null) resolve(found);
  });
  program.once("exit", (code) => reject(new Error(`It ended with ${code}: ${printed}`)));
  return promise;
}
