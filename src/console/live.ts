import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import type { CallFilter, CallRow, Changes } from "../ledger/reading.ts";
import { mistakesInWords } from "./address.ts";
import { visitOf } from "./guard.ts";
import { filterOf, readLogQuery } from "./log-query.ts";
import { callRow } from "./pages/log.ts";
import type { ConsoleContext, ConsoleParts } from "./parts.ts";

/** A call shows within a second; half of that is for the way. */
const LOOK_EVERY_MS = 400;
/** A proxy does not close what speaks now and then; and a session that ended is noticed. */
const LOOKS_BETWEEN_HEARTBEATS = 25;
/** More open tails than this are a mistake, not a call centre. */
const MAX_TAILS = 100;
/** Calls that are told again to who was away; past it, the page is loaded again. */
export const MAX_REPLAYED = 200;
/** Looks that a replay takes at most: each reads some thousands of events, also where the filter wants few of them. */
const MAX_REPLAY_LOOKS = 10;

/**
 * New and changed calls of a list, as rows of its table, for as long as the session lasts. It goes on from where the
 * page was made (`after`) or where the connection broke (Last-Event-ID), so that no call is lost in between: every
 * piece ends with its place as the event's id. What is told twice is the same row again.
 */
export function liveTail(parts: ConsoleParts, offsetOf: (c: ConsoleContext) => number) {
  const { reading, isServing, now } = parts;
  let open = 0;

  return async (c: ConsoleContext): Promise<Response> => {
    const { query, mistakes } = readLogQuery(c.req.query(), ["after"]);
    if (mistakes.length > 0) return c.text(`${mistakesInWords(mistakes)}\n`, 400);
    const filter = await filterOf(query, parts, offsetOf(c));
    if (filter === null) return c.notFound();
    if (open >= MAX_TAILS) return c.text("Too many live tails are open.\n", 503);
    const visit = visitOf(c);
    const { endsAt } = c.get("session");
    const since = c.req.header("last-event-id") ?? c.req.query("after") ?? null;
    open++;
    // A proxy that collects an answer before it sends it on would hold the calls back.
    c.header("X-Accel-Buffering", "no");
    return streamSSE(c, async (stream) => {
      try {
        const missed = await missedSince(since, filter);
        if (missed === null) {
          await stream.writeSSE({ event: "missed", data: String(MAX_REPLAYED) });
          return;
        }
        await stream.writeSSE({ event: "ready", data: "" });
        await tell(stream, missed);
        let { cursor } = missed;
        for (let looks = 1; now() < endsAt; looks++) {
          await stream.sleep(LOOK_EVERY_MS);
          // Looked at after the rest: the ledger may have closed meanwhile.
          if (!isServing() || stream.aborted) break;
          const changes = await reading.changes(cursor, filter);
          if (changes.cursor !== cursor) await tell(stream, changes);
          cursor = changes.cursor;
          if (looks % LOOKS_BETWEEN_HEARTBEATS !== 0) continue;
          if ((await (await parts.identity()).session(visit, false)) === null) break;
          await stream.writeSSE({ event: "beat", data: "" });
        }
      } finally {
        open--;
      }
    });
  };

  /** Each call once, as it is now; null where too much came to tell it again. */
  async function missedSince(since: string | null, filter: CallFilter): Promise<Changes | null> {
    const rows = new Map<string, CallRow>();
    const others = new Set<string>();
    let { cursor, ...seen } = await reading.changes(since, filter);
    for (let looks = 0; looks < MAX_REPLAY_LOOKS; looks++) {
      for (const row of seen.rows) {
        // Asked again, a call that is told later stands later.
        rows.delete(row.callSid);
        rows.set(row.callSid, row);
        others.delete(row.callSid);
      }
      for (const callSid of seen.others) {
        rows.delete(callSid);
        others.add(callSid);
      }
      if (rows.size > MAX_REPLAYED) return null;
      const next = await reading.changes(cursor, filter);
      if (next.cursor === cursor) return { cursor, rows: [...rows.values()], others: [...others] };
      ({ cursor, ...seen } = next);
    }
    return null;
  }

  /** The id comes last: who loses the connection in the middle is told all of it again. */
  async function tell(stream: SSEStreamingApi, { cursor, rows, others }: Changes): Promise<void> {
    for (const row of rows) {
      await stream.writeSSE({ event: "call", data: String(await callRow(parts, row)) });
    }
    if (others.length > 0) await stream.writeSSE({ event: "gone", data: others.join(" ") });
    await stream.writeSSE({ event: "place", data: "", id: cursor });
  }
}
