import type { Connection } from "./connection.ts";

/** By the clock of then, when the last row of a call, of an entry, of the log or of a readiness check was written. */
export function lastWritten({ client }: Connection): number | null {
  return (
    client
      .prepare<[], number | null>(
        `SELECT max(at) FROM (
         SELECT * FROM (SELECT at FROM call_event ORDER BY seq DESC LIMIT 1)
         UNION ALL SELECT * FROM (SELECT at FROM entry ORDER BY seq DESC LIMIT 1)
         UNION ALL SELECT * FROM (SELECT at FROM checkpoint ORDER BY seq DESC LIMIT 1)
         UNION ALL SELECT at FROM probe
       )`,
      )
      .pluck()
      .get() ?? null
  );
}
