import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from "node:crypto";

/** Who may have signed: a name, the key's short id, and the key itself. */
export type Verifier = {
  readonly name: string;
  /** 4 bytes, hex. */
  readonly id: string;
  /** `name+id+key`: how auditors write a key down (C2SP calls it vkey). */
  readonly text: string;
  verify(text: string, signature: Uint8Array): boolean;
  /** The same key where it says when as well (C2SP tlog-cosignature); null of one that does nothing else: a witness. */
  readonly timed: Verifier | null;
  /** The same key under another name: a log may be renamed. */
  readonly named: (name: string) => Verifier;
};

export type Signer = {
  readonly verifier: Verifier;
  readonly sign: (text: string) => Uint8Array;
  /** @param at whole seconds since 1970 */
  readonly signAt: (text: string, at: number) => Uint8Array;
};

/** A note as it was read: nothing of the text may be believed unless it was signed by a key that is known. */
export type Opened =
  | {
      readonly kind: "signed";
      readonly text: string;
      readonly by: readonly Verifier[];
      /** Who has said under a signature when; seconds since 1970. */
      readonly times: readonly { readonly name: string; readonly at: number }[];
    }
  | { readonly kind: "refused"; readonly reason: string };

/** Two algorithms, both Ed25519: over the text; over the text and the time (cosignature/v1). */
const ED25519 = 0x01;
const TIMED_ED25519 = 0x04;
type Algorithm = typeof ED25519 | typeof TIMED_ED25519;
const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const MAX_NOTE_CHARACTERS = 64 * 1024;
/** C2SP asks for sixteen at least. */
const MAX_SIGNATURES = 100;

/** @param seed 32 bytes @throws {TypeError} for a name that cannot stand in a note */
export function signerOf(name: string, seed: Uint8Array): Signer {
  if (seed.length !== SEED_BYTES) throw new TypeError(`A key is made of ${SEED_BYTES} bytes.`);
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_OF_ED25519, seed]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const verifier = verifierOf(name, spki.subarray(-PUBLIC_KEY_BYTES), ED25519);
  return {
    verifier,
    sign: (text) => sign(null, Buffer.from(text), key),
    signAt(text, at) {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeBigUInt64BE(BigInt(at));
      return Buffer.concat([time, sign(null, Buffer.from(withTime(text, at)), key)]);
    },
  };
}

/** What is signed where the time is signed as well. */
function withTime(text: string, at: number | bigint): string {
  return `cosignature/v1\ntime ${at}\n${text}`;
}

/** @throws {TypeError} for what is no key of a note, is of another algorithm, or does not fit its own id */
export function parseVerifier(text: string): Verifier {
  const [, name = "", id = "", key = ""] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const bytes = fromBase64(key);
  const algorithm = bytes?.[0];
  const isOurs = algorithm === ED25519 || algorithm === TIMED_ED25519;
  if (bytes === null || !isOurs || bytes.length !== 1 + PUBLIC_KEY_BYTES)
    throw new TypeError("The key is not written as name+id+key with an Ed25519 key.");
  const verifier = verifierOf(name, bytes.subarray(1), algorithm);
  if (verifier.id !== id) throw new TypeError("The key does not fit its own id: it was changed, or cut.");
  return verifier;
}

/** Whether the name can stand in a note: no spaces of any kind, no plus, no control characters. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\s+\p{White_Space}\p{Cc}]/u.test(name);
}

/**
 * A signed note (C2SP signed-note): the text, a blank line, and a line for each signature; then one more of each key,
 * where it shall say when.
 *
 * @param at whole seconds since 1970; null: nobody says when
 * @throws {TypeError} for a text that does not end with a newline, or holds control characters
 */
export function signNote(text: string, signers: readonly Signer[], at: number | null = null): string {
  if (!text.endsWith("\n") || !isNoteText(text))
    throw new TypeError("A note's text ends with a newline and holds no other control character.");
  const plain = signers.map(({ verifier, sign: signed }) => signatureLine(verifier, signed(text)));
  const timed = signers.flatMap(({ verifier, signAt }) =>
    at === null || verifier.timed === null ? [] : signatureLine(verifier.timed, signAt(text, at)),
  );
  return `${text}\n${[...plain, ...timed].join("")}`;
}

function signatureLine({ name, id }: Verifier, signature: Uint8Array): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, "hex"), signature]).toString("base64")}\n`;
}

/**
 * Reads a note strictly. Signatures of keys that are not known are passed over (a witness's, a coming key's); one of a
 * known key that does not hold refuses the note; so does the want of any.
 */
export function openNote(note: string, known: readonly Verifier[]): Opened {
  const parsed = parseNote(note);
  if (typeof parsed === "string") return { kind: "refused", reason: parsed };
  const by = new Set<Verifier>();
  const times: { name: string; at: number }[] = [];
  for (const { name, id, signature } of parsed.signatures) {
    const verifier = verifierAmong(known, { name, id });
    if (verifier === null) continue;
    if (!verifier.verify(parsed.text, signature))
      return { kind: "refused", reason: `The signature of ${name} does not hold.` };
    if (verifier.timed === null) times.push({ name, at: Number(timeOf(signature)) });
    else by.add(verifier);
  }
  if (by.size === 0) return { kind: "refused", reason: "No key that is known has signed." };
  return { kind: "signed", text: parsed.text, by: [...by], times };
}

/** Whose signature it says to be, among keys that are known, with or without a time; null: a stranger's. */
export function verifierAmong(
  known: readonly Verifier[],
  { name, id }: Pick<Verifier, "name" | "id">,
): Verifier | null {
  for (const verifier of known) {
    for (const each of [verifier, verifier.timed])
      if (each !== null && each.name === name && each.id === id) return each;
  }
  return null;
}

/** Who says to have signed. Nothing is checked. */
export function signersNamed(note: string): readonly { readonly name: string; readonly id: string }[] {
  const parsed = parseNote(note);
  return typeof parsed === "string" ? [] : parsed.signatures;
}

/** The keys that are known, and those of them that have signed this note under a name that the log had before. */
export function underEarlierNames(known: readonly Verifier[], note: string): readonly Verifier[] {
  const strangers = signersNamed(note).filter((each) => verifierAmong(known, each) === null);
  const earlier = strangers.flatMap(({ name, id }) =>
    known.map((each) => each.named(name)).filter((each) => each.id === id),
  );
  return [...known, ...earlier];
}

type Signature = { readonly name: string; readonly id: string; readonly signature: Uint8Array };

/** @returns why it is no note, where it is none */
function parseNote(
  note: string,
): string | { readonly text: string; readonly signatures: readonly Signature[] } {
  if (note.length > MAX_NOTE_CHARACTERS) return "The note is too long.";
  if (!isNoteText(note)) return "The note holds control characters.";
  const blank = note.lastIndexOf("\n\n");
  if (blank === -1 || !note.endsWith("\n")) return "The note has no signatures after a blank line.";
  const lines = note.slice(blank + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return `The note has more than ${MAX_SIGNATURES} signatures.`;
  const signatures: Signature[] = [];
  for (const line of lines) {
    const [, name = "", encoded = ""] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    const bytes = fromBase64(encoded);
    if (!isKeyName(name) || bytes === null || bytes.length <= ID_BYTES)
      return "A line after the blank one is no signature.";
    const id = bytes.subarray(0, ID_BYTES).toString("hex");
    signatures.push({ name, id, signature: bytes.subarray(ID_BYTES) });
  }
  return { text: note.slice(0, blank + 1), signatures };
}

function verifierOf(name: string, publicKey: Uint8Array, algorithm: Algorithm): Verifier {
  if (!isKeyName(name)) throw new TypeError("A key's name holds no space, plus or control character.");
  const typed = Buffer.concat([Buffer.from([algorithm]), publicKey]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer")
    .subarray(0, ID_BYTES)
    .toString("hex");
  const key: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI_OF_ED25519, publicKey]),
    format: "der",
    type: "spki",
  });
  const isTimed = algorithm === TIMED_ED25519;
  return {
    name,
    id,
    text: `${name}+${id}+${typed.toString("base64")}`,
    named: (other) => verifierOf(other, publicKey, algorithm),
    timed: isTimed ? null : verifierOf(name, publicKey, TIMED_ED25519),
    verify(text, signature) {
      if (!isTimed) return verify(null, Buffer.from(text), key, signature);
      if (signature.length <= TIME_BYTES) return false;
      const said = withTime(text, timeOf(signature));
      return verify(null, Buffer.from(said), key, signature.subarray(TIME_BYTES));
    },
  };
}

/** Seconds since 1970, as they stand before a signature that says when. */
function timeOf(signature: Uint8Array): bigint {
  return Buffer.from(signature.subarray(0, TIME_BYTES)).readBigUInt64BE();
}

/** What stands before the bytes of a key in DER (RFC 8410). */
const PKCS8_OF_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_OF_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

/** A note is UTF-8 without control characters below U+0020 but newlines. */
function isNoteText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- it is them that must not be there
  return text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

/** Bytes have one text: what is written in another way is refused. */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? bytes : null;
}
