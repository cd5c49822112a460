import { Command } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import { DatabaseUnusable, lockForServer } from "../ledger/sqlite/connection.ts";
import { resealAll } from "../ledger/resealing.ts";
import { withMemory } from "./with-ledger.ts";

/** `yesline secret …`: changing YESLINE_SECRET while the line goes on. */
export function secretCommand({ loadConfig, out }: CliParts): Command {
  const command = new Command("secret").description("change what numbers are encrypted with");
  command
    .command("rotate")
    .description(
      "seal everything anew with the first value of YESLINE_SECRET (NEW,OLD); a line that was started with both does it by itself",
    )
    .option("--json", "print JSON")
    .action(async ({ json = false }: { json?: boolean }) => {
      const config = loadConfig();
      const unlock = lockUnlessServed(config.databaseFile);
      try {
        const resealed = await withMemory(
          config,
          async ({ privacy }) => {
            const isNeeded = (await privacy.isResealing()) || (await privacy.hasClearSalts());
            if (config.olderSecrets.length === 0 && !isNeeded) throw new UsageError(ONE_VALUE);
            return resealAll(privacy);
          },
          unlock !== null,
        );
        if (json) out(`${JSON.stringify({ resealed, olderMayBeDropped: true })}\n`);
        else out(`${wordsOf(resealed ?? {})}\n${MAY_BE_DROPPED}\n`);
      } finally {
        unlock?.();
      }
    });
  return command;
}

const ONE_VALUE =
  "YESLINE_SECRET has one value, and everything is sealed with it. To change it, set NEW,OLD and restart the line.";
const MAY_BE_DROPPED =
  "Everything is sealed with the first value of YESLINE_SECRET: set that one alone at the next restart. Backups made until now need the older one.";

function wordsOf(resealed: Readonly<Record<string, number>>): string {
  return Object.entries(resealed)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ")
    .concat(" sealed anew");
}

/** Null where a line is running: it must know the new secret before anything is written with it. */
function lockUnlessServed(file: string): (() => void) | null {
  try {
    return lockForServer(file);
  } catch (error) {
    if (error instanceof DatabaseUnusable) return null;
    throw error;
  }
}
