import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/memory.ts";
import type { Environment } from "../support/server.ts";

const LIBRARIES = "/usr/lib";

/** A process with this environment reads its clock here, as often as it asks. @throws where faketime is missing */
export function wrongClock(folder: string) {
  const file = join(folder, "clock");
  const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  set(0);
  const env: Environment = {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  return { env, /** So far from the true time. */ set };
}

/** A process with this environment lives so many times as fast. @throws where faketime is missing */
export function fastClock(times: number): Environment {
  return { LD_PRELOAD: library(), FAKETIME: `+0 x${times}` };
}

/** A clock of our own for another process: for it an hour passes when a test says so. */
export type MovedClock = ReturnType<typeof movedClock>;

/**
 * Both the time of day and the time that timers wait by are moved, together. Who waits notices at its next chance: ask
 * the process something.
 *
 * @param startsAt milliseconds since 1970
 */
export function movedClock(startsAt: number) {
  const folder = temporaryFolder();
  const file = join(folder, "clock");
  let offsetMs = 0;

  /** Renamed into place, so that the process never reads half of it. */
  function moveTo(time: number): void {
    offsetMs = time - Date.now();
    writeFileSync(`${file}.new`, `+${(offsetMs / 1000).toFixed(3)}\n`);
    renameSync(`${file}.new`, file);
  }

  moveTo(startsAt);
  const env: Environment = {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    NO_FAKE_STAT: "1",
  };
  return {
    env,
    /** What the process takes for the present. */
    now: () => Date.now() + offsetMs,
    moveTo,
    forward: (milliseconds: number) => moveTo(Date.now() + offsetMs + milliseconds),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function library(): string {
  for (const architecture of readdirSync(LIBRARIES)) {
    const folder = join(LIBRARIES, architecture, "faketime");
    try {
      if (readdirSync(folder).includes("libfaketimeMT.so.1")) return join(folder, "libfaketimeMT.so.1");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && /^(?:ENOENT|ENOTDIR)$/.test(String(error.code))))
        throw error;
    }
  }
  throw new Error("libfaketime is needed: apt-get install faketime.");
}
