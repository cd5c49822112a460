import { describe, expect, it } from "vitest";
import { keypress } from "../../src/call/keypress.ts";
import { TWELVE_KEYS } from "./clinic.ts";

describe("what a caller keyed in is read as", () => {
  it.each([undefined, ""])("silence, where it is %j", (digits) => {
    expect(keypress(digits)).toEqual({ kind: "silence" });
  });

  it.each(TWELVE_KEYS)("the key %s, where it is that one key", (key) => {
    expect(keypress(key)).toEqual({ kind: "key", key });
  });

  it.each(["11", "1#", "**", "0034612345678", "#1"])("digits, where it is %s", (digits) => {
    expect(keypress(digits)).toEqual({ kind: "digits", digits });
  });
});
