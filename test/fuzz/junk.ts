import * as fc from "fast-check";

/** Characters that something, somewhere, takes for more than they are. */
const SPICES = [
  "\0",
  "\n",
  "\r\n",
  "\t",
  "\u001B[2J",
  "\u2028",
  "\u202E",
  "\uFEFF",
  "\uFFFE",
  "%",
  "%00",
  "%ff",
  "%C3",
  "%ED%A0%80",
  "%2e%2e%2f",
  "..",
  "//",
  "\\",
  "&",
  "=",
  "+",
  "#",
  "?",
  ";",
  "'",
  '"',
  "`",
  "<",
  ">",
  "</Say>",
  "<!--",
  "]]>",
  "<![CDATA[",
  "&amp;",
  "&#0;",
  "&#x110000;",
  "&lol;",
  "{",
  "}",
  "{{",
  "}}",
  "[",
  "]",
  "*",
  "&a ",
  "*a",
  "!!js/function ",
  "!!binary ",
  "<<: ",
  "? ",
  "- ",
  ": ",
  "---\n",
  "...\n",
  "|",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "null",
  "true",
  "NaN",
  "-1",
  "1e999",
  "9".repeat(30),
  "💥",
  "é",
  "ß",
  "İ",
  "a\u0301",
  "x".repeat(5_000),
];

const spice = fc.constantFrom(...SPICES);

/** A word of anything, with spices in it. */
export const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 20 }).map((given) => given.toWellFormed()),
  fc.array(fc.oneof(spice, fc.string({ maxLength: 6 })), { maxLength: 4 }).map((parts) => parts.join("")),
  spice,
);

/** One thing that goes wrong with a text: where, as a share of it, and how. */
type Change = {
  readonly at: number;
  readonly length: number;
  readonly how: "cut" | "double" | "insert" | "replace" | "move" | "end";
  readonly spice: string;
};

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof(fc.nat(3), fc.nat(80)),
  how: fc.constantFrom("cut", "double", "insert", "insert", "replace", "replace", "move", "end"),
  spice: fc.oneof(spice, text),
});

/** A good text with a few things wrong with it, or none. */
export function mutated(good: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(good, fc.array(change, { maxLength: 4 }))
    .map(([start, changes]) => changes.reduce(changed, start));
}

function changed(given: string, { at, length, how, spice: put }: Change): string {
  const from = Math.floor(at * given.length);
  const before = given.slice(0, from);
  const piece = given.slice(from, from + length);
  const after = given.slice(from + length);
  switch (how) {
    case "cut":
      return before + after;
    case "double":
      return before + piece + piece + after;
    case "insert":
      return before + put + piece + after;
    case "replace":
      return before + put + after;
    case "move":
      return after + piece + before;
    case "end":
      return before;
  }
}
