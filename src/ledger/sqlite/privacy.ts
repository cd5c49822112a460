import type { Business } from "../../call/business.ts";
import type { NumberVault } from "../numbers.ts";
import type { Privacy } from "../privacy.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import { erasures } from "./erasure.ts";
import { expiry } from "./expiry.ts";
import type { Write } from "./group-commit.ts";
import { personTrace } from "./person-trace.ts";
import { resealing } from "./resealing.ts";
import { traceSweep } from "./traces.ts";

export type PrivacyParts = {
  readonly vault: NumberVault;
  readonly newId: () => string;
  readonly write: Write;
  readonly book: EntryBook;
  readonly businesses: readonly Business[];
};

/** What people may ask about themselves, on one SQLite file. */
export function sqlitePrivacy(connection: Connection, parts: PrivacyParts): Privacy {
  const { isExpired, ...retention } = expiry(connection, parts);
  const { clearTraces, leaveTraces } = traceSweep(connection, parts);
  return {
    ...erasures(connection, { ...parts, isExpired }),
    clearTraces,
    isSuppressed: async (businessId, number) => parts.book.suppressions.has(businessId, number),
    ...retention,
    saltOf: async (businessId, subscriberId) => parts.book.people.saltOf(businessId, subscriberId),
    traceOf: personTrace(connection),
    ...resealing(connection, { ...parts, leaveTraces }),
  };
}
