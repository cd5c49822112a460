import { createHash } from "node:crypto";
import type { ProofStore, StoredCheckpoint } from "../../src/ledger/proof-store.ts";
import { signerOf } from "../../src/proof/note.ts";
import { createSealer, type SealerParts } from "../../src/proof/sealer.ts";
import { agree, callOf, someNumber, type Memory } from "../support/memory.ts";

export const NAME = "line.example/yesline";
export const KEY = signerOf(NAME, createHash("sha256").update("key").digest());
export const NEXT_KEY = signerOf(NAME, createHash("sha256").update("next key").digest());

/** A sealer whose clock stands still, and what it told. */
export function sealerOn(store: ProofStore, over: Partial<SealerParts> = {}) {
  const told: StoredCheckpoint[] = [];
  const errors: Error[] = [];
  const sealer = createSealer({
    store,
    signers: [KEY],
    outside: async () => [],
    now: () => 1_000,
    monotonicMs: () => 0,
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    onCheckpoint: (checkpoint) => told.push(checkpoint),
    onError: (error) => errors.push(error),
    ...over,
  });
  return { ...sealer, told, errors };
}

/** So many calls in which people agree, and their entries. */
export async function agreements({ ledger }: Pick<Memory, "ledger">, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 200) {
    const calls = Array.from({ length: Math.min(left, 200) }, () =>
      callOf({ caller: someNumber(), simulated: left % 3 === 0 }),
    );
    await Promise.all(calls.map((call) => agree(ledger, call)));
  }
}
