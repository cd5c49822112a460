/** FUZZ_TIMES=100 makes a hundred times as many runs; FUZZ_SEED is the seed that a failure printed. */
const times = Number(process.env["FUZZ_TIMES"] ?? 1);
const seed = process.env["FUZZ_SEED"];

/** So many in `npm test`. */
export function runs(usual: number) {
  return { numRuns: usual * times, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** For a test of them, in milliseconds. */
export const PATIENCE = 60_000 * times;

/** What takes longer than this hangs, even on a machine that has other things to do. */
const SLOW_MS = 3_000;

/** @throws where it takes as long as something that hangs */
export async function promptly<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await act();
  const elapsedMs = performance.now() - startedAt;
  if (elapsedMs > SLOW_MS) throw new Error(`It took ${Math.round(elapsedMs)} ms: ${what.slice(0, 500)}`);
  return result;
}
