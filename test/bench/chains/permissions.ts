import type { ChainMaker } from "../driver.ts";
import { requestOf } from "../wire.ts";

export type PermissionChains = {
  readonly path: string;
  readonly key: string;
  readonly requests: number;
  /** Callers who are known: numbered from 0, see `knownNumber`. */
  readonly people: number;
  readonly at: string;
};

/** "May I send this?", one request a chain, about everyone in turn. */
export const chains: ChainMaker<PermissionChains> = (url, { path, key, requests, people, at }) => {
  const where = new URL(path, url);
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  // A step that shares nothing with ten thousand: neighbours in time are no neighbours in the index.
  const ofPerson = Array.from({ length: Math.min(people, requests) }, (_, n) =>
    requestOf(
      "POST",
      where,
      headers,
      JSON.stringify({
        business: "acme-dental",
        to: knownNumber((n * 7919) % people),
        topic: "appointment-reminders",
        at,
      }),
    ),
  );
  return Array.from({ length: requests }, (_, n) => [
    { request: ofPerson[n % ofPerson.length] ?? Buffer.alloc(0), status: 200 },
  ]);
};

/** Nobody's: it is only ever written to a temporary file. */
export function knownNumber(person: number): `+${string}` {
  return `+1415${2_000_000 + person}`;
}
