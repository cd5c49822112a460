import { EMPTY_ROOT, nodeHash, type Hash } from "./tree.ts";

export type Inclusion = {
  readonly leaf: Hash;
  readonly index: number;
  readonly size: number;
  readonly root: Hash;
  readonly proof: readonly Hash[];
};

/**
 * Whether the leaf stands at its index in the log with this root (RFC 9162, 2.1.3.2). Size and root come from one
 * checkpoint: it is the signature that binds them, for some neighbouring sizes have paths of the same shape.
 */
export function verifyInclusion({ leaf, index, size, root, proof }: Inclusion): boolean {
  if (!isIndex(index) || !isIndex(size) || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let place = index;
  let last = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      node = nodeHash(sibling, node);
      // On the right edge, levels without a neighbour are passed over.
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, half(last)];
    } else node = nodeHash(node, sibling);
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && same(node, root);
}

export type Consistency = {
  readonly first: number;
  readonly firstRoot: Hash;
  readonly second: number;
  readonly secondRoot: Hash;
  readonly proof: readonly Hash[];
};

/** Whether the first log is the beginning of the second (RFC 9162, 2.1.4.2). An empty log is every log's beginning. */
export function verifyConsistency({ first, firstRoot, second, secondRoot, proof }: Consistency): boolean {
  if (!isIndex(first) || !isIndex(second) || first > second) return false;
  if (!areHashes([firstRoot, secondRoot, ...proof])) return false;
  if (first === 0) {
    const isEmpty = proof.length === 0 && same(firstRoot, EMPTY_ROOT);
    return isEmpty && (second > 0 || same(secondRoot, EMPTY_ROOT));
  }
  if (first === second) return proof.length === 0 && same(firstRoot, secondRoot);
  // A first log that is one complete subtree is not repeated in the proof.
  const [seed, ...rest] = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  if (seed === undefined || proof.length === 0) return false;
  let [place, last] = [first - 1, second - 1];
  while (place % 2 === 1) [place, last] = [half(place), half(last)];
  let [one, two] = [seed, seed];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      [one, two] = [nodeHash(sibling, one), nodeHash(sibling, two)];
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, half(last)];
    } else two = nodeHash(two, sibling);
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && same(one, firstRoot) && same(two, secondRoot);
}

const HASH_BYTES = 32;

function areHashes(hashes: readonly Hash[]): boolean {
  return hashes.every(({ length }) => length === HASH_BYTES);
}

/** These are public: nothing is told by how long it takes. */
function same(one: Hash, two: Hash): boolean {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest % 2 === 0 && rest !== 0) rest /= 2;
  return rest === 1;
}
