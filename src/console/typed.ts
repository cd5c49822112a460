import { subscriberNumber, type E164 } from "../call/phone-number.ts";
import type { Business } from "../call/business.ts";
import type { ConsoleParts } from "./parts.ts";
import { readSearch } from "./search.ts";

/** The one number that somebody typed for a business, in any way people write one; null where it may be none or several. */
export function numberTyped(text: string, business: Business): E164 | null {
  const read = readSearch(text, [business]);
  if (read.kind !== "number") return null;
  const numbers = new Set(read.numbers.flatMap((number) => subscriberNumber(number) ?? []));
  const [only] = numbers;
  return numbers.size === 1 && only !== undefined ? only : null;
}

/** The name that the form gave its request, so that a button pressed twice does it once; a new one where it has none. */
export function requestNamed(text: string, { newId }: Pick<ConsoleParts, "newId">): string {
  return /^[0-9a-f-]{36}$/.test(text) ? text : newId();
}
