import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FOLDER_VARIABLE, kept } from "./kept.ts";
import { leaksIn } from "./leaks.ts";

const MAX_SHOWN = 20;

/** Around the whole suite: whatever the test servers have logged holds no number, token, key, secret or password. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "yesline-logs-"));
  process.env[FOLDER_VARIABLE] = folder;
  return () => {
    const { log, secrets } = kept(folder);
    rmSync(folder, { recursive: true });
    const leaks = leaksIn(log, secrets);
    if (leaks.length === 0) return;
    process.exitCode = 1;
    const shown = leaks.slice(0, MAX_SHOWN).map(({ what, line }) => `  ${what}: ${line.slice(0, 500)}`);
    throw new Error(
      `Law 10 is broken: ${leaks.length} lines of the tests' logs hold what none may.\n${shown.join("\n")}`,
    );
  };
}
