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
  /** Told of writes that were turned away because the disk does not follow. */
  readonly onTurnedAway?: (jobs: number) => void;
  /** Milliseconds, monotonic. */
  readonly monotonicMs: () => number;
};

/** So many jobs share a commit; the others wait for the next one. */
const MAX_BATCH = 512;
/** So many jobs may wait, however fast the disk is. */
const MAX_WAITING = 10_000;
/** Nobody waits longer for the disk: past it callers hear an apology at once, rather than late. Twilio gives them 15 s. */
const MAX_WAIT_MS = 2_000;
/** A single commit up to this may have been a hiccup: who came meanwhile can wait as long again, and be in time. */
const MAX_HICCUP_MS = 5_000;
const LOCK_RETRY_MS = 10;
const CACHE_KIB = 16 * 1024;

/** After these the next write may seem to succeed on a disk that lost the last one. */
const FATAL = /^SQLITE_(?:IOERR|CORRUPT|NOTADB)/;

const LOCKED = "Another process holds the database's lock.";
const LATE = `The disk is too slow: a write has waited for more than ${MAX_WAIT_MS} ms.`;

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
  // A statement with triggers keeps the pages that it changes until it has ended: in memory, and not in a file.
  client.pragma("temp_store = MEMORY");
  // Each commit looks through all pages that are cached: of more than these it costs more than they save.
  client.pragma(`cache_size = -${CACHE_KIB}`);
  const begin = client.prepare("BEGIN IMMEDIATE");
  const commit = client.prepare("COMMIT");
  const rollback = client.prepare("ROLLBACK");
  const waiting: Waiting[] = [];
  let scheduled = false;
  /** How long the last commit took, and the one before. */
  let tookMs: readonly [number, number] = [0, 0];
  /** Somebody has waited for another process's lock in vain, and nobody had it since. */
  let isLocked = false;

  const write: Write = (job) =>
    new Promise((resolve, reject) => {
      const reason = whyNot();
      if (reason !== null) {
        options.onTurnedAway?.(1);
        reject(new LedgerUnavailable(reason));
        return;
      }
      waiting.push({ run: job, resolve, reject, since: options.monotonicMs() });
      schedule();
    });

  /** @returns why no more may wait now; null where one may, as long as nobody does: somebody has to find out */
  function whyNot(): string | null {
    if (waiting.length === 0) return null;
    if (waiting.length >= MAX_WAITING) return `More than ${MAX_WAITING} writes wait for the disk.`;
    if (isLocked) return LOCKED;
    const commitMs = tookMs[0] > MAX_HICCUP_MS ? tookMs[0] : Math.min(...tookMs);
    const expectedMs = Math.ceil((waiting.length + 1) / MAX_BATCH) * commitMs;
    return expectedMs > MAX_WAIT_MS
      ? `The disk is too slow: a write would wait ${Math.round(expectedMs)} ms.`
      : null;
  }

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
    const next = waiting.splice(0, MAX_BATCH);
    if (next.length === 0) return;
    let batch = next;
    let settle: (() => void)[];
    try {
      begin.run();
      batch = inTime(next, LATE);
      const begunAt = options.monotonicMs();
      settle = runTogether(batch);
      commit.run();
      tookMs = [options.monotonicMs() - begunAt, tookMs[0]];
      isLocked = false;
    } catch (error) {
      if (client.inTransaction) rollback.run();
      if (errorCode(error).startsWith("SQLITE_BUSY")) waitForLock(batch, error);
      else fail(batch, error);
      return;
    }
    for (const settled of settle) settled();
    options.onCommit(batch.length);
    if (waiting.length > 0) schedule();
  }

  /** The event loop lives on while another process holds the lock. */
  function waitForLock(batch: Waiting[], cause: unknown): void {
    const patient = inTime(batch, LOCKED, cause);
    if (patient.length < batch.length) isLocked = true;
    waiting.unshift(...patient);
    if (waiting.length > 0) schedule(LOCK_RETRY_MS);
  }

  /**
   * Whoever has waited too long hears that nothing was recorded, and nothing is: written later, it would be on record
   * when Twilio has given up and the caller has heard the opposite. @returns the others
   */
  function inTime(batch: readonly Waiting[], reason: string, cause?: unknown): Waiting[] {
    const since = options.monotonicMs() - MAX_WAIT_MS;
    const late = batch.filter((job) => job.since < since);
    if (late.length > 0) options.onTurnedAway?.(late.length);
    for (const job of late) job.reject(new LedgerUnavailable(reason, { cause }));
    return batch.filter((job) => job.since >= since);
  }

  /**
   * Begins anew where a job fails: a savepoint before all of them would keep a copy of each page that they change.
   *
   * @returns what to do after the commit. @throws where the whole transaction is lost, or another process came first
   */
  function runTogether(batch: readonly Waiting[]): (() => void)[] {
    try {
      return batch.map((job) => {
        const value = job.run();
        return () => job.resolve(value as never);
      });
    } catch (error) {
      if (isLost(error)) throw error;
      rollback.run();
      begin.run();
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
