import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN, serveConsoleLine } from "../console/console-line.ts";
import { atConsole, faultsIn, smallTargets, unreached, violations } from "./console-person.ts";
import { launchBrowser } from "../support/browser.ts";

let browser: Browser;
let line: Awaited<ReturnType<typeof serveConsoleLine>>;
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  browser = await launchBrowser();
  line = await serveConsoleLine();
  const callSid = await line.granted("+14155550123");
  const spanish = line.call({ from: "+34600112233", to: "+34915550100" });
  for (const key of ["", "1", "1", "2"]) await (key === "" ? spanish.begin() : spanish.press(key));
  await line.call({ from: "anonymous" }).begin();
  const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
  const id = person?.id ?? "";
  await line.reading.addNote({
    businessId: "acme-dental",
    subscriberId: id,
    author: ADMIN.email,
    text: "Called back.",
    at: line.clock.now,
  });
  line.troubles.saw({ route: "begin", status: 403, outcome: "The signature does not fit." });
  await line.identity.add("viewer@example.com", "viewer");
  const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
  pages = {
    Today: "/console/today",
    Log: "/console/log",
    "Log, filtered": "/console/log?outcome=granted&locale=es-ES",
    "Log, with nobody": "/console/log?who=nobody",
    "One call": `/console/calls/acme-dental/${callSid}`,
    "One call in several languages": `/console/calls/hotel-miramar/${spanish.callSid}`,
    "One subscriber": `/console/subscribers/acme-dental/${id}?done=noted`,
    Evidence: `/console/evidence/acme-dental/${entry?.id}?call=${callSid}`,
    "Access log": "/console/accesses",
    Script: "/console/script?business=hotel-miramar&locale=de-DE",
    Operators: "/console/operators",
    Account: "/console/account",
    Help: "/console/help",
    "No such page": "/console/nowhere",
  };
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
