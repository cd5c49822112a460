import type { Failure, Outgoing, OutgoingKind, OutgoingStore } from "../ledger/outgoing.ts";
import { backoffMs } from "./backoff.ts";
import type { Carrier, Fate } from "./carrier.ts";

export type AttemptParts = {
  readonly outgoing: Pick<OutgoingStore, "accepted" | "postpone" | "end">;
  readonly carriers: Carriers;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

export type Carriers = { readonly [K in OutgoingKind]: Carrier<K> };

/** What became of one that was claimed. */
export type Ended = { readonly outcome: OutgoingOutcome; readonly failure?: Failure };

export const OUTGOING_OUTCOMES = [
  "accepted",
  "found",
  "again",
  "unclear",
  "held",
  "failed",
  "cancelled",
  "expired",
] as const;
export type OutgoingOutcome = (typeof OUTGOING_OUTCOMES)[number];

/** More than expiry allows; a bound all the same. */
const MAX_ATTEMPTS = 1_000;

/**
 * One attempt, from what was claimed to what is recorded of it. Where nobody knows whether an earlier attempt arrived,
 * it is looked for first, and as long as it cannot be seen, nothing is sent.
 *
 * @param isStopping asked before anything leaves
 */
export function attempts(
  { outgoing, carriers, now: clock, random }: AttemptParts,
  isStopping: () => boolean,
) {
  async function attempt(job: Outgoing, now: number): Promise<Ended> {
    const carrier: Carrier = carriers[job.payload.kind];
    if (job.unclearSince !== null) {
      const seen = await carrier.look(job);
      if (seen.kind === "arrived") {
        await outgoing.accepted(job.id, seen.sid, now);
        return { outcome: "found" };
      }
      if (seen.kind === "unknown") {
        const failure = { code: null, message: `Nobody knows whether it arrived: ${seen.reason}.` };
        return now < job.expiresAt ? again(job, now, failure, true, 0) : end(job, "expired", failure, now);
      }
    }
    if (now >= job.expiresAt) return end(job, "expired", lastFailure(job), now);
    if (job.attempts > MAX_ATTEMPTS) return end(job, "failed", lastFailure(job), now);
    if (isStopping()) return record(job, { kind: "held", until: now }, now);
    return record(job, await sendOrTell(carrier, job, now), now);
  }

  /** A carrier throws only while nothing has left. */
  async function sendOrTell(carrier: Carrier, job: Outgoing, now: number): Promise<Fate> {
    try {
      return await carrier.send(job, now);
    } catch (error) {
      const message = "It could not be made ready; the log says why.";
      await again(job, now, { code: null, message }, false, 0);
      throw error;
    }
  }

  async function record(job: Outgoing, fate: Fate, now: number): Promise<Ended> {
    switch (fate.kind) {
      case "accepted":
        await outgoing.accepted(job.id, fate.sid, now);
        return { outcome: "accepted" };
      case "held":
        await outgoing.postpone(job.id, Math.min(fate.until, job.expiresAt), null, false);
        return { outcome: "held" };
      case "again":
        return again(job, now, fate.failure, fate.unclear, fate.afterMs);
      case "failed":
      case "cancelled":
        return end(job, fate.kind, fate.failure, now);
    }
  }

  async function again(job: Outgoing, now: number, failure: Failure, unclear: boolean, afterMs: number) {
    const wait = Math.max(afterMs, backoffMs(job.payload.kind, Math.max(job.attempts, 1), random()));
    // From when it failed, and not from when it was taken out: what has just left is not to be seen yet.
    const failedAt = Math.max(now, clock());
    const dueAt = Math.min(failedAt + wait, Math.max(job.expiresAt, failedAt));
    await outgoing.postpone(job.id, dueAt, failure, unclear);
    return { outcome: unclear ? "unclear" : "again", failure } as const;
  }

  async function end(
    job: Outgoing,
    state: "failed" | "expired" | "cancelled",
    failure: Failure,
    now: number,
  ) {
    await outgoing.end(job.id, state, failure, now);
    return { outcome: state, failure } as const;
  }

  return attempt;
}

/** What is told of one that ended without a word on it: why its last attempt failed. */
function lastFailure({ errorCode, errorMessage }: Outgoing): Failure {
  return { code: errorCode, message: errorMessage ?? "Its time was over before it could leave." };
}
