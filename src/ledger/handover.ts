/**
 * What was handed to another thread: taken there, or taken back here, and never both. While it lies in between, nothing
 * of it is done, so whoever waits too long can be told so, and it is true.
 */
export type Handover<Batch> = {
  /** Where the next batch is noted; null where as many lie there as may. */
  readonly place: (batch: Batch) => number | null;
  /** Nothing was handed over after all. */
  readonly takeBackLast: () => void;
  /** Takes back what has lain there for longer than `patienceMs`. @returns it */
  readonly takeBack: (patienceMs: number) => readonly Batch[];
  /** For how long the oldest lies there that the other thread has not looked at; zero where none does. */
  readonly waitingMs: () => number;
};

/** Thousands of turns of the event loop: more than any patience lasts. */
const PLACES = 8_192;
const LYING = 0;
const TAKEN = 1;
const TAKEN_BACK = 2;

/** Shared by both threads. */
export function handoverPlaces(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT));
}

export function handover<Batch>(places: Int32Array, monotonicMs: () => number): Handover<Batch> {
  type Lying = { readonly place: number; readonly since: number; readonly batch: Batch };
  const lying: Lying[] = [];
  let next = 0;

  function forgetTaken(): void {
    let taken = 0;
    for (; taken < lying.length; taken++) if (Atomics.load(places, lying[taken]?.place ?? 0) !== TAKEN) break;
    if (taken > 0) lying.splice(0, taken);
  }

  return {
    place(batch) {
      forgetTaken();
      if (lying.length >= PLACES) return null;
      const place = next;
      next = (next + 1) % PLACES;
      Atomics.store(places, place, LYING);
      lying.push({ place, since: monotonicMs(), batch });
      return place;
    },
    takeBackLast() {
      const last = lying.pop();
      if (last !== undefined) next = last.place;
    },
    takeBack(patienceMs) {
      forgetTaken();
      const since = monotonicMs() - patienceMs;
      return lying.flatMap((each) => {
        if (each.since > since) return [];
        return Atomics.compareExchange(places, each.place, LYING, TAKEN_BACK) === LYING ? [each.batch] : [];
      });
    },
    waitingMs() {
      forgetTaken();
      const [oldest] = lying;
      return oldest === undefined ? 0 : monotonicMs() - oldest.since;
    },
  };
}

/** In the other thread. @returns whether the batch is its own now; false: it was taken back */
export function take(places: Int32Array, place: number): boolean {
  const isOurs = Atomics.compareExchange(places, place, LYING, TAKEN) === LYING;
  // Looked at all the same: the other side sees that this one lives.
  if (!isOurs) Atomics.store(places, place, TAKEN);
  return isOurs;
}
