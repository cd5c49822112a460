import { and, asc, eq, gt, gte, lt, sql } from "drizzle-orm";
import type { EntryFilter, EntryView, ServedWords } from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import * as table from "./schema.ts";

const PAGE = 500;

/** Entries in commit order with what they refer to, a page at a time, so that memory stays flat. */
export async function* entryPages(
  connection: Connection,
  vault: NumberVault,
  filter: EntryFilter,
): AsyncGenerator<EntryView> {
  const wordsServed = servedWords(connection);
  for (let lastSeq = 0; ;) {
    const rows = page(connection, filter, lastSeq);
    for (const { entry, number, call } of rows) {
      const { callSid, noticeAttempt, step, attempt } = entry;
      const served = (name: string, which: number | null): ServedWords | null =>
        callSid === null || which === null ? null : wordsServed(entry.businessId, callSid, name, which);
      yield {
        entry,
        number: number === null ? null : vault.decrypt(entry.subscriberId, number),
        notice: served("notice", noticeAttempt),
        // A question that came with the notice stands in the notice's words.
        question: served(step, attempt) ?? served("notice", attempt),
        call,
      };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    lastSeq = last.entry.seq;
  }
}

function page({ db }: Connection, filter: EntryFilter, lastSeq: number) {
  const { entry, call, subscriber } = table;
  return db
    .select({
      entry,
      number: subscriber.number,
      call: {
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
    .where(
      and(
        gt(entry.seq, lastSeq),
        filter.businessId === undefined ? undefined : eq(entry.businessId, filter.businessId),
        filter.kind === undefined ? undefined : eq(entry.kind, filter.kind),
        filter.since === undefined ? undefined : gte(entry.at, filter.since),
        filter.until === undefined ? undefined : lt(entry.at, filter.until),
        filter.simulated === undefined ? undefined : eq(entry.simulated, filter.simulated),
      ),
    )
    .orderBy(asc(entry.seq))
    .limit(PAGE)
    .all();
}

/** The words of a served event, by its place in the call. */
function servedWords({ db }: Connection) {
  const { callEvent, servedText } = table;
  const statement = db
    .select({ words: servedText.words, wordsDigest: servedText.wordsDigest, at: callEvent.at })
    .from(callEvent)
    .innerJoin(
      servedText,
      and(eq(servedText.businessId, callEvent.businessId), eq(servedText.digest, callEvent.textDigest)),
    )
    .where(
      and(
        eq(callEvent.businessId, sql.placeholder("businessId")),
        eq(callEvent.callSid, sql.placeholder("callSid")),
        eq(callEvent.step, sql.placeholder("step")),
        eq(callEvent.attempt, sql.placeholder("attempt")),
        eq(callEvent.kind, "served"),
      ),
    )
    .prepare();
  return (businessId: string, callSid: string, step: string, attempt: number): ServedWords | null =>
    statement.get({ businessId, callSid, step, attempt }) ?? null;
}
