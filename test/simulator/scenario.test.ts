import { describe, expect, onTestFinished, test } from "vitest";
import { reportPretty } from "../../src/simulator/report.ts";
import { runScenario, type RunOptions, type ScenarioResult } from "../../src/simulator/run.ts";
import { formatScenarioProblem, parseScenarios } from "../../src/simulator/scenario.ts";
import { scenarioJsonSchema } from "../../src/simulator/schema.ts";
import { consentLine, type Choices, type LineFaults } from "./consent-line.ts";
import { accountSid, authToken } from "./play.ts";
import { testService } from "./service.ts";

const call = 'call: { from: "+14155550123", to: "+14155550100", at: 2026-06-01T09:00:00Z }';

/** Runs the first scenario of a text against the consent line, whole or broken. */
async function run(yaml: string, faults: LineFaults = {}, options: RunOptions = {}): Promise<ScenarioResult> {
  const choices: Choices = new Map();
  const service = await testService(consentLine(choices, faults));
  onTestFinished(service.close);
  const { scenarios, problems } = parseScenarios(yaml, "test.yaml");
  expect(problems).toEqual([]);
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const consentOf: RunOptions["consentOf"] = ({ sources: [callSid = ""] }) =>
    Promise.resolve(choices.get(callSid) ?? "none");
  return runScenario(scenario, { url: service.url, accountSid, authToken }, { consentOf, ...options });
}

function failures({ steps }: ScenarioResult): string[] {
  return steps.filter(({ status }) => status === "failed").map(({ line, message }) => `${line}: ${message}`);
}

const silenceWrongKeyYes = `name: silence, a wrong key, then yes
${call}
steps:
  - hear: { contains: ["Acme Dental", "WhatsApp"], within: 2s }
  - silence: {}
  - hear: { matches: "did ?n.t hear" }
  - press: { keys: "7", after: 300ms }
  - hear: { similar: "that key is not one of the choices", min: 0.7 }
  - press: { keys: "w1", bargeIn: true }
  - hear: recorded
  - hangup: by-service
expect: { consent: granted, attempts: 3, noticeHeard: complete, webhooks: { errors: 0, count: 4 } }
`;

describe("a scenario", () => {
  test("with silence, a wrong key and a key that cuts the prompt ends in a yes", async () => {
    const result = await run(silenceWrongKeyYes);
    expect(failures(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, reached: true });
    expect(result.callMs).toBeGreaterThan(15_000);
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test("survives lost answers, repeated, duplicated and replayed webhooks and a slow network", async () => {
    const result = await run(`name: a bad line
${call}
steps:
  - network: { delay: 2s, copies: 2 }
  - dropConnection: {}
  - hear: Acme Dental
  - repeatLastWebhook: { times: 3, together: true }
  - dropConnection: {}
  - press: "1"
  - hear: recorded
  - hangup: by-service
  - repeatLastWebhook: {}
  - replay: {}
  - replay: { webhook: 1 }
expect: { consent: granted, webhooks: { errors: 0 } }
`);
    expect(failures(result)).toEqual([]);
  });

  test("in which the caller hangs up during the notice has not heard it", async () => {
    const result = await run(`name: leaves
${call}
steps:
  - hear: Acme Dental
  - hangup: { by: by-caller, after: 1s }
expect: { consent: none, noticeHeard: partial, attempts: 0 }
`);
    expect(failures(result)).toEqual([]);
    expect(result.events.at(-1)).toMatchObject({ kind: "ended", by: "caller" });
  });

  test("in which the caller hangs up when asked again has heard the notice", async () => {
    const result = await run(`name: leaves later
${call}
steps:
  - silence: {}
  - hear: We didn't hear you
  - hangup: by-caller
expect: { consent: none, noticeHeard: complete, attempts: 1 }
`);
    expect(failures(result)).toEqual([]);
  });

  test("can press a key where nobody listens, and that key is lost", async () => {
    const result = await run(`name: too early
${call}
steps:
  - press: { keys: "1", early: true, after: 500ms }
  - hear: WhatsApp
  - silence: { times: 3 }
  - hear: Nothing was recorded
  - hangup: by-service
expect: { consent: none, noticeHeard: complete, attempts: 3 }
`);
    expect(failures(result)).toEqual([]);
  });

  test("can wait out a time", async () => {
    const result = await run(`name: waits
${call}
steps: [{ wait: 1m }, { hear: Nothing was recorded }]
expect: { attempts: 3 }
`);
    expect(failures(result)).toEqual(["3: the call ended first: the service hung up"]);
  });

  test("that runs out of steps listens to the end, and hangs up when it is asked", async () => {
    const result = await run(`name: says nothing more
${call}
steps: [{ hear: Acme Dental }]
`);
    expect([result.ok, result.events.at(-1)]).toMatchObject([true, { by: "caller" }]);
    expect(result.events.filter(({ kind }) => kind === "spoken")).toHaveLength(2);
  });

  test("that fails says what was heard, what was expected, and where", async () => {
    const result = await run(silenceWrongKeyYes.replace("WhatsApp", "Telegram"));
    expect(result.steps[0]).toMatchObject({
      status: "failed",
      line: 4,
      expected: 'contains "Telegram"',
      heard: expect.stringContaining("Welcome to Acme Dental"),
    });
    expect(reportPretty([result])).toMatch(/✗ silence.*\n +test\.yaml:4: hear: .*Telegram/u);
    expect(result.steps.filter(({ status }) => status === "skipped")).toHaveLength(7);
  });

  test.for([
    ["a notice without WhatsApp", { without: "WhatsApp" }, silenceWrongKeyYes],
    ["a yes taken from silence", { grantsOnSilence: true }, silenceWrongKeyYes],
    [
      "a retry that gets another answer",
      { forgetsRetries: true },
      `name: retry\n${call}\nsteps: [{ press: "1" }, { hear: recorded }, { repeatLastWebhook: {} }]\n`,
    ],
    [
      "copies that get different answers",
      { forgetsRetries: true },
      `name: copies\n${call}\nsteps: [{ network: { copies: 2 } }, { press: "1" }, { hangup: by-service }]\n`,
    ],
  ] as const)("catches %s", async ([, faults, yaml]) => {
    expect(await run(yaml, faults)).toMatchObject({ ok: false });
  });

  test("whose service is not there says so", async () => {
    const { scenarios } = parseScenarios(silenceWrongKeyYes, "test.yaml");
    const results = await Promise.all(
      scenarios.map((one) => runScenario(one, { url: "http://127.0.0.1:1", accountSid, authToken })),
    );
    expect(results).toMatchObject([
      { ok: false, reached: false, problems: [{ code: 11_205 }, { code: 11_205 }] },
    ]);
  });

  test("that expects consent when nobody can be asked fails", async () => {
    const [scenario] = parseScenarios(silenceWrongKeyYes, "test.yaml").scenarios;
    const service = await testService(consentLine(new Map()));
    onTestFinished(service.close);
    const target = { url: service.url, accountSid, authToken };
    const result = await runScenario(scenario!, target);
    expect(failures(result)).toEqual(["12: nobody to ask: this run was not told how"]);
  });

  test("that is interrupted is not ok", async () => {
    const result = await run(silenceWrongKeyYes, {}, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ ok: false, interrupted: "interrupted" });
  });
});

describe("a file of scenarios", () => {
  const problemsOf = (yaml: string): string[] =>
    parseScenarios(yaml, "bad.yaml").problems.map(formatScenarioProblem);

  test("may hold several, one for each document", () => {
    const { scenarios, problems } = parseScenarios(
      `${silenceWrongKeyYes}---\n${silenceWrongKeyYes}`,
      "two.yaml",
    );
    expect([problems, scenarios.map(({ line }) => line)]).toEqual([[], [1, 14]]);
  });

  test.for([
    ["a step nobody knows", "  - shout: {}", "bad.yaml:4:5: steps[0].shout: unknown field"],
    [
      "an unknown field of a step",
      '  - press: { keys: "1", hard: true }',
      "bad.yaml:4:25: steps[0].press.hard: unknown field",
    ],
    [
      "keys that no telephone has",
      '  - press: { keys: "A" }',
      "bad.yaml:4:14: steps[0].press.keys: keys are 0-9, *, # and w, which waits half a second",
    ],
    [
      "keys without quotes",
      "  - press: 1",
      'bad.yaml:4:5: steps[0].press: keys in quotes, such as "1", or { keys: "1" }',
    ],
    [
      "a pattern that is none",
      '  - hear: { matches: "(" }',
      "bad.yaml:4:13: steps[0].hear.matches: not a regular expression",
    ],
    [
      "nothing to hear",
      "  - hear: { within: 2s }",
      "bad.yaml:4:5: steps[0].hear: say what to hear: contains, matches, similar or language",
    ],
    [
      "a length of time that is none",
      "  - wait: soon",
      "bad.yaml:4:5: steps[0].wait: a length of time, such as 300ms, 2s or 1m; a bare number means seconds",
    ],
  ])("names file, line and field of %s", ([, step, message]) => {
    expect(problemsOf(`name: bad\n${call}\nsteps:\n${step}\n`)).toContain(message);
  });

  test("names a number that YAML took for an integer, a missing part, and YAML that is none", () => {
    expect(problemsOf('name: x\ncall: { from: +14155550123, to: "+1" }\nsteps: [{ silence: {} }]')).toEqual([
      'bad.yaml:2:9: call.from: a phone number in quotes, such as "+14155550123", or anonymous',
    ]);
    expect(problemsOf(`name: x\n${call}\n`)[0]).toMatch(/^bad\.yaml:1:1: steps: /u);
    expect(problemsOf("name: [x")[0]).toMatch(/^bad\.yaml:1:9: /u);
    expect(problemsOf("# nothing\n")).toEqual(["bad.yaml:1:1: the file holds no scenario"]);
  });

  test("has a JSON Schema for editors", () => {
    expect(scenarioJsonSchema()).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      required: ["name"],
      properties: {
        steps: { items: { minProperties: 1, maxProperties: 1, properties: { hear: {}, press: {} } } },
      },
    });
  });
});
