import { recordFaults } from "./record-leaf.ts";
import { leafHash } from "./tree.ts";
import { usualLine } from "./usual-line.ts";

/** What stands between a line's record and its leaf; see `exportLine`. */
const BEFORE_LEAF = ',"leaf":';

/** One line of an export: the record, its place in the log, and its leaf at the end, byte for byte as it was sealed. */
export function exportLine(record: object, index: number | null, leafText: string): string {
  return `${JSON.stringify({ ...record, leafIndex: index }).slice(0, -1)}${BEFORE_LEAF}${leafText}}\n`;
}

/** Longer lines are no record of ours: words are spoken in minutes. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Some whole lines, read for themselves. Numbers and bytes side by side, for they come from other threads. */
export type ReadLines = {
  /** For each line its leaf's place in the log, or one of the three below. */
  readonly places: Float64Array;
  /** The hashes of their leaves, 32 bytes each. */
  readonly hashes: Uint8Array;
  readonly faults: readonly LineFault[];
};
export type LineFault = { readonly line: number; readonly id: string | null; readonly what: string };

/** The entry had no place in the log yet when it was exported. */
export const NO_PLACE = -1;
/** The line is none of an export. */
export const NO_LINE = -2;
/** The line is empty. */
export const BLANK = -3;

/** Cuts what was read of a file where lines end. What it gives can be transferred to a thread. */
export async function* wholeLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let rest = new Uint8Array(0);
  for await (const more of bytes) {
    const end = more.lastIndexOf(NEWLINE) + 1;
    // A line without an end is given as it is, and refused by who reads it.
    if (end === 0 && rest.length + more.length <= MAX_LINE_BYTES) {
      rest = joined(rest, more);
      continue;
    }
    const cut = end === 0 ? more.length : end;
    yield joined(rest, more.subarray(0, cut));
    rest = new Uint8Array(more.subarray(cut));
  }
  if (rest.length > 0) yield rest;
}

/** In memory of its own: what Node joins may lie in a pool, which cannot be given away. */
function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const HASH_BYTES = 32;

/** Reads whole lines: what each says, whether it fits its leaf, and the leaf's hash. */
export function readLines(chunk: Uint8Array): ReadLines {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  // A character for each byte: a place in the one is a place in the other.
  const text = bytes.toString("latin1");
  const places: number[] = [];
  const hashes: Uint8Array[] = [];
  const faults: LineFault[] = [];
  for (let from = 0, line = 0; from < bytes.length; line++) {
    const usual = usualLine(text, from);
    if (usual !== null && usual.end - from <= MAX_LINE_BYTES) {
      from = usual.end;
      places.push(usual.index);
      hashes.push(leafHash(bytes.subarray(from - AFTER_LEAF - usual.leafBytes, from - AFTER_LEAF)));
      continue;
    }
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline === -1 ? bytes.length : newline;
    const read = readLine(bytes.subarray(from, bytes[end - 1] === RETURN ? end - 1 : end));
    from = end + 1;
    places.push(read.place);
    hashes.push(read.hash);
    for (const what of read.faults) faults.push({ line, id: read.id, what });
  }
  return { places: Float64Array.from(places), hashes: Buffer.concat(hashes), faults };
}

/** The record's brace and the end of the line. */
const AFTER_LEAF = 2;

type Line = {
  readonly place: number;
  readonly hash: Uint8Array;
  readonly id: string | null;
  readonly faults: readonly string[];
};

/** Any line: the leaf is hashed as it stands, and read for itself. */
function readLine(line: Buffer): Line {
  if (line.length === 0) return { ...NOTHING, place: BLANK };
  const at = line.indexOf(BEFORE_LEAF);
  if (at === -1 || line.length > MAX_LINE_BYTES)
    return refused("it is no line of an export of version 1 with leaves.");
  const leaf = line.subarray(at + BEFORE_LEAF.length, -1);
  try {
    const record = JSON.parse(`${line.toString("utf8", 0, at)}}`) as Record<string, unknown>;
    const { recordId, leafIndex: index } = record;
    if (index !== null && !(Number.isSafeInteger(index) && (index as number) >= 0))
      return refused("its leafIndex is no number.");
    return {
      place: index === null ? NO_PLACE : (index as number),
      hash: leafHash(leaf),
      id: String(recordId),
      faults: recordFaults(record, JSON.parse(leaf.toString("utf8"))),
    };
  } catch (error) {
    if (error instanceof SyntaxError) return refused("it is not JSON.");
    throw error;
  }
}

const NOTHING: Line = { place: NO_LINE, hash: new Uint8Array(HASH_BYTES), id: null, faults: [] };

function refused(what: string): Line {
  return { ...NOTHING, faults: [what] };
}
