import { openCheckpoint } from "./checkpoint.ts";
import { faultList, type Fault } from "./faults.ts";
import type { Verifier } from "./note.ts";
import { recordFaults } from "./record-leaf.ts";
import { EMPTY_LOG, grow, leafHashOfText, rootOf, type Frontier, type Hash } from "./tree.ts";

export type ExportReport = {
  readonly ok: boolean;
  /** Lines whose leaf was hashed and placed. */
  readonly entries: number;
  /** Lines that had no place in the log yet when they were exported. */
  readonly unsealed: number;
  readonly size: number;
  /** Base64; null where leaves are missing. */
  readonly root: string | null;
  /** Checkpoints that hold. */
  readonly checkpoints: number;
  /** Entries after the newest checkpoint: nothing vouches for these yet. */
  readonly uncovered: number;
  readonly faults: readonly Fault[];
  readonly faultCount: number;
};

export type ExportParts = {
  readonly lines: AsyncIterable<string>;
  /** Signed notes, of one log. */
  readonly notes: readonly string[];
  readonly verifiers: readonly Verifier[];
  readonly progress: (entries: number) => void;
};

/** Longer lines are no record of ours: words are spoken in minutes. */
export const MAX_LINE = 4 * 1024 * 1024;
const PROGRESS_EVERY = 5_000;
/** Leaves that are hashed into the tree at once. */
const CHUNK = 1_024;

/**
 * Verifies an export (`ledger export --format ndjson`) with nothing but a checkpoint and the key: each line ends with
 * its leaf, byte for byte as it was sealed.
 */
export async function auditExport({ lines, notes, verifiers, progress }: ExportParts): Promise<ExportReport> {
  const faults = faultList();
  const stops = stopsOf(notes, verifiers, faults.add);
  let frontier: Frontier = EMPTY_LOG;
  let chunk: Hash[] = [];
  const leftOut: { first: string | null; count: number } = { first: null, count: 0 };
  let [number, next, entries, unsealed, checkpoints, covered, isBroken] = [0, 0, 0, 0, 0, 0, false];

  function settle(): void {
    frontier = grow(frontier, chunk).frontier;
    chunk = [];
  }
  function holdAll(): void {
    for (; stops[0] !== undefined && stops[0].size === entries && !isBroken; stops.shift()) {
      settle();
      if (Buffer.compare(rootOf(frontier), stops[0].root) === 0) {
        checkpoints += 1;
        covered = entries;
      } else {
        isBroken = true;
        faults.add(
          "checkpoint",
          `of ${entries} entries`,
          `the export makes another root: of leaves ${covered} to ${entries - 1}, one at least is not what was signed.`,
        );
      }
    }
  }

  holdAll();
  for await (const line of lines) {
    number += 1;
    if (line === "") continue;
    const read = readLine(line);
    if (typeof read === "string") {
      faults.add("export", `line ${number}`, read);
      isBroken = true;
      continue;
    }
    for (const what of read.faults) faults.add("entry", read.id, `${what} (line ${number}).`);
    if (read.index === null) {
      unsealed += 1;
      continue;
    }
    if (read.index < next) {
      faults.add("export", `line ${number}`, `it is leaf ${read.index}, and leaf ${next} comes next.`);
      isBroken = true;
      break;
    }
    if (read.index > next) {
      // The first gap is named, and all of them are counted: the lines that are there are read to the end.
      leftOut.first ??= `leaf ${next} is missing; the line is leaf ${read.index} (line ${number}).`;
      leftOut.count += read.index - next;
      isBroken = true;
    }
    next = read.index + 1;
    entries += 1;
    if (isBroken) continue;
    chunk.push(leafHashOfText(read.leaf));
    if (chunk.length === CHUNK) settle();
    if (entries === stops[0]?.size) holdAll();
    if (entries % PROGRESS_EVERY === 0) progress(entries);
  }
  settle();
  if (leftOut.first !== null)
    faults.add("export", "as a whole", `${leftOut.first} ${leavesOut(entries, leftOut.count)}`);
  for (const { size } of isBroken ? [] : stops)
    faults.add(
      "checkpoint",
      `of ${size} entries`,
      `the export has only ${entries}: leaf ${entries} and what follows were left out, or came later than the export.`,
    );
  return {
    ok: faults.count() === 0,
    entries,
    unsealed,
    size: next,
    root: isBroken ? null : Buffer.from(rootOf(frontier)).toString("base64"),
    checkpoints,
    uncovered: entries - covered,
    faults: faults.list,
    faultCount: faults.count(),
  };
}

/** What an export with filters cannot show, and what to do about it. */
function leavesOut(entries: number, missing: number): string {
  return (
    `${missing} entries were left out: of the ${entries} that are there each was held against its own leaf, ` +
    "but nothing shows that those leaves are in the log, nor why the others are missing. " +
    "Export everything, without filters; or ask for a receipt of each entry (`yesline ledger receipt`), which proves it alone."
  );
}

type Line = {
  readonly id: string;
  readonly index: number | null;
  /** Byte for byte. */
  readonly leaf: string;
  readonly faults: readonly string[];
};

/** What stands between a line's record and its leaf; see `exportLine`. */
const BEFORE_LEAF = ',"leaf":';

/** One line of an export: the record, its place in the log, and its leaf at the end. */
export function exportLine(record: object, index: number | null, leafText: string): string {
  return `${JSON.stringify({ ...record, leafIndex: index }).slice(0, -1)}${BEFORE_LEAF}${leafText}}\n`;
}

/** @returns what is wrong, where it is none. The leaf is hashed as it stands, and read for itself. */
function readLine(line: string): Line | string {
  const at = line.indexOf(BEFORE_LEAF);
  if (at === -1 || line.length > MAX_LINE) return "it is no line of an export of version 1 with leaves.";
  const leaf = line.slice(at + BEFORE_LEAF.length, -1);
  try {
    const record = JSON.parse(`${line.slice(0, at)}}`) as Record<string, unknown>;
    const said = JSON.parse(leaf) as unknown;
    const { recordId, leafIndex: index } = record;
    if (index !== null && !Number.isSafeInteger(index)) return "its leafIndex is no number.";
    return { id: String(recordId), index: index as number | null, leaf, faults: recordFaults(record, said) };
  } catch (error) {
    if (error instanceof SyntaxError) return "it is not JSON.";
    throw error;
  }
}

type Stop = { readonly size: number; readonly root: Hash };

function stopsOf(
  notes: readonly string[],
  verifiers: readonly Verifier[],
  report: (part: "checkpoint", id: number, what: string) => void,
): Stop[] {
  const stops: Stop[] = [];
  for (const [at, note] of notes.entries()) {
    const opened = openCheckpoint(note, verifiers);
    if (opened.kind === "refused") report("checkpoint", at + 1, opened.reason);
    else stops.push(opened.checkpoint);
  }
  return stops.toSorted((one, other) => one.size - other.size);
}
