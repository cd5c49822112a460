import { globSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, parseBusinesses } from "../../src/business-file.ts";
import { formatScenarioProblem, parseScenarios } from "../../src/simulator/scenario.ts";
import { mutated, text } from "./junk.ts";
import { PATIENCE, promptly, runs } from "./runs.ts";

const BUSINESSES = readFileSync("src/businesses.demo.yaml", "utf8");
const SCENARIOS = globSync("test/calls/*/*.yaml").map((file) => readFileSync(file, "utf8"));

/** Each complaint: the file, a line, what is wrong; in one line, which a terminal cannot be fooled by. */
const COMPLAINT = /^odd\.yaml:[1-9]\d*:[^\p{Cc}]+$/u;
const MAX_COMPLAINTS = 100;
const MAX_COMPLAINT = 2_000;

/** @returns the complaints about a business file; none: it was read */
function aboutBusinesses(yaml: string): readonly string[] {
  try {
    expect(parseBusinesses(yaml, "odd.yaml").length).toBeGreaterThan(0);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n");
  }
}

/** @returns the complaints about a file of scenarios; none: it was read */
function aboutScenarios(yaml: string): readonly string[] {
  const { scenarios, problems } = parseScenarios(yaml, "odd.yaml");
  expect(scenarios.length + problems.length).toBeGreaterThan(0);
  return problems.map(formatScenarioProblem);
}

const READERS = [
  ["business file", aboutBusinesses, fc.constant(BUSINESSES)],
  ["file of scenarios", aboutScenarios, fc.constantFrom(...SCENARIOS)],
] as const;

/** A value of YAML, as deep as people write it, with anchors and tags. */
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.constantFrom("&a x", "*a", "*b", "!!set {a}", "~", "12", "2026-11-22", '"+14155550100"', "[]", "{}"),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc
      .array(
        fc.tuple(fc.constantFrom("id", "name", "lines", "call", "steps", "<<", "__proto__"), tie("value")),
        {
          maxLength: 4,
        },
      )
      .map((pairs) => `{ ${pairs.map(([key, held]) => `${key}: ${held}`).join(", ")} }`),
  ),
}));

describe.each(READERS)("whoever gives an odd %s", (_, complaintsAbout, good) => {
  function check(yaml: string): void {
    const complaints = complaintsAbout(yaml);
    expect(complaints.length).toBeLessThanOrEqual(MAX_COMPLAINTS);
    for (const complaint of complaints) {
      expect(complaint).toMatch(COMPLAINT);
      expect(complaint.length).toBeLessThan(MAX_COMPLAINT);
    }
  }

  it("is told file, line and fault, or it is read", { timeout: PATIENCE }, async () => {
    const odd = fc.oneof(
      { weight: 6, arbitrary: mutated(good) },
      { weight: 2, arbitrary: value.map((held) => `businesses: ${held}\nname: ${held}`) },
      { weight: 1, arbitrary: value },
    );
    const seen = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(odd, async (yaml) => {
        await promptly(yaml, () => check(yaml));
        seen[complaintsAbout(yaml).length === 0 ? "read" : "refused"]++;
      }),
      runs(250),
    );
    // Some of it was odd, and some of it was not.
    expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(20);
  });

  it.each([
    ["is nested without end", "[".repeat(20_000)],
    [
      "is nested without end, line by line",
      Array.from({ length: 1_400 }, (__, n) => `${" ".repeat(n)}a:\n`).join(""),
    ],
    ["has keys without end", Array.from({ length: 20_000 }, (__, n) => `k${n}: 1\n`).join("")],
    ["has anchors without end", Array.from({ length: 5_000 }, (__, n) => `k${n}: &a${n} x\n`).join("")],
    ["has an alias to nothing", "name: *nobody"],
    ["merges nothing", "<<: *nobody"],
    ["has a key twice", "name: a\nname: b"],
    ["grows without end", bomb()],
    ["is too long", `name: ${"x".repeat(5_000_000)}`],
    ["has a mistake without end", "- ".repeat(20_000)],
    ["is nothing but brackets", "]}".repeat(10_000)],
    ["has binary data", "!!binary YWJj"],
  ])("that %s is told so, soon, and in few words", async (what, yaml) => {
    await promptly(what, () => check(yaml));
    expect(complaintsAbout(yaml)).not.toEqual([]);
  });
});

/** Small, until its aliases are followed. */
function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]\n`);
  return `l0: &l0 [x]\n${levels.join("")}`;
}
