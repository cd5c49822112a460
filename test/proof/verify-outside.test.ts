import { copyFileSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { driver } from "../support/by-hand.ts";
import { cli } from "../support/cli.ts";
import { audited } from "./auditors.ts";
import { agreements, sealerOn } from "./sealing.ts";

let line: Awaited<ReturnType<typeof audited>>;
beforeEach(async () => {
  line = await audited([3, 4, 5]);
});
afterEach(() => line.close());

/** Everything that keeps a hand from the rows is taken away first, and put back afterwards. */
function byHand(sql: string): void {
  const client = new Database(line.memory.file);
  client.pragma("foreign_keys = OFF");
  const triggers = client.prepare<[], { name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
  );
  const dropped = triggers.all();
  for (const { name } of dropped) client.exec(`DROP TRIGGER ${name}`);
  client.exec(sql);
  for (const trigger of dropped) client.exec(trigger.sql);
  client.close();
}

const DROPPED = `
  DELETE FROM checkpoint WHERE size > 7;
  UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM checkpoint) WHERE name = 'checkpoint';
  DELETE FROM log_leaf WHERE leaf_index > 6;
  DELETE FROM consent WHERE entry_id IN (SELECT id FROM entry WHERE seq > 7);
  DELETE FROM entry WHERE seq > 7`;
const REBUILT =
  "DELETE FROM checkpoint; DELETE FROM log_tile; DELETE FROM log_leaf; DELETE FROM sqlite_sequence WHERE name = 'checkpoint';";

describe("ledger verify, with a checkpoint from outside,", () => {
  it("is content with a log that nobody touched, and says how much it saw", async () => {
    const { code, out, err } = await line.ledger("verify", "--checkpoint", line.files.checkpoint);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^All is as it was signed: 12 of 12 entries, 4 checkpoints, 1 from outside, root \S{44}\.\n$/,
    );
    const json = await line.ledger("verify", "--checkpoint", line.files.checkpoints, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, entries: 12, size: 12, outside: 3, faults: [] });
  });

  it("is content with a log that has grown since", async () => {
    await agreements(line.memory, 2);
    await sealerOn(line.memory.proof, { signers: line.signers }).seal();
    await agreements(line.memory, 1);
    const { code, out } = await line.ledger("verify", "--checkpoint", line.files.checkpoint);
    expect([code, out]).toEqual([0, expect.stringContaining("1 entries wait for their place in the log.")]);
  });

  it("names what was dropped from the end, with leaves, checkpoints and all", async () => {
    byHand(DROPPED);
    expect((await line.ledger("verify")).code).toBe(0);
    const { code, out } = await line.ledger("verify", "--checkpoint", line.files.checkpoint);
    expect(code).toBe(1);
    expect(out).toContain(
      "it knows 12 entries, the log has only 7: the last ones, from leaf 7 on, were dropped, or an old file was put back.",
    );
  });

  it("is held against the checkpoints that the line has taken elsewhere itself, without being told of them", async () => {
    const kept = { ...line.env, YESLINE_CHECKPOINTS: `stdout,file:${line.files.checkpoints}` };
    const good = await cli(["ledger", "verify"], kept);
    expect([good.code, good.out, good.err]).toEqual([
      0,
      expect.stringContaining("3 from outside"),
      "stdout cannot be read here: give what is kept there with --checkpoint.\n",
    ]);
    byHand(DROPPED);
    const { code, out } = await cli(["ledger", "verify"], kept);
    expect([code, out]).toEqual([1, expect.stringContaining("it knows 12 entries, the log has only 7")]);
    const folder = { ...kept, YESLINE_CHECKPOINTS: `file:${line.memory.folder}` };
    const unread = await cli(["ledger", "verify"], folder);
    expect([unread.code, unread.err]).toEqual([2, expect.stringContaining("YESLINE_CHECKPOINTS")]);
  });

  it("names an old file that was put back", async () => {
    await line.memory.ledger.close();
    // The file as it was before the last batch: a copy that somebody kept.
    const young = await audited([3, 4]);
    await young.memory.ledger.close();
    for (const end of ["", "-wal", "-shm"])
      tryCopy(`${young.memory.file}${end}`, `${line.memory.file}${end}`);
    const { code, out } = await line.ledger("verify", "--checkpoint", line.files.checkpoint);
    await young.close();
    expect(code).toBe(1);
    expect(out).toContain("it knows 12 entries, the log has only 7");
  });

  it("names an old file that was put back and went on: from where it is another log", async () => {
    byHand(DROPPED);
    await agreements(line.memory, 9);
    await sealerOn(line.memory.proof, { signers: line.signers }).seal();
    expect((await line.ledger("verify")).code).toBe(0);
    const { code, out } = await line.ledger("verify", "--checkpoint", line.files.checkpoints);
    expect(code).toBe(1);
    expect(out).toMatch(
      /another root at 12 entries: the first thing that differs is one of leaves 7 to 11; .* put back and went on/,
    );
  });

  it("names a log that was rebuilt with the key over entries that were changed", async () => {
    byHand(`${REBUILT} UPDATE entry SET jurisdiction = 'GB' WHERE seq = 5`);
    await sealerOn(line.memory.proof, { signers: line.signers }).seal();
    expect((await line.ledger("verify")).code).toBe(0);
    const { code, out } = await line.ledger("verify", "--checkpoint", line.files.checkpoints, "--json");
    expect(code).toBe(1);
    const { faults } = JSON.parse(out) as { faults: { part: string; what: string }[] };
    expect(faults[0]).toMatchObject({ part: "outside" });
    expect(faults[0]?.what).toMatch(/the first thing that differs is one of leaves 3 to 6; .* was made anew/);
  });

  it("does not believe a checkpoint that another key signed, nor one that was changed", async () => {
    const other = await audited([1]);
    const { code, out } = await other.ledger("verify", "--checkpoint", line.files.checkpoint);
    expect([code, out]).toEqual([1, expect.stringContaining("it knows 12 entries")]);
    await other.close();
    const note = readFileSync(line.files.checkpoint, "utf8").replace("\n12\n", "\n11\n");
    const forged = await line.ledger("verify", "--checkpoint", line.keep("forged.txt", note));
    expect([forged.code, forged.out]).toEqual([1, expect.stringContaining("does not hold")]);
  });

  it("says what to do where a file is none", async () => {
    const empty = line.keep("empty", "\n");
    const none = await line.ledger("verify", "--checkpoint", empty);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("holds no checkpoint")]);
    const key = await line.ledger("verify", "--public-key", line.files.checkpoint);
    expect([key.code, key.err]).toEqual([2, expect.stringContaining("`yesline log key` prints them")]);
    const missing = await line.ledger("verify", "--checkpoint", line.at("missing"));
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("cannot be read")]);
  });
});

describe("ledger verify of an export, with nothing but a checkpoint and the key,", () => {
  const offline = (file: string, checkpoint = line.files.checkpoint) =>
    line.ledger("verify", "--export", file, "--checkpoint", checkpoint, "--public-key", line.files.publicKey);

  it("makes every leaf and the root anew", async () => {
    const file = await line.exported();
    driver(line.memory.file, "DROP TABLE checkpoint");
    const { code, out } = await offline(file);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining("All is as it was signed: 12 of 12 entries, 1 checkpoints, root"),
    ]);
    const all = await offline(file, line.files.checkpoints);
    expect(all.out).toContain("3 checkpoints");
  });

  it("says which entries nothing vouches for", async () => {
    const [first = ""] = line.notes;
    const { code, out } = await offline(await line.exported(), line.keep("first.txt", first));
    expect([code, out]).toEqual([
      0,
      expect.stringContaining("9 entries are newer than the newest checkpoint"),
    ]);
  });

  it("finds whatever was changed in a line that the leaf vouches for", async () => {
    const file = await line.exported();
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const record = JSON.parse(lines[4] ?? "") as Record<string, unknown>;
    const vouched = paths(record).filter((path) => !UNPROVEN.test(path));
    expect(vouched.length).toBeGreaterThan(60);
    for (const path of vouched) {
      const changed = lines.with(4, JSON.stringify(replaced(record, path.split("."))));
      const { code, out } = await offline(line.keep("changed.ndjson", `${changed.join("\n")}\n`));
      expect([path, code, out.includes("All is")]).toEqual([path, 1, false]);
    }
  });

  it("finds what was left out, moved, or added", async () => {
    const lines = readFileSync(await line.exported(), "utf8")
      .trimEnd()
      .split("\n");
    const tries: [string[], RegExp][] = [
      [lines.slice(0, -1), /the export has only 11: leaf 11 and what follows were left out/],
      [
        lines.toSpliced(3, 1),
        /^export as a whole: leaf 3 is missing; the line is leaf 4 \(line 4\)\. 1 entries were left out/,
      ],
      [lines.toSpliced(3, 0, lines[3] ?? ""), /line 5: it is leaf 3, and leaf 4 comes next/],
      [lines.with(0, "{"), /line 1: it is no line of an export/],
    ];
    for (const [changed, reason] of tries) {
      const { code, out } = await offline(line.keep("changed.ndjson", `${changed.join("\n")}\n`));
      expect([code, out]).toEqual([1, expect.stringMatching(reason)]);
    }
  });

  it("says what an export with filters cannot show, and still holds each line against its leaf", async () => {
    const { out: text, err } = await line.ledger("export", "--simulated", "no");
    expect(err).toContain("An export with filters cannot be verified as a whole");
    const lines = text.trimEnd().split("\n");
    const { code, out } = await offline(line.keep("filtered.ndjson", text));
    expect([code, out.split("\n")[0]]).toEqual([
      1,
      expect.stringMatching(/^export as a whole: .*Export everything, without filters; or ask for a receipt/),
    ]);
    expect(out).toContain(`1 fault: ${lines.length} of 12 entries`);
    const last = (lines.at(-1) ?? "").replace('"pressed":"1"', '"pressed":"2"');
    const changed = [...lines.slice(0, -1), last];
    const more = await offline(line.keep("filtered.ndjson", `${changed.join("\n")}\n`));
    expect(more.out).toContain(`key.pressed is not what the leaf says (line ${lines.length}).`);
  });

  it("asks for what it lacks", async () => {
    const alone = await line.ledger("verify", "--export", await line.exported());
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("--checkpoint FILE")]);
    const none = await offline(line.at("missing"));
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("cannot be read")]);
  });
});

/** What no log can vouch for: names of a business file, masked digits, how a call ended. */
const UNPROVEN =
  /^(?:schemaVersion|subject\.(?:number|erased)|controller\.(?!id)|topics\.\d+\.(?!id)|call\.(?:status|endedAt)|notice\.voice)/;

function paths(value: unknown, before = ""): string[] {
  if (typeof value !== "object" || value === null) return [before];
  return Object.entries(value).flatMap(([key, each]) =>
    paths(each, before === "" ? key : `${before}.${key}`),
  );
}

function replaced(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined)
    return typeof value === "number" ? value + 1 : typeof value === "boolean" ? !value : `${String(value)}~`;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest);
  return copy;
}

function tryCopy(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
