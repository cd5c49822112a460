/** Every field of a form body in the order it came; a name may stand more than once. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** A request that is wrong in itself: the HTTP status of the answer, and what is wrong, for a developer. */
export type Refusal = { readonly refused: 400 | 403 | 415; readonly message: string };

/** Twilio sends about 30 fields; a form of more than this many is not Twilio's. */
const MAX_FIELDS = 200;

/** What stands in the place of bytes that are no UTF-8. Twilio encodes all that is not ASCII, so it sends none itself. */
const NOT_UTF8 = "\uFFFD";

/**
 * Splits an `application/x-www-form-urlencoded` body. Values are neither trimmed nor repaired: the signature
 * covers them as they came. @returns null for bad percent-encoding, text that was not UTF-8, or a NUL
 */
export function parseForm(body: string): Fields | null {
  const fields = new Map<string, string[]>();
  if (body === "") return fields;
  if (body.includes(NOT_UTF8) || body.includes("\0") || body.includes("%00")) return null;
  const text = body.includes("+") ? body.replaceAll("+", " ") : body;
  try {
    let count = 0;
    for (let from = 0; from <= text.length; count++) {
      if (count >= MAX_FIELDS) return null;
      const ampersand = text.indexOf("&", from);
      const end = ampersand < 0 ? text.length : ampersand;
      const equals = text.indexOf("=", from);
      const nameEnd = equals < 0 || equals > end ? end : equals;
      const name = decode(text.slice(from, nameEnd));
      const value = decode(text.slice(nameEnd + 1, end));
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
      from = end + 1;
    }
  } catch (error) {
    // Bad percent-encoding. Anything else is ours.
    if (error instanceof URIError) return null;
    throw error;
  }
  return fields;
}

function decode(text: string): string {
  return text.includes("%") ? decodeURIComponent(text) : text;
}

/**
 * Names and values in one string, as the signature covers them after the address: by name, and of a name that stands
 * more than once each value once, in order. Source: twilio.com/docs/usage/security, as the SDK does it.
 */
export function signedText(fields: Fields): string {
  let text = "";
  for (const name of [...fields.keys()].toSorted()) {
    const values = fields.get(name) ?? [];
    if (values.length === 1) text += name + (values[0] ?? "");
    else for (const value of new Set(values.toSorted())) text += name + value;
  }
  return text;
}

/** How one field is read: its value, or undefined where it does not stand in the form. */
export type Pattern<T> = {
  readonly read: (value: string | undefined) => T | Fault;
  /** How it would look within another field, where it may be missing and that matters. */
  readonly hidden?: RegExp;
};

/** What is wrong with a value, without the value. */
export class Fault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const ABSENT = new Fault("Invalid input: expected string, received undefined");

/** A value that must be there, in its pattern. */
export function matching(pattern: RegExp, fault: string): Pattern<string> {
  const wrong = new Fault(fault);
  return {
    read: (value) => (value === undefined ? ABSENT : pattern.test(value) ? value : wrong),
  };
}

/** A value that must be there, of no more than so many characters. */
export function upTo(length: number, fault: string): Pattern<string> {
  const wrong = new Fault(fault);
  return {
    read: (value) => (value === undefined ? ABSENT : value.length <= length ? value : wrong),
  };
}

/** One of the values that Twilio has. */
export function oneOf<const T extends string>(values: readonly T[]): Pattern<T> {
  const known: ReadonlySet<string> = new Set(values);
  const wrong = new Fault(`Invalid option: expected one of ${values.map((each) => `"${each}"`).join("|")}`);
  return { read: (value) => (value !== undefined && known.has(value) ? (value as T) : wrong) };
}

/** What may be missing. @param hidden how it would look within another field, where it matters */
export function optional<T>(pattern: Pattern<T>, hidden?: RegExp): Pattern<T | undefined> {
  return usually(pattern, undefined, hidden);
}

/** What may be missing, and then has its usual value. */
export function usually<T, const U>({ read }: Pattern<T>, usual: U, hidden?: RegExp): Pattern<T | U> {
  return {
    read: (value) => (value === undefined ? usual : read(value)),
    ...(hidden === undefined ? {} : { hidden }),
  };
}

/** What was read becomes something else. */
export function turned<T, U>({ read }: Pattern<T>, turn: (value: T) => U): Pattern<U> {
  return {
    read(value) {
      const found = read(value);
      return found instanceof Fault ? found : turn(found);
    },
  };
}

export type Patterns = Readonly<Record<string, Pattern<unknown>>>;
type Values<P extends Patterns> = { readonly [K in keyof P]: Exclude<ReturnType<P[K]["read"]>, Fault> };

/** Reads a form. @param signed its `signedText`, where that is at hand */
export type FormReader<T> = (fields: Fields, signed?: string) => T | Refusal;

/**
 * The fields that a form names, each in its pattern and once; the others are not looked at. The signature covers names
 * and values without their borders: whoever moves one can hide a field in its neighbour, so that a key becomes silence
 * or a machine a person; so what is missing must not be hidden.
 */
export function formOf<P extends Patterns>(patterns: P): FormReader<Values<P>> {
  const named = Object.entries(patterns);
  const missable = named.flatMap(([name, { hidden }]) => (hidden === undefined ? [] : [{ name, hidden }]));

  return (fields, signed) => {
    for (const [name] of named) {
      if ((fields.get(name)?.length ?? 0) > 1) return refusal(`${name} stands more than once`);
    }
    const missing = missable.filter(({ name }) => !fields.has(name));
    if (missing.length > 0) {
      const text = signed ?? signedText(fields);
      const found = missing.find(({ hidden }) => hidden.test(text));
      if (found !== undefined) return refusal(`${found.name} stands within another field`);
    }
    const values: Record<string, unknown> = {};
    for (const [name, { read }] of named) {
      const value = read(fields.get(name)?.[0]);
      if (value instanceof Fault) return refusal(`${name}: ${value.message}`);
      values[name] = value;
    }
    return values as Values<P>;
  };
}

function refusal(message: string): Refusal {
  return { refused: 400, message };
}
