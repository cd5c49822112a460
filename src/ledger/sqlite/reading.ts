import { setImmediate } from "node:timers/promises";
import type { E164 } from "../../call/phone-number.ts";
import type { NumberVault } from "../numbers.ts";
import { readable } from "../reason.ts";
import type { CallRow, Reading } from "../reading.ts";
import { accessBook } from "./access.ts";
import { backfill } from "./backfill.ts";
import { callCount } from "./call-count.ts";
import { callPages } from "./call-pages.ts";
import { callSearch } from "./call-search.ts";
import { callTail } from "./call-tail.ts";
import type { Connection } from "./connection.ts";
import { facetIndex, type FacetIndex } from "./facet-index.ts";
import type { Write } from "./group-commit.ts";
import { overviewOf } from "./overview.ts";
import { peopleSearch } from "./people-search.ts";
import { prepare } from "./statements.ts";
import { webhookReader } from "./webhook-book.ts";

export type SqliteReadingOptions = {
  readonly vault: NumberVault;
  /** The ledger's own group commit: what the console writes is durable in the same way. */
  readonly write: Write;
  /** UUIDv7. */
  readonly newId: () => string;
  readonly monotonicMs: () => number;
};

/** Calls on a subscriber's page; the log has the others. */
const RECENT_CALLS = 50;
/** Places of an export that are found at once. */
const EXPORTED_AT_ONCE = 200;
/** How long an export holds the event loop: a webhook takes some five turns of it, and waits this long for each. */
const EXPORT_TURN_MS = 2;

/** `ready` resolves once old rows have what they are found by; every question waits for it. */
export type SqliteReading = Reading & { readonly ready: () => Promise<void> };

/** What supervisors read, on one SQLite file, beside the ledger that writes it. */
export function sqliteReading(connection: Connection, options: SqliteReadingOptions): SqliteReading {
  const { client } = connection;
  const { vault } = options;
  const facets = facetIndex(client);
  const findPeople = peopleSearch(client, vault);
  const findCalls = callSearch(client, facets, findPeople);
  const page = callPages(client, findCalls);
  const count = callCount(client, facets, findCalls);
  const rowOf = rowReader(connection, vault, facets);
  const tail = callTail(client, facets, findPeople);
  const access = accessBook(connection, options);
  const overview = overviewOf(client, facets);
  const statements = prepare(connection);
  const webhooksOf = webhookReader(client);
  const ready = backfill(connection, options);

  return {
    ready,
    logAccess: (entry) => access.logAccess(entry),
    accesses: (filter, request) => access.accesses(filter, request),
    accessNames: (column, prefix, limit) => access.accessNames(column, prefix, limit),
    addNote: (added) => access.addNote(added),
    async calls(filter, request) {
      await ready();
      const { places, ...cursors } = page(filter, request);
      return { ...cursors, rows: places.map(({ rowid }) => rowOf.byRowid(rowid)) };
    },
    async countCalls(filter, limit) {
      await ready();
      return count(filter, limit);
    },
    async changes(after, filter) {
      await ready();
      const { rowids, ...rest } = tail(after, filter);
      return { ...rest, rows: rowids.map((rowid) => rowOf.byRowid(rowid)) };
    },
    async call(businessId, callSid) {
      await ready();
      const found = statements.callView.get({ businessId, callSid });
      const row = found === undefined ? null : rowOf.bySid(businessId, callSid);
      if (found === undefined || row === null) return null;
      const events = statements.eventsOf.all({ businessId, callSid });
      const entries = statements.entriesOfSource.all({ businessId, sourceId: callSid });
      return { ...row, line: found.line, events, entries, webhooks: webhooksOf(row, events) };
    },
    async subscriber(businessId, subscriberId) {
      await ready();
      const which = { businessId, subscriberId };
      const person = statements.subscriberById.get({ businessId, id: subscriberId });
      if (person === undefined) return null;
      const entries = statements.entriesOf.all(which);
      // A reason is a note under its entry's id, and is shown there.
      const ids = new Set(entries.map((entry) => entry.id));
      const notes = access.notesOf(businessId, subscriberId);
      const words = new Map(notes.map((note) => [note.id, note.text]));
      return {
        id: subscriberId,
        businessId,
        number: vault.decrypt(subscriberId, person.number),
        consents: statements.consentsOf.all(which),
        entries: entries.map((entry) => readable(entry, words.get(entry.id) ?? null)),
        notes: notes.filter((note) => !ids.has(note.id)),
        calls: rowOf.recentOf(businessId, subscriberId),
      };
    },
    async findSubscribers(search, limit, businessIds) {
      await ready();
      return findPeople(search, limit, businessIds);
    },
    async overview(asked) {
      await ready();
      return overview(asked);
    },
    async *exportCalls(filter) {
      await ready();
      const breathe = inTurns(options.monotonicMs);
      for (let cursor: string | null = null; ;) {
        const found: ReturnType<typeof page> = page(filter, {
          cursor,
          limit: EXPORTED_AT_ONCE,
          direction: "next",
        });
        for (const { rowid } of found.places) {
          await breathe();
          yield rowOf.byRowid(rowid);
        }
        cursor = found.next;
        if (cursor === null) return;
        await breathe();
      }
    },
  };
}

/** Lets webhooks have their turn whenever this one, with what the reader of the rows does in it, has lasted enough. */
function inTurns(monotonicMs: () => number): () => Promise<void> {
  let began = monotonicMs();
  return async () => {
    if (monotonicMs() - began < EXPORT_TURN_MS) return;
    await setImmediate();
    began = monotonicMs();
  };
}

type Stored = Omit<CallRow, "simulated" | "outcome" | "locale" | "jurisdiction" | "script" | "caller"> & {
  readonly simulated: 0 | 1;
  readonly facetId: number;
  readonly number: Buffer | null;
};

/** Call rows as the console shows them, numbers in clear. */
function rowReader({ client }: Connection, vault: NumberVault, facets: FacetIndex) {
  const columns = `SELECT call.call_sid AS callSid, call.business_id AS businessId, reference,
      begun_at AS begunAt, ended_at AS endedAt, duration_seconds AS durationSeconds, direction, status,
      attestation, simulated, facet_id AS facetId, call.subscriber_id AS subscriberId, subscriber.number
    FROM call LEFT JOIN subscriber
      ON subscriber.business_id = call.business_id AND subscriber.id = call.subscriber_id`;
  const byRowid = client.prepare<[number], Stored>(`${columns} WHERE call.rowid = ?`);
  const bySid = client.prepare<[string, string], Stored>(
    `${columns} WHERE call.business_id = ? AND call.call_sid = ?`,
  );
  const recent = client.prepare<[string, string], Stored>(
    `${columns} WHERE call.business_id = ? AND call.subscriber_id = ?
     ORDER BY begun_at DESC, call.rowid DESC LIMIT ${RECENT_CALLS}`,
  );

  function rowOf({ facetId, number, ...stored }: Stored): CallRow {
    const { outcome, locale, jurisdiction, script } = facets.of(facetId);
    const { subscriberId } = stored;
    const caller: E164 | null =
      number === null || subscriberId === null ? null : vault.decrypt(subscriberId, number);
    return {
      ...stored,
      simulated: stored.simulated === 1,
      outcome,
      locale: locale || null,
      jurisdiction: jurisdiction || null,
      script: script || null,
      caller,
    };
  }

  return {
    byRowid(rowid: number): CallRow {
      const stored = byRowid.get(rowid);
      if (stored === undefined) throw new Error(`There is no call in row ${rowid}.`);
      return rowOf(stored);
    },
    bySid(businessId: string, callSid: string): CallRow | null {
      const stored = bySid.get(businessId, callSid);
      return stored === undefined ? null : rowOf(stored);
    },
    recentOf: (businessId: string, id: string) => recent.all(businessId, id).map(rowOf),
  };
}
