import { hash } from "node:crypto";

/** 32 bytes, SHA-256. */
export type Hash = Uint8Array;

/** The root of a log without entries: the hash of nothing (RFC 6962, 2.1). */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

/** A leaf's hash; the prefix keeps leaves and nodes apart, so that no node can be passed off as an entry. */
export function leafHash(leaf: Uint8Array): Hash {
  const bytes = Buffer.allocUnsafe(leaf.length + 1);
  bytes[0] = 0;
  bytes.set(leaf, 1);
  return sha256(bytes);
}

/** The same for a leaf that is text: U+0000 is the byte 0 in UTF-8, so nothing has to be copied. */
export function leafHashOfText(leaf: string): Hash {
  return hash("sha256", `\0${leaf}`, "buffer");
}

/** What two subtrees, side by side, are together. */
export function nodeHash(left: Hash, right: Hash): Hash {
  const bytes = Buffer.allocUnsafe(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}

/** All that is needed to go on appending: the roots of the complete subtrees, the widest first. */
export type Frontier = { readonly size: number; readonly nodes: readonly Hash[] };

export const EMPTY_LOG: Frontier = { size: 0, nodes: [] };

/** A tile is the root of a complete subtree of 256^level leaves; with them a proof reads little of a long log. */
export type Tile = { readonly level: number; readonly index: number; readonly hash: Hash };

/** Levels of the tree that one level of tiles stands for. */
export const TILE_HEIGHT = 8;

/** The log after more leaves, and the tiles that were completed on the way. */
export function grow(
  { size, nodes: before }: Frontier,
  leaves: readonly Hash[],
): { readonly frontier: Frontier; readonly tiles: readonly Tile[] } {
  const nodes = [...before];
  const tiles: Tile[] = [];
  leaves.forEach((leaf, offset) => {
    let node = leaf;
    let height = 0;
    // Each one at the end of the index's binary digits is a subtree that this leaf completes.
    for (let index = size + offset; index % 2 === 1; index = (index - 1) / 2) {
      node = nodeHash(taken(nodes.pop()), node);
      height += 1;
      if (height % TILE_HEIGHT === 0)
        tiles.push({ level: height / TILE_HEIGHT, index: (index - 1) / 2, hash: node });
    }
    nodes.push(node);
  });
  return { frontier: { size: size + leaves.length, nodes }, tiles };
}

/** The root of the log. */
export function rootOf({ nodes }: Frontier): Hash {
  return nodes.length === 0 ? EMPTY_ROOT : nodes.reduceRight((right, left) => nodeHash(left, right));
}

/**
 * Hashes from `from` on and before `to`; level 0 is the leaves, level n the tiles of that level. Never more than 256 at
 * once; fewer come back where the log is shorter.
 */
export type HashReader = (level: number, from: number, to: number) => Promise<readonly Hash[]>;

/** The log is not what it was: hashes are missing, or do not make the root that was signed. */
export class LogBroken extends Error {}

/** The frontier of the first `size` leaves. @throws {LogBroken} where hashes are missing */
export async function frontierAt(read: HashReader, size: number): Promise<Frontier> {
  return { size, nodes: await subtrees(read, 0, size) };
}

/** The root of the first `size` leaves. @throws {LogBroken} where hashes are missing */
export async function rootAt(read: HashReader, size: number): Promise<Hash> {
  return rootOf(await frontierAt(read, size));
}

/**
 * That the leaf at `index` is in the log of `size` leaves (RFC 9162, 2.1.3.1): what stands beside the way to the root.
 *
 * @throws {RangeError} where there is no such leaf in a log of that size
 */
export function inclusionProof(read: HashReader, index: number, size: number): Promise<readonly Hash[]> {
  if (!isIndex(index) || !isIndex(size) || index >= size)
    throw new RangeError(`A log of ${size} has no leaf ${index}.`);
  const beside: Range[] = [];
  for (let [begin, end] = [0, size]; end - begin > 1;) {
    const middle = begin + widestLeft(end - begin);
    if (index < middle) {
      beside.push([middle, end]);
      end = middle;
    } else {
      beside.push([begin, middle]);
      begin = middle;
    }
  }
  return rootsOf(read, beside.toReversed());
}

/**
 * That the log of `first` leaves is the beginning of the one of `second` (RFC 9162, 2.1.4.1).
 *
 * @throws {RangeError} where the first is longer
 */
export function consistencyProof(read: HashReader, first: number, second: number): Promise<readonly Hash[]> {
  if (!isIndex(first) || !isIndex(second) || first > second)
    throw new RangeError(`A log of ${first} is no beginning of one of ${second}.`);
  if (first === 0) return Promise.resolve([]);
  const parts: Range[] = [];
  let begin = 0;
  for (let end = second; ;) {
    if (first === end) {
      // The root of the whole first log is known to whoever checks.
      if (begin > 0) parts.push([begin, end]);
      return rootsOf(read, parts.toReversed());
    }
    const middle = begin + widestLeft(end - begin);
    if (first <= middle) {
      parts.push([middle, end]);
      end = middle;
    } else {
      parts.push([begin, middle]);
      begin = middle;
    }
  }
}

/** Leaves from the first on and before the second. */
type Range = readonly [begin: number, end: number];

async function rootsOf(read: HashReader, ranges: readonly Range[]): Promise<readonly Hash[]> {
  const roots: Hash[] = [];
  for (const [begin, end] of ranges)
    roots.push(rootOf({ size: end - begin, nodes: await subtrees(read, begin, end) }));
  return roots;
}

/** The roots of the complete subtrees of a range that begins where one of its width may begin; the widest first. */
async function subtrees(read: HashReader, begin: number, end: number): Promise<readonly Hash[]> {
  const nodes: Hash[] = [];
  for (let from = begin; from < end;) {
    const height = Math.floor(Math.log2(end - from));
    nodes.push(await subtree(read, height, from / 2 ** height));
    from += 2 ** height;
  }
  return nodes;
}

async function subtree(read: HashReader, height: number, index: number): Promise<Hash> {
  const width = 2 ** (height % TILE_HEIGHT);
  const level = Math.floor(height / TILE_HEIGHT);
  const hashes = await read(level, index * width, (index + 1) * width);
  if (hashes.length !== width) {
    const missing = index * width + hashes.length;
    throw new LogBroken(level === 0 ? `Leaf ${missing} is missing.` : `Tile ${level}/${missing} is missing.`);
  }
  return rootOf(grow(EMPTY_LOG, hashes).frontier);
}

/** The widest complete subtree that leaves something to its right. */
function widestLeft(leaves: number): number {
  const width = 2 ** Math.floor(Math.log2(leaves));
  return width === leaves ? width / 2 : width;
}

/** Up to here the logarithms above are exact. */
const MAX_SIZE = 2 ** 40;

function isIndex(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_SIZE;
}

function taken(node: Hash | undefined): Hash {
  if (node === undefined) throw new LogBroken("A frontier lacks a subtree.");
  return node;
}

function sha256(bytes: Uint8Array): Hash {
  return hash("sha256", bytes, "buffer");
}
