import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate as runMigrations } from "drizzle-orm/better-sqlite3/migrator";
import { afterEach, beforeEach, expect, it } from "vitest";
import { open } from "../../src/ledger/sqlite/connection.ts";
import { driver } from "../support/by-hand.ts";
import { agree, callOf, openMemory, sha256, temporaryFolder, type Memory } from "../support/memory.ts";

const MIGRATIONS = new URL("../../migrations/sqlite/", import.meta.url).pathname;
/** The last one before there were messages. */
const LAST_BEFORE = 7;

let folder: string;
let memory: Memory | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await memory?.close();
  memory = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A database as an older line left it, with one grant in it. */
function oldDatabase(): string {
  const older = join(folder, "migrations");
  mkdirSync(older);
  cpSync(MIGRATIONS, older, { recursive: true });
  const journal = join(older, "meta", "_journal.json");
  const { entries, ...rest } = JSON.parse(readFileSync(journal, "utf8")) as { entries: { idx: number }[] };
  writeFileSync(
    journal,
    JSON.stringify({ ...rest, entries: entries.filter(({ idx }) => idx <= LAST_BEFORE) }),
  );
  const file = join(folder, "old.db");
  const { client } = open(file, { busyTimeoutMs: 0 });
  runMigrations(drizzle(client), { migrationsFolder: older });
  const digest = sha256("notice");
  client.exec(`
    INSERT INTO subscriber (business_id, id, blind_index, number, salt, commitment, at)
      VALUES ('acme-dental', 'ann', 'index', x'00', x'00', 'commitment', 1);
    INSERT INTO call (business_id, call_sid, account_sid, line, direction, subscriber_id, attestation, simulated, status, begun_at)
      VALUES ('acme-dental', 'CA1', 'AC1', '+14155550100', 'inbound', 'ann', 'passed-A', 0, 'in-progress', 1);
    INSERT INTO served_text VALUES ('acme-dental', '${digest}', '${digest}', '<Response/>', 'Notice.', 1);
    INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, text_digest, at)
      VALUES ('acme-dental', 'CA1', 'notice', 1, 'served', 'en-US', '${digest}', 1);
    INSERT INTO entry (id, business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source, source_id, step,
      attempt, key, call_sid, notice_step, notice_attempt, notice_kind, simulated, commitment, at)
      VALUES ('old', 'acme-dental', 'ann', 'granted', '["appointment-reminders"]', 'en-US', 'US', '2026-11-22', 'call',
        'CA1', 'choice', 1, '1', 'CA1', 'notice', 1, 'served', 0, 'commitment', 1);
    INSERT INTO consent VALUES ('acme-dental', 'ann', 'appointment-reminders', 0, 'granted', 'old', 1);
  `);
  expect(client.prepare("SELECT name FROM sqlite_schema WHERE name = 'message'").all()).toEqual([]);
  client.close();
  return file;
}

it("an old log keeps its entries, their order and their laws when messages come to it", async () => {
  const file = oldDatabase();
  memory = openMemory({ file });
  expect(memory.rows("entry")).toMatchObject([
    {
      seq: 1,
      id: "old",
      kind: "granted",
      call_sid: "CA1",
      notice_message_id: null,
      message_id: null,
      confirms: null,
    },
  ]);
  expect(memory.connection.client.pragma("foreign_key_check")).toEqual([]);
  const before = memory.rows("entry");
  for (const [sql, words] of [
    ["UPDATE entry SET kind = 'refused'", "entries never change"],
    ["DELETE FROM entry", "entries never vanish"],
    ["INSERT OR REPLACE INTO entry SELECT * FROM entry", "entries never change"],
    ["UPDATE call SET simulated = 1", "the simulated mark cannot be changed"],
  ] as const) {
    expect(driver(file, sql).refused).toContain(words);
  }
  const columns = Object.keys(before[0] ?? {}).filter((name) => name !== "seq");
  const simulated = columns.map((name) =>
    ["id", "step"].includes(name) ? "'new'" : name === "simulated" ? "1" : name,
  );
  expect(
    driver(file, `INSERT INTO entry (${columns.join()}) SELECT ${simulated.join()} FROM entry`).refused,
  ).toContain("an entry bears the mark of its call");
  expect(memory.rows("entry")).toEqual(before);
  await agree(memory.ledger, callOf());
  expect(memory.rows("entry").map((row) => row["seq"])).toEqual([1, 2]);
});

it("has the same triggers on a new file as on an old one", () => {
  memory = openMemory({ file: oldDatabase() });
  const fresh = openMemory();
  const triggers = ({ connection }: Memory) =>
    connection.client
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
      .all();
  expect(triggers(memory)).toEqual(triggers(fresh));
  const names = triggers(fresh).map((row) => (row as { name: string }).name);
  expect(names).toEqual(
    expect.arrayContaining([
      "entry_never_changes",
      "entry_never_vanishes",
      "entry_never_replaced",
      "entry_bears_mark_of_call",
      "entry_rests_on_notice",
      "entry_bears_mark_of_message",
      "entry_confirms_its_own",
    ]),
  );
  return fresh.close();
});
