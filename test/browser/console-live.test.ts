import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { MAX_REPLAYED } from "../../src/console/live.ts";
import { serveConsoleLine } from "../console/console-line.ts";
import { launchBrowser } from "../support/browser.ts";
import { atConsole, faultsIn, smallTargets, violations } from "./console-person.ts";

let browser: Browser;
let line: Awaited<ReturnType<typeof serveConsoleLine>>;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  line = await serveConsoleLine();
  onTestFinished(() => line.stop());
});

async function atLog(path = "/console/log", options = {}) {
  const made = await line.identity.add("supervisor@example.com", "supervisor");
  const person = await atConsole(browser, line.url, options);
  await person.signIn(made?.operator.email ?? "", made?.password ?? "");
  await person.page.goto(line.url + path);
  const { page } = person;
  return {
    ...person,
    live: page.getByRole("button", { name: "Live" }),
    isLive: () => page.locator("#live[aria-pressed=true]").waitFor(),
    rows: () =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll("tr[data-call]")].map((row) => row.dataset.call)`,
      ),
    row: (callSid: string) => page.locator(`tr[data-call="${callSid}"]`),
  };
}

describe("somebody whose tail was away for a while", () => {
  test("sees what came in the pause, in its place, once", async () => {
    const first = await line.granted("+14155550181");
    const { live, isLive, rows, row, complaints } = await atLog();
    await isLive();
    await live.click();
    line.clock.now += 1_000;
    const second = await line.granted("+14155550182");
    line.clock.now += 1_000;
    const third = await line.granted("+14155550183");
    expect(await rows()).toEqual([first]);
    await live.click();
    await row(third).waitFor({ timeout: 1_000 });
    expect(await rows()).toEqual([third, second, first]);
    expect(complaints).toEqual([]);
  });

  test("sees what came before the connection stood, and while it was broken", async () => {
    const first = await line.granted("+14155550181");
    const person = await atLog("/console/today");
    const { page, rows, row } = person;
    let connections = 0;
    const came: string[] = [];
    // The line is cut right after it stood, twice; each time a call comes meanwhile.
    await page.route("**/console/log/live*", async (route) => {
      line.clock.now += 1_000;
      came.unshift(await line.granted(`+1415555019${++connections}`));
      if (connections > 2) return route.continue();
      return route.fulfill({
        contentType: "text/event-stream",
        body: "retry: 50\nevent: ready\ndata: \n\n",
      });
    });
    await page.goto(`${line.url}/console/log`);
    for (let waited = 0; came.length < 3 && waited < 50; waited++) await page.waitForTimeout(50);
    await row(came[0] ?? "").waitFor();
    expect(await rows()).toEqual([...came, first]);
  });

  test("is told to load the page again where too much came, and then has it all", async () => {
    await line.granted("+14155550181");
    const { page, live, isLive, rows } = await atLog();
    await isLive();
    await live.click();
    for (let calls = 0; calls <= MAX_REPLAYED; calls++)
      await line.call({ from: `+1415555${String(3000 + calls)}` }).begin();
    await live.click();
    await page.getByRole("alert").getByText(`More than ${MAX_REPLAYED} calls came meanwhile.`).waitFor();
    expect(await live.getAttribute("aria-pressed")).toBe("false");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Load the page again" }).click();
    await isLive();
    expect(await rows()).toHaveLength(50);
  }, 30_000);
});

test("who watches calls in progress sees them leave when they end, and keeps their place", async () => {
  const [one, other] = [line.call({ from: "+14155550181" }), line.call({ from: "+14155550182" })];
  await one.begin();
  line.clock.now += 1_000;
  await other.begin();
  const { page, isLive, row } = await atLog("/console/log?outcome=in-progress");
  await isLive();
  await row(other.callSid).locator("[data-row-link]").focus();
  await other.press("1");
  await row(other.callSid).waitFor({ state: "detached", timeout: 1_000 });
  expect(await page.evaluate("document.activeElement.closest('tr')?.dataset.call")).toBe(one.callSid);
});

test.each([
  ["light", 1280],
  ["dark", 390],
] as const)(
  "what a filter or a search says is without fault in %s colours, %i pixels wide",
  async (colorScheme, width) => {
    await line.granted();
    const call = line.call({ from: "anonymous" });
    for (const key of ["", "14155550188", "1"]) await (key === "" ? call.begin() : call.press(key));
    const { page, context } = await atLog("/console/today", {
      colorScheme,
      viewport: { width, height: 900 },
      reducedMotion: "reduce",
    });
    const found: Record<string, string[]> = {};
    for (const path of [
      "/console/today",
      "/console/log?outcome=nonsense&since=yesterday&outcom=x",
      "/console/log?digits=0188",
      "/console/log?digits=0123",
      "/console/accesses?who=sup&since=once",
    ]) {
      await page.goto(line.url + path);
      await page.evaluate(
        `for (const each of document.querySelectorAll("details:not(.menu)")) each.open = true`,
      );
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      found[path] = [
        ...(await violations(page)),
        ...(await smallTargets(page)),
        ...(wide > 0 ? [`scrolls sideways by ${wide}`] : []),
        ...faultsIn(await (await context.request.get(line.url + path)).text()),
      ];
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
  },
  30_000,
);
