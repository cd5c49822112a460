import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import {
  erasureList,
  ErasureListError,
  headOf,
  reapplyErasures,
  type ErasureLists,
  type ListHead,
  type Reapplied,
} from "./ledger/erasure-list.ts";

/**
 * Keeps the list of erasures, beside the database or wherever it is told, as the database has them. A database that
 * does not know the list's newest erasure was put back: whoever was erased since is erased again first.
 *
 * @returns what was repeated; null where nothing was
 * @throws {ErasureListError} where the file is no list; it is left as it is
 */
export async function keepErasureList(
  lists: ErasureLists,
  file: string,
  now: number,
): Promise<Reapplied | null> {
  const head = await headIn(file);
  const newest = head?.newest ?? null;
  const isOlder = newest !== null && !(await lists.knowsErasure(newest.businessId, newest.id));
  const repeated = isOlder ? await reapplyFrom(lists, file) : null;
  if (head === null || isOlder || isStale(head, await lists.erasureHead(), now))
    await writeWhole(file, erasureList(lists, now));
  return repeated;
}

/** Erases again what a list has and this database does not. @throws {ErasureListError} naming the file */
export async function reapplyFrom(lists: ErasureLists, file: string): Promise<Reapplied> {
  try {
    return await reapplyErasures(lists, linesOf(file));
  } catch (error) {
    if (error instanceof ErasureListError) throw new ErasureListError(`${file}: ${error.message}`);
    throw error;
  }
}

/** So long a hash may stay in the list whose owner has said yes again. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

function isStale(head: ListHead, { newest, key }: Pick<ListHead, "newest" | "key">, now: number): boolean {
  return head.newest?.id !== newest?.id || head.key !== key || now - Date.parse(head.writtenAt) > MAX_AGE_MS;
}

/** Null where there is no list yet. */
async function headIn(file: string): Promise<ListHead | null> {
  try {
    for await (const line of linesOf(file)) {
      const head = headOf(line);
      if (head !== null) return head;
      break;
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  throw new ErasureListError(`${file} is no list of erasures: put the list there, or take the file away.`);
}

/** Longer lines are none of ours. */
const MAX_LINE = 64 * 1024;

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file, "utf8");
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line.length > MAX_LINE) throw new ErasureListError("a line is longer than any of a list.");
      yield line;
    }
  } finally {
    input.destroy();
  }
}

/** Whoever reads the file finds the old list or the new one, whole and on the disk. */
async function writeWhole(file: string, lines: AsyncIterable<string>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    const draftFile = await open(draft, "wx", 0o600);
    try {
      for await (const line of lines) await draftFile.appendFile(line);
      await draftFile.sync();
    } finally {
      await draftFile.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
