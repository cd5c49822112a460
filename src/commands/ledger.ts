import { Command, Option } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import { ENTRY_KINDS, type EntryKind } from "../call/consent.ts";
import { recordOf } from "../ledger/record.ts";
import { withLedger } from "./with-ledger.ts";

/** `yesline ledger …`: the entries. */
export function ledgerCommand({ loadConfig, out, err, caughtUp }: CliParts): Command {
  const command = new Command("ledger").description("read the ledger");

  command
    .command("export")
    .description("write every entry, in commit order, as one record a line")
    .addOption(new Option("--format <format>").choices(["ndjson"]).default("ndjson"))
    .option("--business <id>", "only this business")
    .addOption(new Option("--kind <kind>", "only entries that say this").choices(ENTRY_KINDS))
    .option("--since <time>", "from this time on (ISO 8601)")
    .option("--until <time>", "before this time (ISO 8601)")
    .addOption(
      new Option("--simulated <which>", "only simulated, or only real entries").choices(["yes", "no"]),
    )
    .option("--json", "print JSON; the export always is")
    .action(async (options: ExportOptions) => {
      const config = loadConfig();
      const known = config.businesses.some((business) => business.id === options.business);
      if (options.business !== undefined && !known) {
        err(
          `No business of this configuration is called ${options.business}; entries of one that was, are kept.\n`,
        );
      }
      const filter = {
        businessId: options.business,
        kind: options.kind,
        since: time("--since", options.since),
        until: time("--until", options.until),
        simulated: options.simulated === undefined ? undefined : options.simulated === "yes",
      };
      await withLedger(config, async (ledger) => {
        for await (const view of ledger.entries(filter)) {
          const business = config.businesses.find((each) => each.id === view.entry.businessId);
          out(`${JSON.stringify(recordOf(view, business))}\n`);
          await caughtUp?.();
        }
      });
    });

  return command;
}

type ExportOptions = {
  readonly business?: string;
  readonly kind?: EntryKind;
  readonly since?: string;
  readonly until?: string;
  readonly simulated?: "yes" | "no";
};

/** A date (in UTC) or a time with its zone: what JavaScript guesses from less is not what was meant. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function time(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new UsageError(`${option} ${text} is not a time: use ISO 8601, such as 2026-11-22T09:00:00Z.`);
  return at;
}
