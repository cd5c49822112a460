import { existsSync, readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** Linux names the thread that asks: `PID/task/TID`. */
const THREAD_SELF = "/proc/thread-self";

/**
 * For a thread that works beside the line: when there is not enough for all, callers go first. Linux lets one lower a
 * single thread's priority, and everybody may; on another system all threads stay equal.
 */
export function giveWay(): void {
  if (!existsSync(THREAD_SELF)) return;
  const threadId = Number(readlinkSync(THREAD_SELF).split("/").at(-1));
  setPriority(threadId, constants.priority.PRIORITY_LOW);
}
