import type { SealedLeaf } from "../ledger/proof-store.ts";
import { EMPTY_LOG, grow, rootOf, type Frontier, type Hash, type Tile } from "./tree.ts";

/** The log as it is stored, and as the rows make it; as long as they are the same, one tree does. */
export type TwoTrees = {
  /** @param made what the rows make; null: nothing @returns whether the two differ at this leaf */
  readonly add: (leaf: SealedLeaf, made: Hash | null) => boolean;
  readonly size: () => number;
  /** Grows the trees by what was added, and gives the tiles that were completed; `other` where the two differ. */
  readonly settle: () => readonly { readonly tile: Tile; readonly other: Tile | null }[];
  /** Which tree has this root, once settled. The other one becomes the same, so that what follows is judged for itself. */
  readonly judge: (root: Hash) => "rows" | "hashes" | "neither";
  /** Of what the rows make, once settled. */
  readonly root: () => Hash;
};

export function twoTrees(): TwoTrees {
  let stored: Frontier = EMPTY_LOG;
  let made: Frontier = EMPTY_LOG;
  let storedLeaves: Hash[] = [];
  let madeLeaves: Hash[] = [];
  let isSame = true;

  return {
    add({ hash }, fromRows) {
      const differs = fromRows !== null && Buffer.compare(fromRows, hash) !== 0;
      storedLeaves.push(hash);
      madeLeaves.push(fromRows ?? hash);
      if (differs) isSame = false;
      return differs;
    },
    size: () => stored.size + storedLeaves.length,
    settle() {
      const wasSame = stored === made;
      const grown = grow(made, madeLeaves);
      const other = wasSame && isSame ? grown : grow(stored, storedLeaves);
      [made, stored] = [grown.frontier, other.frontier];
      [storedLeaves, madeLeaves] = [[], []];
      return grown.tiles.map((tile, at) => ({
        tile,
        other: other === grown ? null : (other.tiles[at] ?? null),
      }));
    },
    judge(root) {
      const isRoot = (frontier: Frontier) => Buffer.compare(rootOf(frontier), root) === 0;
      const verdict = isRoot(made) ? "rows" : isRoot(stored) ? "hashes" : "neither";
      if (verdict === "rows") stored = made;
      if (verdict === "hashes") made = stored;
      if (verdict !== "neither") isSame = true;
      return verdict;
    },
    root: () => rootOf(made),
  };
}
