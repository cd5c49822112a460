import { describe, expect, it } from "vitest";
import {
  consistencyProof,
  EMPTY_ROOT,
  frontierAt,
  grow,
  inclusionProof,
  leafHash,
  LogBroken,
  rootAt,
  rootOf,
  type Hash,
} from "../../src/proof/tree.ts";
import { verifyConsistency, verifyInclusion } from "../../src/proof/verify.ts";
import { logOf, rootByDefinition, someLeaves } from "./tree-of.ts";

/** The example that Certificate Transparency's own implementations are held to. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
]
  .map(bytes)
  .map(leafHash);

const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const INCLUSION: readonly [index: number, size: number, proof: readonly string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [
    1,
    5,
    [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];

const CONSISTENCY: readonly [first: number, second: number, proof: readonly string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];

describe("an auditor with the published example of Certificate Transparency", () => {
  it.each(ROOTS.map((root, size) => [size, root] as const))("finds the root of %i leaves", (size, root) => {
    expect(hex(rootOf(logOf(LEAVES.slice(0, size)).frontier))).toBe(root);
  });

  it.each(INCLUSION)(
    "gets the published proof that leaf %i is among %i, and it holds",
    async (index, size, proof) => {
      const made = await inclusionProof(logOf(LEAVES).reader, index, size);
      expect(made.map(hex)).toEqual(proof);
      const leaf = LEAVES[index] ?? EMPTY_ROOT;
      expect(verifyInclusion({ leaf, index, size, root: bytes(ROOTS[size] ?? ""), proof: made })).toBe(true);
    },
  );

  it.each(CONSISTENCY)(
    "gets the published proof that %i is the beginning of %i, and it holds",
    async (first, second, proof) => {
      const made = await consistencyProof(logOf(LEAVES).reader, first, second);
      expect(made.map(hex)).toEqual(proof);
      const [firstRoot, secondRoot] = [bytes(ROOTS[first] ?? ""), bytes(ROOTS[second] ?? "")];
      expect(verifyConsistency({ first, firstRoot, second, secondRoot, proof: made })).toBe(true);
    },
  );
});

describe("a log that has grown", () => {
  const leaves = someLeaves(66_000);
  const log = logOf(leaves);

  it("has the root of the definition, at every kind of size", async () => {
    for (const size of [0, 1, 2, 3, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000])
      expect([size, hex(await rootAt(log.reader, size))]).toEqual([
        size,
        hex(rootByDefinition(leaves.slice(0, size))),
      ]);
  });

  it("has the same frontier and the same tiles however it grew", async () => {
    let grown = grow({ size: 0, nodes: [] }, []);
    const tiles = [...grown.tiles];
    for (let from = 0, step = 1; from < leaves.length; from += step, step = (step * 3) % 1_021) {
      grown = grow(grown.frontier, leaves.slice(from, from + step));
      tiles.push(...grown.tiles);
    }
    expect(grown.frontier).toEqual(log.frontier);
    expect(tiles).toEqual(log.tiles);
    expect(await frontierAt(log.reader, leaves.length)).toEqual(log.frontier);
    expect(tiles.filter(({ level }) => level === 2)).toHaveLength(1);
  });

  it("is proved by reading a few hundred hashes, not all of them", async () => {
    for (const index of [0, 12_345, 65_535, 65_999]) {
      log.read.clear();
      const size = leaves.length;
      const proof = await inclusionProof(log.reader, index, size);
      const leaf = leaves[index] ?? EMPTY_ROOT;
      expect(verifyInclusion({ leaf, index, size, root: rootOf(log.frontier), proof })).toBe(true);
      for (const count of log.read.values()) expect(count).toBeLessThanOrEqual(2 * 256);
    }
  });

  it("says which hash is missing, and proves nothing", async () => {
    const short = logOf(leaves.slice(0, 300));
    await expect(rootAt(short.reader, 301)).rejects.toThrow(new LogBroken("Leaf 300 is missing."));
    await expect(rootAt(short.reader, 512)).rejects.toThrow(new LogBroken("Tile 1/1 is missing."));
  });

  it("proves nothing about leaves that it does not have", () => {
    expect(() => inclusionProof(log.reader, 5, 5)).toThrow("A log of 5 has no leaf 5.");
    expect(() => inclusionProof(log.reader, -1, 5)).toThrow(RangeError);
    expect(() => inclusionProof(log.reader, 0.5, 5)).toThrow(RangeError);
    expect(() => consistencyProof(log.reader, 6, 5)).toThrow("A log of 6 is no beginning of one of 5.");
  });
});

function bytes(text: string): Hash {
  return Buffer.from(text, "hex");
}

function hex(hash: Hash): string {
  return Buffer.from(hash).toString("hex");
}
