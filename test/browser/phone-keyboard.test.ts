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

describe("somebody with a keyboard alone", () => {
  test("calls with Enter, presses 1, hears that it is recorded, and calls again with Enter", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    for (let presses = 0; presses < 2; presses += 1) await phone.page.keyboard.press("f");
    await phone.page.keyboard.press("Enter");
    await phone.listening();
    await phone.page.keyboard.press("1");
    await phone.hears(/recorded/u);
    await phone.ended();
    expect(line.line.rows("entry")).toMatchObject([{ kind: "granted" }]);
    await phone.page.keyboard.press("Enter");
    await phone.state("in-call").waitFor();
    await phone.listening();
    await phone.page.keyboard.press("Escape");
    await phone.ended();
    expect(phone.complaints).toEqual([]);
  });

  test("stays silent with S, skips with K, turns the voice off with V", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.page.keyboard.press("v");
    expect(await phone.page.locator("#voice").getAttribute("aria-pressed")).toBe("false");
    await phone.page.keyboard.press("Enter");
    for (const words of [/this is Acme/u, /WhatsApp, if/u]) {
      await phone.hears(words);
      await phone.page.keyboard.press("k");
    }
    await phone.speed("Instant");
    await phone.listening();
    await phone.page.keyboard.press("s");
    await phone.hears("You said nothing");
    expect(phone.complaints).toEqual([]);
  });

  test("reaches everything with Tab, and types digits into a field without pressing keys", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    const reached: string[] = [];
    const focused = `(({ id, name, textContent }) => id || name || textContent.trim())(document.activeElement)`;
    for (let tabs = 0; tabs < 25; tabs += 1) {
      await phone.page.keyboard.press("Tab");
      reached.push(await phone.page.evaluate<string>(focused));
    }
    expect(reached).toEqual(
      expect.arrayContaining([
        "line",
        "caller",
        "withheld",
        "attestation",
        "voice",
        "pace",
        "call",
        "shortcuts",
      ]),
    );
    expect(reached.filter((name) => /^[0-9*#]/u.test(name))).toHaveLength(12);
    await phone.page.getByLabel("Calling from").fill("");
    await phone.page.getByLabel("Calling from").press("5");
    expect(await phone.page.locator(".key.down").count()).toBe(0);
    expect(await phone.page.getByLabel("Calling from").inputValue()).toBe("5");
  });

  test("turns the single-letter keys off, and they do nothing", async () => {
    const line = await freshLine();
    const phone = await atPhone(browser, line.url);
    await phone.page.getByRole("checkbox", { name: "Use these keys" }).uncheck();
    await phone.page.keyboard.press("v");
    expect(await phone.page.locator("#voice").getAttribute("aria-pressed")).toBe("true");
  });
});
