import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How much more is held after something than before it, once what nobody holds has been let go. */
export async function memoryGrowth(act: () => Promise<void>): Promise<{ readonly megabytes: number }> {
  const before = heldMegabytes();
  await act();
  return { megabytes: heldMegabytes() - before };
}

function heldMegabytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1_048_576;
}
