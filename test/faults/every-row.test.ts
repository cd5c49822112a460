import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FAULTS } from "./rows.ts";

/** Rows that a test provokes, in the order of their numbers; one that is provoked twice stands twice. */
function provoked(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) =>
      readFileSync(`${import.meta.dirname}/${file}`, "utf8")
        .split(/^\s*fault\(\s*/m)
        .slice(1),
    )
    .map((rest) => /^\d+/.exec(rest)?.[0] ?? rest.slice(0, 20))
    .toSorted((one, other) => Number(one) - Number(other));
}

it("every fault of the table is provoked by one test", () => {
  expect(provoked()).toEqual(Object.keys(FAULTS));
});
