import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { litestreamWarnings } from "../../src/ledger/sqlite/litestream.ts";
import { agreements } from "../proof/sealing.ts";
import { ledgerOn, temporaryFolder } from "../support/memory.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const WELL = {
  YESLINE_LITESTREAM: "on",
  YESLINE_CHECKPOINTS: "file:/elsewhere/checkpoints.txt",
  YESLINE_ERASURES: "file:/elsewhere/erasures.ndjson",
};
const file = () => join(folder, "yesline.db");
const warned = (env: Readonly<Record<string, string>>) =>
  litestreamWarnings(loadConfig({ DATABASE_URL: `file:${file()}`, ...env }));
/** As Litestream leaves it beside a database. */
const seen = () => mkdirSync(join(folder, ".yesline.db-litestream"));

describe("an operator whose database Litestream copies", () => {
  it("hears nothing where all is well, or where there is no Litestream", () => {
    expect(warned({})).toEqual([]);
    seen();
    expect(warned(WELL)).toEqual([]);
  });

  it("is warned that the line empties the log as well, until told not to", () => {
    seen();
    expect(warned({})).toEqual([expect.stringContaining("Set YESLINE_LITESTREAM=on; or remove the folder")]);
  });

  it("is warned that nothing is copied, and that the log grows", () => {
    expect(warned(WELL)).toEqual([expect.stringContaining("Litestream has never seen this database")]);
    seen();
    writeFileSync(`${file()}-wal`, "");
    truncateSync(`${file()}-wal`, 800 * 1024 * 1024);
    expect(warned(WELL)).toEqual([
      "The write-ahead log has 800 MB: Litestream does not run, or cannot copy. Look at its log.",
    ]);
  });

  it("is warned of what a restored copy would lack, and nobody could tell", () => {
    seen();
    expect(warned({ ...WELL, YESLINE_CHECKPOINTS: "", YESLINE_ERASURES: "" })).toEqual([
      expect.stringMatching(/^YESLINE_CHECKPOINTS is not set/),
      expect.stringMatching(/^YESLINE_ERASURES is beside the database/),
    ]);
  });

  it("has a line that leaves the write-ahead log to Litestream, however much is written", async () => {
    async function sizeAfter(litestream: boolean): Promise<number> {
      const name = join(folder, `${String(litestream)}.db`);
      const connection = open(name, { busyTimeoutMs: 0, litestream });
      migrate(connection);
      connection.client.pragma("wal_checkpoint(TRUNCATE)");
      const memory = ledgerOn(connection);
      await agreements(memory, 20);
      connection.client.exec("CREATE TABLE filler (what BLOB)");
      for (let n = 0; n < 10; n++) connection.client.exec("INSERT INTO filler VALUES (randomblob(4000000))");
      const { size } = statSync(`${name}-wal`);
      await memory.ledger.close();
      return size;
    }
    // The one is emptied at four thousand pages of 4 kB, and begun anew.
    const [own, left] = [await sizeAfter(false), await sizeAfter(true)];
    expect(left).toBeGreaterThan(1.5 * own);
  });
});
