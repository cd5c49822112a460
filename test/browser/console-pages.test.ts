import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN } from "../console/console-line.ts";
import { atConsole, faultsIn, smallTargets, unreached, violations } from "./console-person.ts";
import { furnishConsole, type Rooms } from "./console-rooms.ts";
import { launchBrowser } from "../support/browser.ts";

let browser: Browser;
let line: Rooms["line"];
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  browser = await launchBrowser();
  ({ line, paths: pages } = await furnishConsole());
});
afterAll(async () => {
  await browser.close();
  await line.stop();
});

describe("whoever depends on how the pages are made", () => {
  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
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
