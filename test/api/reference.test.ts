import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startApiLine, type ApiLine } from "./api-line.ts";

let line: ApiLine;
let server: ReturnType<typeof serve>;
let browser: Browser;
let address: string;
beforeAll(async () => {
  address = await new Promise((resolve) => {
    const options = { fetch: (request: Request) => line.app.fetch(request), port: 0, hostname: "127.0.0.1" };
    server = serve(options, ({ port }: AddressInfo) => resolve(`http://127.0.0.1:${port}`));
  });
  line = await startApiLine({ publicUrl: address });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
  await line.stop();
});

/** Whatever the browser holds against a page, and every address that it asks. */
async function visit(path: string) {
  const page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(address + path);
  return { page, complaints, requests };
}

describe("an integrator who opens the reference", () => {
  it("sees every route, from our own server alone, under a policy that allows nothing inline", async () => {
    const { page, complaints, requests } = await visit("/api/docs");
    await page.locator("#operations-Permissions-askPermission").waitFor();
    expect(await page.locator(".opblock").count()).toBe(10);
    expect(requests.filter((url) => !url.startsWith(address) && !url.startsWith("data:"))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("tries a route from there with a key", async () => {
    const { page, complaints } = await visit("/api/docs");
    await page.locator(".btn.authorize").click();
    await page.locator(".auth-container input").fill(line.everything);
    await page.locator(".auth-btn-wrapper .authorize").click();
    await page.locator(".auth-btn-wrapper .btn-done").click();
    await page.locator("#operations-Entries-listEntries .opblock-summary-control").click();
    await page.locator("#operations-Entries-listEntries .try-out__btn").click();
    const answered = page.waitForResponse((response) => response.url().includes("/api/v1/entries"));
    await page.locator("#operations-Entries-listEntries .execute").click();
    expect((await answered).status()).toBe(200);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("is led by a problem's type to the words about it", async () => {
    const { page, complaints } = await visit("/api/docs/problems#quiet");
    await page.goto(`${address}/api/docs/problems#too-many-requests`);
    expect(await page.locator("section:target h2").innerText()).toBe("429 Too many requests");
    expect(complaints).toEqual([]);
    await page.getByRole("link", { name: "reference" }).click();
    await page.locator("#operations-Permissions-askPermission").waitFor();
    expect(page.url()).toBe(`${address}/api/docs`);
    await page.close();
  });
});

it("an integrator who comes back does not load the same files again", async () => {
  const first = await line.ask("GET", "/api/docs/assets/reference.js", { key: null });
  expect(first.status).toBe(200);
  const etag = first.headers.get("etag") ?? "";
  const again = await line.ask("GET", "/api/docs/assets/reference.js", {
    key: null,
    headers: { "If-None-Match": etag },
  });
  expect([again.status, again.text]).toEqual([304, ""]);
});
