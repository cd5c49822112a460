import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { Option } from "commander";
import type { CliParts } from "./command.ts";
import type { Business } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import { keepErasureList } from "../erasure-file.ts";
import { certificateRecord, certificateText } from "../ledger/certificate.ts";
import { dossierOf } from "../ledger/dossier.ts";
import { dossierPage } from "../ledger/dossier-page.ts";
import { dossierJsonSchema } from "../ledger/dossier-schema.ts";
import type { ErasureOrder, Privacy } from "../ledger/privacy.ts";
import type { Memory } from "../ledger/sqlite/memory.ts";
import { withMemory } from "./with-ledger.ts";

/** How a command finds what it was told: the same for every `subscriber` command. */
export type Finding = {
  readonly businessOf: (config: ReturnType<CliParts["loadConfig"]>, id: string) => Business;
  readonly numberOf: (text: string) => E164;
};

/** `yesline subscriber erase` and `access`: what people may ask for about themselves. */
export function addPersonCommands(command: Command, parts: CliParts, finding: Finding): void {
  command
    .command("erase <number-or-id>")
    .description(
      "forget a number, or whoever has this id, for good: what it agreed to ends, its data goes, its entries stay in the log and are nobody's; prints a certificate",
    )
    .requiredOption("--business <id>", "whose subscriber")
    .option("--keep-suppression", "keep a keyed hash, so that the number is never written to or called again")
    .option("--json", "print the certificate as JSON")
    .action((text: string, options: EraseOptions) => erase(parts, finding, text, options));

  command
    .command("access <number>")
    .description("everything that is kept about a number, in clear, for whoever has it")
    .requiredOption("--business <id>", "whose subscriber")
    .addOption(
      new Option("--format <format>", "a page is for people").choices(["json", "html"]).default("json"),
    )
    .option("--json", "print JSON, whatever the format")
    .action((text: string, options: AccessOptions) => access(parts, finding, text, options));

  command
    .command("access-schema")
    .description("print the JSON Schema of what `access` gives")
    .option("--json", "print JSON; it always is")
    .action(() => parts.out(`${JSON.stringify(dossierJsonSchema(), null, 2)}\n`));
}

type EraseOptions = {
  readonly business: string;
  readonly keepSuppression?: boolean;
  readonly json?: boolean;
};
type AccessOptions = { readonly business: string; readonly format: "json" | "html"; readonly json?: boolean };

/** By which certificates and receipts know a person. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const CLI = { by: "cli", byName: "command line" } as const;

async function erase(
  { loadConfig, out, err }: CliParts,
  { businessOf, numberOf }: Finding,
  text: string,
  { business: id, keepSuppression = false, json = false }: EraseOptions,
): Promise<void> {
  const config = loadConfig();
  const business = businessOf(config, id);
  const who = ID.test(text) ? { subscriberId: text.toLowerCase() } : { number: numberOf(text) };
  const certificate = await withMemory(config, async (memory) => {
    const detail = keepSuppression ? "the number stays withdrawn" : "the number is forgotten altogether";
    await logged(memory, business, who, "erased", detail);
    const erased = await memory.privacy.erase({
      businessId: business.id,
      who,
      keepSuppression,
      ...CLI,
      at: Date.now(),
    });
    await listErasure(memory.privacy, config, err);
    return { ...erased, tracesGoneAt: await clearTraces(memory.privacy) };
  });
  if (certificate.tracesGoneAt === null) err(`${TRACES_LEFT}\n`);
  out(
    json
      ? `${JSON.stringify(certificateRecord(certificate, business))}\n`
      : certificateText(certificate, business),
  );
}

async function access(
  { loadConfig, out }: CliParts,
  { businessOf, numberOf }: Finding,
  text: string,
  { business: id, format, json = false }: AccessOptions,
): Promise<void> {
  const config = loadConfig();
  const business = businessOf(config, id);
  const number = numberOf(text);
  const dossier = await withMemory(config, async (memory) => {
    await logged(memory, business, { number }, "disclosed", "everything about one number");
    return dossierOf(memory, business, number, Date.now());
  });
  out(json || format === "json" ? `${JSON.stringify(dossier, null, 2)}\n` : await dossierPage(dossier));
}

/** Law 10: what is done to a person is on record before it is done. */
async function logged(
  { ledger, reading }: Memory,
  { id: businessId }: Business,
  who: ErasureOrder["who"],
  action: "erased" | "disclosed",
  detail: string,
): Promise<void> {
  const subject =
    "number" in who ? ((await ledger.subscriber(businessId, who.number))?.id ?? null) : who.subscriberId;
  const actor = { actor: CLI.by, actorName: CLI.byName };
  await reading.logAccess({ ...actor, action, businessId, subject, detail, at: Date.now() });
}

/** What was erased is in the list that a restored backup is held against. It is erased, whether or not that can be. */
export async function listErasure(
  privacy: Privacy,
  { erasureList }: Pick<Config, "erasureList">,
  err: CliParts["err"],
): Promise<void> {
  try {
    await keepErasureList(privacy, erasureList, Date.now());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    err(
      `Erased, but not in the list of erasures, so a restored backup would bring it back: ${reason}. Mend YESLINE_ERASURES; a line that serves writes the list anew within a minute.\n`,
    );
  }
}

/** A reader of the database needs some milliseconds; a backup some seconds. */
const MAX_TRIES = 20;
const BETWEEN_TRIES_MS = 250;

/** @returns when no old page was left; null where somebody was reading all the time */
export async function clearTraces({
  clearTraces: clear,
}: Pick<Privacy, "clearTraces">): Promise<number | null> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const at = Date.now();
    if (await clear(at)) return at;
    await sleep(BETWEEN_TRIES_MS);
  }
  return null;
}

export const TRACES_LEFT =
  "Erased. Old pages may be left in the write-ahead log, because another process is reading the database: a line that is running empties it within a minute of the reader's end; without one, end the reader and start the line once.";
