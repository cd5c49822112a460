import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consistencyProof, inclusionProof, type Hash } from "../../src/proof/tree.ts";
import {
  verifyConsistency,
  verifyInclusion,
  type Consistency,
  type Inclusion,
} from "../../src/proof/verify.ts";
import { logOf, rootByDefinition, someLeaves } from "./tree-of.ts";

const MAX = 600;
const leaves = someLeaves(MAX);
const { reader } = logOf(leaves);
const roots = Array.from({ length: MAX + 1 }, (_, size) => rootByDefinition(leaves.slice(0, size)));

/** Small sizes have all the odd shapes; some are longer than a tile. */
const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: MAX }));
const inclusion = size
  .chain((of) => fc.tuple(fc.nat({ max: of - 1 }), fc.constant(of)))
  .map(async ([index, of]): Promise<Inclusion> => {
    const proof = await inclusionProof(reader, index, of);
    return { leaf: leafAt(index), index, size: of, root: rootAt(of), proof };
  });
const consistency = size
  .chain((second) => fc.tuple(fc.integer({ min: 1, max: second }), fc.constant(second)))
  .map(async ([first, second]): Promise<Consistency> => {
    const proof = await consistencyProof(reader, first, second);
    return { first, second, firstRoot: rootAt(first), secondRoot: rootAt(second), proof };
  });

describe("whoever checks a proof", () => {
  it("is convinced by every one that was made", async () => {
    await fc.assert(
      fc.asyncProperty(inclusion, consistency, async (included, consistent) => {
        expect(verifyInclusion(await included)).toBe(true);
        expect(verifyConsistency(await consistent)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it("is convinced by all of the first thirty sizes", async () => {
    for (let second = 1; second <= 30; second++) {
      for (let first = 0; first < second; first++) {
        const proof = await inclusionProof(reader, first, second);
        const [root, secondRoot] = [rootAt(second), rootAt(second)];
        expect(verifyInclusion({ leaf: leafAt(first), index: first, size: second, root, proof })).toBe(true);
        const grown = await consistencyProof(reader, first, second);
        const claim = { first, second, firstRoot: rootAt(first), secondRoot, proof: grown };
        expect(verifyConsistency(claim)).toBe(true);
      }
    }
  });

  it("refuses an inclusion of which anything was changed", async () => {
    await fc.assert(
      fc.asyncProperty(inclusion, fc.nat(), fc.nat(), async (made, where, bit) => {
        const claim = await made;
        for (const changed of [
          ...changedProofs(claim.proof, where, bit).map((proof) => ({ ...claim, proof })),
          { ...claim, leaf: flipped(claim.leaf, bit) },
          { ...claim, root: flipped(claim.root, bit) },
          { ...claim, leaf: claim.leaf.subarray(1) },
          ...[where % (MAX * 2), claim.index + 1, claim.index - 1]
            .filter((index) => index !== claim.index)
            .map((index) => ({ ...claim, index })),
          ...[where % (MAX * 2), claim.size + 1, claim.size - 1, 0, 0.5, Number.NaN]
            .filter((of) => of !== claim.size && pathOf(claim.index, of) !== pathOf(claim.index, claim.size))
            .map((of) => ({ ...claim, size: of })),
        ])
          expect(verifyInclusion(changed)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("refuses a consistency of which anything was changed", async () => {
    await fc.assert(
      fc.asyncProperty(consistency, fc.nat(), fc.nat(), async (made, where, bit) => {
        const claim = await made;
        const changed = [
          ...changedProofs(claim.proof, where, bit).map((proof) => ({ ...claim, proof })),
          { ...claim, firstRoot: flipped(claim.firstRoot, bit) },
          { ...claim, secondRoot: flipped(claim.secondRoot, bit) },
          { ...claim, first: claim.second, second: claim.first },
          { ...claim, firstRoot: claim.firstRoot.subarray(1), secondRoot: claim.secondRoot.subarray(1) },
          ...[claim.first - 1, claim.first + 1, 0, 0.5].map((first) => ({ ...claim, first })),
          ...[claim.first - 1, 2 * claim.second, 4 * claim.second + 1].map((second) => ({
            ...claim,
            second,
          })),
        ].filter((each) => !isSame(each, claim));
        for (const each of changed) expect(verifyConsistency(each)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("refuses a beginning that is another log's: one leaf was changed before it", async () => {
    await fc.assert(
      fc.asyncProperty(consistency, fc.nat(), async (made, where) => {
        const claim = await made;
        const other = leaves.slice(0, claim.first);
        const at = where % claim.first;
        other[at] = flipped(leafAt(at), where);
        const firstRoot = rootByDefinition(other);
        expect(verifyConsistency({ ...claim, firstRoot })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("takes an empty log for the beginning of every log, and of nothing else", () => {
    const none = { first: 0, firstRoot: rootAt(0), proof: [] };
    expect(verifyConsistency({ ...none, second: 5, secondRoot: rootAt(5) })).toBe(true);
    expect(verifyConsistency({ ...none, second: 0, secondRoot: rootAt(0) })).toBe(true);
    expect(verifyConsistency({ ...none, second: 0, secondRoot: rootAt(5) })).toBe(false);
    expect(verifyConsistency({ ...none, firstRoot: rootAt(1), second: 5, secondRoot: rootAt(5) })).toBe(
      false,
    );
    expect(verifyConsistency({ ...none, second: 5, secondRoot: rootAt(5), proof: [rootAt(1)] })).toBe(false);
  });
});

/** The proof with a bit flipped, an element dropped, added, doubled, cut, or two of them exchanged. */
function changedProofs(proof: readonly Hash[], where: number, bit: number): (readonly Hash[])[] {
  const at = proof.length === 0 ? 0 : where % proof.length;
  const added = [[...proof, rootAt(1)], [rootAt(1), ...proof], proof.toSpliced(at, 0, rootAt(2))];
  const element = proof[at];
  if (element === undefined) return added;
  return [
    ...added,
    proof.with(at, flipped(element, bit)),
    proof.toSpliced(at, 1),
    proof.toSpliced(at, 0, element),
    proof.with(at, element.subarray(1)),
    [],
    ...(proof.length > 1 ? [proof.toReversed()] : []),
  ];
}

/** On which side the neighbours stand, from the leaf up: sizes with the same answer cannot be told apart by a proof. */
function pathOf(index: number, of: number): string {
  if (!Number.isSafeInteger(of) || index >= of) return "none";
  let sides = "";
  for (let [begin, end] = [0, of]; end - begin > 1;) {
    let k = 1;
    while (k * 2 < end - begin) k *= 2;
    const left = index < begin + k;
    sides = (left ? "r" : "l") + sides;
    [begin, end] = left ? [begin, begin + k] : [begin + k, end];
  }
  return sides;
}

function isSame(one: Consistency, two: Consistency): boolean {
  const sizes = one.first === two.first && one.second === two.second;
  const equal = (a: Hash, b: Hash) => Buffer.from(a).equals(b);
  return (
    sizes &&
    equal(one.firstRoot, two.firstRoot) &&
    equal(one.secondRoot, two.secondRoot) &&
    one.proof.length === two.proof.length &&
    one.proof.every((hash, at) => equal(hash, two.proof[at] ?? hash))
  );
}

function flipped(hash: Hash, bit: number): Hash {
  const copy = Buffer.from(hash);
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function leafAt(index: number): Hash {
  return leaves[index] ?? rootAt(0);
}

function rootAt(of: number): Hash {
  return roots[of] ?? Buffer.alloc(32);
}
