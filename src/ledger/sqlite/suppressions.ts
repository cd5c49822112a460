import { createHmac, randomBytes } from "node:crypto";
import type { E164 } from "../../call/phone-number.ts";
import type { NumberVault } from "../numbers.ts";
import type { SuppressionReason } from "../privacy.ts";
import type { Connection } from "./connection.ts";

export type SuppressionBook = ReturnType<typeof suppressionBook>;

/** Its name among the sealed keys. */
const KEY_NAME = "suppression";
const KEY_BYTES = 32;

/**
 * Numbers that stay withdrawn, though nothing else is kept of them: HMACs, from which no number follows without the
 * key. The key is random and sealed with the secret. If it were made from the secret, a change of that would lose every
 * one of them, because nobody knows the numbers any more.
 */
export function suppressionBook({ client }: Connection, vault: NumberVault) {
  const any = client
    .prepare<[string], 0 | 1>("SELECT EXISTS (SELECT 1 FROM suppression WHERE business_id = ?)")
    .pluck();
  const find = client
    .prepare<[string, string], 1>("SELECT 1 FROM suppression WHERE business_id = ? AND hash = ?")
    .pluck();
  const add = client.prepare<[string, string, SuppressionReason, number]>(
    "INSERT INTO suppression (business_id, hash, reason, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const remove = client.prepare<[string, string]>(
    "DELETE FROM suppression WHERE business_id = ? AND hash = ?",
  );
  const sealedKey = client
    .prepare<[], Buffer>(`SELECT sealed FROM sealed_key WHERE name = '${KEY_NAME}'`)
    .pluck();
  const addKey = client.prepare<[Buffer]>(
    `INSERT INTO sealed_key (name, sealed) VALUES ('${KEY_NAME}', ?) ON CONFLICT DO NOTHING`,
  );
  // As it is sealed now, and as it is: another process may seal it anew, or a transaction may be taken back.
  let opened: { readonly sealed: Buffer; readonly key: Buffer } | null = null;

  function key(): Buffer | null {
    const sealed = sealedKey.get();
    if (sealed === undefined) return null;
    if (opened?.sealed.equals(sealed) !== true) {
      opened = { sealed, key: Buffer.from(vault.unsealSecret(sealedKeyOwner(KEY_NAME), sealed), "base64") };
    }
    return opened.key;
  }

  function hashOf(businessId: string, number: E164): string | null {
    const found = key();
    return found === null
      ? null
      : createHmac("sha256", found).update(`${businessId}\0${number}`).digest("hex");
  }

  return {
    /** One look into an index: most businesses suppress nobody, and no number need be read for them. */
    any: (businessId: string): boolean => any.get(businessId) === 1,
    has(businessId: string, number: E164): boolean {
      if (any.get(businessId) !== 1) return false;
      const hash = hashOf(businessId, number);
      return hash !== null && find.get(businessId, hash) === 1;
    },
    add(businessId: string, number: E164, reason: SuppressionReason, at: number): void {
      if (sealedKey.get() === undefined) {
        const fresh = randomBytes(KEY_BYTES).toString("base64");
        addKey.run(vault.sealSecret(sealedKeyOwner(KEY_NAME), fresh));
      }
      const hash = hashOf(businessId, number);
      if (hash === null) throw new Error("The key of the suppressions was kept, and is not there.");
      add.run(businessId, hash, reason, at);
    },
    /** @returns whether it was there */
    lift(businessId: string, number: E164): boolean {
      if (any.get(businessId) !== 1) return false;
      const hash = hashOf(businessId, number);
      return hash !== null && remove.run(businessId, hash).changes === 1;
    },
  };
}

/** What is bound into a sealed key, so that it cannot be taken for another one. */
export function sealedKeyOwner(name: string): string {
  return `sealed key\0${name}`;
}
