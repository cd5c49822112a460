/** FUZZ_TIMES=100 makes a hundred times as many runs; FUZZ_SEED is the seed that a failure printed. */
const times = Number(process.env["FUZZ_TIMES"] ?? 1);
const seed = process.env["FUZZ_SEED"];

/** So many in `npm test`. */
export function runs(usual: number) {
  return { numRuns: usual * times, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** For a test of them, in milliseconds. */
export const PATIENCE = 180_000 * times;

/** Of this process's own work: a machine that has other things to do makes nothing slower. What waits, times out. */
const SLOW_MS = 3_000;

/** @throws where it takes as much work as something that hangs */
export async function promptly<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await act();
  const { user, system } = process.cpuUsage(before);
  const workedMs = (user + system) / 1_000;
  if (workedMs > SLOW_MS) throw new Error(`It took ${Math.round(workedMs)} ms: ${what.slice(0, 500)}`);
  return result;
}
