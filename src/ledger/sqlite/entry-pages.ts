import type { Entries } from "../integration.ts";
import type { EntryFilter, EntryView, ServedWords } from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import { committedIn, readable } from "../reason.ts";
import { and, asc, eq, gt, gte, inArray, lt, lte, sql, type SQL } from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import { reasonBook } from "./reasons.ts";
import * as table from "./schema.ts";

const PAGE = 500;

/** Entries in commit order with what they refer to, a page at a time, so that memory stays flat. */
export async function* entryPages(
  connection: Connection,
  vault: NumberVault,
  filter: EntryFilter,
): AsyncGenerator<EntryView> {
  const view = viewer(connection, vault);
  for (let lastSeq = 0; ;) {
    const rows = rowsWhere(connection, and(gt(table.entry.seq, lastSeq), matching(filter)), PAGE);
    for (const row of rows) yield view(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    lastSeq = last.entry.seq;
  }
}

/** Rows that one page looks at, so that a filter that hits little does not hold the line up. */
export const MAX_SCANNED = 20_000;

/** Entries for other systems: each page is one short look. */
export function entryList(connection: Connection, vault: NumberVault): Entries {
  const { entry } = table;
  const view = viewer(connection, vault);
  return {
    async page({ businessIds, ...filter }, after, limit) {
      const newest = connection.db
        .select({ seq: sql<number | null>`max(${entry.seq})` })
        .from(entry)
        .get();
      const scannedTo = Math.min(after + MAX_SCANNED, newest?.seq ?? 0);
      const within = and(gt(entry.seq, after), lte(entry.seq, scannedTo));
      const ofThese = inArray(entry.businessId, [...businessIds]);
      const rows = rowsWhere(connection, and(within, ofThese, matching(filter)), limit + 1);
      const shown = rows.slice(0, limit);
      const more = rows.length > limit ? (shown.at(-1)?.entry.seq ?? after) : null;
      return { entries: shown.map(view), next: more ?? (scannedTo < (newest?.seq ?? 0) ? scannedTo : null) };
    },
    async get(businessIds, id) {
      const which = and(inArray(entry.businessId, [...businessIds]), eq(entry.id, id));
      const [row] = rowsWhere(connection, which, 1);
      return row === undefined ? null : view(row);
    },
  };
}

type Row = ReturnType<typeof rowsWhere>[number];

function viewer(connection: Connection, vault: NumberVault): (row: Row) => EntryView {
  const wordsServed = servedWords(connection);
  const wordsSent = sentWords(connection);
  const reasons = reasonBook(connection, vault);
  return ({ entry, number, call }) => {
    const { callSid, noticeAttempt, noticeMessageId, step, attempt } = entry;
    const read = noticeMessageId === null ? null : wordsSent(entry.businessId, noticeMessageId);
    const served = (name: string, which: number | null): ServedWords | null =>
      callSid === null || which === null ? null : wordsServed(entry.businessId, callSid, name, which);
    const notice = served("notice", noticeAttempt) ?? read;
    // A question that came with the notice stands in the notice's words.
    const withNotice = () => (attempt === noticeAttempt ? notice : served("notice", attempt));
    return {
      entry: readable(entry, reasons.wordsOf(entry)),
      reasonCommitment: committedIn(entry.reason),
      number: number === null ? null : vault.decrypt(entry.subscriberId, number),
      notice,
      question: served(step, attempt) ?? withNotice() ?? read,
      call,
    };
  };
}

function matching(filter: EntryFilter): SQL | undefined {
  const { entry } = table;
  return and(
    filter.businessId === undefined ? undefined : eq(entry.businessId, filter.businessId),
    filter.kind === undefined ? undefined : eq(entry.kind, filter.kind),
    filter.since === undefined ? undefined : gte(entry.at, filter.since),
    filter.until === undefined ? undefined : lt(entry.at, filter.until),
    filter.simulated === undefined ? undefined : eq(entry.simulated, filter.simulated),
  );
}

function rowsWhere({ db }: Connection, condition: SQL | undefined, limit: number) {
  const { entry, call, subscriber } = table;
  return db
    .select({
      entry,
      number: subscriber.number,
      call: {
        subscriberId: call.subscriberId,
        line: call.line,
        direction: call.direction,
        status: call.status,
        begunAt: call.begunAt,
        endedAt: call.endedAt,
      },
    })
    .from(entry)
    .leftJoin(
      subscriber,
      and(eq(subscriber.businessId, entry.businessId), eq(subscriber.id, entry.subscriberId)),
    )
    .leftJoin(call, and(eq(call.businessId, entry.businessId), eq(call.callSid, entry.callSid)))
    .where(condition)
    .orderBy(asc(entry.seq))
    .limit(limit)
    .all();
}

/** The first voice that the TwiML names. */
const SPOKEN = "substr(twiml, instr(twiml, ' voice=\"') + 8)";
const VOICE = `iif(instr(twiml, ' voice="') = 0, NULL, substr(${SPOKEN}, 1, instr(${SPOKEN}, '"') - 1))`;

/** The words of a served event, by its place in the call. */
function servedWords({ client }: Connection) {
  const statement = client.prepare<[string, string, string, number], ServedWords>(
    `SELECT served_text.words, served_text.words_digest AS wordsDigest, ${VOICE} AS voice, call_event.step AS name, call_event.at FROM call_event
     JOIN served_text ON served_text.business_id = call_event.business_id AND served_text.digest = call_event.text_digest
     WHERE call_event.business_id = ? AND call_event.call_sid = ? AND call_event.step = ? AND call_event.attempt = ?
       AND call_event.kind = 'served'`,
  );
  return (businessId: string, callSid: string, step: string, attempt: number): ServedWords | null =>
    statement.get(businessId, callSid, step, attempt) ?? null;
}

/** The words of a message of ours. */
function sentWords({ client }: Connection) {
  const statement = client.prepare<[string, string], ServedWords>(
    `SELECT served_text.words, served_text.words_digest AS wordsDigest, NULL AS voice, message.purpose AS name, message.at FROM message
     JOIN served_text ON served_text.business_id = message.business_id AND served_text.digest = message.text_digest
     WHERE message.business_id = ? AND message.id = ?`,
  );
  return (businessId: string, messageId: string): ServedWords | null =>
    statement.get(businessId, messageId) ?? null;
}
