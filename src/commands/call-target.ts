import type { Command } from "commander";
import type { Config } from "../config.ts";
import type { Target } from "../simulator/index.ts";
import { UsageError } from "./command.ts";

/** Where the calls go, and who signs them. */
export type TargetOptions = { readonly url?: string; readonly token?: string; readonly account?: string };

export function withTargetOptions(command: Command): Command {
  return command
    .option("--url <url>", "the service to call (default: the line of this configuration)")
    .option("--account <sid>", "the account that signs (default: the simulator's)")
    .option("--token <token>", "its auth token");
}

/** @throws {UsageError} where it is not clear who signs */
export function targetOf(options: TargetOptions, config: Config): Target {
  const url = options.url ?? config.publicUrl ?? `http://${config.host}:${config.port}`;
  if (!URL.canParse(url)) {
    throw new UsageError(`--url ${url} is not a URL: use one such as http://127.0.0.1:3000.`);
  }
  const accountSid = options.account ?? config.simulator?.accountSid;
  const authToken = options.token ?? config.simulator?.authToken;
  if (accountSid === undefined || authToken === undefined) {
    throw new UsageError(
      "The simulator is off here: say who signs, with --account and --token, or set YESLINE_SIMULATOR=on.",
    );
  }
  return { url, accountSid, authToken };
}
