import { createHash } from "node:crypto";
import { EMPTY_LOG, grow, type Hash, type HashReader } from "../../src/proof/tree.ts";

/** A log in memory: the leaves, and the tiles that come of them. What was read is told. */
export function logOf(leaves: readonly Hash[]) {
  const { frontier, tiles } = grow(EMPTY_LOG, leaves);
  const levels = new Map<number, Hash[]>([[0, [...leaves]]]);
  for (const { level, index, hash } of tiles) {
    const row = levels.get(level) ?? [];
    row[index] = hash;
    levels.set(level, row);
  }
  const read = new Map<number, number>();
  const reader: HashReader = async (level, from, to) => {
    const hashes = (levels.get(level) ?? []).slice(from, to);
    read.set(level, (read.get(level) ?? 0) + hashes.length);
    return hashes;
  };
  return { frontier, tiles, reader, read };
}

/** Different leaves, as many as wanted. */
export function someLeaves(count: number): Hash[] {
  return Array.from({ length: count }, (_, index) => createHash("sha256").update(`leaf ${index}`).digest());
}

/** The root as RFC 9162, 2.1.1, defines it, word for word and written apart from ours. */
export function rootByDefinition(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return createHash("sha256").digest();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return createHash("sha256")
    .update(Buffer.from([1]))
    .update(rootByDefinition(leaves.slice(0, k)))
    .update(rootByDefinition(leaves.slice(k)))
    .digest();
}
