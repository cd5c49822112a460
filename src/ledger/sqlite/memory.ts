import type { ApiKeys, Decisions, Entries, Idempotency, LiveCalls } from "../integration.ts";
import type { Ledger } from "../ledger.ts";
import type { Reading } from "../reading.ts";
import { sqliteApiKeys } from "./api-keys.ts";
import type { Connection } from "./connection.ts";
import { sqliteDecisions } from "./decisions.ts";
import { entryList } from "./entry-pages.ts";
import { groupCommit } from "./group-commit.ts";
import { sqliteIdempotency } from "./idempotency.ts";
import { sqliteLiveCalls } from "./live-calls.ts";
import { sqliteReading } from "./reading.ts";
import { sqliteLedger, type SqliteLedgerOptions } from "./sqlite-ledger.ts";

export type Memory = {
  readonly ledger: Ledger;
  readonly reading: Reading;
  readonly entries: Entries;
  readonly keys: ApiKeys;
  readonly idempotency: Idempotency;
  readonly decisions: Decisions;
  readonly liveCalls: LiveCalls;
};

/** Everything on one file, sharing one group commit. Closing the ledger closes all of it. */
export function sqliteMemory(connection: Connection, options: SqliteLedgerOptions): Memory {
  const commits = groupCommit(connection.client, options);
  const { vault, newId, monotonicMs } = options;
  return {
    ledger: sqliteLedger(connection, options, commits),
    entries: entryList(connection, vault),
    keys: sqliteApiKeys(connection, commits),
    idempotency: sqliteIdempotency(connection, commits),
    decisions: sqliteDecisions(connection, { vault, newId, write: commits.write }),
    liveCalls: sqliteLiveCalls(connection, commits),
    reading: sqliteReading(connection, { vault, newId, monotonicMs, write: commits.write }),
  };
}
