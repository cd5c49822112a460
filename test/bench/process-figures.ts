import { readdirSync, readFileSync } from "node:fs";

/** What Linux tells of a process; on another system there is nothing to tell. */
export type RssMb = {
  /** Resident: now, and the most there ever was. */
  readonly now: number;
  readonly peak: number;
};

/** User and system time so far, of the threads that are there. */
export function cpuMsOf(pid: number): number | null {
  const threads = threadsMsOf(pid);
  return threads.size === 0 ? null : [...threads.values()].reduce((sum, ms) => sum + ms, 0);
}

/** Threads of one name together. */
export function threadsMsOf(pid: number): ReadonlyMap<string, number> {
  const spent = new Map<string, number>();
  for (const id of threadsOf(pid)) {
    const name = procFile(`${pid}/task/${id}/comm`)?.trim();
    const nanoseconds = Number(procFile(`${pid}/task/${id}/schedstat`)?.split(" ", 1)[0]);
    if (name === undefined || Number.isNaN(nanoseconds)) continue;
    spent.set(name, (spent.get(name) ?? 0) + nanoseconds / 1e6);
  }
  return spent;
}

export function rssMbOf(pid: number): RssMb | null {
  const status = procFile(`${pid}/status`);
  if (status === null || !status.includes("VmRSS")) return null;
  return { now: megabytes(status, "VmRSS"), peak: megabytes(status, "VmHWM") };
}

/** Resident memory, of which what processes share (such as Node's own code) counts in parts. */
export function proportionalMbOf(pid: number): number | null {
  const rollup = procFile(`${pid}/smaps_rollup`);
  return rollup === null ? null : megabytes(rollup, "Pss");
}

function megabytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // As below.
    return [];
  }
}

function procFile(name: string): string | null {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    // Another system than Linux, or the process has gone: there is nothing to tell.
    return null;
  }
}
