import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN } from "../console/console-line.ts";
import { atConsole, faultsIn, smallTargets, unreached, violations } from "./console-person.ts";
import { furnishConsole, type Rooms } from "./console-rooms.ts";
import { launchBrowser } from "../support/browser.ts";

let browser: Browser;
let line: Rooms["line"];
let pages: Readonly<Record<string, string>>;
let audio: Rooms["audio"];

beforeAll(async () => {
  browser = await launchBrowser();
  ({ line, paths: pages, audio } = await furnishConsole());
});
afterAll(async () => {
  await browser.close();
  await line.stop();
});

/** As a browser writes out what it has understood, the doctype and void elements look different. */
const BROWSERS_OWN =
  /doctype|void-style|attribute-boolean|no-trailing-whitespace|attr-quotes|no-raw-characters/;

/** Pages that are the answer to a form: where it stands, what is done with it, and what is read then. */
const BUTTONS: readonly [name: string, at: string, act: (page: Page) => Promise<void>, shown: RegExp][] = [
  [
    "Withdrawal",
    "One subscriber",
    async (page) => {
      await page.locator("#reason").fill("Asked on the phone");
      await page.getByRole("button", { name: "Withdraw …" }).click();
    },
    /It counts at once/,
  ],
  [
    "Number change",
    "Somebody on WhatsApp",
    async (page) => {
      await page.getByLabel("The new number").fill("+1 415 555 0155");
      await page.locator("#change-reason").fill("Asked on the phone");
      await page.getByRole("button", { name: "Change …" }).click();
    },
    /The old number does not come back/,
  ],
  [
    "Number change refused",
    "Somebody on WhatsApp",
    async (page) => {
      await page.getByLabel("The new number").fill("12");
      await page.locator("#change-reason").fill("Asked on the phone");
      await page.getByRole("button", { name: "Change …" }).click();
    },
    /write it with its country code/,
  ],
  [
    "A person's words",
    "Somebody on WhatsApp",
    (page) =>
      page
        .getByRole("button", { name: /^Read message/ })
        .first()
        .click(),
    /Is the clinic open/,
  ],
  [
    "A message in the inbox",
    "Inbox",
    (page) =>
      page
        .getByRole("button", { name: /^Read message/ })
        .first()
        .click(),
    /Is the clinic open/,
  ],
  [
    "A new key",
    "API keys",
    async (page) => {
      await page.getByLabel(/^Name/).fill("Booking");
      await page.getByLabel(/permissions/).check();
      await page.getByRole("button", { name: "Add" }).click();
    },
    /shown this once/,
  ],
  [
    "Revoking a key",
    "API keys",
    (page) => page.getByRole("button", { name: "Revoke Reminders" }).click(),
    /Within a second/,
  ],
  [
    "A new endpoint",
    "Endpoints",
    async (page) => {
      await page.getByLabel("Address").fill("https://other.example.com/hooks");
      await page.getByRole("button", { name: "Add" }).click();
    },
    /shown this once/,
  ],
];

describe("whoever depends on how the pages are made", () => {
  // Each colour and each width once: what depends on both at a time is in no style of ours.
  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)(
    "finds no fault with any page in %s colours, %i pixels wide",
    async (colorScheme, width) => {
      const viewport = { width, height: 900 };
      const person = await atConsole(browser, line.url, { colorScheme, viewport, reducedMotion: "reduce" });
      const found: Record<string, string[]> = { "Sign-in": await violations(person.page) };
      await person.signIn(ADMIN.email, ADMIN.password);
      for (const [name, path] of Object.entries(pages)) {
        await person.page.goto(line.url + path);
        const wide = await person.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        found[name] = [
          ...(await violations(person.page)),
          ...(await smallTargets(person.page)),
          ...(wide > 0 ? [`scrolls sideways by ${wide}`] : []),
        ];
      }
      expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
      // The page that is not there says so with its status, and the browser repeats that.
      expect(person.complaints.filter((complaint) => !complaint.includes("404"))).toEqual([]);
    },
    90_000,
  );

  test.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)(
    "finds no fault with what a button leads to in %s colours, %i pixels wide",
    async (colorScheme, width) => {
      const viewport = { width, height: 900 };
      const person = await atConsole(browser, line.url, { colorScheme, viewport, reducedMotion: "reduce" });
      await person.signIn(ADMIN.email, ADMIN.password);
      const { page } = person;
      const found: Record<string, string[]> = {};
      for (const [name, at, act, shown] of BUTTONS) {
        await page.goto(line.url + pages[at]);
        await act(page);
        await page.getByText(shown).first().waitFor();
        found[name] = [
          ...(await violations(page)),
          ...(await smallTargets(page)),
          ...(await unreached(page)),
          ...faultsIn(await page.content()).filter((fault) => !BROWSERS_OWN.test(fault)),
        ];
      }
      expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
      // What was refused says so with its status, and the browser repeats that.
      expect(person.complaints.filter((complaint) => !complaint.includes("400"))).toEqual([]);
    },
    90_000,
  );

  test("sees every column of the tables and every figure of the chart on a phone, without scrolling sideways", async () => {
    const person = await atConsole(browser, line.url, { viewport: { width: 390, height: 900 } });
    await person.signIn(ADMIN.email, ADMIN.password);
    const found: Record<string, string[]> = {};
    for (const name of [
      "Today",
      "Log",
      "One subscriber",
      "A number that is pending",
      "Other entries",
      "What leaves, failed",
      "API keys",
      "Endpoints",
      "Access log",
      "Operators",
    ]) {
      await person.page.goto(line.url + pages[name]);
      found[name] = await person.page.evaluate<string[]>(`[
        ...[...document.querySelectorAll(".scroll:has(> .stacked)")].filter((each) => each.scrollWidth > each.clientWidth),
        ...[...document.querySelectorAll(".chart .tick")].filter((each) => each.checkVisibility()
          && each.getBoundingClientRect().left < each.closest("svg").getBoundingClientRect().left),
      ].map((each) => each.outerHTML.slice(0, 80))`);
    }
    const nothing = Object.fromEntries(Object.keys(found).map((name) => [name, []]));
    expect(found).toEqual(nothing);
    expect(await person.page.locator(".stacked tbody tr").first().isVisible()).toBe(true);
  });

  test("gets evidence on paper without the house around it, in UTC, under a title that names it", async () => {
    const person = await atConsole(browser, line.url);
    await person.signIn(ADMIN.email, ADMIN.password);
    await person.page.goto(line.url + pages["Evidence"]);
    await person.page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await person.page.title()).toMatch(/^Evidence, entry 1, call \d{6} · Yesline$/);
    for (const house of [".masthead", ".rooms", ".foot", "button", ".acts"])
      expect([house, await person.page.locator(`${house}:visible`).count()]).toEqual([house, 0]);
    expect(await person.page.locator(".timeline time").first().innerText()).toBe("09:00:00 UTC");
    const code = person.page.locator(".digest code").first();
    expect((await code.boundingBox())?.height).toBeLessThan(24);
    const colours = await person.page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(colours).toBe("rgb(255, 255, 255)");
    const pdf = (await person.page.pdf({ format: "A4" })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThanOrEqual(2);
  });

  test("hears a recorded call with a press of play, and is told where the audio is not what was sealed", async () => {
    const person = await atConsole(browser, line.url);
    await person.signIn(ADMIN.email, ADMIN.password);
    await person.page.goto(line.url + pages["A recorded call"]);
    const heard = await person.page.evaluate<number>(`(async () => {
      const audio = document.querySelector("audio");
      await audio.play();
      return audio.duration;
    })()`);
    expect(heard).toBe(1);
    expect(person.complaints).toEqual([]);
    audio.isAltered = true;
    await person.page.reload();
    await person.page.evaluate(`document.querySelector("audio").play().catch(() => undefined)`);
    await person.page.getByRole("link", { name: "Why?" }).click();
    expect(await person.page.locator("h1").innerText()).toBe("Not the audio that was sealed");
    audio.isAltered = false;
  });

  test("reads valid HTML on every page, as the server sent it", async () => {
    const person = await atConsole(browser, line.url);
    const found: Record<string, string[]> = { "Sign-in": faultsIn(await person.page.content()) };
    await person.signIn(ADMIN.email, ADMIN.password);
    for (const [name, path] of Object.entries(pages)) {
      found[name] = faultsIn(await (await person.context.request.get(line.url + path)).text());
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
  });

  test("reaches everything on every page with the Tab key", async () => {
    const person = await atConsole(browser, line.url);
    await person.signIn(ADMIN.email, ADMIN.password);
    const found: Record<string, string[]> = {};
    for (const [name, path] of Object.entries(pages)) {
      await person.page.goto(line.url + path);
      found[name] = await unreached(person.page);
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
  }, 60_000);
});
