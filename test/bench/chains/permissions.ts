import type { ChainMaker } from "../driver.ts";
import { requestOf } from "../wire.ts";

export type PermissionChains = {
  readonly path: string;
  readonly key: string;
  readonly requests: number;
  /** About each in turn. */
  readonly numbers: readonly string[];
  readonly at: string;
};

/** "May I send this?", one request a chain. */
export const chains: ChainMaker<PermissionChains> = (url, { path, key, requests, numbers, at }) => {
  const where = new URL(path, url);
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const ofNumber = numbers.map((to) =>
    requestOf(
      "POST",
      where,
      headers,
      JSON.stringify({ business: "acme-dental", to, topic: "appointment-reminders", at }),
    ),
  );
  return Array.from({ length: requests }, (_, n) => [
    { request: ofNumber[n % ofNumber.length] ?? Buffer.alloc(0), status: 200 },
  ]);
};

/** Nobody's: it is only ever written to a temporary file. */
export function knownNumber(person: number): `+${string}` {
  return `+1415${2_000_000 + person}`;
}

/** So many of them: neighbours in time are no neighbours in the index. */
export function numbersOf(people: number, count: number): string[] {
  // A step that shares nothing with any power of ten.
  return Array.from({ length: count }, (_, n) => knownNumber((n * 7919) % people));
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Noon in Chicago tomorrow, when people may be written to. */
export function daytime(): string {
  return `${new Date(Date.now() + DAY_MS).toISOString().slice(0, 10)}T18:00:00Z`;
}
