import { hkdfSync } from "node:crypto";
import { fromBase64, openNote, signNote, type Signer, type Verifier } from "./note.ts";
import type { Hash } from "./tree.ts";

/** What the log was at one size. Whoever keeps one can tell later whether anything before it was changed. */
export type Checkpoint = {
  /** Which log: the name of its key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
};

/** A checkpoint as it was read from a note that a known key has signed. */
export type OpenedCheckpoint =
  | {
      readonly kind: "signed";
      readonly checkpoint: Checkpoint;
      readonly by: readonly Verifier[];
      /** When the log has signed it, as it says under a signature, milliseconds since 1970; null where it does not. */
      readonly at: number | null;
    }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The checkpoint as a signed note (C2SP tlog-checkpoint): origin, size, root. A checkpoint's text has no time; each key
 * signs it once more with one (C2SP tlog-cosignature), as a witness of its own log.
 *
 * @param at milliseconds since 1970, of which whole seconds are signed; null: the time is not signed
 */
export function signCheckpoint(
  { origin, size, root }: Checkpoint,
  signers: readonly Signer[],
  at: number | null = null,
): string {
  const text = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
  return signNote(text, signers, at === null ? null : Math.floor(at / 1000));
}

/** @param known keys of the log; the checkpoint must be of a log that bears the name of one that signed */
export function openCheckpoint(note: string, known: readonly Verifier[]): OpenedCheckpoint {
  const opened = openNote(note, known);
  if (opened.kind === "refused") return opened;
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === null) return { kind: "refused", reason: "The note is signed, but is no checkpoint." };
  if (!opened.by.some(({ name }) => name === checkpoint.origin))
    return { kind: "refused", reason: `The checkpoint is of another log, ${checkpoint.origin}.` };
  const time = opened.times.find(({ name }) => name === checkpoint.origin);
  return { kind: "signed", checkpoint, by: opened.by, at: time === undefined ? null : time.at * 1000 };
}

/** The text of a note as a checkpoint; null where it is none. Extension lines are passed over. */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (!text.endsWith("\n")) return null;
  const [origin = "", size = "", root = "", ...extensions] = text.slice(0, -1).split("\n");
  if (origin === "" || !/^(?:0|[1-9]\d*)$/.test(size) || extensions.includes("")) return null;
  const bytes = fromBase64(root);
  if (bytes === null || bytes.length !== ROOT_BYTES || !Number.isSafeInteger(Number(size))) return null;
  return { origin, size: Number(size), root: bytes };
}

/** The seed of the log's key where none was given: from the line's secret, and telling nothing of it. */
export function derivedSeed(secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), "yesline log key 1", SEED_BYTES));
}

const SEED_BYTES = 32;
const ROOT_BYTES = 32;

/** Checkpoints one after the other, as they are appended to a file: after each comes an empty line. */
export function inFile(note: string): string {
  return `${note}\n`;
}

/** The notes of such a file, in order; what was cut off in the middle is passed over. */
export function notesOf(file: string): readonly string[] {
  const parts = file.split("\n\n");
  const notes: string[] = [];
  for (let at = 0; at + 1 < parts.length; at++) {
    const [text = "", signatures = ""] = [parts[at], parts[at + 1]].map((part) => part?.replace(/^\n+/, ""));
    if (!signatures.startsWith("— ") || parseCheckpoint(`${text}\n`) === null) continue;
    notes.push(`${text}\n\n${signatures.replace(/\n$/, "")}\n`);
    at += 1;
  }
  return notes;
}
