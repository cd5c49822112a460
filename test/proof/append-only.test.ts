import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { driver, sqlite3, type Hand } from "../support/by-hand.ts";
import { openMemory, type Memory } from "../support/memory.ts";
import { agreements, sealerOn } from "./sealing.ts";

let memory: Memory;
beforeEach(async () => {
  memory = openMemory();
  await agreements(memory, 257);
  await sealerOn(memory.proof).finish();
  await agreements(memory, 1);
});
afterEach(() => memory.close());

const HANDS: readonly [string, Hand][] = [
  ["with the sqlite3 command", sqlite3],
  ["with a program of one's own", driver],
];
const TABLES = ["log_leaf", "log_tile", "checkpoint"];
const UNSEALED = "business_id, id, zeroblob(32) FROM entry ORDER BY seq DESC LIMIT 1";

const REFUSED: readonly [string, string, string][] = [
  ["a leaf is changed", "UPDATE log_leaf SET hash = zeroblob(32)", "leaves never change"],
  ["a leaf is deleted", "DELETE FROM log_leaf WHERE leaf_index = 256", "leaves never vanish"],
  [
    "a leaf is replaced by its place",
    `INSERT OR REPLACE INTO log_leaf SELECT 3, ${UNSEALED}`,
    "leaves come one after the other",
  ],
  [
    "a leaf is put behind a gap",
    `INSERT INTO log_leaf SELECT 258, ${UNSEALED}`,
    "leaves come one after the other",
  ],
  [
    "a leaf is put before the first",
    `INSERT INTO log_leaf SELECT -1, ${UNSEALED}`,
    "leaves come one after the other",
  ],
  [
    "an entry gets a second place",
    "INSERT OR REPLACE INTO log_leaf SELECT 257, business_id, entry_id, hash FROM log_leaf WHERE leaf_index = 1",
    "an entry has one leaf",
  ],
  [
    "a leaf is no hash",
    "INSERT INTO log_leaf SELECT 257, business_id, id, x'00' FROM entry ORDER BY seq DESC LIMIT 1",
    "leaf_hash",
  ],
  ["a tile is changed", "UPDATE log_tile SET hash = zeroblob(32)", "tiles never change"],
  ["a tile is deleted", "DELETE FROM log_tile", "tiles never vanish"],
  ["a tile is replaced", "INSERT OR REPLACE INTO log_tile SELECT * FROM log_tile", "tiles never change"],
  ["a checkpoint is changed", "UPDATE checkpoint SET note = ''", "checkpoints never change"],
  ["a checkpoint is deleted", "DELETE FROM checkpoint", "checkpoints never vanish"],
  [
    "a checkpoint is replaced",
    "INSERT OR REPLACE INTO checkpoint SELECT * FROM checkpoint ORDER BY seq DESC LIMIT 1",
    "checkpoints never change",
  ],
  [
    "another root is signed for a size",
    "INSERT INTO checkpoint SELECT NULL, size, zeroblob(32), note, at FROM checkpoint ORDER BY seq DESC LIMIT 1",
    "of the whole log, and of one log",
  ],
  [
    "a shorter log is signed",
    "INSERT INTO checkpoint SELECT NULL, 128, zeroblob(32), note, at FROM checkpoint ORDER BY seq DESC LIMIT 1",
    "of the whole log, and of one log",
  ],
];

describe.each(HANDS)("by hand, %s,", (_, hand) => {
  it("the database refuses whatever would change the log", () => {
    const before = TABLES.map(memory.rows);
    expect(before.map(({ length }) => length)).toEqual([257, 1, 4]);
    for (const [what, sql, words] of REFUSED)
      expect([what, hand(memory.file, sql).refused]).toEqual([what, expect.stringContaining(words)]);
    expect(TABLES.map(memory.rows)).toEqual(before);
  });

  it("the next leaf can be added, so the refusals are not for want of a right", () => {
    expect(hand(memory.file, `INSERT INTO log_leaf SELECT 257, ${UNSEALED}`).refused).toBeNull();
  });
});
