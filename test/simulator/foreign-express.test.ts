import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import twilio from "twilio";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseScenarios, runScenario, type ScenarioResult } from "../../src/simulator/index.ts";
import { accountSid, authToken } from "./play.ts";

const { VoiceResponse } = twilio.twiml;

/**
 * A shop's telephone menu, written as Twilio's documentation shows it for Node: Express, the SDK's own check of the
 * signature, its TwiML builder, `gather` with an action, and a `redirect` for who says nothing.
 */
function shop(): Express {
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.use(twilio.webhook(authToken, { protocol: "http" }));

  app.post("/voice", (_request, response) => {
    const twiml = new VoiceResponse();
    const gather = twiml.gather({ numDigits: 1, action: "/gather" });
    gather.say("For sales, press 1. For support, press 2.");
    twiml.redirect("/voice");
    response.type("text/xml").send(twiml.toString());
  });

  app.post("/gather", (request, response) => {
    const twiml = new VoiceResponse();
    const { Digits: digits } = request.body as { Digits?: string };
    switch (digits ?? "") {
      case "1":
        twiml.say("You selected sales. Good for you!");
        twiml.hangup();
        break;
      case "2":
        twiml.say({ voice: "Polly.Amy", language: "en-GB" }, "You need support. We will help!");
        twiml.pause({ length: 2 });
        twiml.say("Goodbye.");
        break;
      default:
        twiml.say("Sorry, I don't understand that choice.");
        twiml.redirect("/voice");
    }
    response.type("text/xml").send(twiml.toString());
  });

  app.post("/status", (_request, response) => {
    response.sendStatus(204);
  });
  return app;
}

/** On a port of its own, for as long as the test lasts. */
async function serving(app: Express): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = app.listen(0, "127.0.0.1", () => resolve());
  await promise;
  onTestFinished(() => new Promise((done) => server.close(() => done())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function play(steps: string, token = authToken, more = ""): Promise<ScenarioResult> {
  const yaml = `name: a customer\ncall: { from: "+442079460123", to: "+442079460100" }\nsteps: [${steps}]\n${more}`;
  const { scenarios, problems } = parseScenarios(yaml, "shop.yaml");
  expect(problems).toEqual([]);
  const target = { url: await serving(shop()), accountSid, authToken: token, statusPath: "/status" };
  return runScenario(scenarios[0]!, target);
}

function failuresIn({ steps }: ScenarioResult) {
  return steps.filter(({ ok }) => !ok);
}

describe("a service written as Twilio's documentation shows, with Express", () => {
  test.for<[string, string]>([
    [
      "who presses 1 is sold to",
      '{ hear: "press 2" }, { press: "1" }, { hear: sales }, { hangup: by-service }',
    ],
    [
      "who presses 2 over the prompt gets support in British English",
      '{ press: { keys: "2", bargeIn: true } }, { hear: { contains: help } }, { hear: goodbye }, { hangup: by-service }',
    ],
    [
      "who presses 7 is asked again",
      '{ press: "7" }, { hear: { contains: [understand, press 1] } }, { press: "1" }, { hangup: by-service }',
    ],
    [
      "who says nothing is asked again, by way of a redirect",
      "{ silence: { times: 3 } }, { hear: press 1 }, { hangup: by-caller }",
    ],
    [
      "who is on a bad line is served all the same",
      '{ network: { delay: 1s, copies: 1 } }, { dropConnection: {} }, { press: "1" }, { hear: sales }, { repeatLastWebhook: {} }',
    ],
  ])("%s", async ([, steps]) => {
    const result = await play(steps, authToken, "expect: { webhooks: { errors: 0 } }\n");
    expect(failuresIn(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, problems: [] });
  });

  test("accepts the signature of every webhook, the status callback's too", async () => {
    const { events } = await play('{ press: "2" }, { hangup: by-service }');
    const webhooks = events.filter((event) => event.kind === "webhook");
    expect(webhooks.map(({ purpose, status }) => [purpose, status])).toEqual([
      ["call", 200],
      ["action", 200],
      ["status", 204],
    ]);
  });

  test("turns away who signs with another token, and the simulator reports it as Twilio does: 11200", async () => {
    const result = await play("{ hear: application error }", "another token");
    expect(result).toMatchObject({ ok: false, reached: true });
    const [first] = result.events;
    expect(first).toMatchObject({
      kind: "webhook",
      status: 403,
      problems: [{ code: 11_200, severity: "error" }],
    });
    expect(result.events.at(-1)).toMatchObject({ kind: "ended", by: "twilio" });
    expect(failuresIn(result)).toMatchObject([{ message: expect.stringContaining("11200") }]);
  });
});
