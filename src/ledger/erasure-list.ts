import { z } from "zod";
import type { Certificate, SuppressionReason } from "./privacy.ts";

/**
 * What is outside the database of every erasure: ids and times, and keyed hashes of numbers that stay withdrawn. A
 * backup brings back whoever was forgotten after it; with this list they are forgotten again, and nothing in it says
 * who they were.
 */
export type ErasureLists = {
  /** What a list begins with: whether one that exists is that of this database, and has its newest erasure. */
  erasureHead(): Promise<Pick<ListHead, "newest" | "key">>;
  knowsErasure(businessId: string, id: string): Promise<boolean>;
  /** In the order in which they were made, those after `after`; at most `limit`. */
  listedErasures(
    since: number,
    after: number,
    limit: number,
  ): Promise<readonly (ListedErasure & { row: number })[]>;
  listedSuppressions(
    since: number,
    after: number,
    limit: number,
  ): Promise<readonly (Suppressed & { row: number })[]>;
  /**
   * Makes hashes of a list comparable with those that are made from now on.
   *
   * @returns false where other hashes have been made meanwhile, under another key, or another secret sealed this one
   */
  adoptSuppressionKey(sealed: string): Promise<boolean>;
  /** One erasure with the hashes that it left, in one transaction. @returns false: it is on record already */
  eraseAgain(erasure: ListedErasure, left: readonly Suppressed[]): Promise<boolean>;
};

export type ListedErasure = Pick<
  Certificate,
  "id" | "businessId" | "subscriberId" | "cause" | "by" | "byName" | "suppressed" | "at"
>;
export type Suppressed = {
  readonly businessId: string;
  readonly hash: string;
  readonly reason: SuppressionReason;
  readonly at: number;
};

export type ListHead = z.infer<typeof headShape>;

export type Reapplied = {
  /** Erasures that this database knew nothing of, and that are done again. */
  readonly repeated: number;
  /** Erasures that it has on record. */
  readonly known: number;
  /** Numbers that stay withdrawn again, though nobody knows them any more. */
  readonly suppressed: number;
  /** Such numbers that could not be taken over, because other hashes were begun under another key. */
  readonly lost: number;
  /** The list says nothing of what was erased before; ISO 8601. */
  readonly since: string;
};

/** Backups that are older must not be restored: what was erased before is not in the list. */
export const LISTED_DAYS = 400;

const VERSION = "yesline-erasures/1";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Rows that are read in one turn of the event loop. */
const AT_ONCE = 500;

/** The list as NDJSON: its head, then hashes, then erasures, the oldest first. */
export async function* erasureList(lists: ErasureLists, now: number): AsyncGenerator<string> {
  const since = now - LISTED_DAYS * DAY_MS;
  const head: ListHead = {
    schemaVersion: VERSION,
    writtenAt: iso(now),
    since: iso(since),
    ...(await lists.erasureHead()),
  };
  yield lineOf(head);
  for await (const { row: _, at, ...hash } of all((after) => lists.listedSuppressions(since, after, AT_ONCE)))
    yield lineOf({ kind: "suppression", ...hash, at: iso(at) });
  for await (const { row: _, at, ...erasure } of all((after) => lists.listedErasures(since, after, AT_ONCE)))
    yield lineOf({ kind: "erasure", ...erasure, at: iso(at) });
}

/**
 * Forgets again whoever was forgotten after a backup was made. What is on record already is left alone, so that it may
 * be repeated.
 *
 * @param lines of a list; @throws {ErasureListError} where they are none, before anything is done
 */
export async function reapplyErasures(lists: ErasureLists, lines: AsyncIterable<string>): Promise<Reapplied> {
  const { head, erasures, suppressions } = await readList(lines);
  const isUsable = head.key === null || (await lists.adoptSuppressionKey(head.key));
  const done = { repeated: 0, known: 0, suppressed: 0, lost: 0 };
  for (const erasure of erasures) {
    const left = suppressions.get(timeOf(erasure)) ?? [];
    if (await lists.eraseAgain(erasure, isUsable ? left : [])) {
      suppressions.delete(timeOf(erasure));
      done.repeated += 1;
      done[isUsable ? "suppressed" : "lost"] += left.length;
    } else done.known += 1;
  }
  return { ...done, since: head.since };
}

/** The head alone; null where the first line is none. */
export function headOf(line: string): ListHead | null {
  return parse(headShape, line);
}

export class ErasureListError extends Error {}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const headShape = z.strictObject({
  schemaVersion: z.literal(VERSION),
  writtenAt: z.iso.datetime(),
  since: z.iso.datetime(),
  /** The last erasure of all; null before there is one. */
  newest: z.strictObject({ businessId: z.string(), id: z.string() }).nullable(),
  /** The key of the hashes, sealed with the line's secret, in base64; null where there is none. */
  key: z.string().nullable(),
});
const suppressionShape = z.strictObject({
  kind: z.literal("suppression"),
  businessId: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  reason: z.enum(["withdrawn", "erased"]),
  at: time,
});
const erasureShape = z.strictObject({
  kind: z.literal("erasure"),
  id: z.string(),
  businessId: z.string(),
  subscriberId: z.string().nullable(),
  cause: z.enum(["request", "retention"]),
  by: z.string(),
  byName: z.string(),
  suppressed: z.boolean(),
  at: time,
});
const lineShape = z.discriminatedUnion("kind", [suppressionShape, erasureShape]);

/** Lines that are read: more is no list of ours. */
const MAX_LINES = 2_000_000;

async function readList(lines: AsyncIterable<string>) {
  const erasures: ListedErasure[] = [];
  const suppressions = new Map<string, Suppressed[]>();
  let head: ListHead | null = null;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line === "") continue;
    if (head === null) {
      head = headOf(line);
      if (head === null)
        throw new ErasureListError(`line 1 is not the head of a list of erasures (${VERSION}).`);
      continue;
    }
    const read = parse(lineShape, line);
    if (read === null || number > MAX_LINES)
      throw new ErasureListError(`line ${number} is no erasure: take a whole copy of the list.`);
    if (read.kind === "erasure") erasures.push(read);
    else {
      const ofTime = suppressions.get(timeOf(read)) ?? [];
      suppressions.set(timeOf(read), ofTime);
      ofTime.push(read);
    }
  }
  if (head === null) throw new ErasureListError("it is empty: take a whole copy of the list.");
  return { head, erasures, suppressions };
}

/** Hashes were kept in the transaction of an erasure, at its time. */
function timeOf({ businessId, at }: Pick<ListedErasure, "businessId" | "at">): string {
  return `${businessId}\0${at}`;
}

/** Page after page, so that calls have their turn in between. */
async function* all<T extends { readonly row: number }>(
  page: (after: number) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  for (let after = 0; ;) {
    const rows = await page(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < AT_ONCE) return;
    after = last.row;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function parse<T>(shape: z.ZodType<T>, line: string): T | null {
  try {
    const parsed = shape.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
