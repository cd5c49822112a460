import { Command, Option } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import { ENTRY_KINDS, type EntryKind } from "../call/consent.ts";
import type { Business } from "../call/business.ts";
import { recordsCsv } from "../ledger/export-csv.ts";
import type { EntryView } from "../ledger/ledger.ts";
import type { ProofStore } from "../ledger/proof-store.ts";
import { recordOf } from "../ledger/record.ts";
import { exportLine } from "../proof/export-line.ts";
import { leafText } from "../proof/leaf.ts";
import { issueReceipt } from "../proof/receipt.ts";
import { receiptJsonLd } from "../proof/receipt-jsonld.ts";
import { receiptRecord } from "../proof/receipt-record.ts";
import { signersOf } from "../sealing.ts";
import { receiptCommand } from "./ledger-receipt.ts";
import { verifyCommand } from "./ledger-verify.ts";
import { withMemory } from "./with-ledger.ts";

/** `yesline ledger …`: the entries. */
export function ledgerCommand(parts: CliParts): Command {
  const { loadConfig, out, err, caughtUp } = parts;
  const command = new Command("ledger").description("read, verify and prove the ledger");

  command
    .command("export")
    .description("write every entry, in commit order, as one record a line")
    .addOption(new Option("--format <format>").choices(["ndjson", "csv", "jsonld"]).default("ndjson"))
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
      const isFiltered = Object.values(filter).some((value) => value !== undefined);
      if (isFiltered && options.format === "ndjson") err(NOT_THE_WHOLE_LOG);
      await withMemory(config, async ({ ledger, proof }) => {
        const views = ledger.entries(filter);
        const sources = { proof, businesses: config.businesses, signers: signersOf(config) };
        for await (const line of FORMATS[options.format](views, sources)) {
          out(line);
          await caughtUp?.();
        }
      });
    });

  verifyCommand(command, parts);
  receiptCommand(command, parts);

  return command;
}

const NOT_THE_WHOLE_LOG =
  "An export with filters cannot be verified as a whole: it shows what its entries say, and not what was left out. Export everything for that, or make receipts.\n";

/** Each entry as outsiders get it, a line each; as NDJSON with its leaf, so that all of it can be verified offline. */
const FORMATS = {
  ndjson: async function* (views: AsyncIterable<EntryView>, { proof, businesses }: ExportSources) {
    for await (const batch of inBatches(views)) {
      const placed = await proof.placed(batch.map(({ entry }) => entry));
      for (const [at, view] of batch.entries()) {
        const { row = null, index = null } = placed[at] ?? {};
        if (row === null) throw new Error(`Entry ${view.entry.id} has vanished while it was exported.`);
        yield exportLine(recordOf(view, businessOf(businesses, view.entry.businessId)), index, leafText(row));
      }
    }
  },
  jsonld: async function* (views: AsyncIterable<EntryView>, { proof, businesses, signers }: ExportSources) {
    for await (const view of views) {
      const business = businessOf(businesses, view.entry.businessId);
      const record = receiptRecord(recordOf(view, business), view, business);
      const receipt = await issueReceipt(record, view.entry, { proof, signers, now: Date.now() });
      yield `${JSON.stringify(receiptJsonLd(receipt))}\n`;
    }
  },
  csv: (views: AsyncIterable<EntryView>, { businesses }: ExportSources) =>
    recordsCsv(records(views, businesses)),
};

/** Entries whose leaves are looked up at once: some milliseconds of reading, a megabyte or two of lines. */
const BATCH = 500;

async function* inBatches(views: AsyncIterable<EntryView>): AsyncGenerator<readonly EntryView[]> {
  let batch: EntryView[] = [];
  for await (const view of views) {
    batch.push(view);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

type ExportSources = {
  readonly proof: ProofStore;
  readonly businesses: readonly Business[];
  readonly signers: ReturnType<typeof signersOf>;
};

async function* records(views: AsyncIterable<EntryView>, businesses: readonly Business[]) {
  for await (const view of views) yield recordOf(view, businessOf(businesses, view.entry.businessId));
}

function businessOf(businesses: readonly Business[], id: string): Business | undefined {
  return businesses.find((each) => each.id === id);
}

type ExportOptions = {
  readonly format: keyof typeof FORMATS;
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
