import { onTestFinished } from "vitest";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Somebody at the browser phone, who waits for what the page shows and never for time. */
export type PhonePerson = Awaited<ReturnType<typeof atPhone>>;

/** A page of one's own at the phone. Whatever the browser complains of is collected, and must be nothing. */
export async function atPhone(browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: "en-US", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => {
    // A stream of events that the page has read to its end may be cut.
    if (!request.url().endsWith("/events")) complaints.push(`${request.url()} failed`);
  });
  await page.addInitScript({
    content: `document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => {
      throw new Error(violatedDirective);
    });`,
  });
  await page.goto(`${url}/phone`);
  return { page, complaints, ...phoneOn(page) };
}

function phoneOn(page: Page) {
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const said = (words: string | RegExp) => page.getByRole("log").getByText(words).first();
  const state = (name: "idle" | "in-call" | "ended") => page.locator(`[data-state="${name}"]`);
  return {
    button,
    said,
    state,
    key: (key: string) => page.locator(`.key[data-key="${key}"]`),
    speed: (name: "1×" | "4×" | "Instant") => page.getByRole("radio", { name }).check(),
    transcript: page.getByRole("log"),
    /** The line waits for a key. */
    listening: () => page.locator('#status[data-mood="listening"]').waitFor(),
    hears: (words: string | RegExp) => said(words).waitFor(),
    ended: () => state("ended").waitFor(),
    webhooks: page.locator("#webhooks > li"),
  };
}
