import type { AuditStore } from "../audit-store.ts";
import type {
  ApiKeys,
  DecisionBook,
  Decisions,
  Endpoints,
  Entries,
  Idempotency,
  LiveCalls,
} from "../integration.ts";
import type { Ledger, WholeLedger } from "../ledger.ts";
import type { Messages } from "../messages.ts";
import type { OutgoingStore } from "../outgoing.ts";
import type { Privacy } from "../privacy.ts";
import type { ProofStore } from "../proof-store.ts";
import type { Quality } from "../quality.ts";
import type { Reading } from "../reading.ts";
import type { Recordings } from "../recordings.ts";
import { sqliteApiKeys } from "./api-keys.ts";
import { sqliteAuditStore } from "./audit-store.ts";
import type { Connection } from "./connection.ts";
import { sqliteDecisions } from "./decisions.ts";
import { sqliteEndpoints } from "./endpoints.ts";
import { entryBook } from "./entry-book.ts";
import { entryList } from "./entry-pages.ts";
import { groupCommit } from "./group-commit.ts";
import { sqliteIdempotency } from "./idempotency.ts";
import { sqliteLiveCalls } from "./live-calls.ts";
import { sqliteMessages } from "./messages.ts";
import { sqliteOutgoing } from "./outgoing.ts";
import { sqlitePrivacy } from "./privacy.ts";
import { sqliteProofStore } from "./proof-store.ts";
import { sqliteQuality } from "./quality.ts";
import { sqliteRecordings } from "./recordings.ts";
import { sqliteReading, type SqliteReading } from "./reading.ts";
import { sqliteLedger, type SqliteLedgerOptions } from "./sqlite-ledger.ts";

export type Memory = {
  readonly ledger: Ledger;
  readonly reading: Reading;
  readonly entries: Entries;
  readonly messages: Messages;
  readonly outgoing: OutgoingStore;
  readonly endpoints: Endpoints;
  readonly keys: ApiKeys;
  readonly idempotency: Idempotency;
  readonly decisions: Decisions;
  readonly liveCalls: LiveCalls;
  readonly recordings: Recordings;
  readonly quality: Quality;
  readonly proof: ProofStore;
  readonly audit: AuditStore;
  readonly privacy: Privacy;
};

/** The same, for who has the file at hand. */
export type OwnMemory = Omit<Memory, "ledger" | "reading" | "decisions"> & {
  readonly ledger: WholeLedger;
  readonly reading: SqliteReading;
  readonly decisions: Decisions & DecisionBook;
};

/** Everything on one file, sharing one group commit. Closing the ledger closes all of it. */
export function sqliteMemory(connection: Connection, options: SqliteLedgerOptions): OwnMemory {
  const commits = groupCommit(connection.client, options);
  const { vault, newId, monotonicMs } = options;
  const { write } = commits;
  const book = entryBook(connection, options);
  const proof = sqliteProofStore(connection, commits);
  return {
    ledger: sqliteLedger(connection, options, commits, book),
    entries: entryList(connection, vault),
    messages: sqliteMessages(connection, { vault, newId, write, book }),
    outgoing: sqliteOutgoing(connection, { vault, newId, write, book }),
    endpoints: sqliteEndpoints(connection, { vault, write, book: book.endpoints }),
    keys: sqliteApiKeys(connection, commits),
    idempotency: sqliteIdempotency(connection, commits),
    decisions: sqliteDecisions(connection, { vault, newId, write, suppressions: book.suppressions }),
    liveCalls: sqliteLiveCalls(connection, commits),
    recordings: sqliteRecordings(connection, { write, book }),
    quality: sqliteQuality(connection, { vault }),
    proof,
    audit: sqliteAuditStore(connection, { vault, proof }),
    privacy: sqlitePrivacy(connection, { vault, newId, write, book, businesses: options.businesses ?? [] }),
    reading: sqliteReading(connection, { vault, newId, monotonicMs, write }),
  };
}
