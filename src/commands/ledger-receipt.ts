import { writeFileSync } from "node:fs";
import { Option, type Command } from "commander";
import { NotSo, UsageError, type CliParts } from "./command.ts";
import type { Memory } from "../ledger/sqlite/memory.ts";
import { withMemory } from "./with-ledger.ts";
import type { Receipt } from "../proof/receipt.ts";
import { receiptJsonLd } from "../proof/receipt-jsonld.ts";
import { receiptPdf } from "../proof/receipt-pdf.ts";
import { receiptPage } from "../proof/receipt-page.ts";
import { receiptsWith } from "../receipts.ts";

const FORMATS = {
  json: (receipt: Receipt) => `${JSON.stringify(receipt, undefined, 2)}\n`,
  jsonld: (receipt: Receipt) => `${JSON.stringify(receiptJsonLd(receipt), undefined, 2)}\n`,
  html: (receipt: Receipt) => receiptPage(receipt).html,
};

type ReceiptOptions = {
  readonly format: keyof typeof FORMATS;
  readonly pdf?: string;
  readonly business?: string;
  readonly reveal?: boolean;
};

/** `yesline ledger receipt`: what an outsider is given of one entry. */
export function receiptCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  command
    .command("receipt <entry>")
    .description(
      "print an entry with its words, its place in the log and the signed checkpoint; as HTML, a page that verifies itself without a network",
    )
    .addOption(new Option("--format <format>").choices(["json", "jsonld", "html"]).default("json"))
    .option("--pdf <file>", "write it for people instead, as PDF, with the receipt itself attached")
    .option("--business <id>", "of this business, also of one that the configuration has no more")
    .option(
      "--reveal",
      "with the number, and the salt that shows that the entry is about it: for those who may know both; it is on record",
    )
    .option("--json", "print JSON; unless told otherwise, it always is")
    .action(async (entry: string, { format, pdf, business, reveal = false }: ReceiptOptions) => {
      const config = loadConfig();
      const ids = business === undefined ? config.businesses.map(({ id }) => id) : [business];
      const receipt = await withMemory(config, async (memory) => {
        const desk = receiptsWith(config, memory, Date.now);
        const id = entry.toLowerCase();
        if (!reveal) return desk(ids, id);
        await revealed(memory, ids, id);
        return desk(ids, id, (of, person) => memory.privacy.saltOf(of, person));
      });
      if (receipt === null) {
        err(`There is no entry ${entry} of ${business ?? "a business of this configuration"}.\n`);
        throw new NotSo();
      }
      if (receipt.proof === null)
        err("The entry has no place in the log yet: start the line, and ask again in a few seconds.\n");
      if (pdf === undefined) return out(FORMATS[format](receipt));
      const publicUrl = config.publicUrl ?? `http://${config.host}:${config.port}`;
      write(pdf, await receiptPdf(receipt, { publicUrl }));
      err(`${pdf} is written.\n`);
    });
}

/** Law 10: on record before it is shown. */
async function revealed({ entries, reading }: Memory, businessIds: readonly string[], id: string) {
  const found = await entries.get(businessIds, id);
  if (found === null) return;
  await reading.logAccess({
    actor: "cli",
    actorName: "command line",
    action: "revealed",
    businessId: found.entry.businessId,
    subject: id,
    detail: "a receipt with the number",
    at: Date.now(),
  });
}

/** @throws {UsageError} where the file cannot be written */
function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--pdf ${file} cannot be written: ${reason}`, { cause: error });
  }
}
