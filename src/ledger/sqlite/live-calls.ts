import type { LiveCalls } from "../integration.ts";
import { and, eq, sql } from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";
import { liveCall } from "./sending-schema.ts";

/** Agents' calls that were brought into the flow. The primary key says that it happens once. */
export function sqliteLiveCalls({ db }: Pick<Connection, "db">, { write }: { write: Write }): LiveCalls {
  const find = db
    .select()
    .from(liveCall)
    .where(
      and(
        eq(liveCall.businessId, sql.placeholder("businessId")),
        eq(liveCall.callSid, sql.placeholder("callSid")),
      ),
    )
    .prepare();

  return {
    add: ({ businessId, callSid, returnUrl, requestedBy, at }) =>
      write(() => {
        const row = { businessId, callSid, returnUrl, requestedBy, at };
        return db.insert(liveCall).values(row).onConflictDoNothing().run().changes === 1;
      }),
    find: async (businessId, callSid) => find.get({ businessId, callSid }) ?? null,
    remove: (businessId, callSid) =>
      write(() => {
        const which = and(eq(liveCall.businessId, businessId), eq(liveCall.callSid, callSid));
        db.delete(liveCall).where(which).run();
      }),
  };
}
