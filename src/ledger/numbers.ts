import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import type { E164 } from "../call/phone-number.ts";

/**
 * Law 10: numbers stay private. At rest a number is an AES-256-GCM ciphertext beside a blind index; both keys come
 * from YESLINE_SECRET, which is never in the database.
 */
export type NumberVault = {
  /** Equal numbers of one business have equal indexes; without the key nothing follows from an index. Hex. */
  blindIndex(businessId: string, number: E164): string;
  /** The same for the last four digits alone, by which a supervisor finds a caller. Hex. */
  lastFourIndex(businessId: string, digits: string): string;
  /** `owner` is bound into the ciphertext, so that it cannot be moved to another row. */
  encrypt(owner: string, number: E164): Buffer;
  /** @throws where the key is not the one it was encrypted with, or a byte has changed */
  decrypt(owner: string, sealed: Buffer): E164;
  /** The same for the same secret, and telling nothing of it. Hex. */
  readonly fingerprint: string;
  /** A random 32-byte salt and HMAC-SHA256(salt, number): what an entry may keep once the number is erased. Hex. */
  commit(number: E164): { readonly salt: Buffer; readonly commitment: string };
  /**
   * A salt at rest is sealed as the number is: in clear, beside its commitment, it would let anybody try all numbers
   * there are without the secret. `owner` is bound in.
   */
  sealSalt(owner: string, salt: Buffer): Buffer;
  /** Also one that still stands in clear. @throws like `decrypt` */
  openSalt(owner: string, kept: Buffer): Buffer;
  /** Words about a person, readable only as long as that person's salt is kept: erasing the salt erases them. */
  seal(salt: Buffer, text: string): Buffer;
  /** @throws like `decrypt` */
  unseal(salt: Buffer, sealed: Buffer): string;
  /** HMAC-SHA256(salt, words): what stays of a person's words once the salt is erased. Hex. */
  commitTo(salt: Buffer, words: string): string;
  /** A secret of ours, such as the one that signs events; `owner` is bound in like a number's. */
  sealSecret(owner: string, secret: string): Buffer;
  /** @throws like `decrypt` */
  unsealSecret(owner: string, sealed: Buffer): string;
  /** Vaults of earlier secrets, while theirs is not all sealed anew: what they sealed is read by this one as well. */
  readonly older: readonly NumberVault[];
  /** This one without the older ones: it reads only what the present secret has sealed. */
  readonly present: NumberVault;
};

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SALT_BYTES = 32;

/**
 * Salts lay in clear once, and do so until they are sealed anew: such a one has its bare length, and a sealed one is
 * longer. The index `subscriber_clear_salt` and the trigger `salt_is_sealed` say the same in SQL.
 */
export function isClearSalt(kept: Buffer): boolean {
  return kept.length === SALT_BYTES;
}

/**
 * @param secret 32 bytes: whatever is written is written with it
 * @param olderSecrets what they have sealed can be read, and found with `lookUp`, until it is sealed anew
 */
export function numberVault(secret: Uint8Array, olderSecrets: readonly Uint8Array[] = []): NumberVault {
  const present = vaultOf(secret);
  if (olderSecrets.length === 0) return present;
  const older = olderSecrets.map(vaultOf);
  const all = [present, ...older];
  return {
    ...present,
    older,
    present,
    decrypt: (owner, sealed) => firstThatReads(all, (vault) => vault.decrypt(owner, sealed)),
    openSalt: (owner, kept) => firstThatReads(all, (vault) => vault.openSalt(owner, kept)),
    unseal: (salt, sealed) => firstThatReads(all, (vault) => vault.unseal(salt, sealed)),
    unsealSecret: (owner, sealed) => firstThatReads(all, (vault) => vault.unsealSecret(owner, sealed)),
  };
}

/**
 * Looks for a row by its blind index: under the present secret, then under older ones. What is sealed anew between two
 * looks is found by the last one.
 */
export function lookUp<T>(vault: NumberVault, look: (vault: NumberVault) => T | undefined): T | undefined {
  const found = look(vault);
  if (found !== undefined || vault.older.length === 0) return found;
  for (const older of vault.older) {
    const earlier = look(older);
    if (earlier !== undefined) return earlier;
  }
  return look(vault);
}

/** @throws what the last one says, where none can read it */
function firstThatReads<T>(vaults: readonly NumberVault[], read: (vault: NumberVault) => T): T {
  let refusal: unknown;
  for (const vault of vaults) {
    try {
      return read(vault);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

function vaultOf(secret: Uint8Array): NumberVault {
  // Made ready once: of bare bytes each HMAC and each cipher would make a key anew, which takes longer than they do.
  const indexKey = createSecretKey(derive(secret, "yesline blind index 1"));
  const lastFourKey = createSecretKey(derive(secret, "yesline last four index 1"));
  const cipherKey = createSecretKey(derive(secret, "yesline number encryption 1"));
  const saltKey = createSecretKey(derive(secret, "yesline salt encryption 1"));
  const secretKey = createSecretKey(derive(secret, "yesline secret encryption 1"));
  const noteSecret = derive(secret, "yesline note encryption 1");
  const noteKey = (salt: Buffer) =>
    Buffer.from(hkdfSync("sha256", noteSecret, salt, "yesline note 1", KEY_BYTES));
  const vault: NumberVault = {
    fingerprint: createHmac("sha256", indexKey).update("yesline secret check 1").digest("hex"),
    blindIndex: (businessId, number) =>
      createHmac("sha256", indexKey).update(`${businessId}\0${number}`).digest("hex"),
    lastFourIndex: (businessId, digits) =>
      createHmac("sha256", lastFourKey)
        .update(`${businessId}\0${digits.slice(-4)}`)
        .digest("hex"),
    encrypt: (owner, number) => encryptWith(cipherKey, owner, Buffer.from(number)),
    decrypt: (owner, sealed) => decryptWith(cipherKey, owner, sealed).toString() as E164,
    commit(number) {
      const salt = randomBytes(SALT_BYTES);
      return { salt, commitment: commitTo(salt, number) };
    },
    sealSalt: (owner, salt) => encryptWith(saltKey, owner, salt),
    openSalt: (owner, kept) => (isClearSalt(kept) ? kept : decryptWith(saltKey, owner, kept)),
    commitTo,
    sealSecret: (owner, text) => encryptWith(secretKey, owner, Buffer.from(text)),
    unsealSecret: (owner, sealed) => decryptWith(secretKey, owner, sealed).toString(),
    seal: (salt, text) => encryptWith(noteKey(salt), "note", Buffer.from(text)),
    unseal: (salt, sealed) => decryptWith(noteKey(salt), "note", sealed).toString(),
    older: [],
    get present() {
      return vault;
    },
  };
  return vault;
}

/**
 * HMAC-SHA256 (RFC 2104) as two hashes: a salt is used once or twice, and createHmac would take seven times as long to
 * make a key of it first. A test holds it to createHmac.
 */
function commitTo(salt: Buffer, words: string): string {
  if (salt.length > HMAC_BLOCK_BYTES) return createHmac("sha256", salt).update(words).digest("hex");
  const inner = Buffer.allocUnsafe(HMAC_BLOCK_BYTES + Buffer.byteLength(words)).fill(
    0x36,
    0,
    HMAC_BLOCK_BYTES,
  );
  const outer = Buffer.allocUnsafe(HMAC_BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, HMAC_BLOCK_BYTES);
  for (let at = 0; at < salt.length; at++) {
    inner[at] = (salt[at] ?? 0) ^ 0x36;
    outer[at] = (salt[at] ?? 0) ^ 0x5c;
  }
  inner.write(words, HMAC_BLOCK_BYTES);
  outer.set(hash("sha256", inner, "buffer"), HMAC_BLOCK_BYTES);
  return hash("sha256", outer);
}

const HMAC_BLOCK_BYTES = 64;
const HASH_BYTES = 32;

function encryptWith(key: Buffer | KeyObject, owner: string, bytes: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(owner));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function decryptWith(key: Buffer | KeyObject, owner: string, sealed: Buffer): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(-TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(owner))
    .setAuthTag(tag);
  const bytes = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  // GCM keeps no bytes back: at the end it only says whether they are those that were sealed.
  decipher.final();
  return bytes;
}

function derive(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, new Uint8Array(0), purpose, KEY_BYTES));
}
