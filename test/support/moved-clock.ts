import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./memory.ts";
import type { Environment } from "./server.ts";

/** Debian's libfaketime, for programs with threads. */
const LIBRARIES = ["x86_64", "aarch64"].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`,
);

/** A clock of our own for another process: for it an hour passes when a test says so. */
export type MovedClock = ReturnType<typeof movedClock>;

/**
 * Both the time of day and the time that timers wait by are moved, together. Who waits notices at its next chance: ask
 * the process something.
 *
 * @param startsAt milliseconds since 1970
 * @throws where libfaketime is not installed: these tests are never skipped
 */
export function movedClock(startsAt: number) {
  const library = LIBRARIES.find((file) => existsSync(file));
  if (library === undefined) {
    throw new Error("This test needs libfaketime: install it (apt-get install faketime).");
  }
  const folder = temporaryFolder();
  const file = join(folder, "offset");
  let offsetMs = 0;

  /** Renamed into place, so that the process never reads half of it. */
  function moveTo(time: number): void {
    offsetMs = time - Date.now();
    writeFileSync(`${file}.new`, `+${(offsetMs / 1000).toFixed(3)}\n`);
    renameSync(`${file}.new`, file);
  }

  moveTo(startsAt);
  const env: Environment = {
    LD_PRELOAD: library,
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
