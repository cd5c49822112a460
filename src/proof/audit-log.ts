import type { AuditStore } from "../ledger/audit-store.ts";
import type { LeafRow, SealedLeaf } from "../ledger/proof-store.ts";
import type { AuditParts, AuditReport } from "./audit.ts";
import { outsideStops, signedStops } from "./audit-checkpoints.ts";
import type { Faults } from "./faults.ts";
import { leafHashOf } from "./leaf.ts";
import { brokenLaws, brokenReferences, changedColumn } from "./locate.ts";
import { TILE_HEIGHT, type Hash, type Tile } from "./tree.ts";
import { twoTrees } from "./two-trees.ts";

type LogFindings = Pick<
  AuditReport,
  "entries" | "unsealed" | "size" | "root" | "checkpoints" | "signatures" | "outside"
>;

/**
 * Walks the log once, from the first leaf on, with the checkpoints of both kinds beside it. Two trees grow: one of the
 * hashes that are stored, one of what the rows make now. Whichever has the signed root is right, and the other names
 * what was changed.
 */
export async function auditLog(parts: AuditParts, faults: Faults): Promise<LogFindings> {
  const { store, page, rest, progress } = parts;
  const extent = await store.extent();
  const trees = twoTrees();
  const stops = [...outsideStops(parts, faults)];
  const found = { entries: 0, unsealed: 0, size: 0, checkpoints: 0, signatures: 0, outside: 0 };
  const signed = signedStops(parts, extent.lastCheckpointSeq, found, faults);
  let next = await signed.next();
  let suspects: Suspect[] = [];
  let lastGood = 0;
  let isLost = false;

  /** Holds both trees against a root that was signed. @returns what is wrong; null where one of them has it */
  async function hold(size: number, root: Hash): Promise<string | null> {
    await settle();
    const verdict = isLost ? "neither" : trees.judge(root);
    const named = suspects.length > 0;
    suspects = await told(suspects, verdict === "rows" ? "hash" : verdict === "hashes" ? "rows" : "either");
    if (verdict === "neither") return isLost ? NO_ANCESTOR : lost(size, named);
    lastGood = size;
    return null;
  }

  function lost(size: number, named: boolean): string {
    isLost = true;
    const why = named
      ? "more was changed than the entries that are named"
      : "entries and hashes fit together, so the log was made anew, or an old file was put back and went on";
    return `the log has another root at ${size} entries: the first thing that differs is one of leaves ${lastGood} to ${size - 1}; ${why}.`;
  }

  /** Suspects are named once it is known which side was changed. */
  async function told(them: readonly Suspect[], changed: "rows" | "hash" | "either"): Promise<Suspect[]> {
    for (const suspect of them) await name(suspect, changed);
    return [];
  }

  async function name({ leaf, row }: Suspect, changed: "rows" | "hash" | "either"): Promise<void> {
    if (changed === "hash") {
      faults.add(
        "leaf",
        leaf.index,
        `its stored hash was changed; entry ${leaf.entryId} is as it was signed.`,
      );
      return;
    }
    const broken = brokenReferences(row);
    const column =
      parts.locate && faults.count() < MAX_LOCATED ? await changedColumn(row, leaf.hash, rest) : null;
    const where = [...(column === null ? [] : [`one bit of ${column} was changed`]), ...broken];
    const more = where.length === 0 ? "" : ` (${where.join("; ")})`;
    faults.add("entry", leaf.entryId, `it is not what was sealed as leaf ${leaf.index}${more}.`);
  }

  async function settle(): Promise<void> {
    for (const tile of trees.settle()) await holdTile(store, tile, faults);
  }

  /** Checkpoints of the size that the trees have now. */
  async function holdAll(): Promise<void> {
    for (; stops[0] !== undefined && stops[0].size <= trees.size(); stops.shift()) {
      const { size, root, where } = stops[0];
      const wrong = await hold(size, root);
      if (wrong === null) found.outside += 1;
      else faults.add("outside", where, wrong);
    }
    for (; next.done !== true && next.value.size <= trees.size(); next = await signed.next()) {
      const { seq, size, root } = next.value;
      found.checkpoints += 1;
      const wasLost = isLost;
      const wrong = await hold(size, root);
      // Where one of them is wrong, the later ones are as well, and say nothing new.
      if (wrong !== null && !wasLost) faults.add("checkpoint", seq, wrong);
    }
  }

  await holdAll();
  let lastSeq = 0;
  for (let from = 0; from < extent.leaves;) {
    const got = await store.leaves(from, lastSeq, Math.min(page, extent.leaves - from));
    for (const { id, businessId } of got.passedOver)
      faults.add("entry", id, `it has no leaf, though the log has later ones (business ${businessId}).`);
    for (const leaf of got.leaves) {
      if (leaf.index >= extent.leaves) break;
      if (leaf.index !== trees.size() && !isLost) {
        isLost = true;
        faults.add("leaf", trees.size(), `it is missing${gap(trees.size(), leaf.index)}.`);
      }
      const suspect = trees.add(leaf, madeOf(leaf, lastSeq, faults));
      if (suspect) suspects.push({ leaf, row: leaf.row as LeafRow });
      else if (leaf.row !== null) {
        found.entries += 1;
        for (const what of brokenLaws(leaf.row)) faults.add("entry", leaf.entryId, `${what}.`);
      }
      lastSeq = Math.max(lastSeq, leaf.row?.seq ?? 0);
      const due = Math.min(stops[0]?.size ?? Infinity, next.done === true ? Infinity : next.value.size);
      if (trees.size() >= due) await holdAll();
    }
    if (suspects.length > MAX_LOCATED) suspects = await told(suspects, "either");
    const last = got.leaves.at(-1);
    if (last === undefined) break;
    from = last.index + 1;
    progress({ what: "entries", done: from, of: extent.leaves });
    await rest();
  }
  await settle();
  await told(suspects, "either");
  const size = trees.size();
  if (!isLost && size > lastGood)
    faults.add(
      "leaf",
      lastGood,
      `nothing that was signed covers it and what follows, up to leaf ${size - 1}.`,
    );
  for (const { where, size: known } of stops) faults.add("outside", where, dropped(known, size));
  for (; next.done !== true; next = await signed.next())
    faults.add("checkpoint", next.value.seq, dropped(next.value.size, size));
  await strayTiles(parts, size, faults);
  found.unsealed = Math.max(0, extent.lastEntrySeq - lastSeq);
  const root = isLost ? null : Buffer.from(trees.root()).toString("base64");
  return { ...found, size, root };
}

type Suspect = { readonly leaf: SealedLeaf; readonly row: LeafRow };

const NO_ANCESTOR = "it is no ancestor of the log: the log is not what was signed before it already.";

/** So many are looked at for the very column; it takes a tenth of a second each. */
const MAX_LOCATED = 20;

function gap(from: number, to: number): string {
  return to - from === 1 ? "" : `, and so are those after it, up to leaf ${to - 1}`;
}

function dropped(known: number, size: number): string {
  return `it knows ${known} entries, the log has only ${size}: the last ones, from leaf ${size} on, were dropped, or an old file was put back.`;
}

/** What the rows make of a leaf now; null where there is nothing to make it of. */
function madeOf(
  { index, row, entryId, businessId }: SealedLeaf,
  lastSeq: number,
  faults: Faults,
): Hash | null {
  if (row === null) {
    faults.add("leaf", index, `its entry ${entryId} of business ${businessId} is gone.`);
    return null;
  }
  if (row.seq <= lastSeq)
    faults.add("entry", row.id, `it stands in the log as leaf ${index}, out of commit order.`);
  try {
    return leafHashOf(row);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    faults.add("entry", row.id, `no leaf can be made of it: ${error.message}`);
    return null;
  }
}

async function holdTile(
  store: AuditStore,
  { tile, other }: { tile: Tile; other: Tile | null },
  faults: Faults,
) {
  const stored = await store.tile(tile.level, tile.index);
  const name = `${tile.level}/${tile.index}`;
  const width = 2 ** (TILE_HEIGHT * tile.level);
  const span = `leaves ${tile.index * width} to ${(tile.index + 1) * width - 1}`;
  if (stored === null) faults.add("tile", name, `it is missing; it stands for ${span}.`);
  else if (![tile, other].some((each) => each !== null && Buffer.from(each.hash).equals(stored)))
    faults.add("tile", name, `its hash is not that of ${span}.`);
}

/** Tiles that no log of this size has. */
async function strayTiles({ store, page, rest }: AuditParts, size: number, faults: Faults): Promise<void> {
  for (let after = { level: -1, index: -1 }; ;) {
    const tiles = await store.tiles(after, page);
    const now = (await store.extent()).leaves;
    for (const { level, index } of tiles) {
      const isWhole =
        level >= 1 && index >= 0 && (index + 1) * 2 ** (TILE_HEIGHT * level) <= Math.max(size, now);
      if (!isWhole) faults.add("tile", `${level}/${index}`, "the log has no such tile.");
    }
    const last = tiles.at(-1);
    if (last === undefined || tiles.length < page) return;
    after = last;
    await rest();
  }
}
