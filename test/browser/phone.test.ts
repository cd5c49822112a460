import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseScenarios, runScenario } from "../../src/simulator/index.ts";
import { launchBrowser } from "../support/browser.ts";
import { atPhone } from "./phone-person.ts";
import { freshLine, type PhoneLine, type PhoneLineOptions } from "./phone-line.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A caller in the middle of a call to Acme Dental, asked for consent. */
async function asked(options: PhoneLineOptions = {}) {
  const line = await freshLine(options);
  const phone = await atPhone(browser, line.url);
  await phone.speed("Instant");
  await phone.button("Call").click();
  await phone.listening();
  return { ...line, ...phone };
}

const entries = ({ line }: PhoneLine) => line.rows("entry");

describe("somebody with a mouse or a finger", () => {
  test("calls Acme Dental, hears the notice, presses 1 and hears that it is recorded", async () => {
    const phone = await asked();
    await phone.hears(/Acme Dental/u);
    await phone.hears(/WhatsApp/u);
    await phone.key("1").click();
    await phone.hears(/recorded/u);
    await phone.ended();
    expect(entries(phone)).toMatchObject([{ kind: "granted", simulated: 1 }]);
    expect(phone.complaints).toEqual([]);
  });

  test("sees every webhook with its answer, its status, its time and what was posted", async () => {
    const phone = await asked();
    await phone.key("1").click();
    await phone.ended();
    await expect.poll(() => phone.webhooks.count()).toBe(3);
    const answer = phone.webhooks.nth(1);
    expect(await answer.locator("summary").innerText()).toMatch(
      /POST[\s\S]*\/voice\/.*\/choice[\s\S]*key 1[\s\S]*200[\s\S]*ms/u,
    );
    expect(await answer.locator(".twiml").innerText()).toMatch(
      /^<Response>\n<Say language="en-US"[\s\S]*\n<Hangup\/>\n<\/Response>$/u,
    );
    expect(await answer.locator(".params").innerText()).toMatch(/StirVerstat\s+TN-Validation-Passed-A/u);
    expect(await phone.webhooks.nth(2).innerText()).toMatch(/\/voice\/status[\s\S]*204/u);
  });

  test("withholds the number and is asked for one", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.speed("Instant");
    await phone.page.getByRole("checkbox", { name: "Withhold the number" }).check();
    await phone.page.getByLabel("What the carrier attests").selectOption("none");
    await phone.button("Call").click();
    await phone.listening();
    expect(await phone.page.locator("#line-number").innerText()).toBe("Your number is withheld");
    expect(await phone.page.locator(".params").first().innerText()).toMatch(/From\s+anonymous/u);
    expect(await phone.page.locator(".params").first().innerText()).not.toContain("StirVerstat");
    for (const key of "14155550199#") await phone.key(key).click();
    await phone.hears(/0 1 9 9/u);
    expect(phone.complaints).toEqual([]);
  });

  test("calls Hotel Miramar, chooses French, and the transcript says which language it is in", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.speed("Instant");
    await phone.page.getByRole("radio", { name: /Hotel Miramar/u }).check();
    await phone.button("Call").click();
    await phone.listening();
    const offers = phone.transcript.locator(".words");
    expect(await offers.evaluateAll((words) => words.map((each) => each.getAttribute("lang")))).toEqual([
      "es-ES",
      "en-US",
      "fr-FR",
      "de-DE",
    ]);
    const before = await offers.count();
    await phone.key("3").click();
    await phone.transcript.locator('.words[lang="fr-FR"]').nth(2).waitFor();
    await phone.listening();
    const after = await offers.evaluateAll((words) => words.map((each) => each.getAttribute("lang")));
    expect(new Set(after.slice(before))).toEqual(new Set(["fr-FR"]));
  });

  test("says nothing and is asked again, then hangs up, and nothing is recorded", async () => {
    const phone = await asked();
    await phone.button("Silence").click();
    await phone.hears("You said nothing");
    await phone.hears(/hear an answer/u);
    await phone.listening();
    await phone.button("Hang up").click();
    await phone.ended();
    await phone.hears("You hung up.");
    expect(entries(phone)).toEqual([]);
  });

  test("listens at the pace of speech, skips a prompt, and a key during the notice is lost", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.button("Call").click();
    await phone.hears(/this is Acme Dental/u);
    await phone.key("1").click();
    await phone.hears(/nobody heard/u);
    await phone.button("Skip").click();
    await phone.hears(/WhatsApp/u);
    await phone.speed("Instant");
    await phone.listening();
    expect(entries(line)).toEqual([]);
    await phone.button("Hang up").click();
    await phone.ended();
  });

  test("slows down while the line waits, and the time for an answer begins to run", async () => {
    const phone = await asked();
    await phone.speed("4×");
    await phone.page.locator("#countdown:not([hidden])").waitFor();
    await phone.hears("You said nothing");
    await phone.button("Hang up").click();
    await phone.ended();
    expect(await phone.page.locator("#timer").innerText()).toMatch(/^[01]:\d\d$/u);
  });

  test("loads the page anew in the middle of a call and has lost nothing", async () => {
    const phone = await asked();
    const before = await phone.transcript.innerText();
    await phone.page.reload();
    await phone.listening();
    expect(await phone.transcript.innerText()).toBe(before);
    expect(await phone.webhooks.count()).toBe(1);
    await phone.key("2").click();
    await phone.ended();
    expect(entries(phone)).toMatchObject([{ kind: "refused" }]);
  });

  test("is cut off in the middle of a call, comes back, and has lost nothing", async () => {
    const phone = await asked();
    phone.cut();
    await phone.page.getByText("The connection is gone; coming back…").waitFor();
    await phone.key("1").click();
    await phone.ended();
    await expect.poll(() => phone.page.locator("#problem").innerText()).toBe("");
    const words = await phone.transcript.innerText();
    expect(words.match(/this is Acme Dental/gu)).toHaveLength(1);
    expect(words.match(/recorded/gu)).toHaveLength(1);
    expect(await phone.webhooks.count()).toBe(3);
  });

  test("comes back to a server that has forgotten the call, and can call again", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.page.evaluate(`sessionStorage.setItem("yesline-call", "CA${"0".repeat(32)}")`);
    await phone.page.reload();
    await expect.poll(() => phone.page.evaluate(`sessionStorage.getItem("yesline-call")`)).toBeNull();
    await phone.button("Call").click();
    await phone.hears(/Acme Dental/u);
  });

  test("saves the call as a scenario that plays again", async () => {
    const phone = await asked();
    await phone.key("7").click();
    await phone.hears(/not one of the choices/u);
    await phone.listening();
    await phone.key("1").click();
    await phone.ended();
    const download = phone.page.waitForEvent("download");
    await phone.page.getByRole("link", { name: "Save as scenario" }).click();
    const yaml = await readFile(await (await download).path(), "utf8");
    const { scenarios, problems } = parseScenarios(yaml, "saved.yaml");
    expect(problems).toEqual([]);
    const { url, line } = await freshLine();
    const { simulator } = line.config;
    if (simulator === null) throw new Error("the simulator is off");
    const again = await Promise.all(
      scenarios.map((scenario) => runScenario(scenario, { url, ...simulator })),
    );
    expect(again.flatMap(({ steps }) => steps.filter(({ ok }) => !ok))).toEqual([]);
    expect(again.map(({ ok }) => ok)).toEqual([true]);
  });

  test("finds the call in the console where there is one", async () => {
    const phone = await asked({ consoleUrl: (callSid) => `/console/calls/${callSid}` });
    await phone.button("Hang up").click();
    await phone.ended();
    const link = phone.page.getByRole("link", { name: "Console" });
    expect(await link.getAttribute("href")).toMatch(/^\/console\/calls\/CA[0-9a-f]{32}$/u);
  });

  test("is told when the line cannot be reached, with Twilio's number for it", async () => {
    const { url } = await freshLine({ voicePath: "/nowhere" });
    const { page, ...phone } = await atPhone(browser, url);
    await phone.speed("Instant");
    await phone.button("Call").click();
    await phone.ended();
    expect(await page.locator(".problems").first().innerText()).toMatch(/error 11200 Got HTTP 404/u);
    expect(await page.locator("#webhooks-sum").innerText()).toContain("1 error");
  });
});
