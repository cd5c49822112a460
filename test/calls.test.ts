import { randomUUIDv7 } from "node:crypto";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { pino } from "pino";
import { XMLValidator } from "fast-xml-parser";
import { HtmlValidate } from "html-validate";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createApp } from "../src/app.ts";
import { loadConfig, TWIML_FOLDER } from "../src/config.ts";
import { dispatchWith } from "../src/dispatch.ts";
import type { Ledger, Turn } from "../src/ledger/ledger.ts";
import { numberVault } from "../src/ledger/numbers.ts";
import { migrate, open } from "../src/ledger/sqlite/connection.ts";
import { sqliteMemory, type Memory } from "../src/ledger/sqlite/memory.ts";
import { loadScripts, versionsIn } from "../src/script/load.ts";
import { templatesOf } from "../src/script/templates.ts";
import type { ScenarioResult } from "../src/simulator/index.ts";
import { signedRequest } from "./support/caller.ts";
import { cli } from "./support/cli.ts";
import { runMain, startServer, type Environment, type Server } from "./support/server.ts";

const SCENARIOS = "test/calls";
/** Messages take real time: a scenario waits to see that none comes. */
const WRITTEN = globSync(`${SCENARIOS}/*/whatsapp-*.yaml`);
const SPOKEN = globSync(`${SCENARIOS}/*/*.yaml`).filter((file) => !WRITTEN.includes(file));

/** All of them, on a machine that has other things to do. */
const TIMEOUT_MS = 180_000;

type Report = { ok: boolean; total: number; failed: number; results: ScenarioResult[] };

describe("the shipped scenarios, played against a real server", { timeout: TIMEOUT_MS }, () => {
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    server = await startServer();
    folder = mkdtempSync(join(tmpdir(), "yesline-calls-"));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** A program of its own, as QA starts it. */
  function callRun(...args: string[]) {
    const env = { DATABASE_URL: `file:${server.file}` };
    return runMain(["call", "run", ...args, "--url", server.url], env).exited;
  }

  /** The same command in this process: sooner done. */
  function callRunHere(...args: string[]) {
    return cli(["call", "run", ...args, "--url", server.url], { DATABASE_URL: `file:${server.file}` });
  }

  function write(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  it.each([
    ["the first time", callRun, [SCENARIOS]],
    ["a second time", callRunHere, SPOKEN],
  ])("are green %s", async (_, run, files) => {
    const { code, out, err } = await run(...files, "--json");
    const report = JSON.parse(out) as Report;
    expect(failuresIn(report)).toEqual([]);
    expect([code, err, report.ok]).toEqual([0, "", true]);
    expect(report.total).toBeGreaterThanOrEqual(80);
    expect(new Set(report.results.map(({ name }) => name)).size).toBe(report.total);
  });

  it("make a JUnit report that is well-formed, with a case for each", async () => {
    const { code, out } = await callRunHere(...SPOKEN, "--reporter", "junit");
    expect(code).toBe(0);
    expect(XMLValidator.validate(out)).toBe(true);
    const { out: valid } = await cli(["call", "validate", ...SPOKEN], {});
    expect(out.match(/<testcase /g)).toHaveLength(valid.trimEnd().split("\n").length);
  });

  it("make an HTML report that is valid, when they pass and when they fail", async () => {
    const failing = write(
      "failing.yaml",
      `name: hears <b>&amp;\n${CALL}\nsteps: [{ hear: "Telegram & <co>" }]\n`,
    );
    const files = ["french.yaml", "whatsapp-start.yaml"].map((name) => `${SCENARIOS}/hotel-miramar/${name}`);
    const { code, out } = await callRunHere(...files, failing, "--reporter", "html");
    expect(code).toBe(1);
    expect(out).toContain("le escribe Hotel Miramar");
    const { results } = await new HtmlValidate({ extends: ["html-validate:standard"] }).validateString(out);
    expect(results.flatMap(({ messages }) => messages)).toEqual([]);
  });

  it("end with code 1 when a caller hears something else, and say where, what, and what was expected", async () => {
    const file = write(
      "hears.yaml",
      `name: waits for Telegram\n${CALL}\nsteps:\n  - hear: Telegram\n  - silence: {}\n`,
    );
    const { code, out, err } = await callRun(file);
    expect([code, err]).toEqual([1, ""]);
    expect(out).toContain("✗ waits for Telegram");
    expect(out).toContain(`${file}:4: hear: Telegram`);
    expect(out).toMatch(/expected: contains "Telegram"\n +heard: +.*Acme Dental/u);
    expect(out).toContain("1 step not reached");
    expect(out).toContain("1 of 1 scenario failed");
  });

  it("end with code 1 when the consent is another than expected", async () => {
    const file = write(
      "consent.yaml",
      `name: expects too much\n${CALL}\nsteps: [{ hangup: by-caller }]\nexpect: { consent: granted, entries: 1 }\n`,
    );
    const { code, out } = await callRunHere(file);
    expect(code).toBe(1);
    expect(out).toMatch(/consent\.yaml:4: expect consent: granted\n.*\n +expected: granted\n +heard: +none/u);
    expect(out).toContain("expect entries: 1");
  });

  it("end with code 2 and nobody is called when a file is wrong: with file, line and field", async () => {
    const file = write("bad.yaml", `name: bad\n${CALL}\nsteps:\n  - press: 1\n  - shout: {}\n`);
    const calls = server.rows("call").length;
    const { code, out, err } = await callRun(SCENARIOS, file);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`${file}:4:5: steps[0].press: keys in quotes`);
    expect(err).toContain(`${file}:5:5: steps[1].shout: unknown field`);
    expect(server.rows("call")).toHaveLength(calls);
  });

  it.each([
    [["--reporter", "tap"], /Allowed choices are pretty, json, ndjson, junit, html/],
    [["--colour"], /unknown option '--colour'/],
    [["--timeout", "soon"], /--timeout soon is not a number of seconds/],
    [["--grep", "no such name"], /No scenario's name contains "no such name"/],
  ])("end with code 2 for the option %s", async (options, reason) => {
    const { code, out, err } = await callRunHere(SCENARIOS, ...options);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(reason);
  });

  it("end with code 2 for files that are not there", async () => {
    const { code, err } = await callRunHere(join(folder, "nowhere.yaml"));
    expect([code, err]).toEqual([2, expect.stringContaining("nowhere.yaml does not exist")]);
  });

  it("end with code 3 when no line answers", async () => {
    const env = { DATABASE_URL: `file:${server.file}` };
    const { code, err } = await runMain(["call", "run", SCENARIOS, "--url", "http://127.0.0.1:1"], env)
      .exited;
    expect([code, err]).toEqual([
      3,
      "http://127.0.0.1:1 does not answer: start the line (npm start), or give its --url.\n",
    ]);
  });

  it("end with code 1 when the line does not accept who signs", async () => {
    const { code, out } = await callRunHere(`${SCENARIOS}/acme-dental/agree.yaml`, "--token", "f".repeat(32));
    expect(code).toBe(1);
    expect(out).toContain("11200");
  });
});

describe("a line that is broken on purpose is caught:", { timeout: TIMEOUT_MS }, () => {
  it("nothing is, as long as it is whole", async () => {
    expect(failuresIn(await played({}))).toEqual([]);
  });

  it("a notice that does not say WhatsApp", async () => {
    const twiml = mkdtempSync(join(tmpdir(), "yesline-twiml-"));
    onTestFinished(() => rmSync(twiml, { recursive: true }));
    cpSync(TWIML_FOLDER, twiml, { recursive: true });
    const notice = join(twiml, "2026-11-22", "en-US", "notice.xml");
    writeFileSync(notice, readFileSync(notice, "utf8").replaceAll("WhatsApp", "a messenger"));
    const names = namesOf(await played({ twiml }));
    expect(names).toEqual(
      expect.arrayContaining([
        "a caller listens to the notice, presses 1 and is opted in",
        "a caller presses 2, and the refusal is on record",
        "a guest chooses English and says yes to both kinds of update",
      ]),
    );
    expect(names).not.toContain("a guest chooses Spanish and says yes to both kinds of update");
  });

  it("a line that takes silence for the key 1", async () => {
    const names = namesOf(await played({ wrapFetch: silenceIsKey1 }));
    expect(names).toEqual(expect.arrayContaining(SILENT_CALLERS));
  });

  it("a line that asks the silent again as it should, and grants behind their back", async () => {
    const names = namesOf(await played({ wrapLedger: grantingOnSilence }));
    expect(names).toEqual(expect.arrayContaining(SILENT_CALLERS));
  });

  it("a retried webhook that is taken for a new one and writes again, with the same answer", async () => {
    const report = await played({ wrapLedger: forgettingRetries });
    const names = namesOf(report);
    expect(names).toEqual(
      expect.arrayContaining([
        "the webhook of a yes comes again and is answered the same, and one yes is on record",
        "the webhook of a no comes again twenty times at once",
        "the answer to a yes is lost on its way and asked for again; the caller hears it, and one yes is on record",
        "each yes comes again, and each is on record once",
      ]),
    );
    expect(names).not.toContain("a caller listens to the notice, presses 1 and is opted in");
  });

  it("a retried webhook that is answered with something else", async () => {
    const names = namesOf(await played({ wrapFetch: hangingUpOnRetries }));
    expect(names).toEqual(
      expect.arrayContaining([
        "a call that begins twice is one call with one greeting",
        "a wrong key whose webhook comes again does not use up another attempt",
        "every webhook is delivered twice at the same moment, to a caller who agrees",
        "the whole call is replayed after its end, and nothing more is on record",
      ]),
    );
    expect(names).not.toContain("a caller listens to the notice, presses 1 and is opted in");
  });

  it("a line that takes every message for a yes", async () => {
    const names = namesOf(
      await played({ wrapFetch: everythingIsYes }, inFile("whatsapp-start", "the notice")),
    );
    expect(names).toEqual(
      expect.arrayContaining([
        "somebody writes START, gets the notice and says no",
        "somebody answers the notice with a question, which is no yes",
      ]),
    );
  });

  it("a line that does not hear STOP", async () => {
    const names = namesOf(await played({ wrapFetch: deafToStop }, inFile("whatsapp-stop", "a patient")));
    expect(names).toEqual(expect.arrayContaining(["a patient stops in Hindi, रोकें, and it counts"]));
    expect(names).not.toContain(
      "a patient writes something that nobody can read a yes or a STOP in, and all stays as it was",
    );
  });

  it("a line that sends every message twice", async () => {
    const names = namesOf(
      await played({ wrapFetch: sendingTwice }, inFile("whatsapp-other-number", "number whose owner does")),
    );
    expect(names).toEqual(
      expect.arrayContaining([
        "a caller names a number whose owner does not answer, and silence is not consent",
      ]),
    );
  });

  it("a line that withdraws a consent because its confirmation did not arrive", async () => {
    const names = namesOf(
      await played({ wrapMemory: withdrawingWhatFailed }, inFile("whatsapp-failures", "is not on WhatsApp")),
    );
    expect(names).toEqual(
      expect.arrayContaining([
        "a caller agrees whose number is not on WhatsApp; the message fails, and the consent is unchanged",
      ]),
    );
  });
});

const inFile = (name: string, ...only: string[]) => [
  ...WRITTEN.filter((file) => file.includes(name)),
  ...only.flatMap((words) => ["--grep", words]),
];

const SILENT_CALLERS = [
  "a caller says nothing three times, and silence is not consent",
  "a caller presses 1 during the notice, where no key counts, and then says nothing",
];

const CALL = 'call: { from: "+19075550101", to: "+14155550100" }';

type Fetch = (request: Request) => Response | Promise<Response>;
type Breakage = {
  readonly twiml?: string;
  readonly wrapLedger?: (ledger: Ledger) => Ledger;
  readonly wrapMemory?: (memory: Memory) => Memory;
  readonly wrapFetch?: (fetch: Fetch, sign: Sign) => Fetch;
};

/** Shipped scenarios, the calls unless told, against a line with these parts, over real HTTP. */
async function played(breakage: Breakage, scenarios: readonly string[] = SPOKEN): Promise<Report> {
  const { url, env } = await brokenLine(breakage);
  const { out, err } = await cli(["call", "run", ...scenarios, "--url", url, "--json"], env);
  expect(err).toBe("");
  return JSON.parse(out) as Report;
}

function failuresIn({ results }: Report) {
  return results.flatMap(({ name, steps }) =>
    steps.filter(({ status }) => status === "failed").map(({ step, heard }) => ({ name, step, heard })),
  );
}

function namesOf({ results }: Report): string[] {
  return results.filter(({ ok }) => !ok).map(({ name }) => name);
}

type Sign = (path: string, fields: Readonly<Record<string, string>>) => Request;

/** A line in this process with real file, signatures and HTTP, and one part that is not as it should be. */
async function brokenLine({
  twiml = TWIML_FOLDER,
  wrapLedger = (ledger) => ledger,
  wrapMemory = (memory) => memory,
  wrapFetch = (fetch) => fetch,
}: Breakage): Promise<{ url: string; env: Environment }> {
  const folder = mkdtempSync(join(tmpdir(), "yesline-broken-"));
  const databaseFile = join(folder, "yesline.db");
  const env = { DATABASE_URL: `file:${databaseFile}` };
  const config = loadConfig(env);
  const connection = open(databaseFile, { busyTimeoutMs: 0 });
  migrate(connection);
  const { businesses, accounts, simulator } = config;
  if (simulator === null) throw new Error("no simulator");
  const rethrow = (error: unknown) => {
    throw error;
  };
  const whole = sqliteMemory(connection, {
    vault: numberVault(config.secret),
    businesses,
    newId: randomUUIDv7,
    now: Date.now,
    monotonicMs: () => performance.now(),
    onCommit: () => undefined,
    onFatal: rethrow,
  });
  const memory = wrapMemory(whole);
  const { ledger } = memory;
  const scripts = loadScripts(twiml, versionsIn(twiml));
  const stopping = new AbortController();
  let leaving = Promise.resolve();
  const appAt = (publicUrl: string): Fetch => {
    const { worker } = dispatchWith(config, {
      memory,
      scripts,
      publicUrl,
      ownUrl: publicUrl,
      guard: () => Promise.reject(new Error("this line calls nobody")),
      log: pino({ level: "silent" }),
      count: () => undefined,
    });
    leaving = worker.run(stopping.signal);
    const clocks = { now: Date.now, monotonicMs: () => performance.now() };
    const shared = { publicUrl, accounts, businesses, scripts, ...clocks };
    const target = { url: publicUrl, ...simulator };
    const app = createApp({
      voice: {
        ...shared,
        ledger: wrapLedger(ledger),
        recordings: memory.recordings,
        liveCalls: { find: async () => null },
        observe: () => worker.wake(),
      },
      whatsapp: { ...shared, messages: memory.messages, wake: worker.wake, observe: () => undefined },
      phone: { target, lines: [], templates: templatesOf(scripts, businesses), now: Date.now },
      api: {
        ...memory,
        publicUrl,
        businesses,
        calls: null,
        wake: worker.wake,
        now: Date.now,
        newId: randomUUIDv7,
        onError: rethrow,
      },
      metrics: () => Promise.resolve(""),
      isServing: () => true,
      onError: rethrow,
    });
    return wrapFetch(app.fetch, (path, fields) =>
      signedRequest(publicUrl, path, fields, simulator.authToken),
    );
  };
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer: Fetch = () => new Response("starting\n", { status: 503 });
  const server = serve(
    { fetch: (request) => answer(request), hostname: "127.0.0.1", port: 0 },
    ({ port }) => {
      const url = `http://127.0.0.1:${port}`;
      answer = appAt(url);
      resolve(url);
    },
  );
  onTestFinished(async () => {
    stopping.abort();
    await leaving;
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await whole.ledger.close();
    rmSync(folder, { recursive: true });
  });
  return { url: await promise, env };
}

/** What a line would do whose form reader took an empty `Digits` for a yes. */
function silenceIsKey1(fetch: Fetch, sign: Sign): Fetch {
  return async (request) => {
    const fields = Object.fromEntries(new URLSearchParams(await request.clone().text()));
    const { pathname, search } = new URL(request.url);
    return fields["Digits"] === ""
      ? fetch(sign(pathname + search, { ...fields, Digits: "1" }))
      : fetch(request);
  };
}

/** The caller hears what silence deserves; the ledger is told of a yes. */
function grantingOnSilence(ledger: Ledger): Ledger {
  return {
    ...ledger,
    record: (turn) => ledger.record(turn.step === "choice" && turn.key === null ? agreed(turn) : turn),
  };
}

function agreed(turn: Turn): Turn {
  const topics = ["appointment-reminders", "policy-updates"];
  const entry = {
    kind: "granted",
    topics,
    subscriberId: null,
    jurisdiction: "US",
    script: "2026-11-22",
  } as const;
  return turn.attempt === 1 ? { ...turn, key: "1", entries: [entry] } : turn;
}

/** A key that stands for the delivery and not for the question: each delivery of a webhook is a new turn. */
function forgettingRetries(ledger: Ledger): Ledger {
  const deliveries = new Map<string, number>();
  return {
    ...ledger,
    record(turn) {
      const which = `${turn.call.callSid} ${turn.step} ${turn.attempt}`;
      const delivery = deliveries.get(which) ?? 0;
      deliveries.set(which, delivery + 1);
      const attempt = turn.attempt + 10 * delivery;
      const served = { ...turn.served, attempt: turn.served.attempt + 10 * delivery };
      return ledger.record(delivery === 0 ? turn : { ...turn, attempt, served });
    },
  };
}

/** A line that knows each webhook once, and has nothing to say when it comes again. */
function hangingUpOnRetries(fetch: Fetch): Fetch {
  const seen = new Set<string>();
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const which = `${pathname}${search} ${new URLSearchParams(await request.clone().text()).get("CallSid")}`;
    if (pathname === "/voice/status" || !seen.has(which)) {
      seen.add(which);
      return fetch(request);
    }
    return new Response("<Response><Hangup/></Response>", { headers: { "Content-Type": "text/xml" } });
  };
}

/** Messages reach the line with other words than they were written with. */
function rewording(reword: (body: string) => string): NonNullable<Breakage["wrapFetch"]> {
  return (fetch, sign) => async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/whatsapp") return fetch(request);
    const fields = Object.fromEntries(new URLSearchParams(await request.clone().text()));
    return fetch(sign(pathname, { ...fields, Body: reword(fields["Body"] ?? "") }));
  };
}

const everythingIsYes = rewording((body) => (/^start$/i.test(body) ? body : "yes"));
const deafToStop = rewording(() => "hello");

/** A line whose requests to Twilio are repeated behind its back. */
function sendingTwice(fetch: Fetch): Fetch {
  return async (request) => {
    const again =
      request.method === "POST" && request.url.endsWith("/Messages.json") ? request.clone() : null;
    const answer = await fetch(request);
    if (again !== null) await fetch(again);
    return answer;
  };
}

/** A message that was lost is none that was refused. */
function withdrawingWhatFailed(memory: Memory): Memory {
  const { messages, ledger } = memory;
  return {
    ...memory,
    messages: {
      ...messages,
      async statusChanged(change) {
        const fate = await messages.statusChanged(change);
        if (change.errorCode === null) return fate;
        await ledger.revoke({
          businessId: "acme-dental",
          number: "+12135550179",
          topics: ["appointment-reminders", "policy-updates"],
          simulated: true,
          source: "cli",
          sourceId: randomUUIDv7(),
          reason: null,
          locale: "en-US",
          jurisdiction: "US",
          script: "2026-11-22",
          at: Date.now(),
        });
        return fate;
      },
    },
  };
}
