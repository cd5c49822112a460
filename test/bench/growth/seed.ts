import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import type { Database } from "better-sqlite3";
import type { ConsentState } from "../../../src/call/consent.ts";
import { loadConfig } from "../../../src/config.ts";
import { migrate, open, type Connection } from "../../../src/ledger/sqlite/connection.ts";
import { sealAll } from "../../../src/sealing.ts";
import { ledgerOn } from "../../support/memory.ts";
import { randomness } from "../console-seed-calls.ts";
import { environmentOf, SECRET } from "../yesline.ts";
import { callWriter, DECIDED_AFTER_MS } from "./calls.ts";
import { CALLS_A_PERSON, peopleOf, uuid, type Kind } from "./people.ts";

/**
 * A long log, quickly: calls in which somebody decided, one entry each, with the rows that the line keeps as its
 * evidence, then sealed by the line's own sealer. `ledger verify` finds it sound.
 */
export type LogSeed = {
  readonly file: string;
  readonly entries: number;
  /** The last call began a moment before. */
  readonly now: number;
  readonly progress: (text: string) => void;
};

const CALLS_A_TRANSACTION = 50_000;
const SPAN_MS = 365 * 24 * 60 * 60 * 1000;
/** Holds the one index that is filled out of order: calls by their SIDs, some 80 bytes each. */
const CACHE_KIB = 2 * 1024 * 1024;

export async function seedLog(seed: LogSeed): Promise<void> {
  const connection = open(seed.file, { busyTimeoutMs: 0 });
  migrate(connection);
  const { client } = connection;
  // Nobody waits for these rows, and they are made to be right. What is sorted at the end need not be kept in order.
  client.pragma("journal_mode = OFF");
  client.pragma("synchronous = OFF");
  client.pragma("foreign_keys = OFF");
  client.pragma(`cache_size = -${CACHE_KIB}`);
  const restore = setAside(client, seed.progress);
  writeCalls(connection, seed);
  restore();
  client.pragma("journal_mode = WAL");
  seed.progress("entries are sealed");
  const memory = ledgerOn(connection, SECRET);
  await sealAll(loadConfig(environmentOf(dirname(seed.file))), memory.proof);
  await memory.ledger.close();
}

/** Triggers and indexes come back when the rows are in, word for word as the migrations have them. */
function setAside(client: Database, progress: LogSeed["progress"]): () => void {
  const parts = client
    .prepare(
      `SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql IS NOT NULL
         AND tbl_name IN ('call', 'call_event', 'consent', 'entry', 'subscriber')) ORDER BY type`,
    )
    .all() as { type: string; name: string; sql: string }[];
  for (const { type, name } of parts) client.exec(`DROP ${type} ${name}`);
  return () => {
    for (const { type, name, sql } of parts) {
      if (type === "index") progress(`index ${name}`);
      client.exec(sql);
    }
  };
}

function writeCalls(connection: Connection, { entries, now, progress }: LogSeed): void {
  const { client } = connection;
  const random = randomness(1);
  const begin = now - SPAN_MS;
  const timeOf = (n: number) => begin + Math.floor((n / entries) * (SPAN_MS - 60_000));
  const people = peopleOf(client, { count: Math.ceil(entries / CALLS_A_PERSON), timeOf, random });
  const write = callWriter(connection);
  for (let from = 0; from < entries; from += CALLS_A_TRANSACTION) {
    const to = Math.min(entries, from + CALLS_A_TRANSACTION);
    client.exec("BEGIN");
    for (let n = from; n < to; n++) {
      const who =
        n % CALLS_A_PERSON === 0
          ? people.add(n / CALLS_A_PERSON)
          : people.known(Math.floor(random() * Math.ceil(n / CALLS_A_PERSON)));
      const kind = decide(who.state, random());
      const at = timeOf(n);
      const id = uuid(at, n);
      write({ n, at, id, kind, ...who });
      people.decided(who.person, kind, n);
    }
    client.exec("COMMIT");
    progress(`${to} of ${entries} calls`);
  }
  client.exec("BEGIN");
  people.writeConsents((n) => ({ id: uuid(timeOf(n), n), at: timeOf(n) + DECIDED_AFTER_MS }));
  client.exec("COMMIT");
}

function decide(state: ConsentState, chance: number): Kind {
  if (state === "granted") return chance < 0.3 ? "revoked" : "granted";
  return chance < 0.85 ? "granted" : "refused";
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { entries: { type: "string" }, out: { type: "string" } } });
  if (values.out === undefined || values.entries === undefined)
    throw new Error("--entries N says how many, --out FILE where to write.");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(values.out + suffix, { force: true });
  await seedLog({
    file: values.out,
    entries: Number(values.entries),
    now: Date.now(),
    progress: (text) => process.stderr.write(`${text}\n`),
  });
}
