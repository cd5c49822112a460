import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
