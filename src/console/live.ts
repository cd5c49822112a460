import { streamSSE } from "hono/streaming";
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

/** New and changed calls of a list, as rows of its table, for as long as the session lasts. */
export function liveTail(parts: ConsoleParts, offsetOf: (c: ConsoleContext) => number) {
  const { reading, isServing, now } = parts;
  let open = 0;

  return async (c: ConsoleContext): Promise<Response> => {
    const filter = await filterOf(readLogQuery(c.req.query()), parts, offsetOf(c));
    if (filter === null) return c.notFound();
    if (open >= MAX_TAILS) return c.text("Too many live tails are open.\n", 503);
    const visit = visitOf(c);
    const { endsAt } = c.get("session");
    let { cursor } = await reading.changes(null, filter);
    open++;
    // A proxy that collects an answer before it sends it on would hold the calls back.
    c.header("X-Accel-Buffering", "no");
    return streamSSE(c, async (stream) => {
      try {
        await stream.writeSSE({ event: "ready", data: "" });
        for (let looks = 1; now() < endsAt; looks++) {
          await stream.sleep(LOOK_EVERY_MS);
          // Looked at after the rest: the ledger may have closed meanwhile.
          if (!isServing() || stream.aborted) break;
          const changes = await reading.changes(cursor, filter);
          cursor = changes.cursor;
          for (const row of changes.rows) {
            await stream.writeSSE({ event: "call", data: String(await callRow(parts, row)) });
          }
          if (looks % LOOKS_BETWEEN_HEARTBEATS !== 0) continue;
          if ((await (await parts.identity()).session(visit, false)) === null) break;
          await stream.writeSSE({ event: "beat", data: "" });
        }
      } finally {
        open--;
      }
    });
  };
}
