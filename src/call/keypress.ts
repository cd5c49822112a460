/** The twelve keys of a telephone. */
export type Key = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "*" | "#";

/** One parsed answer of a caller. */
export type Keypress =
  | { readonly kind: "key"; readonly key: Key }
  /** More than one key: a number that was asked for, or nonsense. */
  | { readonly kind: "digits"; readonly digits: string }
  | { readonly kind: "silence" }
  | { readonly kind: "hang-up" };

/**
 * Reads a `Digits` field that has passed its pattern (only 0-9, * and #); absent or empty is silence.
 * The rest of what a person can do with a keypad is for the flow to judge.
 */
export function keypress(digits: string | undefined): Keypress {
  if (digits === undefined || digits === "") return { kind: "silence" };
  return digits.length === 1 ? { kind: "key", key: digits as Key } : { kind: "digits", digits };
}
