import { openCheckpoint, parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { underEarlierNames, type Verifier } from "./note.ts";
import type { OutsideNote } from "./sealer.ts";

/** A checkpoint from outside that knows more than the log has. */
export type Lacking = {
  readonly where: string;
  /** Which log it is of. */
  readonly origin: string;
  readonly size: number;
  readonly missing: number;
};

/**
 * Holds checkpoints from outside against the length of a log. Those that know more say how much is missing, the
 * largest of each place; all others are for the log to be held against. Only what is signed is believed.
 */
export function lackingOf(
  notes: readonly OutsideNote[],
  verifiers: readonly Verifier[],
  size: number,
): { readonly lacking: readonly Lacking[]; readonly within: readonly OutsideNote[] } {
  const lacking = new Map<string, Lacking>();
  const within = notes.filter(({ where, note }) => {
    const opened = openCheckpoint(note, underEarlierNames(verifiers, note));
    if (opened.kind === "refused" || opened.checkpoint.size <= size) return true;
    const { origin, size: theirs } = opened.checkpoint;
    if (theirs > (lacking.get(where)?.size ?? 0))
      lacking.set(where, { where, origin, size: theirs, missing: theirs - size });
    return false;
  });
  return { lacking: [...lacking.values()], within };
}

/** What a note says of itself; nothing is checked. Null where it is no checkpoint. */
export function known(note: string): Checkpoint | null {
  return parseCheckpoint(note.slice(0, note.lastIndexOf("\n\n") + 1));
}
