import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { AuditStore } from "./ledger/audit-store.ts";
import { audit, AuditStopped, type AuditReport } from "./proof/audit.ts";
import type { Verified, VerifyingStatus } from "./proof/verified.ts";
import { faultText } from "./proof/faults.ts";
import type { Verifier } from "./proof/note.ts";
import type { OutsideNote } from "./proof/sealer.ts";

/** The memory verifies itself while the line serves, some rows at a time, and raises an alarm; the line goes on answering. */
export type Verifying = {
  /** Begins, a while after the start. */
  readonly start: () => void;
  /** Ends what is under way at its next look. */
  readonly finish: () => Promise<void>;
  /** One verification, now. Never throws: a failure is logged, and shown. */
  readonly verify: () => Promise<void>;
  readonly status: () => VerifyingStatus;
};

export type VerifyingParts = {
  readonly store: AuditStore;
  readonly verifiers: readonly Verifier[];
  /** The newest checkpoints that are kept elsewhere. */
  readonly outside: () => Promise<readonly OutsideNote[]>;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicMs: () => number;
};

/** So many rows in one look: a few milliseconds, in which no call is answered. */
const PAGE = 64;
/** Of the event loop's time, at most this share is taken. */
const SHARE = 0.25;
const MAX_REST_MS = 100;
const EVERY_MS = 6 * 60 * 60 * 1000;
/** A fifth of a millisecond each; of a million old checkpoints each has its turn within some two months. */
const SIGNATURES = { newest: 1_000, older: 4_000 };
/** Not while the line is starting, and after an old ledger has begun to be sealed. */
const FIRST_AFTER_MS = 60_000;
/** Faults that the log names one by one; all of them are in the console and in `ledger verify`. */
const MAX_LOGGED = 20;

export function verifyWith({ store, verifiers, outside, log, now, monotonicMs }: VerifyingParts): Verifying {
  const stopping = new AbortController();
  let last: Verified | null = null;
  let since: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();

  /** As long as the look took, several times over: calls have the event loop meanwhile. */
  function resting(): () => Promise<unknown> {
    let begun = monotonicMs();
    return async () => {
      const took = monotonicMs() - begun;
      await sleep(Math.min(MAX_REST_MS, took / SHARE - took), undefined, { ref: false });
      begun = monotonicMs();
    };
  }

  async function verify(): Promise<void> {
    const begun = monotonicMs();
    since = now();
    try {
      const report = await audit({
        store,
        verifiers,
        outside: await outside(),
        page: PAGE,
        signatures: { ...SIGNATURES, round: Math.floor(since / EVERY_MS) },
        locate: true,
        rest: resting(),
        progress: () => undefined,
        isStopped: () => stopping.signal.aborted,
      });
      last = ended(report.ok ? "ok" : "faults", begun, { report });
      tell(report);
    } catch (error) {
      if (error instanceof AuditStopped) return;
      last = ended("failed", begun, { reason: error instanceof Error ? error.message : String(error) });
      log.error({ err: error }, "the ledger could not be verified; the line goes on answering");
    } finally {
      since = null;
    }
  }

  function ended(
    result: Verified["result"],
    begun: number,
    { report = null, reason = null }: Partial<Pick<Verified, "report" | "reason">>,
  ): Verified {
    return { at: now(), milliseconds: monotonicMs() - begun, result, report, reason };
  }

  function tell({ ok, entries, size, faults, faultCount }: AuditReport): void {
    if (ok) {
      log.info({ entries, size }, "the ledger is as it was signed");
      return;
    }
    for (const fault of faults.slice(0, MAX_LOGGED))
      log.error({ fault: faultText(fault) }, "the ledger was changed");
    log.error(
      { entries, size, faults: faultCount },
      "the ledger is NOT what was signed: see Checks in the console, or `yesline ledger verify`; the line goes on answering",
    );
  }

  async function turn(): Promise<void> {
    await verify();
    if (!stopping.signal.aborted) next(EVERY_MS);
  }

  function next(milliseconds: number): void {
    timer = setTimeout(() => {
      round = turn();
    }, milliseconds).unref();
  }

  return {
    start: () => next(FIRST_AFTER_MS),
    async finish() {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
    verify,
    status: () => ({ last, since }),
  };
}
