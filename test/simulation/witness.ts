import type Database from "better-sqlite3";
import type { ConsentState, EntryKind } from "../../src/call/consent.ts";
import type { Disk } from "./disk.ts";

/** An entry as the file has it. */
export type EntryRow = {
  readonly seq: number;
  readonly id: string;
  readonly businessId: string;
  readonly subscriberId: string;
  readonly kind: EntryKind;
  readonly topics: readonly string[];
  readonly locale: string;
  readonly source: string;
  readonly sourceId: string;
  readonly step: string;
  readonly attempt: number;
  readonly key: string | null;
  readonly noticeMessageId: string | null;
  readonly messageId: string | null;
  readonly confirms: string | null;
  readonly simulated: boolean;
  readonly at: number;
};

/** One row of any table. */
export type Row = Readonly<Record<string, unknown>>;

/** Somebody who looks at what is committed, from outside of the line, and at nothing else. */
export function witnessOf(disk: Disk) {
  const prepared = new WeakMap<Database.Database, Map<string, Database.Statement>>();

  function statement(sql: string): Database.Statement {
    const file = disk.witness();
    const known = prepared.get(file) ?? new Map<string, Database.Statement>();
    prepared.set(file, known);
    const ready = known.get(sql) ?? file.prepare(sql);
    known.set(sql, ready);
    return ready;
  }

  const all = (sql: string, ...values: unknown[]) => statement(sql).all(...values) as Row[];
  const one = (sql: string, ...values: unknown[]) => statement(sql).get(...values) as Row | undefined;

  return {
    all,
    one,
    /** Entries in commit order, after a place. */
    entries: (after = 0): readonly EntryRow[] =>
      all("SELECT * FROM entry WHERE seq > ? ORDER BY seq", after).map(entryOf),
    entriesOf: (businessId: string, sourceId: string, step: string, attempt: number): readonly EntryRow[] =>
      all(
        "SELECT * FROM entry WHERE business_id = ? AND source_id = ? AND step = ? AND attempt = ? ORDER BY seq",
        businessId,
        sourceId,
        step,
        attempt,
      ).map(entryOf),
    lastSeq: () => Number(one("SELECT coalesce(max(seq), 0) AS seq FROM entry")?.["seq"] ?? 0),
    /** Where somebody stood on a topic after `from`, and after each entry since: what could be read in that time. */
    statesSince(person: Person, topic: string, from: number): readonly ConsentState[] {
      const entries = all(
        "SELECT * FROM entry WHERE business_id = ? AND subscriber_id = ? AND simulated = ? ORDER BY seq",
        person.businessId,
        person.subscriberId,
        person.simulated ? 1 : 0,
      ).map(entryOf);
      const about = entries.filter(({ topics }) => topics.includes(topic));
      const states: ConsentState[] = ["none"];
      for (const entry of about) {
        const state = follows(states.at(-1) ?? "none", entry.kind);
        if (entry.seq <= from) states.length = 0;
        states.push(state);
      }
      return states;
    },
  };
}

export type Witness = ReturnType<typeof witnessOf>;
export type Person = {
  readonly businessId: string;
  readonly subscriberId: string;
  readonly simulated: boolean;
};

/** Where an entry leaves its person: written a second time, apart from the line's own fold. */
export function follows(state: ConsentState, kind: EntryKind): ConsentState {
  if (kind === "confirmed") return state === "pending" ? "granted" : state;
  if (kind === "pending") return state === "granted" ? "granted" : "pending";
  return kind === "recorded" ? state : kind;
}

function entryOf(row: Row): EntryRow {
  return {
    seq: Number(row["seq"]),
    id: String(row["id"]),
    businessId: String(row["business_id"]),
    subscriberId: String(row["subscriber_id"]),
    kind: row["kind"] as EntryKind,
    topics: JSON.parse(String(row["topics"])) as string[],
    locale: String(row["locale"]),
    source: String(row["source"]),
    sourceId: String(row["source_id"]),
    step: String(row["step"]),
    attempt: Number(row["attempt"]),
    key: row["key"] as string | null,
    noticeMessageId: row["notice_message_id"] as string | null,
    messageId: row["message_id"] as string | null,
    confirms: row["confirms"] as string | null,
    simulated: row["simulated"] === 1,
    at: Number(row["at"]),
  };
}
