import v8 from "node:v8";
import { runInNewContext } from "node:vm";

/** Both halves of this thread's young generation. */
const YOUNG_MB = 32;
const LOOK_EVERY_MS = 1_000;
/** The first callers have their answers: to clear takes some 60 ms. */
const START_IS_OVER_MS = 5_000;
const FLAGS = [
  // A thread that is made from now on has two halves of 8 MB from the first moment: it cannot grow where this one may not.
  "--min-semi-space-size=8",
  "--max-semi-space-size=8",
  // It looks for dead objects among so many MB of old ones for the first time.
  "--initial-old-space-size=32",
  // Every thread looks again where there is half as much more as lived the last time.
  "--heap-growing-percent=50",
];

/**
 * Bounds of V8's heaps, as soon as this is imported: before everything else, for what is loaded makes them grow. Left
 * alone, V8 takes what a machine of many gigabytes has: the young generation of each thread doubles, the last time after
 * most of an hour, up to 134 MB; and a hundred megabytes of what grew old and died lie about. What lives in a line is
 * some 50 MB.
 */
for (const flag of FLAGS) v8.setFlagsFromString(flag);
holdYoungGeneration();
setInterval(holdYoungGeneration, LOOK_EVERY_MS).unref();

/**
 * This thread's heap is there already, so its growth is stopped where it is large enough. It gives space back when
 * little happens, and may grow again after that.
 */
export function holdYoungGeneration(): void {
  const young = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  const mayDouble = (young?.space_size ?? 0) * 2 <= YOUNG_MB * 2 ** 20;
  v8.setFlagsFromString(`--semi-space-growth-factor=${mayDouble ? 2 : 1}`);
}

/** What only the start has needed is dead by then; V8 would find out when there is much more of it. */
export function clearAfterStart(afterMs = START_IS_OVER_MS): void {
  setTimeout(() => {
    v8.setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (how: { readonly type: "major" }) => void;
    v8.setFlagsFromString("--no-expose-gc");
    collect({ type: "major" });
  }, afterMs).unref();
}
