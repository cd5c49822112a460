import { serve } from "@hono/node-server";
import { Hono } from "hono";
import type { AddressInfo } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import twilio from "twilio";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseScenarios, runScenario } from "../../src/simulator/index.ts";
import { accountSid, authToken } from "./play.ts";

/** A pizza line, made with Hono and Twilio's own TwiML builder: it knows nothing of us, nor we of it. */
async function pizzaLine(): Promise<string> {
  const app = new Hono();
  app.post("/ivr", async (c) => {
    const response = new twilio.twiml.VoiceResponse();
    const gather = response.gather({ action: "order", finishOnKey: "*", timeout: 3 });
    gather.say({ language: "it-IT" }, "How many pizzas? Then press star.");
    response.say("No pizza for you.");
    return c.body(response.toString(), 200, { "Content-Type": "text/xml" });
  });
  app.post("/order", async (c) => {
    const form = await c.req.parseBody();
    const signature = c.req.header("X-Twilio-Signature") ?? "";
    if (!twilio.validateRequest(authToken, signature, c.req.url, form)) return c.text("who are you?", 403);
    const response = new twilio.twiml.VoiceResponse();
    response.say(`${JSON.stringify(form["Digits"])} pizzas are on their way.`);
    response.hangup();
    return c.body(response.toString(), 200, { "Content-Type": "text/xml" });
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a service that is not ours", () => {
  test.for([
    [
      "takes an order",
      '{ press: { keys: "12*", bargeIn: true } }, { hear: on their way }, { hangup: by-service }',
    ],
    [
      "sends the silent away",
      "{ hear: { contains: pizzas, language: it-IT } }, { silence: {} }, { hear: no pizza }, { hangup: by-service }",
    ],
  ])("%s", async ([name, steps]) => {
    const yaml = `name: ${name}\ncall: { from: "+390612345678", to: "+390698765432" }\nsteps: [${steps}]\nexpect: { webhooks: { errors: 0 } }`;
    const target = {
      url: await pizzaLine(),
      accountSid,
      authToken,
      voicePath: "/ivr",
      statusPath: false,
    } as const;
    const results = await Promise.all(
      parseScenarios(yaml, "pizza.yaml").scenarios.map((scenario) => runScenario(scenario, target)),
    );
    expect(results.flatMap(({ steps: done }) => done.filter(({ ok }) => !ok))).toEqual([]);
    expect(results).toMatchObject([{ ok: true }]);
  });

  test("could be tested without the rest of this house: the simulator imports nothing of it, nor Twilio's SDK", async () => {
    const room = new URL("../../src/simulator/", import.meta.url);
    const names = await readdir(room, { recursive: true });
    const files = names.filter((name) => name.endsWith(".ts")).map((name) => new URL(name, room));
    const imported = await Promise.all(
      files.map(async (file) => {
        const source = await readFile(file, "utf8");
        const named = [...source.matchAll(/^(?:import|export|\}).* from "([^"]+)";$/gmu)].map(
          ([, from = ""]) => from,
        );
        return named.map((from) => (from.startsWith(".") ? new URL(from, file).href : from));
      }),
    );
    const strangers = imported
      .flat()
      .filter((from) => !from.startsWith(room.href) && !from.startsWith("node:"));
    const packages = new Set(strangers.map((from) => from.split("/")[0]));
    // Hono serves the browser phone; nothing that plays calls needs it.
    expect(packages.difference(new Set(["hono"]))).toEqual(
      new Set(["fast-xml-parser", "libphonenumber-js", "yaml", "zod"]),
    );
  });
});
