import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { HtmlValidate } from "html-validate";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const validator = new HtmlValidate({ extends: ["html-validate:standard", "html-validate:a11y"] });

export type Person = Awaited<ReturnType<typeof atConsole>>;

/** Somebody at the console's sign-in page. Whatever their browser complains of is collected, and must be nothing. */
export async function atConsole(browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: "en-US", timezoneId: "America/New_York", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${url}/console`);
  return {
    page,
    context,
    complaints,
    signIn: async (email: string, password: string) => {
      await page.getByLabel("E-mail address").fill(email);
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(/\/console\/(?!sign-in)/);
    },
    search: async (text: string) => {
      await page.getByRole("searchbox").fill(text);
      await page.getByRole("searchbox").press("Enter");
      await page.waitForURL(/\/console\/(?:log|calls)/);
    },
    button: (name: string | RegExp) => page.getByRole("button", { name }),
    link: (name: string | RegExp) => page.getByRole("link", { name }).first(),
  };
}

/** Axe's complaints about the page as it is, each with its first place. */
export async function violations(page: Page): Promise<string[]> {
  // In the page's own world, past its Content-Security-Policy, as the debugger evaluates it.
  await page.evaluate(axe);
  const results = await page.evaluate<AxeResults>("axe.run({ rules: { 'target-size': { enabled: true } } })");
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}

/** What a validator says of the page as the server sent it. */
export function faultsIn(html: string): string[] {
  return validator
    .validateStringSync(html)
    .results.flatMap(({ messages }) =>
      messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`),
    );
}

/** Targets that are smaller than a fingertip may ask for (WCAG 2.2, 2.5.8), apart from links within a sentence. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate<
    string[]
  >(`[...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((element) => element.type !== "hidden" && element.checkVisibility())
    .filter((element) => !(element.tagName === "A" && element.closest("p, dd, li > div")))
    .filter((element) => !element.closest(".unseen, .unseen-until-focus, .skip"))
    .map((element) => [element, (element.closest("label") ?? element).getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
    .map(([element, box]) => element.outerHTML.slice(0, 80) + " " + box.width + "×" + box.height)`);
}

/** What can be clicked and is not reached by the Tab key. */
export async function unreached(page: Page): Promise<string[]> {
  // Of radio buttons, Tab reaches the one that is chosen; arrows go on from there.
  await page.evaluate(`globalThis.wanted = new Set([...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary")].filter((element) => element.checkVisibility())
    .filter((element) => element.type !== "radio" || element.checked));
    document.activeElement?.blur();`);
  const count = await page.evaluate<number>("wanted.size");
  for (let presses = 0; presses < count * 2 + 20; presses++) {
    await page.keyboard.press("Tab");
    // A date has three fields of its own inside.
    if (await page.evaluate<boolean>("wanted.delete(document.activeElement) && wanted.size === 0")) break;
  }
  return page.evaluate<string[]>("[...wanted].map((element) => element.outerHTML.slice(0, 80))");
}
