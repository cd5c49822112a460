import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { Unreachable, UsageError, type CliParts } from "./command.ts";
import { contentsOf, copyWhole, discard, publish } from "../ledger/sqlite/backup.ts";

/** `yesline backup FILE`: the database as it is now, beside a line that serves. */
export function backupCommand({ loadConfig, out }: CliParts): Command {
  return new Command("backup")
    .description(
      "write the whole database into one file, beside a line that serves; the secret is not in it, so keep that elsewhere",
    )
    .argument("<file>", "a new file")
    .option("--json", "print JSON")
    .action(async (name: string, { json }: { json?: true }) => {
      const { databaseFile } = loadConfig();
      const file = resolve(name);
      if (!existsSync(databaseFile))
        throw new Unreachable(
          `${databaseFile} does not exist: there is nothing to back up. Set DATABASE_URL.`,
        );
      if (existsSync(file))
        throw new UsageError(`${file} is there already: give the backup a name of its own.`);
      if (!existsSync(dirname(file)))
        throw new UsageError(`${dirname(file)} does not exist: make the folder first.`);
      const draft = `${file}.${process.pid}.partial`;
      try {
        await copyWhole(databaseFile, draft, "quick");
        const contents = contentsOf(draft);
        publish(draft, file);
        out(json === true ? `${JSON.stringify({ file, ...contents })}\n` : summary(file, contents));
      } finally {
        discard(draft);
      }
    });
}

function summary(file: string, { bytes, entries, size }: ReturnType<typeof contentsOf>): string {
  const waiting = entries > size ? `, ${entries - size} more wait for their place in it` : "";
  return `${file}: ${entries} entries, ${size} in the log${waiting}; ${bytes} bytes.\n`;
}
