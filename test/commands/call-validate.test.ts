import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  return () => rmSync(folder, { recursive: true });
});

/** Nobody is called and no configuration is read: a wrong one does not matter. */
const validate = (...args: string[]) => cli(["call", "validate", ...args], { DATABASE_URL: "nonsense" });

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const GOOD = 'name: good\ncall: { from: anonymous, to: "+14155550100" }\nsteps: [{ silence: {} }]\n';

describe("someone who checks scenario files", () => {
  it("reads the place and the name of each", async () => {
    const file = write("two.yaml", `${GOOD}---\n${GOOD.replace("good", "better")}`);
    expect(await validate(file)).toEqual({ code: 0, out: `${file}:1: good\n${file}:5: better\n`, err: "" });
    const { out } = await validate(file, "--json");
    expect(JSON.parse(out)).toEqual([
      { name: "good", file, line: 1 },
      { name: "better", file, line: 5 },
    ]);
  });

  it("finds those that are shipped in order, each with a name of its own", async () => {
    const { code, out, err } = await validate("test/calls");
    const names = out
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^.*?:\d+: /, ""));
    expect([code, err]).toEqual([0, ""]);
    expect(names.length).toBeGreaterThanOrEqual(45);
    expect(new Set(names).size).toBe(names.length);
  });

  it("reads everything that is wrong, in every file, with line, column and field", async () => {
    const first = write(
      "first.yaml",
      `${GOOD}colour: red\n---\nname: bad\ncall: { from: +14155550123, to: "+1" }\nsteps: []\n`,
    );
    const second = write("second.yaml", "name: [x");
    const { code, out, err } = await validate(first, second);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`${first}:4:1: colour: unknown field\n`);
    expect(err).toContain(`${first}:7:9: call.from: a phone number in quotes`);
    expect(err).toMatch(new RegExp(`${second}:1:\\d+: `));
    expect(err).toMatch(/\n\d problem\(s\) in the scenario files; nobody was called\.\n$/);
  });

  it.each([
    [
      "a file that is not there",
      () => join(folder, "nowhere.yaml"),
      /nowhere\.yaml does not exist: name a scenario file/,
    ],
    ["a folder without any", () => folder, /There are no scenario files \(\*\.yaml\) there/],
    ["an empty file", () => write("empty.yaml", ""), /empty\.yaml:1:1: the file holds no scenario/],
  ])("gets code 2 for %s", async (_, path, reason) => {
    const { code, err } = await validate(path());
    expect([code, err]).toEqual([2, expect.stringMatching(reason)]);
  });

  it("gets code 2 for no files at all, and learns what to name", async () => {
    expect(await validate()).toEqual({
      code: 2,
      out: "",
      err: "Name the files or folders to check, or ask for the --schema.\n",
    });
  });

  it("gets the format as JSON Schema for an editor", async () => {
    const { code, out, err } = await validate("--schema");
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Yesline scenario",
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: {
        call: { required: ["from", "to"] },
        steps: { type: "array" },
        expect: { type: "object" },
      },
    });
  });
});
