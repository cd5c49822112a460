import {
  OUTGOING_KINDS,
  OUTGOING_STATES,
  type Claim,
  type Draft,
  type Failure,
  type Outgoing,
  type OutgoingFilter,
  type OutgoingKind,
  type OutgoingState,
  type OutgoingStore,
  type Payload,
} from "../outgoing.ts";
import { callAdmission } from "./call-admission.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";
import { EVENT_LIFE_MS } from "./outbox-book.ts";

/** So many are taken in one go, whatever a worker asks for. */
export const MAX_CLAIMED = 100;
/** So many are listed at once. */
export const MAX_LISTED = 500;

/** The queue on one SQLite file. Every change is a short transaction of the group commit. */
export function sqliteOutgoing(
  connection: Connection,
  { write, book: entries, newId }: { write: Write; book: EntryBook; newId: () => string },
): OutgoingStore {
  const book = entries.outbox;
  const { client } = connection;
  const claimNow = claimer(connection);
  const find = client.prepare<[string], Row>(`SELECT ${COLUMNS} FROM outbox WHERE id = ?`);
  const next = client
    .prepare<[OutgoingKind], number>(
      `SELECT due_at FROM outbox job INDEXED BY outbox_due
       WHERE state = 'waiting' AND kind = ? AND NOT (${HELD_BACK}) ORDER BY due_at LIMIT 1`,
    )
    .pluck();
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
    claim: (want) => write(() => claimNow(want)),
    compose: composer(connection, write),
    accepted: (id, providerSid, at) => write(() => book.accepted(id, providerSid, at)),
    postpone: (id, dueAt, failure, unclear) => write(() => postponeNow(id, dueAt, failure, unclear)),
    end: (id, state, failure, at) => write(() => endNow(id, state, failure, at)),
    retry: (id, dueAt, expiresAt) => write(() => retry.run(dueAt, expiresAt, id).changes === 1),
    replay: (id, at) => write(() => replayNow(id, at)),
    async nextDueAt() {
      const due = OUTGOING_KINDS.flatMap((kind) => next.get(kind) ?? []);
      return due.length === 0 ? null : Math.min(...due);
    },
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

type Row = Omit<Outgoing, "payload" | "simulated"> & {
  readonly kind: OutgoingKind;
  readonly payload: string;
  readonly simulated: 0 | 1;
};

/** Each of these is by itself: what is looked up goes by its own name, and not by whom it went to. */
const INDEPENDENT: ReadonlySet<OutgoingKind> = new Set(["event", "recording"]);

const COLUMNS = `seq, business_id AS businessId, id, kind, cause, subscriber_id AS subscriberId, simulated,
  entry_id AS entryId, payload, state, attempts, due_at AS dueAt, expires_at AS expiresAt,
  unclear_since AS unclearSince, provider_sid AS providerSid, error_code AS errorCode, error_message AS errorMessage,
  requested_by AS requestedBy, at, finished_at AS finishedAt`;

/**
 * Another one of the same kind to the same person is out, or nobody knows whether it is: a lost answer is looked up by
 * whom it went to, and must be the only one that it can be. Of two in doubt the earlier one goes first.
 */
const HELD_BACK = `job.kind IN ('message', 'call') AND EXISTS (
  SELECT 1 FROM outbox other
  WHERE other.business_id = job.business_id AND other.subscriber_id = job.subscriber_id AND other.kind = job.kind
    AND other.seq <> job.seq
    AND (other.state = 'sending' OR (other.state = 'waiting' AND other.unclear_since IS NOT NULL
      AND (job.unclear_since IS NULL OR other.seq < job.seq))))`;

function outgoingOf({ kind: _kind, payload, simulated, ...rest }: Row): Outgoing {
  return { ...rest, payload: JSON.parse(payload) as Payload, simulated: simulated === 1 };
}

/** What was not tried keeps the word on why it was not done before. */
function lastFailure(row: Row | undefined) {
  return { code: row?.errorCode ?? null, message: row?.errorMessage ?? null };
}

/** Takes what is due, inside one transaction, so that no two workers take the same. */
function claimer({ client }: Connection) {
  // The worker died: nobody knows whether what it had arrived.
  const reclaim = client.prepare<[number, OutgoingKind, number]>(
    `UPDATE outbox SET state = 'waiting', unclear_since = coalesce(unclear_since, claimed_at), claimed_at = NULL,
       leased_until = NULL
     WHERE seq IN (SELECT seq FROM outbox INDEXED BY outbox_leased
       WHERE state = 'sending' AND leased_until <= ? AND kind = ? ORDER BY leased_until LIMIT ?)`,
  );
  const due = client.prepare<[OutgoingKind, number], Row>(
    `SELECT ${COLUMNS} FROM outbox job INDEXED BY outbox_due
     WHERE state = 'waiting' AND kind = ? AND due_at <= ? AND NOT (${HELD_BACK}) ORDER BY due_at, seq`,
  );
  const take = client.prepare<[number, number, number]>(
    "UPDATE outbox SET state = 'sending', attempts = attempts + 1, claimed_at = ?, leased_until = ? WHERE seq = ?",
  );

  /** The first ones of a kind, one for each person. */
  function dueOf(kind: OutgoingKind, now: number, limit: number): readonly Row[] {
    const people = new Set<string>();
    const found: Row[] = [];
    for (const row of due.iterate(kind, now)) {
      const person = `${row.businessId}\0${row.subscriberId ?? row.id}`;
      if (!INDEPENDENT.has(kind) && people.has(person)) continue;
      people.add(person);
      found.push(row);
      if (found.length >= limit) break;
    }
    return found;
  }

  return ({ now, leaseMs, limit, kinds }: Claim): readonly Outgoing[] => {
    const most = Math.min(limit, MAX_CLAIMED);
    if (most <= 0) return [];
    for (const kind of kinds) reclaim.run(now, kind, MAX_CLAIMED);
    const rows = kinds
      .flatMap((kind) => dueOf(kind, now, most))
      .toSorted((one, other) => one.dueAt - other.dueAt || one.seq - other.seq)
      .slice(0, most);
    for (const { seq } of rows) take.run(now, now + leaseMs, seq);
    return rows.map((row) => ({ ...outgoingOf(row), state: "sending", attempts: row.attempts + 1 }));
  };
}

/** What a message says is durable before it leaves; composed once more, the first words stand. */
function composer({ client }: Connection, write: Write): OutgoingStore["compose"] {
  const addText = client.prepare<[string, string, string, string, string, number]>(
    `INSERT INTO served_text (business_id, digest, words_digest, twiml, words, at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const composed = client.prepare<[string, string]>("SELECT 1 FROM message WHERE id = ? AND business_id = ?");
  const addMessage = client.prepare<ComposedValues>(
    `INSERT INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
       topics, text_digest, content_sid, entry_id, status, at)
     VALUES (?, ?, 'out', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)
     ON CONFLICT (id, business_id) DO NOTHING`,
  );
  return async ({ businessId, id, subscriberId, simulated, entryId, payload }, words, at) => {
    if (payload.kind !== "message" || subscriberId === null) {
      throw new Error(`${id} is no message to a person: nothing is composed for it.`);
    }
    const { purpose, topics, locale, jurisdiction, script } = payload;
    await write(() => {
      // Words that nothing carries would stand there with the time of nobody's reading.
      if (composed.get(id, businessId) !== undefined) return;
      addText.run(businessId, words.digest, words.wordsDigest, words.twiml, words.words, at);
      const about = JSON.stringify(topics);
      addMessage.run(
        ...([
          businessId,
          id,
          purpose,
          subscriberId,
          simulated ? 1 : 0,
          locale,
          jurisdiction,
          script,
          about,
        ] as const),
        ...([words.digest, words.contentSid, entryId, at] as const),
      );
    });
  };
}

type ComposedValues = [
  ...whose: [businessId: string, id: string, purpose: string, subscriberId: string, simulated: 0 | 1],
  ...what: [locale: string, jurisdiction: string, script: string, topics: string],
  ...rest: [textDigest: string, contentSid: string | null, entryId: string | null, at: number],
];

/**
 * Each kind in each state and world has its rows in order in an index, of all and of each business, so a list of several
 * is as many short lists. One person's rows are few, and are one list.
 */
function lister({ client }: Connection): OutgoingStore["list"] {
  function read(index: string, filter: OutgoingFilter, states: readonly OutgoingState[]): readonly Row[] {
    const { where, values } = conditions(filter, states);
    const select = `SELECT ${COLUMNS} FROM outbox INDEXED BY ${index} WHERE ${where} ORDER BY seq DESC LIMIT ?`;
    return client
      .prepare<(string | number)[], Row>(select)
      .all(...values, Math.min(filter.limit, MAX_LISTED));
  }

  function shortLists(filter: OutgoingFilter): readonly Row[] {
    const { businessId, states = OUTGOING_STATES, simulated, kind } = filter;
    const index = businessId === undefined ? "outbox_by_state" : "outbox_of_business";
    const worlds = simulated === undefined ? [false, true] : [simulated];
    const kinds = kind === undefined ? OUTGOING_KINDS : [kind];
    return worlds
      .flatMap((world) => kinds.map((each) => ({ ...filter, simulated: world, kind: each })))
      .flatMap((each) => states.flatMap((state) => read(index, each, [state])))
      .toSorted((one, other) => other.seq - one.seq)
      .slice(0, Math.min(filter.limit, MAX_LISTED));
  }

  return async (filter) => {
    const { businessId, subscriberId, states = OUTGOING_STATES } = filter;
    const ofPerson = businessId !== undefined && subscriberId !== undefined;
    const rows = ofPerson ? read("outbox_of_subscriber", filter, states) : shortLists(filter);
    return rows.map(outgoingOf);
  };
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

/** How much waits. */
function figures({ client }: Connection): Pick<OutgoingStore, "depth"> {
  const inState = client
    .prepare<[OutgoingState], number>(
      "SELECT count(*) FROM outbox INDEXED BY outbox_by_state WHERE state = ?",
    )
    .pluck();
  const oldest = client
    .prepare<[0 | 1, OutgoingKind], number>(
      `SELECT at FROM outbox INDEXED BY outbox_by_state
       WHERE state = 'waiting' AND simulated = ? AND kind = ? ORDER BY seq LIMIT 1`,
    )
    .pluck();

  return {
    async depth() {
      const states = Object.fromEntries(COUNTED.map((state) => [state, inState.get(state) ?? 0]));
      const waiting = OUTGOING_KINDS.flatMap((kind) =>
        [oldest.get(0, kind) ?? [], oldest.get(1, kind) ?? []].flat(),
      );
      return { states, oldestWaitingAt: waiting.length === 0 ? null : Math.min(...waiting) };
    },
  };
}

/** What was sent only ever grows: counting it would read all of it. */
const COUNTED = ["waiting", "sending", "failed", "expired", "cancelled"] as const;
