import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { UsageError } from "./command.ts";
import { notesOf } from "../proof/checkpoint.ts";
import type { Destination } from "../proof/couriers.ts";
import { known } from "../proof/lacking.ts";
import type { OutsideNote } from "../proof/sealer.ts";

/** So much of the end of a file that the line has written its checkpoints to: years, for a few hundred bytes each. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Checkpoints that are kept elsewhere: those that the line itself has taken to files, and those that somebody gives.
 * Of several with the same size, one.
 *
 * @param given a file with one or many
 * @returns also the places that cannot be read from here
 */
export function outsideNotes(
  destinations: readonly Destination[],
  given: string | undefined,
  read: (file: string) => string,
): { readonly notes: readonly OutsideNote[]; readonly unread: readonly string[] } {
  const notes = given === undefined ? [] : notesIn(given, read(given));
  const unread: string[] = [];
  for (const destination of destinations) {
    switch (destination.kind) {
      case "file":
        notes.push(...notesIn(`file:${destination.path}`, tailOf(destination.path)));
        break;
      case "http":
        unread.push(new URL(destination.url).origin);
        break;
      case "stdout":
        unread.push("stdout");
        break;
    }
  }
  return { notes, unread };
}

/** Of the log that the newest one is of: a log that has lost entries goes on under another name, and was another log. */
function notesIn(where: string, text: string): OutsideNote[] {
  const notes = notesOf(text);
  const origin = known(notes.at(-1) ?? "")?.origin;
  const bySize = new Map<number, string>();
  for (const note of notes) {
    const checkpoint = known(note);
    if (checkpoint?.origin === origin) bySize.set(checkpoint?.size ?? 0, note);
  }
  return [...bySize.values()].map((note) => ({ where, note }));
}

/** "" where there is no such file yet. @throws {UsageError} */
function tailOf(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      const length = Math.min(size, MAX_BYTES);
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, size - length);
      return bytes.toString("utf8");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`YESLINE_CHECKPOINTS file:${path} cannot be read: ${reason}`, { cause: error });
  }
}
