import type { Outgoing, OutgoingKind, OutgoingStore } from "../ledger/outgoing.ts";
import { attempts, type Carriers, type OutgoingOutcome } from "./attempt.ts";
import { pace, type Rates } from "./pace.ts";

/** Takes what is due out of the queue and sends it. What one worker leaves unfinished, the next one finishes. */
export type Worker = {
  /**
   * One round: claims what is due, sends it, records what came of it.
   *
   * @returns how many were claimed; zero where nothing was due, or nothing may leave yet
   */
  readonly tick: (now: number) => Promise<number>;
  /** Rounds as they are needed until the signal; resolves when what was under way is recorded. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** There may be something new. Cheap, and safe to call too often. */
  readonly wake: () => void;
};

export type WorkerParts = {
  readonly outgoing: OutgoingStore;
  readonly carriers: Carriers;
  /** Of WhatsApp messages; a business that is not named has no limit. */
  readonly rates: Rates;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observe: (seen: OutgoingSeen, error?: Error) => void;
  /** The queue itself could not be read or written; the next round tries again. */
  readonly onError: (error: Error) => void;
};

/** What became of one that was claimed, for the log and the metrics. It holds no number. */
export type OutgoingSeen = {
  readonly kind: OutgoingKind;
  readonly outcome: OutgoingOutcome;
  readonly id: string;
  readonly businessId: string;
  readonly simulated: boolean;
  readonly attempt: number;
  readonly code: string | null;
  readonly reason: string | null;
};

/**
 * So many are under way at once: each kind by itself, so that a slow endpoint keeps no message waiting. Messages: eighty a
 * second, Twilio's usual rate, where each takes 0.4 s.
 */
const MAX_UNDER_WAY: Readonly<Record<OutgoingKind, number>> = {
  message: 32,
  call: 4,
  event: 4,
  recording: 4,
};
const OUTGOING_KINDS = ["message", "call", "event", "recording"] as const satisfies readonly OutgoingKind[];
/** Twilio places one call a second for an account, and would queue the others past their hours. */
const CALL_EVERY_MS = 1_000;
/** Longer than looking and sending can take, so that nobody else takes what is under way. */
const LEASE_MS = 120_000;
/** Rounds are this far apart at least: what became due or free meanwhile shares one, and its commits. */
const ROUND_MS = 100;
/** While nothing is due, one indexed read so often. */
const LOOK_EVERY_MS = 1_000;
/** What a dead worker left is in nobody's way, and is found by claiming. */
const CLAIM_EVERY_MS = 30_000;

export function outboxWorker(parts: WorkerParts): Worker {
  const { outgoing, now: clock, observe, onError } = parts;
  const messages = pace(parts.rates);
  const underWay: UnderWay = { message: new Map(), call: new Map(), event: new Map(), recording: new Map() };
  let nextCallAt = 0;
  let lastStart: Promise<unknown> = Promise.resolve();
  const stop = new AbortController();
  const attempt = attempts(parts, () => stop.signal.aborted);
  let wakeUp = Promise.withResolvers<void>();

  async function claim(kind: OutgoingKind, now: number): Promise<readonly Outgoing[]> {
    const room = MAX_UNDER_WAY[kind] - underWay[kind].size;
    if (room <= 0 || (kind === "call" && now < nextCallAt)) return [];
    const limit = kind === "call" ? 1 : room;
    const perBusiness = kind === "message" ? messages.room(now) : {};
    const claimed = await outgoing.claim({ now, leaseMs: LEASE_MS, limit, kinds: [kind], perBusiness });
    if (kind === "call" && claimed.length > 0) nextCallAt = now + CALL_EVERY_MS;
    if (kind === "message") for (const { businessId } of claimed) messages.took(businessId);
    return claimed;
  }

  /** One after the other, so that two rounds do not fill the same room. */
  function start(now: number): Promise<readonly Promise<void>[]> {
    const started = lastStart.then(() => startNow(now));
    lastStart = started.catch(() => []);
    return started;
  }

  async function startNow(now: number): Promise<readonly Promise<void>[]> {
    const claimed = await Promise.all(OUTGOING_KINDS.map((kind) => claim(kind, now)));
    return claimed.flat().map((job) => {
      const ofKind = underWay[job.payload.kind];
      // Its lease ran out while this very process stood still: the attempt that is under way goes on, and no second one.
      const earlier = ofKind.get(job.id);
      if (earlier !== undefined) return earlier;
      const carried = carry(job, now).finally(() => {
        ofKind.delete(job.id);
        wakeUp.resolve();
      });
      ofKind.set(job.id, carried);
      return carried;
    });
  }

  /** Never rejects: what cannot be recorded stays leased, and is looked for when the lease has run out. */
  async function carry(job: Outgoing, now: number): Promise<void> {
    const seen = {
      kind: job.payload.kind,
      id: job.id,
      businessId: job.businessId,
      simulated: job.simulated,
      attempt: job.attempts,
    };
    try {
      const { outcome, failure } = await attempt(job, now);
      observe({ ...seen, outcome, code: failure?.code ?? null, reason: failure?.message ?? null });
    } catch (error) {
      const unrecorded = {
        outcome: "again",
        code: null,
        reason: "It could not be tried or recorded.",
      } as const;
      observe({ ...seen, ...unrecorded }, asError(error));
    }
  }

  /** @returns for how long there is nothing to do, unless somebody wakes it */
  async function round(now: number, claimAt: number): Promise<number> {
    const due = await outgoing.nextDueAt();
    if (now < claimAt && (due === null || due > now)) {
      return Math.min(LOOK_EVERY_MS, due === null ? LOOK_EVERY_MS : due - now);
    }
    const started = await start(now);
    return started.length > 0 ? 0 : Math.min(LOOK_EVERY_MS, messages.waitMs());
  }

  return {
    async tick(now) {
      const started = await start(now);
      await Promise.all(started);
      return started.length;
    },

    async run(signal) {
      const stopped = Promise.withResolvers<void>();
      const stopNow = () => {
        stop.abort();
        wakeUp.resolve();
        stopped.resolve();
      };
      signal.addEventListener("abort", stopNow, { once: true });
      if (signal.aborted) stopNow();
      let claimAt = 0;
      while (!signal.aborted) {
        wakeUp = Promise.withResolvers<void>();
        const now = clock();
        const waitMs = await round(now, claimAt).catch((error: unknown) => {
          onError(asError(error));
          return LOOK_EVERY_MS;
        });
        if (now >= claimAt) claimAt = now + CLAIM_EVERY_MS;
        await soonerOf(stopped.promise, ROUND_MS);
        if (waitMs > ROUND_MS && !signal.aborted) await soonerOf(wakeUp.promise, waitMs - ROUND_MS);
      }
      await Promise.all(OUTGOING_KINDS.flatMap((kind) => [...underWay[kind].values()]));
    },

    wake: () => wakeUp.resolve(),
  };
}

type UnderWay = Readonly<Record<OutgoingKind, Map<string, Promise<void>>>>;

async function soonerOf(promise: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
