import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leafHashOf } from "../../src/proof/leaf.ts";
import { clinic } from "../call/clinic.ts";
import { clinicCall, composed, leaves, messageSid, NOW, writes } from "../ledger/correspondence.ts";
import {
  agree,
  answers,
  begins,
  entryOf,
  openMemory,
  someNumber,
  withdrawalOf,
  type Memory,
} from "../support/memory.ts";
import { faultText } from "../../src/proof/faults.ts";
import { auditOf, byHand, faultsOf, flip } from "./auditing.ts";
import { agreements, sealerOn } from "./sealing.ts";

let memory: Memory;
let long: Memory;

/** Calls and messages, both worlds, several checkpoints. */
async function someOfEach(): Promise<Memory> {
  const filled = openMemory({ businesses: [clinic()] });
  const sealer = sealerOn(filled.proof);
  const [caller, other] = [someNumber(), someNumber()];
  const call = clinicCall({ caller });
  const subscriberId = await filled.ledger.register(call.businessId, other, NOW);
  await filled.ledger.record(begins(call));
  await filled.ledger.record(answers(call, [entryOf({ kind: "pending", topics: ["visits"], subscriberId })]));
  await leaves(filled, NOW + 60_000);
  await writes(filled, other, { kind: "yes" }, { at: NOW + 120_000 }).answered;
  await writes(filled, other, { kind: "stop", topics: null }, { at: NOW + 180_000, body: "Stop it, please." })
    .answered;
  await agree(filled.ledger, clinicCall({ caller: someNumber(), simulated: true }));
  await sealer.seal();
  await agreements(filled, 2);
  await sealer.seal();
  await rarities(filled);
  await sealer.seal();
  return filled;
}

/** What is rarer: a call whose audio is kept, a number that moves, a template, a button, a reason. */
async function rarities(filled: Memory): Promise<void> {
  const { ledger, recordings, outgoing } = filled;
  const [caller, next] = [someNumber(), someNumber()];
  const call = clinicCall({ caller });
  const { businessId, callSid } = call;
  const subscriberId = await ledger.register(businessId, next, NOW);
  await ledger.record({ ...begins(call, { subscriberId }), recording: "start" });
  const moved = entryOf({ kind: "pending", topics: ["visits"], subscriberId });
  await ledger.record(answers(call, [entryOf({ kind: "revoked", topics: ["visits"] }), moved]));
  const sid = `RE${"5".repeat(32)}`;
  await recordings.started(businessId, callSid, sid, NOW);
  const audio = { sid, seconds: 41, bytes: 328_044, sha256: "5e".repeat(32) };
  if ((await recordings.keep(businessId, callSid, audio, NOW)) === null) throw new Error("It is not kept.");
  const due = { now: NOW + 60_000, leaseMs: 60_000, limit: 100, kinds: ["message"] as const };
  for (const job of await outgoing.claim(due)) {
    await outgoing.compose(job, { ...composed("Is it you?"), contentSid: `HX${"6".repeat(32)}` }, NOW);
    await outgoing.accepted(job.id, messageSid(), NOW);
  }
  await writes(filled, next, { kind: "yes" }, { at: NOW + 120_000, payload: "yes:1" }).answered;
  const asked = { ...withdrawalOf(next), businessId, topics: ["visits"], reason: "asked by letter" };
  await ledger.revoke({ ...asked, sourceId: "a letter", at: NOW + 180_000 });
}

beforeAll(async () => {
  memory = await someOfEach();
  // More than one tile.
  long = await someOfEach();
  const sealer = sealerOn(long.proof);
  await agreements(long, 260);
  while ((await sealer.seal()) > 0);
});
afterAll(() => Promise.all([memory.close(), long.close()]));

describe("a memory that nobody has touched", () => {
  it("is as it was sealed, signed and folded", async () => {
    const report = await auditOf(long);
    expect(faultsOf(report)).toEqual([]);
    const newest = await long.proof.newestCheckpoint();
    expect(report).toMatchObject({
      ok: true,
      entries: long.count("entry"),
      size: long.count("entry"),
      unsealed: 0,
      root: Buffer.from(newest?.root ?? "").toString("base64"),
    });
    expect(long.count("log_tile")).toBe(1);
    expect(report.checkpoints).toBe(long.count("checkpoint"));
  });

  it("is as it was sealed whatever the page", async () => {
    for (const page of [1, 7, 1000]) expect((await auditOf(long, { page })).faults).toEqual([]);
  });
});

/**
 * What entries rest on, and what of it nothing can vouch for: a row's place, when a person was first heard of, and what
 * is filled in as things go on (how far a call or a message came, who dealt with it).
 */
const EVIDENCE: Readonly<Record<string, readonly string[]>> = {
  entry: [],
  call: ["status", "ended_at", "ended_by", "duration_seconds", "facet_id", "reference"],
  call_event: ["seq"],
  served_text: [],
  message: ["seq", "error_code", "handled_at", "handled_by"],
  subscriber: ["at"],
  consent: [],
  log_leaf: [],
  log_tile: [],
  checkpoint: [],
};

/** Tables on which no entry rests. */
const BESIDE: ReadonlySet<string> = new Set([
  // What is still to be done, and how it went.
  "outbox",
  "webhook",
  "idempotency",
  "live_call",
  "probe",
  "call_facet",
  // Which audio a call has stands in its entry; a note, also of why somebody withdrew, is sealed for one person.
  "recording",
  "note",
  // What operators and other systems did and were told. Triggers keep it, and no leaf vouches for it.
  "access_log",
  "api_key",
  "decision",
  "endpoint",
  "erasure",
  "suppression",
  "operator",
  "operator_account",
  "operator_rate_limit",
  "operator_session",
  "operator_two_factor",
  "operator_verification",
  "sealed_key",
  "secret_check",
  "__drizzle_migrations",
]);

describe("whoever adds a table or a column", () => {
  it("says of the table whether entries rest on it", () => {
    const tables = memory.connection.client
      .prepare<[], string>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .pluck()
      .all();
    expect(tables).toEqual([...Object.keys(EVIDENCE), ...BESIDE].toSorted());
  });

  it.each(Object.keys(EVIDENCE))("has a row below in which each column of %s says something", (table) => {
    const columns = memory.connection.client.pragma(`table_info(${table})`) as { name: string }[];
    const rows = [memory, long].flatMap((each) => each.rows(table));
    const silent = columns
      .map(({ name }) => name)
      .filter((name) => EVIDENCE[table]?.includes(name) !== true)
      .filter((name) => rows.every((row) => row[name] === null));
    expect(silent).toEqual([]);
  });
});

describe("whoever flips one bit by hand is found:", () => {
  it.each(Object.keys(EVIDENCE))("in any column of any row of %s", async (table) => {
    const whose = table === "log_tile" ? long : memory;
    const { client } = whose.connection;
    const unseen: string[] = [];
    async function flipEach(): Promise<void> {
      for (const row of rowsOf(whose, table)) {
        const rowid = row["rowid!"] as number;
        for (const [at, [column, value]] of Object.entries(row).entries()) {
          if (isFree(whose, { table, column, row })) continue;
          client.exec("SAVEPOINT flip");
          flipIn(client, { table, column, value, rowid, bit: at * 5 + unseen.length });
          const { faults } = await auditOf(whose, { locate: false, page: 1_000 });
          if (faults.every(({ part }) => part === "guard"))
            unseen.push(`${table}.${column} of ${rowid}, ${String(value)}`);
          client.exec("ROLLBACK TO flip");
        }
      }
    }
    await byHand(whose, () => undefined, flipEach, { putBack: false });
    expect(unseen).toEqual([]);
  });
});

describe("what is wrong is named:", () => {
  it("the very column, where one bit of what an entry says was changed", async () => {
    const first = memory.rows("entry")[0];
    const changes: [string, RegExp][] = [
      ["UPDATE entry SET key = '3' WHERE seq = 1", /one bit of entry\.key was changed/],
      ["UPDATE entry SET at = at + 1024 WHERE seq = 1", /one bit of entry\.at was changed/],
      ["UPDATE call SET line = '+14155550101' WHERE rowid = 1", /one bit of call\.line was changed/],
      ["UPDATE call_event SET locale = 'en-UR' WHERE step = 'notice'", /is not among the events of its call/],
    ];
    for (const [sql, reason] of changes) {
      const report = await byHand(
        memory,
        () => memory.connection.client.exec(sql),
        () => auditOf(memory),
      );
      expect(faultsOf(report)[0]).toMatch(reason);
      expect(report.faults[0]).toMatchObject({ part: "entry", id: first?.["id"] });
    }
  });

  it("a hash that was changed, for its entry is as it was signed", async () => {
    const report = await changed("UPDATE log_leaf SET hash = zeroblob(32) WHERE leaf_index = 2");
    expect(faultsOf(report)).toEqual([
      expect.stringMatching(/^leaf 2: its stored hash was changed; entry .* is as it was signed\.$/),
    ]);
  });

  it("each of several, and what comes after them is judged for itself", async () => {
    const report = await changed("UPDATE entry SET locale = 'xx-XX' WHERE seq IN (2, 6)");
    const ids = memory.rows("entry").map(({ id }) => id);
    const named = report.faults.filter(({ part }) => part === "entry").map(({ id }) => id);
    expect([...new Set(named)]).toEqual([ids[1], ids[5]]);
    expect(report.faults.filter(({ part }) => part === "checkpoint")).toEqual([]);
  });

  it("an entry and its hash, changed together: between which leaves", async () => {
    const { client } = memory.connection;
    const report = await byHand(
      memory,
      async () => {
        client.exec("UPDATE entry SET reason = 'x' WHERE seq = 5");
        const [leaf] = await memory.proof.sealed(4, 1);
        if (leaf === undefined || leaf.row === null) throw new Error("no leaf");
        client.prepare("UPDATE log_leaf SET hash = ? WHERE leaf_index = 4").run(leafHashOf(leaf.row));
      },
      () => auditOf(memory),
    );
    expect(faultsOf(report)).toEqual([
      expect.stringMatching(
        /^checkpoint 3: .* the first thing that differs is one of leaves 4 to 5; .* made anew/,
      ),
    ]);
  });

  it("an entry that was slipped in without a leaf, one that is gone, a leaf that is gone", async () => {
    const slipped = await changed(
      "DELETE FROM log_leaf WHERE leaf_index = 5; UPDATE log_leaf SET leaf_index = 5, entry_id = (SELECT id FROM entry WHERE seq = 6) WHERE leaf_index = 4",
    );
    expect(faultsOf(slipped).join("\n")).toMatch(/it has no leaf, though the log has later ones/);
    const gone = await changed("DELETE FROM entry WHERE seq = 3");
    expect(faultsOf(gone)[0]).toMatch(/^leaf 2: its entry .* is gone\.$/);
    const hole = await changed("DELETE FROM log_leaf WHERE leaf_index = 1");
    expect(faultsOf(hole)[0]).toMatch(/it has no leaf/);
    expect(faultsOf(hole)[1]).toBe("leaf 1: it is missing.");
  });

  it("a tile that no log of this size has", async () => {
    const { faults } = await changed("INSERT INTO log_tile (level, idx, hash) VALUES (1, 7, zeroblob(32))");
    expect(faults.map(faultText)).toEqual(["tile 1/7: the log has no such tile."]);
  });
});

/** Whoever has the key can have anything sealed: what was never true is then in the log as it was written. */
describe("a yes that was sealed as it is, and never was one, is named:", () => {
  it.each([
    ["UPDATE entry SET notice_step = NULL, notice_attempt = NULL, notice_kind = NULL", "it names no notice."],
    [
      "UPDATE call_event SET seq = seq + 100 WHERE step = 'notice' AND kind = 'served'",
      "its notice was served after the key was pressed.",
    ],
    [
      "DELETE FROM call_event WHERE step = 'notice'",
      "the notice that it names is not among the events of its call.",
    ],
  ])("%s", async (sql, what) => {
    const fresh = openMemory();
    const { client } = fresh.connection;
    await agreements(fresh, 1);
    client.pragma("foreign_keys = OFF");
    client.pragma("ignore_check_constraints = ON");
    for (const trigger of ["entry_never_changes", "call_event_never_changes", "call_event_never_vanishes"])
      client.exec(`DROP TRIGGER ${trigger}`);
    client.exec(sql);
    await sealerOn(fresh.proof).seal();
    const { faults } = await auditOf(fresh);
    const id = String(fresh.rows("entry")[0]?.["id"]);
    await fresh.close();
    expect(faults.filter(({ part }) => part === "entry")).toEqual([{ part: "entry", id, what }]);
  });
});

describe("what keeps hands off the rows is verified as well:", () => {
  it.each([
    [
      "DROP TRIGGER entry_never_changes",
      "trigger entry_never_changes: it is gone, and guards entry no more.",
    ],
    ["DROP INDEX entry_id", "index entry_id: it is gone, and guards entry no more."],
    [
      "DROP TRIGGER entry_never_vanishes; CREATE TRIGGER entry_never_vanishes BEFORE DELETE ON entry BEGIN SELECT 1; END",
      "trigger entry_never_vanishes: it is not what the migrations made.",
    ],
    [
      "CREATE TRIGGER forget AFTER INSERT ON entry BEGIN SELECT 1; END",
      "trigger forget: no migration made it, and it acts on entry.",
    ],
  ])("%s", async (sql, fault) => {
    const { client } = memory.connection;
    client.exec(`BEGIN; ${sql}`);
    try {
      expect(faultsOf(await auditOf(memory))).toEqual([`database ${fault}`]);
    } finally {
      client.exec("ROLLBACK");
    }
  });

  it("but not what others add beside them, such as a replicator's table", async () => {
    const { client } = memory.connection;
    client.exec("BEGIN; CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
    try {
      expect((await auditOf(memory)).ok).toBe(true);
    } finally {
      client.exec("ROLLBACK");
    }
  });
});

function changed(sql: string) {
  return byHand(
    memory,
    () => memory.connection.client.exec(sql),
    () => auditOf(memory),
  );
}

/** Where the flipped value is another row's, the database refuses it: then the next bit. */
function flipIn(
  client: Memory["connection"]["client"],
  {
    table,
    column,
    value,
    rowid,
    bit,
  }: { table: string; column: string; value: unknown; rowid: number; bit: number },
): void {
  const change = client.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`);
  for (let tried = bit; tried < bit + 40; tried++) {
    try {
      change.run(flip(value, tried), rowid);
      return;
    } catch (error) {
      if (!String(error).includes("UNIQUE")) throw error;
    }
  }
  throw new Error(`No bit of ${table}.${column} could be flipped.`);
}

function isFree(
  whose: Memory,
  { table, column, row }: { table: string; column: string; row: Record<string, unknown> },
): boolean {
  if (column === "rowid!" || EVIDENCE[table]?.includes(column) === true) return true;
  // No entry rests on a call's beginning and its last words, nor on a message that no entry cites.
  if (table === "call_event" && !["notice", "choice"].includes(String(row["step"]))) return true;
  if (table !== "message") return false;
  const cited = whose.rows("entry").flatMap((entry) => [entry["message_id"], entry["notice_message_id"]]);
  // Twilio's name of what leaves is filled in once Twilio has it.
  return !cited.includes(row["id"]) || (column === "sid" && row["direction"] === "out");
}

function rowsOf({ connection: { client } }: Memory, table: string): Record<string, unknown>[] {
  return client.prepare(`SELECT rowid AS "rowid!", * FROM ${table} ORDER BY rowid`).all() as Record<
    string,
    unknown
  >[];
}
