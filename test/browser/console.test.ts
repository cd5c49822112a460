import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ADMIN, serveConsoleLine } from "../console/console-line.ts";
import { launchBrowser } from "../support/browser.ts";
import { atConsole } from "./console-person.ts";

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

/** Somebody with a role who has just signed in, and whom only Mina Okafor's number concerns. */
async function signedIn(role: "viewer" | "supervisor" | "admin", options = {}) {
  const made = await line.identity.add(`${role}@example.com`, role);
  const person = await atConsole(browser, line.url, options);
  await person.signIn(made?.operator.email ?? "", made?.password ?? "");
  return person;
}

describe("a supervisor who is asked: did this person say yes, and to what?", () => {
  test("finds the caller, reads what they heard, reveals, prints, withdraws, and is in the access log", async () => {
    const callSid = await line.granted("+14155550123");
    await line.granted("+14155550188");
    const { page, complaints, search, button, link } = await signedIn("supervisor");
    for (const typed of ["0123", "+1 415 555 0123", "(415) 555-0123", "0014155550123"]) {
      await search(typed);
      expect(await page.locator("tr[data-call]").count()).toBe(1);
      expect(page.url()).not.toContain("5550123");
    }

    await page.locator("[data-row-link]").click();
    await page.waitForURL(`**/calls/acme-dental/${callSid}`);
    const notice = page.locator("blockquote[lang=en-US]").first();
    expect(await notice.innerText()).toContain(
      "Acme Dental is responsible for complying with applicable local law.",
    );
    expect(await page.getByText("Pressed 1").isVisible()).toBe(true);
    expect(await page.locator("main").innerText()).not.toContain("415 555 0123");

    await button("Reveal").click();
    await page.getByText("+1 415 555 0123").waitFor();

    await page.goBack();
    await link("Evidence").click();
    await page.getByRole("heading", { name: "Evidence of consent" }).waitFor();
    expect(await page.locator(".checks [data-ok=true]").count()).toBe(5);
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.length).toBeGreaterThan(20_000);
    const download = page.waitForEvent("download");
    await link("Download ZIP").click();
    expect((await download).suggestedFilename()).toMatch(/^evidence-.*\.zip$/);

    await page.goBack();
    await link("This subscriber").click();
    await page.getByLabel("Reason").fill("asked on the phone");
    await button("Withdraw …").click();
    await page.getByRole("heading", { name: "Withdraw the simulated consent?" }).waitFor();
    await button("Withdraw").click();
    await page.getByText("The simulated consent is withdrawn, as of now.").waitFor();
    expect(await page.locator(".badge[data-tone=revoked]").count()).toBeGreaterThan(1);

    await link("Access log").click();
    const accesses = page.getByRole("region", { name: "Accesses" });
    await accesses.waitFor();
    const said = await accesses.innerText();
    for (const deed of [
      "Signed in",
      "Searched",
      "Looked",
      "Revealed a number",
      "Took evidence",
      "Withdrew consent",
    ]) {
      expect(said).toContain(deed);
    }
    expect(complaints).toEqual([]);
  });

  test("does it all without JavaScript as well", async () => {
    const callSid = await line.granted("+14155550123");
    const { page, search, button } = await signedIn("supervisor", { javaScriptEnabled: false });
    await search("415-555-0123");
    await page.locator("[data-row-link]").click();
    await page.waitForURL(`**/calls/acme-dental/${callSid}`);
    expect(await page.locator("time").first().innerText()).toContain("UTC");
    await button("Reveal").click();
    expect(await page.getByText("+1 415 555 0123").count()).toBe(1);
    await page.getByRole("link", { name: "This subscriber" }).click();
    await page.getByLabel("Reason").fill("asked in writing");
    await button("Withdraw …").click();
    await button("Withdraw").click();
    await page.getByText("The simulated consent is withdrawn").waitFor();
    await button("Dark").click();
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  });
});

describe("a viewer", () => {
  test("sees no button that is not theirs, and is refused at the door behind it", async () => {
    await line.granted();
    const { page, search } = await signedIn("viewer");
    await search("0123");
    expect(await page.getByText("Export").count()).toBe(0);
    await page.locator("[data-row-link]").click();
    await page.getByRole("heading", { name: /^Call/ }).waitFor();
    expect(await page.getByRole("button", { name: "Reveal" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Operators" }).count()).toBe(0);
    const answer = await page.goto(`${line.url}/console/operators`);
    expect(answer?.status()).toBe(403);
    expect(await page.locator("main").innerText()).toContain("This takes the role admin");
    expect((await line.accesses())[0]).toMatchObject({ action: "refused", actorName: "viewer@example.com" });
  });
});

describe("somebody who watches the log", () => {
  test("sees a simulated call as it goes on, and pauses it", async () => {
    await line.granted("+14155550188");
    const { page, complaints } = await signedIn("viewer");
    await page.goto(`${line.url}/console/log`);
    const live = page.getByRole("button", { name: "Live" });
    await page.locator("#live[aria-pressed=true]").waitFor();
    const call = line.call({ from: "+14155550123" });
    await call.begin();
    const row = page.locator(`tr[data-call="${call.callSid}"]`);
    await row.waitFor({ timeout: 5_000 });
    expect(await row.innerText()).toContain("In progress");
    expect(await row.innerText()).toContain("Simulated");
    await call.press("1");
    await row.getByText("Granted").waitFor({ timeout: 5_000 });
    expect(await page.locator("#tail-status").innerText()).toMatch(/^\d changes? since/);
    await live.click();
    const other = await line.granted("+14155550199");
    await page.waitForTimeout(1_200);
    expect(await page.locator(`tr[data-call="${other}"]`).count()).toBe(0);
    await live.click();
    expect(complaints).toEqual([]);
  });

  test("sees times in their own zone, with UTC beside", async () => {
    await line.granted();
    const { page } = await signedIn("viewer");
    await page.goto(`${line.url}/console/log`);
    const time = page.locator("tbody time").first();
    expect([await time.innerText(), await time.getAttribute("title")]).toEqual([
      "23 Nov 2026, 04:00:00",
      "2026-11-23 09:00:00 UTC",
    ]);
  });
});

describe("somebody without a mouse", () => {
  test("signs in, searches with /, goes to a row with j, opens it, and turns the keys off", async () => {
    await line.granted();
    const { page } = await atConsole(browser, line.url);
    await page.keyboard.press("Tab");
    await page.keyboard.type(ADMIN.email);
    await page.keyboard.press("Tab");
    await page.keyboard.type(ADMIN.password);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/today");
    await page.keyboard.press("/");
    await page.keyboard.type("0123");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/log?digits=0123");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/calls/**");
    await page.keyboard.press("?");
    await page.waitForURL("**/help");
    await page.getByRole("button", { name: "Turn the keys off" }).press("Enter");
    await page.getByRole("button", { name: "Turn the keys on" }).waitFor();
    await page.keyboard.press("/");
    expect(await page.evaluate("document.activeElement.id")).not.toBe("search");
  });
});
