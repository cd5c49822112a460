import { and, asc, eq, gt, gte, lt } from "drizzle-orm";
import type { EntryFilter, EntryView } from "../ledger.ts";
import type { NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import * as table from "./schema.ts";

const PAGE = 500;

/** Entries in commit order with what they refer to, a page at a time, so that memory stays flat. */
export async function* entryPages(
  { db }: Connection,
  vault: NumberVault,
  filter: EntryFilter,
): AsyncGenerator<EntryView> {
  const { entry, call, callEvent, servedText, subscriber } = table;
  for (let lastSeq = 0; ;) {
    const rows = db
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
        words: servedText.words,
        wordsDigest: servedText.wordsDigest,
        servedAt: callEvent.at,
      })
      .from(entry)
      .leftJoin(
        subscriber,
        and(eq(subscriber.businessId, entry.businessId), eq(subscriber.id, entry.subscriberId)),
      )
      .leftJoin(call, and(eq(call.businessId, entry.businessId), eq(call.callSid, entry.callSid)))
      .leftJoin(
        callEvent,
        and(
          eq(callEvent.businessId, entry.businessId),
          eq(callEvent.callSid, entry.callSid),
          eq(callEvent.step, entry.noticeStep),
          eq(callEvent.attempt, entry.noticeAttempt),
          eq(callEvent.kind, "served"),
          eq(callEvent.locale, entry.locale),
        ),
      )
      .leftJoin(
        servedText,
        and(eq(servedText.businessId, entry.businessId), eq(servedText.digest, callEvent.textDigest)),
      )
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
    for (const row of rows) {
      const { words, wordsDigest, servedAt } = row;
      yield {
        entry: row.entry,
        number: row.number === null ? null : vault.decrypt(row.entry.subscriberId, row.number),
        notice:
          words === null || wordsDigest === null || servedAt === null
            ? null
            : { words, wordsDigest, at: servedAt },
        call: row.call,
      };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    lastSeq = last.entry.seq;
  }
}
