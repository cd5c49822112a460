import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { HtmlValidate } from "html-validate";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signNote } from "../../src/proof/note.ts";
import { receiptPage } from "../../src/proof/receipt-page.ts";
import { sealText, type Receipt } from "../../src/proof/receipt.ts";
import { audited } from "../proof/auditors.ts";
import { launchBrowser } from "../support/browser.ts";
import { paths, provenPaths, receiptsOfKinds, replaced } from "../proof/kinds.ts";
import { agree, callOf, someNumber } from "../support/memory.ts";
import { sealerOn } from "../proof/sealing.ts";

const GENUINE_IF = "Verified, with the key that it brings along: genuine if that is the log's own key.";

let browser: Browser;
let line: Awaited<ReturnType<typeof audited>>;
let receipt: Receipt;
let page: Page;
let asked: string[];
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  line = await audited([3, 6]);
  const id = String(line.memory.rows("entry")[4]?.["id"]);
  receipt = JSON.parse((await line.ledger("receipt", id)).out) as Receipt;
});
afterAll(async () => {
  await browser.close();
  await line.close();
});

/** An auditor's browser without a network. Whatever it would have asked for is on record. */
beforeEach(async () => {
  const context = await browser.newContext({ offline: true });
  page = await context.newPage();
  [asked, complaints] = [[], []];
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) asked.push(request.url());
  });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
});
afterEach(() => page.context().close());

const open = async (html: string) => page.goto(`file://${line.keep("receipt.html", html)}`);
const verdict = () => page.locator("#verdict").textContent();

/** Brings a receipt to the page, with the key that was given another way. */
async function bring(what: unknown, key = line.signers[0].verifier.text): Promise<string | null> {
  await page.locator("#result").evaluate((result) => result.replaceChildren());
  await page.getByLabel("The receipt (JSON)").fill(typeof what === "string" ? what : JSON.stringify(what));
  await page.getByLabel("The log's key").fill(key);
  await page.getByRole("button", { name: "Verify" }).click();
  return verdict();
}

/** Those that the page would call genuine: as its button does, but without waiting for each to be shown. */
function believed(receipts: readonly (readonly [name: string, receipt: unknown])[]): Promise<string[]> {
  return page.evaluate(async (tries) => {
    const { verify } = globalThis as unknown as {
      verify: (receipt: unknown, keys: []) => Promise<{ ok: boolean }[]>;
    };
    const checked = await Promise.all(
      tries.map(async ([name, each]) => [name, await verify(each, [])] as const),
    );
    return checked.filter(([, checks]) => checks.every(({ ok }) => ok)).map(([name]) => name);
  }, receipts);
}

describe("an auditor without a network", () => {
  test("opens a receipt as a file, and sees whose key it takes to believe it, and what it says", async () => {
    const id = (receipt.record as { recordId: string }).recordId;
    const { code, out } = await line.ledger("receipt", id, "--format", "html");
    expect(code).toBe(0);
    await open(out);
    expect(await verdict()).toBe(GENUINE_IF);
    const text = await page.locator("#result").textContent();
    expect(text).toContain("Acme Dental asks whether it may write to you on WhatsApp.");
    expect(text).toContain("Compare them with those that you were given another way");
    expect(text).toContain("Leaf 4 of 9.");
    expect([asked, complaints]).toEqual([[], []]);
  });

  test("runs nothing that somebody has written into a name or a reason", async () => {
    const words = "</script><script>document.title = 'run'</script><!--RECEIPT-->$&";
    await open(receiptPage({ ...receipt, issuedAt: words }).html);
    expect(await verdict()).toMatch(/^REFUSED/);
    expect(await page.title()).toBe("Verify a receipt of consent");
    const shown = await page.getByLabel("The receipt (JSON)").inputValue();
    expect(JSON.parse(shown)).toMatchObject({ issuedAt: words });
    expect(complaints).toEqual([]);
  });

  test("brings a receipt and the key to the page, which does not know them", async () => {
    await open(receiptPage(null).html);
    expect(await bring(receipt)).toBe("Verified: this receipt is genuine.");
    expect(await page.locator("#result").textContent()).toContain("as you gave them");
    expect(await bring(receipt, "")).toBe(GENUINE_IF);
    expect(complaints).toEqual([]);
  });

  test("is told that a receipt was changed, whichever part it was", async () => {
    await open(receiptPage(null).html);
    const all = paths(receipt);
    expect(all.length).toBeGreaterThan(100);
    const changed = all.map((path) => [path.join("."), replaced(receipt, path)] as const);
    expect(await believed(changed)).toEqual([]);
    expect(await bring(changed[0]?.[1], "")).toMatch(/^REFUSED/);
    for (const key of ["record", "proof", "seal", "issuedAt"] as const) {
      const { [key]: _, ...rest } = receipt;
      expect(await bring(rest)).toMatch(/^REFUSED/);
    }
  });

  test("is told that a record was signed that the log does not bear out, though its own key signed it", async () => {
    await open(receiptPage(null).html);
    const lies: (readonly [path: string, receipt: object])[] = [];
    for (const each of [receipt, ...(await receiptsOfKinds(line))]) {
      const { seal: _, ...unsealed } = each;
      expect(await believed([["as it is", each]])).toEqual(["as it is"]);
      for (const path of provenPaths(each.record)) {
        const lie = { ...unsealed, record: replaced(each.record, path) as object };
        lies.push([path.join("."), { ...lie, seal: signNote(sealText(lie), line.signers) }]);
      }
    }
    expect(lies.length).toBeGreaterThan(150);
    expect(await believed(lies)).toEqual([]);
  });

  test("sees that an entry is about a number, where that is shown, and about no other", async () => {
    await open(receiptPage(null).html);
    const { recordId } = receipt.record as { recordId: string };
    const shown = JSON.parse((await line.ledger("receipt", recordId, "--reveal")).out) as Receipt;
    expect(await bring(shown)).toBe("Verified: this receipt is genuine.");
    const { seal: _, ...lie } = { ...shown, record: replaced(shown.record, ["subject", "number"]) as object };
    expect(await bring({ ...lie, seal: signNote(sealText(lie), line.signers) })).toMatch(/^REFUSED/);
    expect(await page.locator("#result").textContent()).toContain(
      "the number is not the one that was sealed",
    );
  });

  test("is told of a receipt that another key has made, whole as it is", async () => {
    const other = await audited([1]);
    const foreign = { ...other.env, YESLINE_LOG_NAME: "other.example/yesline" };
    const { cli } = await import("../support/cli.ts");
    await sealerOn(other.memory.proof, { signers: other.signers }).seal();
    const id = String(other.memory.rows("entry")[0]?.["id"]);
    const { out } = await cli(["ledger", "receipt", id], foreign);
    await other.close();
    await open(receiptPage(null).html);
    expect(await bring(out)).toMatch(/^REFUSED/);
    expect(await page.locator("#result").textContent()).toContain("none of these keys has signed it");
  });

  test("is told that an entry has no place yet, and of what is no receipt", async () => {
    await agree(line.memory.ledger, callOf({ caller: someNumber() }));
    const id = String(line.memory.rows("entry").at(-1)?.["id"]);
    await open(receiptPage(null).html);
    expect(await bring((await line.ledger("receipt", id)).out)).toMatch(/^REFUSED/);
    expect(await page.locator("#result").textContent()).toContain("no place in the log yet");
    expect(await bring("{}")).toMatch(/^REFUSED/);
    await page.getByLabel("The receipt (JSON)").fill("{");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("This is not JSON.").waitFor();
    expect(complaints).toEqual([]);
  });

  test("finds nothing missing with a screen reader, and the page is valid", async () => {
    const { html } = receiptPage(receipt);
    await open(html);
    await page.locator("#verdict").waitFor();
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
    );
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    const validator = new HtmlValidate({ extends: ["html-validate:standard", "html-validate:a11y"] });
    const { results } = validator.validateStringSync(html);
    expect(
      results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${ruleId}: ${message}`)),
    ).toEqual([]);
  });
});
