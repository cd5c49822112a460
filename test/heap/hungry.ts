import v8 from "node:v8";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { clearAfterStart, holdYoungGeneration } from "../../src/heap.ts";

/** So much lives for a while and then dies, again and again: left alone, V8 doubles the young generation six times. */
const ROUNDS = 60;
const LIVING = 50_000;

/** Allocates in this thread, then in another one, and says how large each heap was at most, in MB. */
function most(hold: () => void) {
  let [young, old] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const living = Array.from({ length: LIVING }, (_, n) => ({ n, text: [`${round}`, n] }));
    hold();
    for (const { space_name: name, space_size: bytes } of v8.getHeapSpaceStatistics()) {
      if (name === "new_space") young = Math.max(young, bytes / 2 ** 20);
      if (name === "old_space") old = Math.max(old, bytes / 2 ** 20);
    }
    if (living.length === 0) throw new Error("Nothing lives.");
  }
  return { young, old };
}

if (isMainThread) {
  clearAfterStart(0);
  await sleep(1);
  const line = most(holdYoungGeneration);
  new Worker(new URL(import.meta.url)).once("message", (thread) =>
    process.stdout.write(JSON.stringify({ line, thread })),
  );
} else {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
  parentPort?.postMessage(most(() => undefined));
}
