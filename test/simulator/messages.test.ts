import { describe, expect, onTestFinished, test } from "vitest";
import { reportHtml, reportPretty } from "../../src/simulator/report.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { runScenario, type RunOptions } from "../../src/simulator/run.ts";
import { formatScenarioProblem, parseScenarios } from "../../src/simulator/scenario.ts";
import { accountSid, authToken } from "./play.ts";
import { testService, type Handler } from "./service.ts";

const WHO = 'whatsapp: { from: "+12125550101", to: "+14155550110" }';

type Row = { sid: string; direction: string; body: string; status: string; error_code: number | null };

/** A small Twilio that keeps what is written and answers with what a line would. */
function carrier(replies: (body: string) => Partial<Row>[], rows: Row[] = []): Record<string, Handler> {
  const list = `/phone/twilio/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const all: Row[] = [...rows];
  const add = (row: Partial<Row>) =>
    all.unshift({
      sid: `SM${all.length}`,
      direction: "outbound-api",
      body: "",
      status: "read",
      error_code: null,
      ...row,
    });
  const sides = (row: Row) =>
    row.direction === "inbound"
      ? { from: "whatsapp:+12125550101", to: "whatsapp:+14155550110" }
      : { from: "whatsapp:+14155550110", to: "whatsapp:+12125550101" };
  return {
    [list]: () => {
      const messages = all.map((row) => ({
        date_created: "Sun, 22 Nov 2026 10:00:00 +0000",
        ...sides(row),
        ...row,
      }));
      return { type: "application/json", body: JSON.stringify({ messages }) };
    },
    "/phone/twilio/people/messages": ({ form }) => {
      const said = form["Body"] ?? form["Button"] ?? "";
      add({ direction: "inbound", body: said, status: "received" });
      for (const reply of replies(said)) add(reply);
      const webhooks = [{ status: 200, problems: [] }];
      return { status: 201, type: "application/json", body: JSON.stringify({ message: {}, webhooks }) };
    },
  };
}

/** Time goes by as fast as it is waited for. */
async function run(steps: string, routes: Record<string, Handler>, options: RunOptions = {}) {
  const service = await testService(routes);
  onTestFinished(service.close);
  const { scenarios, problems } = parseScenarios(`name: writes\n${WHO}\nmessages:\n${steps}`, "test.yaml");
  expect(problems).toEqual([]);
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  return runScenario(scenario, { url: service.url, accountSid, authToken }, options);
}

const failures = ({ steps }: Awaited<ReturnType<typeof run>>) =>
  steps.filter(({ status }) => status === "failed").map(({ line, message }) => `${line}: ${message}`);

const notice = carrier((body) => (body === "START" ? [{ body: "May we write to you on WhatsApp?" }] : []));

describe("somebody who writes", () => {
  test("gets an answer, which says what it must", async () => {
    const result = await run(
      '  - send: START\n  - expect: { says: ["may we", "WhatsApp"], status: read }',
      notice,
    );
    expect(failures(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, reached: true, callSid: null });
    expect(result.messages).toMatchObject([
      { direction: "inbound", body: "START", from: "+12125550101" },
      { direction: "outbound-api", body: "May we write to you on WhatsApp?", to: "+12125550101" },
    ]);
    expect(reportPretty([result])).toContain("✓ writes (2 messages, played in");
    expect(reportHtml([result])).toContain("May we write to you on WhatsApp?");
  });

  test("is told by the report what arrived instead, and where the file says otherwise", async () => {
    const result = await run("  - send: START\n  - expect: { says: Telegram }\n  - send: STOP", notice);
    expect(failures(result)).toEqual(['5: it does not say "Telegram"']);
    expect(result.steps.at(1)).toMatchObject({ heard: "May we write to you on WhatsApp?" });
    expect(result.steps.at(2)).toMatchObject({ status: "skipped", step: "send: STOP" });
  });

  test("waits as long as the step says, and no longer, for what never comes", async () => {
    const result = await run("  - send: hello\n  - expect: { says: recorded, within: 200ms }", notice);
    expect(failures(result)).toEqual(["5: nothing arrived within 0.2 s"]);
  });

  test("sees that something arrives where nothing must", async () => {
    const result = await run("  - send: START\n  - expect: none", notice);
    expect(failures(result)).toEqual(["5: a message arrived"]);
  });

  test("does not take what had arrived before for an answer", async () => {
    const old = {
      sid: "SMold",
      direction: "outbound-api",
      body: "It is recorded",
      status: "read",
      error_code: null,
    };
    const result = await run(
      "  - expect: { nothing: true, within: 200ms }",
      carrier(() => [], [old]),
    );
    expect([failures(result), result.messages]).toEqual([[], []]);
  });

  test("takes each message once, in the order in which they came", async () => {
    const two = carrier(() => [{ body: "first" }, { body: "second" }]);
    const steps =
      "  - send: hi\n  - expect: { says: first }\n  - expect: { says: second }\n  - expect: { nothing: true, within: 200ms }";
    expect(failures(await run(steps, two))).toEqual([]);
  });

  test("sees how far a message came, and why it came no further", async () => {
    const lost = carrier(() => [{ body: "hello", status: "undelivered", error_code: 63_024 }]);
    const steps = "  - send: hi\n  - expect: { status: undelivered, error: 63024 }";
    expect(failures(await run(steps, lost))).toEqual([]);
    const other = await run("  - send: hi\n  - expect: { status: read, within: 200ms }", lost);
    expect(failures(other)).toEqual(["5: the message came as far as undelivered 63024"]);
  });

  test("asks whether something may be sent, of the business that was written to", async () => {
    const asked: unknown[] = [];
    const permissionOf: RunOptions["permissionOf"] = (question) => {
      asked.push(question);
      return Promise.resolve({ allowed: false, reason: "revoked" });
    };
    const steps =
      "  - permission: { topic: offers, allowed: false, reason: revoked }\n  - permission: { topic: offers, allowed: true }";
    const result = await run(steps, notice, { permissionOf });
    expect(failures(result)).toEqual(["5: expected allowed, got refused: revoked"]);
    expect(asked[0]).toEqual({ line: "+14155550110", to: "+12125550101", topic: "offers", at: undefined });
  });

  test("asks for the consent of others, with what was written as its source", async () => {
    const consentOf: RunOptions["consentOf"] = ({ subscriber, topic }) =>
      Promise.resolve(subscriber === "+34600000101" && topic === "offers" ? "pending" : "none");
    const steps =
      '  - consent: { subscriber: "+34600000101", is: { offers: pending } }\n  - consent: granted';
    expect(failures(await run(steps, notice, { consentOf }))).toEqual([
      "5: consent: expected granted, got none",
    ]);
  });
});

test("where nobody carries messages, a scenario says how to have it done", async () => {
  const result = await run("  - send: START", {});
  expect(failures(result)).toEqual([expect.stringMatching(/^4: .*HTTP 404.*YESLINE_SIMULATOR=on/)]);
  expect(result.reached).toBe(false);
});

test("a line that fails with a message is seen to fail", async () => {
  const webhooks = [{ status: 500, problems: [{ message: "Got HTTP 500" }] }];
  const broken: Handler = () => ({
    status: 201,
    type: "application/json",
    body: JSON.stringify({ webhooks }),
  });
  const result = await run("  - send: STOP", { ...notice, "/phone/twilio/people/messages": broken });
  expect(failures(result)).toEqual(["4: the line did not take the message: Got HTTP 500"]);
});

describe("a file about messages", () => {
  const problemsOf = (text: string) =>
    parseScenarios(text, "bad.yaml").problems.map((problem) => formatScenarioProblem(problem));

  test.each([
    [
      "a step that there is not",
      `name: x\n${WHO}\nmessages:\n  - shout: hi`,
      "bad.yaml:4:5: messages[0].shout: unknown field",
    ],
    [
      "nobody who calls or writes",
      "name: x",
      "say who calls, call: { from, to }, or what is written, messages",
    ],
    [
      "nobody to write to",
      "name: x\nmessages: [{ send: hi }]",
      "bad.yaml:2:1: messages: without a call, say who writes to which sender",
    ],
    [
      "steps of a call that nobody makes",
      `name: x\n${WHO}\nsteps: [{ press: "1" }]\nmessages: [{ send: hi }]`,
      "bad.yaml:3:1: steps: a call has steps",
    ],
    [
      "a wait for nothing that says something",
      `name: x\n${WHO}\nmessages: [{ expect: { nothing: true, says: a } }]`,
      "either nothing arrives",
    ],
    [
      "a state that there is not",
      `name: x\n${WHO}\nmessages: [{ consent: given }]`,
      "messages[0].consent: Invalid option: expected one of",
    ],
    [
      "a number without its plus",
      `name: x\nnumbers: { friend: "34600??" }\n${WHO}\nmessages: [{ send: hi }]`,
      "numbers.friend: a number with ?",
    ],
  ])("with %s is refused, with the place and the fix", (_, text, words) => {
    expect(problemsOf(text).join("\n")).toContain(words);
  });

  test("may name numbers that are new each time, and key them in", () => {
    const text = [
      "name: a friend's number",
      'numbers: { friend: "+3460?????00" }',
      'call: { from: "+14155550123", to: "+14155550100" }',
      'steps: [{ press: "00{friend.digits}#" }]',
      'messages: [{ expect: { to: "{friend}" } }]',
      'expect: { subscriber: "{friend}" }',
    ].join("\n");
    const read = (seed: string) => {
      const { scenarios, problems } = parseScenarios(text, "x.yaml", seededRandom(seed));
      expect(problems).toEqual([]);
      return scenarios[0];
    };
    const [one, other] = [read("a"), read("b")];
    const number = one?.expect.subscriber ?? "";
    expect(number).toMatch(/^\+3460\d{5}00$/);
    expect(one?.steps).toMatchObject([{ rule: { keys: `00${number.slice(1)}#` } }]);
    expect(one?.messages).toMatchObject([{ rule: { to: number }, text: '{ expect: { to: "{friend}" } }' }]);
    expect(other?.expect.subscriber).not.toBe(number);
  });
});
