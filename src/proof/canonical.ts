/** What canonical JSON is made of. Numbers are safe integers only: no two programs could disagree on how to write one. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deeper than anything of ours; a bound for what comes from outside. */
const MAX_DEPTH = 32;

/**
 * The one text of a value (RFC 8785, JSON Canonicalization Scheme): no spaces, keys in the order of their UTF-16 units,
 * strings as ECMAScript writes them.
 *
 * @throws {TypeError} for what has no canonical text here: fractions, numbers beyond 2^53, lone surrogates, undefined
 */
export function canonical(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`Canonical JSON of more than ${MAX_DEPTH} levels is refused.`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return integer(value);
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${Array.from(value, (each) => write(each, depth + 1)).join(",")}]`;
  if (typeof value === "object" && isPlain(value)) {
    // The default order of strings is that of their UTF-16 units, which is what the RFC asks for (3.2.3).
    const keys = Object.keys(value).toSorted();
    const members = keys.map(
      (key) => `${text(key)}:${write((value as Record<string, unknown>)[key], depth + 1)}`,
    );
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`Canonical JSON has no ${typeof value === "object" ? "such object" : typeof value}.`);
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`Canonical JSON takes whole numbers, not ${value}.`);
  return String(value);
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("Canonical JSON takes no lone surrogate.");
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
