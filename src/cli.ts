import { Command, CommanderError } from "commander";
import {
  COMMAND_LOCK_WAIT_MS,
  Interrupted,
  NotSo,
  Unreachable,
  UsageError,
  type Address,
  type CliParts,
  type ExitCode,
} from "./commands/command.ts";
import { backupCommand } from "./commands/backup.ts";
import { mask } from "./call/phone-number.ts";
import { callCommand } from "./commands/call.ts";
import { keyCommand } from "./commands/key.ts";
import { ledgerCommand } from "./commands/ledger.ts";
import { logCommand } from "./commands/log.ts";
import { operatorCommand } from "./commands/operator.ts";
import { restoreCommand } from "./commands/restore.ts";
import { retentionCommand } from "./commands/retention.ts";
import { scriptCommand } from "./commands/script.ts";
import { secretCommand } from "./commands/secret.ts";
import { subscriberCommand } from "./commands/subscriber.ts";
import { ConfigError, type Config } from "./config.ts";
import { LedgerUnavailable } from "./ledger/ledger.ts";
import { BackupUnusable } from "./ledger/sqlite/backup.ts";
import {
  DatabaseUnusable,
  lockForServer,
  migrate,
  open,
  START_LOCK_WAIT_MS,
} from "./ledger/sqlite/connection.ts";
import { ScriptError } from "./script/approval.ts";

/** The `yesline` command. Data goes to `out`, everything else to `err`. */
export async function yesline(args: readonly string[], parts: CliParts): Promise<ExitCode> {
  const program = new Command("yesline")
    .description(
      "A phone line that asks callers for permission to write to them on WhatsApp, and can prove every yes.",
    )
    .configureOutput({ writeOut: parts.out, writeErr: parts.err })
    .exitOverride();

  program
    .command("serve")
    .description("serve the line until SIGTERM")
    .option("--json", "print where it can be reached as JSON")
    .action(({ json }: { json?: true }) => {
      const config = parts.loadConfig();
      return parts.serve(config, (address) => {
        parts.out(json === true ? `${JSON.stringify(address)}\n` : announcement(address, config));
      });
    });

  program
    .command("migrate")
    .description("bring the database's schema up to date")
    .option("--json", "print JSON")
    .action(({ json }: { json?: true }) => {
      const { databaseFile } = parts.loadConfig();
      const unlock = lockForServer(databaseFile, START_LOCK_WAIT_MS);
      const connection = open(databaseFile, { busyTimeoutMs: COMMAND_LOCK_WAIT_MS });
      migrate(connection);
      connection.client.close();
      unlock();
      parts.out(
        json === true
          ? `${JSON.stringify({ database: databaseFile, migrated: true })}\n`
          : `${databaseFile} is up to date\n`,
      );
    });

  program.addCommand(scriptCommand(parts));
  program.addCommand(callCommand(parts));
  program.addCommand(ledgerCommand(parts));
  program.addCommand(logCommand(parts));
  program.addCommand(subscriberCommand(parts));
  program.addCommand(operatorCommand(parts));
  program.addCommand(keyCommand(parts));
  program.addCommand(retentionCommand(parts));
  program.addCommand(secretCommand(parts));
  program.addCommand(backupCommand(parts));
  program.addCommand(restoreCommand(parts));
  inherit(program, parts);

  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeOf(error, parts.err);
  }
}

function announcement(address: Address, { businesses }: Config): string {
  const { url, voiceUrl, statusCallback, whatsappUrl, api, phone, console: supervisors } = address;
  const { firstOperator } = address;
  const lines = [
    `Yesline answers at ${url}`,
    `  voice URL        ${voiceUrl}`,
    `  status callback  ${statusCallback}`,
    `  WhatsApp URL     ${whatsappUrl}`,
    `  console          ${supervisors}`,
    ...(firstOperator === null ? [] : [`  first operator   ${firstOperator.email}, ${firstOperator.shown}`]),
    `  API reference    ${api}`,
    ...(phone === null ? [] : [`  phone            ${phone}`]),
    ...businesses.map((business) => `  ${business.name}: ${business.lines.join(", ")}`),
  ];
  return `${lines.join("\n")}\n`;
}

function exitCodeOf(error: unknown, err: (text: string) => void): ExitCode {
  // Commander has printed its own message; --help ends here too, with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof NotSo) return 1;
  if (error instanceof Interrupted) return 130;
  const message = error instanceof Error ? error.message : String(error);
  err(`${message}\n`);
  if (error instanceof ConfigError || error instanceof ScriptError || error instanceof UsageError) return 2;
  if (error instanceof BackupUnusable) return 2;
  if (error instanceof Unreachable || error instanceof LedgerUnavailable || error instanceof DatabaseUnusable)
    return 3;
  throw error;
}

/** Commander quotes what is wrong as it was typed; standard error is often somebody's log. */
function masked(text: string): string {
  return text.replaceAll(/\+\d{7,15}/g, mask);
}

function inherit(command: Command, { out, err }: CliParts): void {
  for (const child of command.commands) {
    child
      .exitOverride()
      .configureOutput({ writeOut: out, writeErr: (text) => err(masked(text)) })
      .showHelpAfterError("(--help shows what it takes)");
    inherit(child, { out, err } as CliParts);
  }
}
