import { openCheckpoint } from "./checkpoint.ts";
import { faultList, type Fault } from "./faults.ts";
import type { Verifier } from "./note.ts";
import { BLANK, NO_LINE, NO_PLACE, type ReadLines } from "./export-line.ts";
import { EMPTY_LOG, grow, rootOf, type Frontier, type Hash } from "./tree.ts";

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
  /** The export as it was read (see `readLines`), in order. */
  readonly lines: AsyncIterable<ReadLines>;
  /** Signed notes, of one log. */
  readonly notes: readonly string[];
  readonly verifiers: readonly Verifier[];
  readonly progress: (entries: number) => void;
};

const PROGRESS_EVERY = 5_000;
/** Leaves that are hashed into the tree at once. */
const CHUNK = 1_024;
const HASH_BYTES = 32;

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

  /** @returns false where nothing that follows says anything */
  function take(place: number, leaf: Hash): boolean {
    if (place === NO_LINE) isBroken = true;
    if (place === NO_PLACE) unsealed += 1;
    if (place < 0) return true;
    if (place < next) {
      faults.add("export", `line ${number}`, `it is leaf ${place}, and leaf ${next} comes next.`);
      isBroken = true;
      return false;
    }
    if (place > next) {
      // The first gap is named, and all of them are counted: the lines that are there are read to the end.
      leftOut.first ??= `leaf ${next} is missing; the line is leaf ${place} (line ${number}).`;
      leftOut.count += place - next;
      isBroken = true;
    }
    next = place + 1;
    entries += 1;
    if (entries % PROGRESS_EVERY === 0) progress(entries);
    if (isBroken) return true;
    chunk.push(leaf);
    if (chunk.length === CHUNK) settle();
    if (entries === stops[0]?.size) holdAll();
    return true;
  }

  holdAll();
  for await (const { places, hashes, faults: found } of lines) {
    const before = number;
    for (const { line, id, what } of found) {
      const at = before + line + 1;
      if (id === null) faults.add("export", `line ${at}`, what);
      else faults.add("entry", id, `${what} (line ${at}).`);
    }
    let goesOn = true;
    for (let at = 0; at < places.length && goesOn; at++) {
      number += 1;
      goesOn = take(places[at] ?? BLANK, hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
    }
    if (!goesOn) break;
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
