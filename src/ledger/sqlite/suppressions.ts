import { createHmac, randomBytes } from "node:crypto";
import type { E164 } from "../../call/phone-number.ts";
import type { Suppressed } from "../erasure-list.ts";
import type { NumberVault } from "../numbers.ts";
import type { SuppressionReason } from "../privacy.ts";
import type { Connection } from "./connection.ts";
import { sealedKeys } from "./sealed-keys.ts";

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
  const keys = sealedKeys({ client }, vault);

  function hashWith(key: Buffer, businessId: string, number: E164): string {
    return createHmac("sha256", key).update(`${businessId}\0${number}`).digest("hex");
  }

  /** Null where nobody is suppressed, which is so for most businesses. */
  function hashOf(businessId: string, number: E164): string | null {
    const key = any.get(businessId) === 1 ? keys.keyOf(KEY_NAME) : null;
    return key === null ? null : hashWith(key, businessId, number);
  }

  return {
    /** The key as it is kept, in base64; null where nobody was ever suppressed. */
    sealedKey: (): string | null => keys.sealedOf(KEY_NAME)?.toString("base64") ?? null,
    /** Takes over the key of a list that was kept elsewhere. @returns whether it is the one in use now */
    adoptKey: (sealed: string): boolean => keys.adopt(KEY_NAME, Buffer.from(sealed, "base64")),
    /** A hash that was made under this key before. */
    addHash({ businessId, hash, reason, at }: Suppressed): void {
      add.run(businessId, hash, reason, at);
    },
    /** One look into an index: most businesses suppress nobody, and no number need be read for them. */
    any: (businessId: string): boolean => any.get(businessId) === 1,
    has(businessId: string, number: E164): boolean {
      const hash = hashOf(businessId, number);
      return hash !== null && find.get(businessId, hash) === 1;
    },
    add(businessId: string, number: E164, reason: SuppressionReason, at: number): void {
      const key = keys.keep(KEY_NAME, () => randomBytes(KEY_BYTES));
      add.run(businessId, hashWith(key, businessId, number), reason, at);
    },
    /** @returns whether it was there */
    lift(businessId: string, number: E164): boolean {
      const hash = hashOf(businessId, number);
      return hash !== null && remove.run(businessId, hash).changes === 1;
    },
  };
}
