import { Option, type Command } from "commander";
import { NotSo, type CliParts } from "./command.ts";
import { withMemory } from "./with-ledger.ts";
import type { Receipt } from "../proof/receipt.ts";
import { receiptJsonLd } from "../proof/receipt-jsonld.ts";
import { receiptPage } from "../proof/receipt-page.ts";
import { receiptsWith } from "../receipts.ts";

const FORMATS = {
  json: (receipt: Receipt) => `${JSON.stringify(receipt, undefined, 2)}\n`,
  jsonld: (receipt: Receipt) => `${JSON.stringify(receiptJsonLd(receipt), undefined, 2)}\n`,
  html: (receipt: Receipt) => receiptPage(receipt).html,
};

type ReceiptOptions = { readonly format: keyof typeof FORMATS; readonly business?: string };

/** `yesline ledger receipt`: what an outsider is given of one entry. */
export function receiptCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  command
    .command("receipt <entry>")
    .description(
      "print an entry with its words, its place in the log and the signed checkpoint; as HTML, a page that verifies itself without a network",
    )
    .addOption(new Option("--format <format>").choices(["json", "jsonld", "html"]).default("json"))
    .option("--business <id>", "of this business, also of one that the configuration has no more")
    .option("--json", "print JSON; unless told otherwise, it always is")
    .action(async (entry: string, { format, business }: ReceiptOptions) => {
      const config = loadConfig();
      const receipt = await withMemory(config, (memory) =>
        receiptsWith(
          config,
          memory,
          Date.now,
        )(business === undefined ? config.businesses.map(({ id }) => id) : [business], entry.toLowerCase()),
      );
      if (receipt === null) {
        err(`There is no entry ${entry} of ${business ?? "a business of this configuration"}.\n`);
        throw new NotSo();
      }
      if (receipt.proof === null)
        err("The entry has no place in the log yet: start the line, and ask again in a few seconds.\n");
      out(FORMATS[format](receipt));
    });
}
