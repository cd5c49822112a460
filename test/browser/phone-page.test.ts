import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { HtmlValidate } from "html-validate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { run } from "../support/server.ts";
import { atPhone } from "./phone-person.ts";
import { startPhoneLine, type PhoneLine } from "./phone-line.ts";

let browser: Browser;
let line: PhoneLine;
beforeAll(async () => {
  browser = await launchBrowser();
  line = await startPhoneLine();
});
afterAll(async () => {
  await browser.close();
  await line.stop();
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Axe's complaints about the page as it is, each with its first place. */
async function violations(page: Page): Promise<string[]> {
  // In the page's own world, past its Content-Security-Policy, as the debugger evaluates it.
  await page.evaluate(axe);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

function faultsIn(html: string): string[] {
  const validator = new HtmlValidate({ extends: ["html-validate:standard", "html-validate:a11y"] });
  const report = validator.validateStringSync(html);
  return report.results.flatMap(({ messages }) =>
    messages.map(({ line: row, ruleId, message }) => `${row}: ${ruleId}: ${message}`),
  );
}

describe("somebody with a screen reader finds nothing missing", () => {
  const schemes = ["light", "dark"] as const;
  const sizes = [
    { width: 360, height: 800 },
    { width: 1280, height: 900 },
  ];
  const cases = schemes.flatMap((scheme) => sizes.map((size) => [scheme, size.width, size] as const));

  test.each(cases)(
    "in %s colours, %i pixels wide: before, in and after a call",
    async (colorScheme, _, viewport) => {
      const phone = await atPhone(browser, line.url, { colorScheme, viewport, reducedMotion: "reduce" });
      const found = [...(await violations(phone.page))];
      await phone.speed("Instant");
      await phone.button("Call").click();
      await phone.listening();
      await phone.key("7").click();
      await phone.hears(/not one of the choices/u);
      await phone.listening();
      await phone.page.locator("#webhooks summary").first().click();
      found.push(...(await violations(phone.page)));
      await phone.button("Hang up").click();
      await phone.ended();
      found.push(...(await violations(phone.page)));
      expect(found).toEqual([]);
      expect(phone.complaints).toEqual([]);
    },
  );

  test("nothing scrolls sideways on the smallest phone", async () => {
    const phone = await atPhone(browser, line.url, { viewport: { width: 320, height: 640 } });
    await phone.speed("Instant");
    await phone.button("Call").click();
    await phone.listening();
    const [wide, room] = await phone.page.evaluate<number[]>(
      "[document.documentElement.scrollWidth, innerWidth]",
    );
    expect(wide).toBeLessThanOrEqual(room ?? 0);
  });

  test("every button is at least 24 pixels high and wide, the keys 44", async () => {
    const phone = await atPhone(browser, line.url, { viewport: { width: 360, height: 800 } });
    await phone.button("Call").click();
    await phone.state("in-call").waitFor();
    const boxes = await phone.page
      .locator("button:visible, label:visible:has(input), a:visible, summary:visible")
      .evaluateAll((all) =>
        all.map((each) => each.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)),
      );
    expect(Math.min(...boxes)).toBeGreaterThanOrEqual(24);
    const keys = await phone.page
      .locator(".key")
      .evaluateAll((all) => all.map((key) => key.getBoundingClientRect().height));
    expect(Math.min(...keys)).toBeGreaterThanOrEqual(44);
  });

  test("what is happening, what is wrong and what was said are announced", async () => {
    const phone = await atPhone(browser, line.url);
    await phone.speed("Instant");
    await phone.button("Call").click();
    await phone.listening();
    expect(await phone.page.getByRole("status").innerText()).toContain("Listening");
    expect(await phone.page.locator(":focus").innerText()).toBe("Acme Dental");
    expect(await phone.page.getByRole("log", { name: "Transcript" }).count()).toBe(1);
    expect(await phone.page.locator("#problem").getAttribute("role")).toBe("alert");
  });
});

describe("the page", () => {
  test("is valid HTML, as it is served and as it is in a call", async () => {
    const served = await (await fetch(`${line.url}/phone`)).text();
    expect(faultsIn(served)).toEqual([]);
    const phone = await atPhone(browser, line.url);
    await phone.speed("Instant");
    await phone.button("Call").click();
    await phone.listening();
    expect(faultsIn(await phone.page.content())).toEqual([]);
  });

  test("fetches nothing from elsewhere, and its policy lets nothing inline run", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).origin));
    const response = await page.goto(`${line.url}/phone`);
    await page.locator("#call").waitFor();
    expect([...hosts]).toEqual([line.url]);
    expect(response?.headers()["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    const blocked = page.evaluate<string>(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "document.title = 'inline'";
      document.head.append(script);
    })`);
    expect(await blocked).toBe("script-src-elem");
    await context.close();
  });

  test("says that its calls are never consent", async () => {
    const phone = await atPhone(browser, line.url);
    expect(await phone.page.getByText("Simulated: never consent").isVisible()).toBe(true);
  });

  test("rests where somebody wants little motion", async () => {
    const phone = await atPhone(browser, line.url, { reducedMotion: "reduce" });
    await phone.button("Call").click();
    await phone.page.locator('#status[data-mood="speaking"]').waitFor();
    expect(await phone.page.evaluate("document.getAnimations().length")).toBe(0);
  });

  test("passes the type checker, module by module", async () => {
    const checked = await run("node_modules/.bin/tsc", ["--noEmit", "-p", "src/simulator/phone/assets"])
      .exited;
    expect(checked).toMatchObject({ code: 0, out: "" });
  });
});
