import type { ChainMaker } from "../driver.ts";
import { requestOf } from "../wire.ts";

export type ConsentChains = {
  /** Each has an allowance of its own, and its turn. */
  readonly keys: readonly string[];
  readonly numbers: readonly string[];
};

/** "Where does this number stand?", one request a chain. */
export const chains: ChainMaker<ConsentChains> = (url, { keys, numbers }) =>
  numbers.map((number, n) => {
    const where = new URL(`/api/v1/consents/${encodeURIComponent(number)}?business=acme-dental`, url);
    const headers = { Authorization: `Bearer ${keys[n % keys.length] ?? ""}` };
    return [{ request: requestOf("GET", where, headers, ""), status: 200, holds: '"appointment-reminders"' }];
  });
