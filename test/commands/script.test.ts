import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { approve, loadApprovals, ScriptError } from "../../src/script/approval.ts";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";

let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = temporaryFolder();
  env = { DATABASE_URL: `file:${folder}/yesline.db` };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A law firm in Germany under the law of the US, which nobody has written in German. */
function german(): Record<string, string> {
  const file = join(folder, "businesses.yaml");
  writeFileSync(
    file,
    `businesses:
  - id: kanzlei-meier
    name: Kanzlei Meier
    legalName: Kanzlei Meier GmbH
    contact: { email: info@meier.example, postalAddress: "Hauptstr. 1, Bonn", privacyUrl: "https://meier.example" }
    lines: ["+14155550100"]
    whatsapp: { sender: "+14155550110" }
    script: "2026-11-22"
    locales: [de-DE]
    jurisdiction: US
    topics: [{ id: termine, category: utility, names: { de-DE: Termine } }]
    ask: together
    retention: P5Y
`,
  );
  return { ...env, YESLINE_BUSINESSES: file };
}
const FINDING = { place: "twiml/2026-11-22/de-DE/law/US.xml", message: "is missing: kanzlei-meier needs it" };

describe("yesline script check", () => {
  it("finds nothing wrong with the words that we ship, and says for how many that is", async () => {
    const { code, out, err } = await cli(["script", "check"], env);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toMatch(/^1 script\(s\), 7 locales, 2 businesses: nothing wrong\n$/);
    const asJson = await cli(["script", "check", "--json"], env);
    expect([asJson.code, JSON.parse(asJson.out)]).toEqual([0, { ok: true, findings: [] }]);
  });

  it("names the file that a business is missing, with code 1", async () => {
    expect(await cli(["script", "check"], german())).toEqual({
      code: 1,
      out: `${FINDING.place}: ${FINDING.message}\n`,
      err: "",
    });
    const asJson = await cli(["script", "check", "--json"], german());
    expect([asJson.code, JSON.parse(asJson.out)]).toEqual([1, { ok: false, findings: [FINDING] }]);
  });
});

describe("yesline script print", () => {
  it("writes for counsel everything that a caller can hear, in every language of every business", async () => {
    const { code, out, err } = await cli(["script", "print"], env);
    expect([code, err]).toEqual([0, ""]);
    for (const head of [
      "Acme Dental (acme-dental), ",
      "(es-ES)",
      "(fr-FR)",
      "(de-DE)",
      "NOTICE, US",
      "NOTICE, EU",
      "ENDING, granted",
      "ENDING, sorry",
    ]) {
      expect(out).toContain(head);
    }
    expect(out).not.toMatch(/[<>]|\{\{/);
  });

  it("writes one business in one language", async () => {
    const options = ["--business", "hotel-miramar", "--locale", "de-DE"];
    const { out } = await cli(["script", "print", ...options, "--json"], env);
    const pages = JSON.parse(out) as { business: string; locale: string; text: string }[];
    expect(pages.map(({ business, locale }) => [business, locale])).toEqual([["hotel-miramar", "de-DE"]]);
    expect(pages[0]?.text).toContain("Buchungsinfos");
    expect((await cli(["script", "print", ...options], env)).out).toBe(`${pages[0]?.text}\n`);
  });

  it.each([
    ["a business that there is not", ["--business", "acme"], "No business is called acme: use one of"],
    ["a language that no script has", ["--locale", "en-AU"], "No script has the locale en-AU: use one of"],
    [
      "a language that the business does not speak",
      ["--business", "acme-dental", "--locale", "de-DE"],
      "acme-dental does not speak de-DE",
    ],
  ])("refuses %s with code 2", async (_, options, words) => {
    const { code, out, err } = await cli(["script", "print", ...options], env);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(words);
  });
});

describe("an approval", () => {
  const digest = "a".repeat(64);
  const given = { digest, effective: "2026-11-22", approver: "Counsel" };
  const approvals = () => readFileSync(join(folder, "approved.json"), "utf8");
  beforeEach(() => writeFileSync(join(folder, "approved.json"), "{}"));

  it("is added to those that are there", () => {
    approve(folder, "2026-11-22", given);
    approve(folder, "2026-12-01", { ...given, digest: "b".repeat(64) });
    expect(loadApprovals(folder)).toEqual({
      "2026-11-22": given,
      "2026-12-01": { ...given, digest: "b".repeat(64) },
    });
    expect(readdirSync(folder)).toEqual(["approved.json"]);
  });

  it("is never given twice to different words, for a published script never changes", () => {
    approve(folder, "2026-11-22", given);
    const before = approvals();
    const other = () => approve(folder, "2026-11-22", { ...given, digest: "b".repeat(64) });
    expect(other).toThrow(ScriptError);
    expect(other).toThrow("2026-11-22 was approved by Counsel; a published script never changes");
    expect(approvals()).toBe(before);
  });

  it.each([
    ["a day that there is not", { ...given, effective: "2026-02-30" }],
    ["nobody's name", { ...given, approver: "" }],
    ["a digest that is none", { ...given, digest: "abc" }],
  ])("with %s is refused, and nothing is written", (_, wrong) => {
    expect(() => approve(folder, "2026-11-22", wrong)).toThrow(ScriptError);
    expect(approvals()).toBe("{}");
  });

  it("is refused by the command for what is no version", async () => {
    const { code, err } = await cli(["script", "approve", "latest", "--by", "Counsel"], env);
    expect(code).toBe(2);
    expect(err).toContain("latest is not a version: use a date, such as 2026-11-22.");
  });
});
