import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from "node:crypto";

/** Who may have signed: a name, the key's short id, and the key itself. */
export type Verifier = {
  readonly name: string;
  /** 4 bytes, hex. */
  readonly id: string;
  /** `name+id+key`: how auditors write a key down (C2SP calls it vkey). */
  readonly text: string;
  verify(text: string, signature: Uint8Array): boolean;
};

export type Signer = { readonly verifier: Verifier; readonly sign: (text: string) => Uint8Array };

/** A note as it was read: nothing of the text may be believed unless it was signed by a key that is known. */
export type Opened =
  | { readonly kind: "signed"; readonly text: string; readonly by: readonly Verifier[] }
  | { readonly kind: "refused"; readonly reason: string };

/** The one algorithm of ours: Ed25519. */
const ED25519 = 0x01;
const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
const ID_BYTES = 4;
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
  const verifier = verifierOf(name, spki.subarray(-PUBLIC_KEY_BYTES));
  return { verifier, sign: (text) => sign(null, Buffer.from(text), key) };
}

/** @throws {TypeError} for what is no key of a note, is of another algorithm, or does not fit its own id */
export function parseVerifier(text: string): Verifier {
  const [, name = "", id = "", key = ""] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const bytes = fromBase64(key);
  if (bytes === null || bytes[0] !== ED25519 || bytes.length !== 1 + PUBLIC_KEY_BYTES)
    throw new TypeError("The key is not written as name+id+key with an Ed25519 key.");
  const verifier = verifierOf(name, bytes.subarray(1));
  if (verifier.id !== id) throw new TypeError("The key does not fit its own id: it was changed, or cut.");
  return verifier;
}

/** Whether the name can stand in a note: no spaces of any kind, no plus, no control characters. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\s+\p{White_Space}\p{Cc}]/u.test(name);
}

/**
 * A signed note (C2SP signed-note): the text, a blank line, and a line for each signature.
 *
 * @throws {TypeError} for a text that does not end with a newline, or holds control characters
 */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!text.endsWith("\n") || !isNoteText(text))
    throw new TypeError("A note's text ends with a newline and holds no other control character.");
  const lines = signers.map(({ verifier, sign: signed }) => {
    const signature = Buffer.concat([Buffer.from(verifier.id, "hex"), signed(text)]);
    return `— ${verifier.name} ${signature.toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/**
 * Reads a note strictly. Signatures of keys that are not known are passed over (a witness's, a coming key's); one of a
 * known key that does not hold refuses the note; so does the want of any.
 */
export function openNote(note: string, known: readonly Verifier[]): Opened {
  const parsed = parseNote(note);
  if (typeof parsed === "string") return { kind: "refused", reason: parsed };
  const by = new Set<Verifier>();
  for (const { name, id, signature } of parsed.signatures) {
    const verifier = known.find((each) => each.name === name && each.id === id);
    if (verifier === undefined) continue;
    if (!verifier.verify(parsed.text, signature))
      return { kind: "refused", reason: `The signature of ${name} does not hold.` };
    by.add(verifier);
  }
  if (by.size === 0) return { kind: "refused", reason: "No key that is known has signed." };
  return { kind: "signed", text: parsed.text, by: [...by] };
}

/** Who says to have signed. Nothing is checked. */
export function signersNamed(note: string): readonly { readonly name: string; readonly id: string }[] {
  const parsed = parseNote(note);
  return typeof parsed === "string" ? [] : parsed.signatures;
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

function verifierOf(name: string, publicKey: Uint8Array): Verifier {
  if (!isKeyName(name)) throw new TypeError("A key's name holds no space, plus or control character.");
  const typed = Buffer.concat([Buffer.from([ED25519]), publicKey]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer")
    .subarray(0, ID_BYTES)
    .toString("hex");
  const key: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI_OF_ED25519, publicKey]),
    format: "der",
    type: "spki",
  });
  return {
    name,
    id,
    text: `${name}+${id}+${typed.toString("base64")}`,
    verify: (text, signature) => verify(null, Buffer.from(text), key, signature),
  };
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
