import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportLines } from "../../../src/commands/export-readers.ts";
import { recordOf } from "../../../src/ledger/record.ts";
import { migrate, open } from "../../../src/ledger/sqlite/connection.ts";
import { audit } from "../../../src/proof/audit.ts";
import { auditExport } from "../../../src/proof/export-audit.ts";
import { exportLine } from "../../../src/proof/export-line.ts";
import { leafText } from "../../../src/proof/leaf.ts";
import { EMPTY_LOG, grow, leafHashOfText, rootOf } from "../../../src/proof/tree.ts";
import { agreements, KEY, sealerOn } from "../../proof/sealing.ts";
import { ledgerOn } from "../../support/memory.ts";
import type { Bench, Chapter, Figure, Part } from "../part.ts";

const BARE = "bare SHA-256 over the same leaves";
const BARE_LINES = "bare SHA-256 over the export's lines";
const BARE_FILE = "bare SHA-256 over the database file";
const TREE = "the log: leaves to root";
const OFFLINE = "an export: leaves, words, records, root";
const LIVE = "the database: rows, leaves, tree, words, fold";

/** What was promised: so many entries a second, or at least this share of bare SHA-256. */
const PER_SECOND = 200_000;
const SHARE = 1 / 3;

export const proofPart: Part = {
  name: "proof",
  question: "How many entries a second are verified, beside bare SHA-256 over the same bytes?",
  run,
};

async function run({ short, folder, progress }: Bench): Promise<Chapter> {
  const entries = short ? 300 : 20_000;
  const rounds = short ? 1 : 7;
  mkdirSync(folder, { recursive: true });
  const connection = open(join(folder, "yesline.db"), { busyTimeoutMs: 0 });
  migrate(connection);
  connection.client.pragma("synchronous = OFF");
  const memory = ledgerOn(connection);
  progress(`${entries} callers agree`);
  await agreements(memory, entries);
  const { seal } = sealerOn(memory.proof);
  while ((await seal()) > 0);
  const leaves: string[] = [];
  const lines: string[] = [];
  for await (const view of memory.ledger.entries({})) {
    const row = await memory.proof.leafRow(view.entry.businessId, view.entry.id);
    if (row === null) throw new Error("An entry has vanished.");
    lines.push(exportLine(recordOf(view, undefined), leaves.length, leafText(row)));
    leaves.push(leafText(row));
  }
  const file = join(folder, "export.ndjson");
  writeFileSync(file, lines.join(""));
  const note = (await memory.proof.newestCheckpoint())?.note ?? "";
  connection.client.pragma("wal_checkpoint(TRUNCATE)");
  const database = readFileSync(connection.client.name);
  const verifiers = [KEY.verifier];
  const contenders: readonly (readonly [string, () => Promise<unknown>])[] = [
    // The fastest that there is: it is to be hard to come near to.
    [BARE, async () => leaves.map((leaf) => hash("sha256", leaf, "buffer"))],
    [BARE_LINES, async () => lines.map((line) => hash("sha256", line, "buffer"))],
    [BARE_FILE, async () => hash("sha256", database, "buffer")],
    [TREE, async () => rootOf(grow(EMPTY_LOG, leaves.map(leafHashOfText)).frontier)],
    [
      OFFLINE,
      () =>
        auditExport({
          lines: exportLines(file),
          notes: [note],
          verifiers,
          progress: () => undefined,
        }),
    ],
    [
      LIVE,
      () =>
        audit({
          store: memory.audit,
          verifiers,
          outside: [],
          page: 1_000,
          locate: false,
          rest: async () => undefined,
          progress: () => undefined,
        }),
    ],
  ];
  const speeds = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    for (const [name, act] of contenders) {
      const begun = performance.now();
      await act();
      speeds.get(name)?.push(entries / ((performance.now() - begun) / 1_000));
    }
  }
  await memory.ledger.close();
  const over = (name: string, bare: string, promised: Partial<Figure> = {}): Figure => ({
    name: `${name}, over ${bare}`,
    unit: "times",
    values: (speeds.get(name) ?? []).map((speed, round) => speed / (speeds.get(bare)?.[round] ?? Number.NaN)),
    ...promised,
  });
  const sizeOf = (texts: readonly string[]) =>
    Math.round(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / entries);
  return {
    figures: [
      ...[...speeds].map(([name, values]) => ({ name, unit: "per second" as const, values })),
      over(TREE, BARE, { atLeast: SHARE }),
      over(OFFLINE, BARE),
      over(OFFLINE, BARE_LINES),
      over(LIVE, BARE),
      over(LIVE, BARE_FILE),
    ],
    notes: [
      `${entries} entries: ${sizeOf(leaves)} bytes a leaf, ${sizeOf(lines)} a line of the export, ${Math.round(database.length / entries)} of the database each.`,
      "The export is read by as many threads as there are processors; one thread for all else.",
      `Promised: ${PER_SECOND} a second, or ${SHARE.toFixed(2)} times bare SHA-256.`,
    ],
  };
}
