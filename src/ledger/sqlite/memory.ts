import type { Entries } from "../integration.ts";
import type { Ledger } from "../ledger.ts";
import type { Reading } from "../reading.ts";
import type { Connection } from "./connection.ts";
import { entryList } from "./entry-pages.ts";
import { groupCommit } from "./group-commit.ts";
import { sqliteReading } from "./reading.ts";
import { sqliteLedger, type SqliteLedgerOptions } from "./sqlite-ledger.ts";

/** Ledger and reading on one file, sharing one group commit. Closing the ledger closes both. */
export function sqliteMemory(
  connection: Connection,
  options: SqliteLedgerOptions,
): { readonly ledger: Ledger; readonly reading: Reading; readonly entries: Entries } {
  const commits = groupCommit(connection.client, options);
  const { vault, newId, monotonicMs } = options;
  return {
    ledger: sqliteLedger(connection, options, commits),
    entries: entryList(connection, vault),
    reading: sqliteReading(connection, { vault, newId, monotonicMs, write: commits.write }),
  };
}
