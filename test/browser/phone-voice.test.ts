import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { atPhone } from "./phone-person.ts";
import { freshLine } from "./phone-line.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A device with voices for two languages that notes what it speaks; a headless browser has none. */
const twoVoices = `
  globalThis.spoken = [];
  class Utterance extends EventTarget { constructor(text) { super(); this.text = text; } }
  const voices = [{ lang: "en-GB", name: "Alice" }, { lang: "es_ES", name: "Blanca" }];
  const speak = ({ text, lang, rate, voice }) => spoken.push({ text, lang, rate, voice: voice.name });
  const fakes = { SpeechSynthesisUtterance: Utterance, speechSynthesis: { getVoices: () => voices, speak, cancel() {} } };
  for (const [name, value] of Object.entries(fakes)) Object.defineProperty(globalThis, name, { value });
`;

describe("somebody who listens", () => {
  test("hears each prompt in its own language, from a voice of that language, at the call's pace", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.page.addInitScript({ content: twoVoices });
    await phone.page.reload();
    await phone.page.getByRole("radio", { name: /Hotel Miramar/u }).check();
    await phone.speed("4×");
    await phone.button("Call").click();
    await phone.transcript.locator('.words[lang="fr-FR"]').waitFor();
    const spoken = await phone.page.evaluate("spoken");
    expect(spoken).toMatchObject([
      { text: expect.stringContaining("Hotel Miramar"), lang: "es-ES", voice: "Blanca", rate: 3 },
      { lang: "en-US", voice: "Alice" },
    ]);
    expect(await phone.page.locator("#voice").getAttribute("title")).toBe(
      "No voice on this device speaks fr-FR: read along",
    );
  });

  test("hears nothing with the voice turned off, nor at instant speed", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.page.addInitScript({ content: twoVoices });
    await phone.page.reload();
    await phone.button("Voice").click();
    await phone.button("Call").click();
    await phone.hears(/this is Acme/u);
    await phone.speed("Instant");
    await phone.button("Voice").click();
    await phone.listening();
    expect(await phone.page.evaluate("spoken")).toEqual([]);
  });
});
