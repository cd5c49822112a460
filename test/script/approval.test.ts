import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { approve, loadApprovals, ScriptError } from "../../src/script/approval.ts";
import { digestOf } from "../../src/script/load.ts";
import { copyOfWords, VERSION } from "./copy.ts";

const DIGEST = "a".repeat(64);

describe("whoever approves a script", () => {
  it("is on record with the digest and the day", () => {
    const { folder } = copyOfWords();
    const given = { digest: DIGEST, effective: "2027-01-01", approver: "Ada" };
    approve(folder, "2027-01-01", given);
    expect(loadApprovals(folder)["2027-01-01"]).toEqual(given);
    expect(Object.keys(loadApprovals(folder))).toContain(VERSION);
  });

  it("cannot approve other words under the name of an approved version", () => {
    const words = copyOfWords();
    words.approve();
    const before = readFileSync(words.approvals, "utf8");
    const other = { digest: DIGEST, effective: VERSION, approver: "Ada" };
    expect(() => approve(words.folder, VERSION, other)).toThrow(/approved by Test.*never changes/);
    expect(readFileSync(words.approvals, "utf8")).toBe(before);
  });

  it("cannot approve a version twice, not even with the same words", () => {
    const words = copyOfWords();
    words.approve();
    const digest = digestOf(words.folder, VERSION);
    const again = { digest, effective: "2027-02-01", approver: "Ada" };
    expect(() => approve(words.folder, VERSION, again)).toThrow(/approved by Test/);
  });

  it.each([
    { digest: DIGEST, effective: "tomorrow", approver: "Ada" },
    { digest: DIGEST, effective: "2027-02-30", approver: "Ada" },
    { digest: DIGEST, effective: "2027-01-01", approver: "" },
    { digest: "short", effective: "2027-01-01", approver: "Ada" },
  ])("is refused where something is not said: %j", (given) => {
    const { folder } = copyOfWords();
    expect(() => approve(folder, "2027-01-01", given)).toThrow(ScriptError);
    expect(loadApprovals(folder)["2027-01-01"]).toBeUndefined();
  });
});

describe("a file of approvals that cannot be used is named:", () => {
  it.each([
    ["not JSON", "{", ""],
    ["without a digest", `{"${VERSION}":{"effective":"${VERSION}","approver":"A"}}`, "digest"],
    [
      "with a field too many",
      `{"${VERSION}":{"digest":"${DIGEST}","effective":"${VERSION}","approver":"A","x":1}}`,
      "x",
    ],
  ])("%s", (_how, text, field) => {
    const { folder, approvals } = copyOfWords();
    writeFileSync(approvals, text);
    expect(() => loadApprovals(folder)).toThrow(ScriptError);
    expect(() => loadApprovals(folder)).toThrow(new RegExp(`approved\\.json: [\\s\\S]*${field}`));
  });
});
