import { createHash } from "node:crypto";

/** What another system sends to say who it is, and what we keep of it. */
export type KeyText = {
  /** Shown once, and kept nowhere. */
  readonly key: string;
  /** By which a person recognises it. */
  readonly prefix: string;
  /** SHA-256, hex. Enough for a secret that is random to its last bit: there is nothing to guess. */
  readonly digest: string;
};

export const KEY_BYTES = 32;
const PREFIX_CHARACTERS = 10;

/** @param random 32 bytes from a cryptographic source */
export function keyText(random: Uint8Array): KeyText {
  if (random.length !== KEY_BYTES)
    throw new Error(`A key is made of ${KEY_BYTES} bytes, not ${random.length}.`);
  const key = `yl_${Buffer.from(random).toString("base64url")}`;
  return { key, prefix: key.slice(0, PREFIX_CHARACTERS), digest: digestOfKey(key) };
}

/** By which a key that was sent is found. Hex. */
export function digestOfKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
