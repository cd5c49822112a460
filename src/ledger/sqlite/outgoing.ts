import {
  OUTGOING_KINDS,
  OUTGOING_STATES,
  type Draft,
  type Failure,
  type OutgoingFilter,
  type OutgoingKind,
  type OutgoingState,
  type OutgoingStore,
} from "../outgoing.ts";
import type { NumberVault } from "../numbers.ts";
import { callAdmission } from "./call-admission.ts";
import { addressees, composer } from "./composing.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";
import { EVENT_LIFE_MS } from "./outbox-book.ts";
import { outboxClaims } from "./outbox-claims.ts";
import { COLUMNS, outgoingOf, type Row } from "./outbox-rows.ts";

/** So many are listed at once. */
export const MAX_LISTED = 500;

type Parts = {
  readonly write: Write;
  readonly book: EntryBook;
  readonly newId: () => string;
  readonly vault: NumberVault;
};

/** The queue on one SQLite file. Every change is a short transaction of the group commit. */
export function sqliteOutgoing(
  connection: Connection,
  { write, book: entries, newId, vault }: Parts,
): OutgoingStore {
  const book = entries.outbox;
  const { client } = connection;
  const claims = outboxClaims(connection);
  const find = client.prepare<[string], Row>(`SELECT ${COLUMNS} FROM outbox WHERE id = ?`);
  const postpone = client.prepare<[number, 0 | 1, 0 | 1, string | null, string | null, string]>(
    `UPDATE outbox SET state = 'waiting', due_at = ?, attempts = attempts - ?,
       unclear_since = CASE WHEN ? THEN coalesce(unclear_since, claimed_at) END,
       error_code = ?, error_message = ?, claimed_at = NULL, leased_until = NULL
     WHERE id = ? AND +state = 'sending'`,
  );
  const end = client.prepare<[OutgoingState, string | null, string, number, OutgoingState, string]>(
    `UPDATE outbox SET state = ?, error_code = ?, error_message = ?, finished_at = ?,
       unclear_since = CASE WHEN ? = 'expired' THEN unclear_since END, claimed_at = NULL, leased_until = NULL
     WHERE id = ? AND state IN ('waiting', 'sending')`,
  );
  // Whoever looks at the message sees that it did not leave, and Twilio's code.
  const endMessage = client.prepare<[number | null, string, string]>(
    "UPDATE message SET status = 'failed', error_code = ? WHERE business_id = ? AND id = ? AND sid IS NULL",
  );
  // What was in doubt when it ended is looked for before it is sent again.
  const retry = client.prepare<[number, number, string]>(
    `UPDATE outbox SET state = 'waiting', due_at = ?, expires_at = ?, attempts = 0, finished_at = NULL
     WHERE id = ? AND state IN ('failed', 'expired')`,
  );

  /** @returns the new row's id */
  function replayNow(id: string, at: number): string | null {
    const row = find.get(id);
    if (row?.kind !== "event" || row.finishedAt === null) return null;
    const { businessId, subscriberId, simulated, entryId, payload, requestedBy } = outgoingOf(row);
    const cause = `${row.cause}:replay:${newId()}`;
    const again = { businessId, subscriberId, simulated, entryId, payload, requestedBy, cause };
    return book.add({ ...again, dueAt: at, expiresAt: at + EVENT_LIFE_MS }, at);
  }

  function postponeNow(id: string, dueAt: number, failure: Failure | null, unclear: boolean): void {
    const untried = failure === null ? 1 : 0;
    const kept = failure ?? lastFailure(find.get(id));
    postpone.run(dueAt, untried, unclear ? 1 : 0, kept.code, kept.message, id);
  }

  function endNow(id: string, state: OutgoingState, { code, message }: Failure, at: number): void {
    const row = find.get(id);
    if (end.run(state, code, message, at, state, id).changes === 0 || row === undefined) return;
    if (row.kind === "message")
      endMessage.run(TWILIO_CODE.test(code ?? "") ? Number(code) : null, row.businessId, id);
    const { payload, businessId } = outgoingOf(row);
    if (payload.kind === "recording")
      entries.recordings.gaveUp(
        { businessId, callSid: payload.callSid },
        payload.step,
        { code, message },
        at,
      );
  }

  return {
    add: (drafts: readonly Draft[], at) => write(() => drafts.map((draft) => book.add(draft, at))),
    addCall: callAdmission(connection, write, entries),
    claim: (want) => write(() => claims.claim(want)),
    nextDueAt: async () => claims.nextDueAt(),
    addressee: addressees(connection, { vault, book: entries }),
    compose: composer(connection, write),
    accepted: (id, providerSid, at) => write(() => book.accepted(id, providerSid, at)),
    postpone: (id, dueAt, failure, unclear) => write(() => postponeNow(id, dueAt, failure, unclear)),
    end: (id, state, failure, at) => write(() => endNow(id, state, failure, at)),
    retry: (id, dueAt, expiresAt) => write(() => retry.run(dueAt, expiresAt, id).changes === 1),
    replay: (id, at) => write(() => replayNow(id, at)),
    async get(businessId, id) {
      const row = find.get(id);
      return row?.businessId === businessId ? outgoingOf(row) : null;
    },
    list: lister(connection),
    ...figures(connection),
  };
}

/** Of Twilio's errors, not of HTTP. */
const TWILIO_CODE = /^\d{5,6}$/;

/** What was not tried keeps the word on why it was not done before. */
function lastFailure(row: Row | undefined) {
  return { code: row?.errorCode ?? null, message: row?.errorMessage ?? null };
}

/**
 * Each kind in each state and world has its rows in order in an index, of all and of each business, so a list of several
 * is as many short lists. One person's rows are few, and are one list; so are those that are being sent.
 */
function lister({ client }: Connection): OutgoingStore["list"] {
  function read(from: string, filter: OutgoingFilter, states: readonly OutgoingState[]): readonly Row[] {
    const { where, values } = conditions(filter, states);
    const select = `SELECT ${COLUMNS} FROM outbox INDEXED BY ${from} AND ${where} ORDER BY seq DESC LIMIT ?`;
    return client
      .prepare<(string | number)[], Row>(select)
      .all(...values, Math.min(filter.limit, MAX_LISTED));
  }

  function shortLists(filter: OutgoingFilter): readonly Row[] {
    const { businessId, states = OUTGOING_STATES, simulated, kind } = filter;
    const worlds = simulated === undefined ? [false, true] : [simulated];
    const kinds = kind === undefined ? OUTGOING_KINDS : [kind];
    return worlds
      .flatMap((world) => kinds.map((each) => ({ ...filter, simulated: world, kind: each })))
      .flatMap((each) => states.flatMap((state) => read(placeOf(state, businessId), each, [state])))
      .toSorted((one, other) => other.seq - one.seq)
      .slice(0, Math.min(filter.limit, MAX_LISTED));
  }

  return async (filter) => {
    const { businessId, subscriberId, states = OUTGOING_STATES } = filter;
    const ofPerson = businessId !== undefined && subscriberId !== undefined;
    const rows = ofPerson ? read("outbox_of_subscriber WHERE true", filter, states) : shortLists(filter);
    return rows.map(outgoingOf);
  };
}

/** The index that has the rows of a state in order, and what SQLite has to hear to use it. */
function placeOf(state: OutgoingState, businessId: string | undefined): string {
  switch (state) {
    case "waiting":
      return "outbox_open WHERE finished_at IS NULL";
    case "sending":
      return "outbox_leased WHERE state = 'sending' AND leased_until > 0";
    case "sent":
    case "failed":
    case "expired":
    case "cancelled":
      return `${businessId === undefined ? "outbox_by_state" : "outbox_of_business"} WHERE finished_at IS NOT NULL`;
  }
}

function conditions(
  { businessId, subscriberId, kind, simulated, before = Number.MAX_SAFE_INTEGER }: OutgoingFilter,
  states: readonly OutgoingState[],
) {
  const asked: readonly (readonly [sql: string, value: string | number | undefined])[] = [
    ["business_id = ?", businessId],
    ["subscriber_id = ?", subscriberId],
    ["kind = ?", kind],
    ["simulated = ?", simulated === undefined ? undefined : Number(simulated)],
    ["seq < ?", before],
  ];
  const given = asked.filter((each): each is readonly [string, string | number] => each[1] !== undefined);
  const inState = states.length === 1 ? "state = ?" : `state IN (${states.map(() => "?").join(", ")})`;
  return {
    where: [...given.map(([sql]) => sql), inState].join(" AND "),
    values: [...given.map(([, value]) => value), ...states],
  };
}

const KINDS = OUTGOING_KINDS.map((kind) => `'${kind}'`).join(", ");

/** How much waits. */
function figures({ client }: Connection): Pick<OutgoingStore, "depth"> {
  const count = (from: string) =>
    client.prepare<[], number>(`SELECT count(*) FROM outbox INDEXED BY ${from}`).pluck();
  // What was sent only ever grows: counting it would read all of it.
  const counts = {
    waiting: count(`outbox_due WHERE state = 'waiting' AND kind IN (${KINDS})`),
    sending: count("outbox_leased WHERE state = 'sending' AND leased_until > 0"),
    failed: count("outbox_by_state WHERE finished_at IS NOT NULL AND state = 'failed'"),
    expired: count("outbox_by_state WHERE finished_at IS NOT NULL AND state = 'expired'"),
    cancelled: count("outbox_by_state WHERE finished_at IS NOT NULL AND state = 'cancelled'"),
  };
  const oldest = client
    .prepare<[0 | 1, OutgoingKind], number>(
      `SELECT at FROM outbox INDEXED BY outbox_open
       WHERE finished_at IS NULL AND state = 'waiting' AND simulated = ? AND kind = ? ORDER BY seq LIMIT 1`,
    )
    .pluck();

  return {
    async depth() {
      const states = Object.fromEntries(
        Object.entries(counts).map(([state, statement]) => [state, statement.get() ?? 0]),
      );
      const waiting = OUTGOING_KINDS.flatMap((kind) =>
        [oldest.get(0, kind) ?? [], oldest.get(1, kind) ?? []].flat(),
      );
      return { states, oldestWaitingAt: waiting.length === 0 ? null : Math.min(...waiting) };
    },
  };
}
