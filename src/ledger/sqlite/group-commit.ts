import type { Database } from "better-sqlite3";
import { LedgerUnavailable } from "../ledger.ts";
import { errorCode } from "./connection.ts";

/** Runs a job inside a durable transaction. The promise resolves after the commit, never before. */
export type Write = <T>(job: () => T) => Promise<T>;

export type GroupCommitOptions = {
  /** Told how many jobs each commit held. */
  readonly onCommit: (jobs: number) => void;
  /** Told of a disk that cannot be trusted any more; the process must stop. Nothing of the batch is acknowledged. */
  readonly onFatal: (error: Error) => void;
  /** Milliseconds, monotonic. */
  readonly monotonicMs: () => number;
};

/** So many jobs share a commit; the others wait for the next one. */
const MAX_BATCH = 512;
/** So many jobs may wait; past it the answer is "not now" at once, rather than late for everyone. */
const MAX_WAITING = 10_000;
/** Twilio gives a webhook 15 s; a lock that is held longer than this costs the caller an apology. */
const LOCK_WAIT_MS = 8_000;
const LOCK_RETRY_MS = 10;

/** After these the next write may seem to succeed on a disk that lost the last one. */
const FATAL = /^SQLITE_(?:IOERR|CORRUPT|NOTADB)/;

type Waiting = {
  run: () => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  since: number;
};

/**
 * Group commit: all that one turn of the event loop brings shares one BEGIN IMMEDIATE … COMMIT, so a hundred callers
 * cost one fsync. A job that fails takes nobody with it: the batch is repeated with a savepoint for each job.
 */
export function groupCommit(client: Database, options: GroupCommitOptions) {
  const waiting: Waiting[] = [];
  let scheduled = false;

  const write: Write = (job) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= MAX_WAITING) {
        reject(new LedgerUnavailable(`More than ${MAX_WAITING} writes wait for the disk.`));
        return;
      }
      waiting.push({ run: job, resolve, reject, since: options.monotonicMs() });
      schedule();
    });

  function schedule(delayMs = 0): void {
    if (scheduled) return;
    scheduled = true;
    const turn = () => {
      scheduled = false;
      commitBatch();
    };
    if (delayMs === 0) setImmediate(turn);
    else setTimeout(turn, delayMs);
  }

  function commitBatch(): void {
    const batch = waiting.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    try {
      client.exec("BEGIN IMMEDIATE");
    } catch (error) {
      if (errorCode(error).startsWith("SQLITE_BUSY")) waitForLock(batch, error);
      else fail(batch, error);
      return;
    }
    let settle: (() => void)[];
    try {
      settle = runTogether(batch);
      client.exec("COMMIT");
    } catch (error) {
      if (client.inTransaction) client.exec("ROLLBACK");
      fail(batch, error);
      return;
    }
    for (const settled of settle) settled();
    options.onCommit(batch.length);
    if (waiting.length > 0) schedule();
  }

  /** The event loop lives on while another process holds the lock. */
  function waitForLock(batch: Waiting[], cause: unknown): void {
    const now = options.monotonicMs();
    const expired = batch.filter((job) => now - job.since > LOCK_WAIT_MS);
    const patient = batch.filter((job) => now - job.since <= LOCK_WAIT_MS);
    for (const job of expired) {
      job.reject(new LedgerUnavailable("Another process holds the database's lock.", { cause }));
    }
    waiting.unshift(...patient);
    if (waiting.length > 0) schedule(LOCK_RETRY_MS);
  }

  /** @returns what to do after the commit. @throws where the whole transaction is lost */
  function runTogether(batch: readonly Waiting[]): (() => void)[] {
    client.exec("SAVEPOINT batch");
    try {
      return batch.map((job) => {
        const value = job.run();
        return () => job.resolve(value as never);
      });
    } catch (error) {
      if (isLost(error)) throw error;
      client.exec("ROLLBACK TO batch");
      return batch.map(runApart);
    }
  }

  function runApart(job: Waiting): () => void {
    client.exec("SAVEPOINT job");
    try {
      const value = job.run();
      client.exec("RELEASE job");
      return () => job.resolve(value as never);
    } catch (error) {
      if (isLost(error)) throw error;
      client.exec("ROLLBACK TO job; RELEASE job");
      return () => job.reject(isJobsOwnFault(error) ? error : refusal(error));
    }
  }

  function isLost(error: unknown): boolean {
    return !client.inTransaction || FATAL.test(errorCode(error));
  }

  function fail(batch: readonly Waiting[], error: unknown): void {
    const code = errorCode(error);
    if (FATAL.test(code) && error instanceof Error) options.onFatal(error);
    const reason = code === "" ? error : refusal(error);
    for (const job of batch) job.reject(reason);
    if (waiting.length > 0) schedule();
  }

  return {
    write,
    /** Commits what waits, in batches, until nothing does. */
    async drain(): Promise<void> {
      for (let rounds = 0; waiting.length > 0 && rounds < MAX_WAITING; rounds++) {
        await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
      }
    },
  };
}

/** A broken constraint, or no error of SQLite's: the same job would fail again, on any disk. */
function isJobsOwnFault(error: unknown): boolean {
  return /^(?:$|SQLITE_CONSTRAINT)/.test(errorCode(error));
}

function refusal(cause: unknown): LedgerUnavailable {
  return new LedgerUnavailable(`The disk refused the write (${errorCode(cause)}).`, { cause });
}
