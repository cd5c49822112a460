import type { StoredCheckpoint } from "../ledger/proof-store.ts";
import type { Courier } from "./couriers.ts";

/** Brings the newest checkpoint to each place, again and again until it has arrived; an older one is not waited for. */
export type Shipping = {
  readonly offer: (checkpoint: StoredCheckpoint) => void;
  /** Starts what is due; resolves when what it started has ended. Never rejects. */
  readonly tick: () => Promise<void>;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** One last try for each place that lacks the newest. */
  readonly finish: () => Promise<void>;
  readonly status: () => readonly ShippingStatus[];
};

export type ShippingStatus = {
  readonly name: string;
  /** Of the newest one that arrived; null where none did. */
  readonly size: number | null;
  /** When it arrived, milliseconds since 1970. */
  readonly at: number | null;
  readonly failures: number;
};

export type ShippingParts = {
  readonly couriers: readonly Courier[];
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onError: (name: string, error: Error) => void;
};

/** One place gets one checkpoint in so long, however many are signed. */
const SHIP_EVERY_MS = 5_000;
const MAX_RETRY_MS = 5 * 60_000;
const LOOK_EVERY_MS = 500;
/** Nobody waits longer for an address that does not answer. */
const FINISH_WITHIN_MS = 6_000;

type Place = {
  readonly courier: Courier;
  pending: StoredCheckpoint | null;
  underWay: Promise<void> | null;
  dueAt: number;
  failedInRow: number;
  failures: number;
  size: number | null;
  at: number | null;
};

export function createShipping(parts: ShippingParts): Shipping {
  const { couriers, now, monotonicMs, wait, onError } = parts;
  const places = couriers.map((courier): Place => {
    const never = { pending: null, underWay: null, size: null, at: null };
    return { courier, ...never, dueAt: Number.NEGATIVE_INFINITY, failedInRow: 0, failures: 0 };
  });

  async function ship(place: Place, checkpoint: StoredCheckpoint): Promise<void> {
    try {
      await place.courier.deliver(checkpoint.note);
      Object.assign(place, { size: checkpoint.size, at: now(), failedInRow: 0 });
      if (place.pending === checkpoint) place.pending = null;
      place.dueAt = monotonicMs() + SHIP_EVERY_MS;
    } catch (error) {
      place.dueAt = monotonicMs() + Math.min(MAX_RETRY_MS, SHIP_EVERY_MS * 2 ** place.failedInRow);
      place.failedInRow += 1;
      place.failures += 1;
      onError(place.courier.name, error instanceof Error ? error : new Error(String(error)));
    } finally {
      place.underWay = null;
    }
  }

  function start(place: Place): Promise<void> {
    if (place.pending === null || place.underWay !== null) return Promise.resolve();
    return (place.underWay = ship(place, place.pending));
  }

  async function tick(): Promise<void> {
    await Promise.all(places.filter(({ dueAt }) => dueAt <= monotonicMs()).map(start));
  }

  return {
    offer(checkpoint) {
      for (const place of places) place.pending = checkpoint;
    },
    tick,
    async run(signal) {
      while (!signal.aborted) {
        void tick();
        await wait(LOOK_EVERY_MS, signal);
      }
    },
    async finish() {
      const timeout = new AbortController();
      const all = Promise.all(
        places.map(async (place) => {
          await place.underWay;
          await start(place);
        }),
      );
      await Promise.race([all, wait(FINISH_WITHIN_MS, timeout.signal)]);
      timeout.abort();
    },
    status: () =>
      places.map(({ courier, size, at, failures }) => ({ name: courier.name, size, at, failures })),
  };
}
