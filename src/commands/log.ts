import { Command } from "commander";
import { NotSo, type CliParts } from "./command.ts";
import { withMemory } from "./with-ledger.ts";
import { signersOf } from "../sealing.ts";

/** `yesline log …`: what an auditor needs to check the log without trusting anybody here. */
export function logCommand({ loadConfig, out, err }: CliParts): Command {
  const command = new Command("log").description("show the log's key and its newest signed checkpoint");

  command
    .command("key")
    .description("print the keys that sign the log, the present one first: give them to your auditors")
    .option("--json", "print JSON")
    .action(({ json }: { json?: true }) => {
      const keys = signersOf(loadConfig()).map(({ verifier: { name, id, text } }) => ({
        name,
        id,
        key: text,
      }));
      out(json === true ? `${JSON.stringify(keys)}\n` : keys.map(({ key }) => `${key}\n`).join(""));
    });

  command
    .command("checkpoint")
    .description("print the newest signed checkpoint: size and root of the log")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: true }) => {
      const newest = await withMemory(loadConfig(), ({ proof }) => proof.newestCheckpoint());
      if (newest === null) {
        err("Nothing is signed yet: start the line once (npm start).\n");
        throw new NotSo();
      }
      const { size, root, note, at } = newest;
      const shown = {
        size,
        root: Buffer.from(root).toString("base64"),
        at: new Date(at).toISOString(),
        note,
      };
      out(json === true ? `${JSON.stringify(shown)}\n` : note);
    });

  return command;
}
