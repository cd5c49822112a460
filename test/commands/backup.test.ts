import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openMemory as openOn, temporaryFolder } from "../support/memory.ts";
import { audited } from "../proof/auditors.ts";
import { agreements, sealerOn } from "../proof/sealing.ts";
import { cli } from "../support/cli.ts";
import { rowsIn } from "../support/server.ts";

let line: Awaited<ReturnType<typeof audited>>;
let folder: string;
let backup: string;
beforeEach(async () => {
  line = await audited([3, 4]);
  folder = temporaryFolder();
  backup = join(folder, "backup.db");
});
afterEach(() => line.close());

/** A place of its own, with nothing in it, and the same secret. */
const elsewhere = (over: Record<string, string> = {}) => ({
  ...line.env,
  DATABASE_URL: `file:${join(folder, "new", "yesline.db")}`,
  ...over,
});
const restored = () => join(folder, "new", "yesline.db");
const restore = (args: readonly string[], over: Record<string, string> = {}) =>
  cli(["restore", backup, ...args], elsewhere(over));
const backedUp = () => cli(["backup", backup, "--json"], line.env);

/** More people agree, and the auditors get a checkpoint of it. */
async function later(count: number): Promise<void> {
  await agreements(line.memory, count);
  const { seal } = sealerOn(line.memory.proof, { signers: line.signers });
  while ((await seal()) > 0);
  appendFileSync(line.files.checkpoints, `${(await line.memory.proof.newestCheckpoint())?.note ?? ""}\n`);
}

describe("backup", () => {
  it("holds every row of a line that is open, in one file for its owner alone, and says how much", async () => {
    const { code, out, err } = await backedUp();
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ file: backup, entries: 7, size: 7 });
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["backup.db"]);
    for (const table of ["entry", "call_event", "log_leaf", "subscriber"])
      expect(rowsIn(backup, table)).toEqual(line.memory.rows(table));
  });

  it("is never half there: a name that is taken is left as it was, and what broke off leaves nothing", async () => {
    writeFileSync(backup, "mine");
    expect(await backedUp()).toMatchObject({ code: 2, out: "" });
    expect(readFileSync(backup, "utf8")).toBe("mine");
    backup = join(folder, "nowhere", "backup.db");
    const { code, err } = await backedUp();
    expect([code, err]).toEqual([2, `${join(folder, "nowhere")} does not exist: make the folder first.\n`]);
    const empty = { ...line.env, DATABASE_URL: `file:${join(folder, "no.db")}` };
    expect(await cli(["backup", join(folder, "b.db")], empty)).toMatchObject({ code: 3, out: "" });
    expect(readdirSync(folder)).toEqual(
      ["backup.db", "secret", "simulator.json"].filter((name) => existsSync(join(folder, name))),
    );
  });

  it("of a damaged database is refused, with the reason", async () => {
    await line.memory.ledger.close();
    const bytes = readFileSync(line.memory.file);
    bytes.fill(0xff, 4096 * 20, 4096 * 60);
    writeFileSync(line.memory.file, bytes);
    const { code, err } = await backedUp();
    expect([code, err]).toEqual([2, expect.stringContaining("yesline.db is damaged")]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a database with a damaged page that nobody reads is refused as well", async () => {
    const client = new Database(line.memory.file);
    client.pragma("wal_checkpoint(TRUNCATE)");
    const page = client.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'note'").pluck().get();
    client.close();
    await line.memory.ledger.close();
    const bytes = readFileSync(line.memory.file);
    bytes.fill(0xff, 4096 * (Number(page) - 1), 4096 * Number(page));
    writeFileSync(line.memory.file, bytes);
    const { code, err } = await backedUp();
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/yesline\.db is damaged: [^]*Take another backup\.\n$/),
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("restore, held against checkpoints from outside,", () => {
  it("puts a backup that lacks nothing into an empty place, where all of it verifies", async () => {
    await backedUp();
    const { code, out, err } = await restore(["--checkpoint", line.files.checkpoints]);
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^There is no list of erasures at .*: subscriber erase ID\.\n$/),
    ]);
    expect(out).toMatch(/7 entries, 7 in the log, root \S{44}; it goes on from 2 checkpoints from outside/);
    expect(readdirSync(join(folder, "new")).filter((name) => name.startsWith("yesline.db"))).toEqual([
      "yesline.db",
      "yesline.db.lock",
    ]);
    const verified = await cli(["ledger", "verify", "--checkpoint", line.files.checkpoints], elsewhere());
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining("7 of 7 entries")]);
  });

  it("takes entries that had no place in the log yet for what they are: nothing is missing", async () => {
    await agreements(line.memory, 5);
    await backedUp();
    await later(0);
    const { code, out } = await restore(["--checkpoint", line.files.checkpoints, "--json"]);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ size: 12, outside: 3, lacking: [] }),
    ]);
  });

  it("says precisely what is missing, and puts nothing in place", async () => {
    await backedUp();
    await later(5);
    const { code, out } = await restore(["--checkpoint", line.files.checkpoints]);
    expect(code).toBe(1);
    expect(out).toContain(
      "knows 12 entries of line.example/yesline: 5 are missing here, from leaf 7 to leaf 11.\nNothing was restored: look for a later backup. To go on without the entries recorded since 2026-",
    );
    expect(existsSync(restored())).toBe(false);
  });

  it("never lets a log that has lost entries go on under its name", async () => {
    await backedUp();
    await later(5);
    const loss = ["--checkpoint", line.files.checkpoints, "--accept-loss"];
    const { code, out } = await restore(loss);
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("set YESLINE_LOG_NAME to a new name, such as line.example/yesline/2"),
    ]);
    expect(existsSync(restored())).toBe(false);

    const name = { YESLINE_LOG_NAME: "line.example/yesline/2" };
    // Nor where its checkpoints go on in the same place: the line would find there what it has lost.
    const place = { YESLINE_CHECKPOINTS: `file:${line.files.checkpoints}` };
    expect((await restore(loss, { ...name, ...place })).code).toBe(1);
    expect((await restore(loss, name)).code).toBe(0);
    const [access] = rowsIn(restored(), "access_log").slice(-1);
    expect(access).toMatchObject({ action: "restored", actor: "cli" });
    expect(access?.["detail"]).toMatch(/7 entries; 5 entries that .* knows are lost$/);
    const after = openOn({ file: restored() });
    await agreements(after, 6);
    await after.close();
    expect((await cli(["ledger", "verify"], elsewhere(name))).code).toBe(0);
  });

  it("refuses a backup that is not what was signed: an entry of it was changed", async () => {
    await backedUp();
    const client = new Database(backup);
    client.exec("DROP TRIGGER entry_never_changes");
    client.exec("UPDATE entry SET key = '2' WHERE seq = 3");
    client.close();
    const args = ["--checkpoint", line.files.checkpoints];
    const { code, out } = await restore(args);
    expect([code, existsSync(restored())]).toEqual([1, false]);
    expect(out).toContain("it is not what was sealed as leaf 2");
    expect((await restore([...args, "--accept-faults"])).code).toBe(0);
  });

  it("asks for a checkpoint where there is none: nobody could tell what is missing", async () => {
    await backedUp();
    const { code, out } = await restore([]);
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("without a checkpoint from outside nobody can tell"),
    ]);
    expect((await restore(["--accept-loss"])).code).toBe(0);
  });

  it("knows the places of YESLINE_CHECKPOINTS by itself, and says which it cannot read", async () => {
    await backedUp();
    const places = { YESLINE_CHECKPOINTS: `file:${line.files.checkpoints},stdout` };
    const { code, err } = await restore([], places);
    expect([code, err.split("\n")[0]]).toEqual([
      0,
      "stdout cannot be read here: give its checkpoints with --checkpoint.",
    ]);
  });
});

describe("restore", () => {
  it("never takes the place of a database unless told to, and then keeps that one whole", async () => {
    await backedUp();
    await later(2);
    const inPlace = (...args: string[]) =>
      cli(["restore", backup, "--checkpoint", line.files.checkpoint, ...args], line.env);
    const refused = await inPlace();
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("with --replace it is kept")]);
    const before = line.memory.rows("entry");
    const { code, out } = await inPlace("--replace", "--json");
    const { kept } = JSON.parse(out) as { kept: string };
    expect([code, rowsIn(line.memory.file, "entry").length]).toEqual([0, 7]);
    expect(rowsIn(kept, "entry")).toEqual(before);
  });

  it("forgets again whoever was forgotten after the backup was made", async () => {
    const [{ id } = { id: "" }] = line.memory.rows("subscriber") as { id: string }[];
    await backedUp();
    const erased = await cli(["subscriber", "erase", id, "--business", "acme-dental"], line.env);
    expect(erased.code).toBe(0);
    const args = ["--checkpoint", line.files.checkpoint, "--erasures", `${line.memory.file}.erasures`];
    const { code, out, err } = await restore(args);
    expect([code, out, err]).toEqual([0, expect.stringContaining("Erasures that are repeated: 1.\n"), ""]);
    expect(rowsIn(restored(), "subscriber").map((row) => row["id"])).not.toContain(id);
    expect(rowsIn(restored(), "subscriber")).toHaveLength(6);
  });

  it("refuses a file that is no database, one that is not there, and the secret of another line", async () => {
    writeFileSync(backup, "not a database, whatever its name says");
    expect(await restore([])).toMatchObject({
      code: 2,
      err: expect.stringContaining("is no SQLite database"),
    });
    backup = join(folder, "notes.db");
    new Database(backup).exec("CREATE TABLE note (text)").close();
    expect(await restore(["--accept-loss"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("none of Yesline"),
    });
    backup = join(folder, "missing.db");
    expect(await restore([])).toMatchObject({ code: 2, err: expect.stringContaining("does not exist") });
    backup = join(folder, "other.db");
    // The first command puts the secret's fingerprint on record, as the start of a line does.
    await line.ledger("verify");
    await backedUp();
    const other = { YESLINE_SECRET: Buffer.alloc(32, 9).toString("base64") };
    expect(await restore([], other)).toMatchObject({
      code: 3,
      err: expect.stringContaining("YESLINE_SECRET"),
    });
    expect(existsSync(restored())).toBe(false);
  });

  it("begins anew where an earlier one was broken off", async () => {
    await backedUp();
    await restore(["--accept-loss"]);
    writeFileSync(`${restored()}.restoring`, "half a database");
    writeFileSync(`${restored()}.restoring-wal`, "and what it had not told");
    expect((await restore(["--accept-loss", "--replace"])).code).toBe(0);
    expect(readdirSync(join(folder, "new")).filter((name) => name.includes("restoring"))).toEqual([]);
  });
});
