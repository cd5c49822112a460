import { randomUUID } from "node:crypto";
import { Command, Option } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import type { Business } from "../call/business.ts";
import { e164, holdsNumber, mask, type E164 } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import type { Withdrawal } from "../ledger/ledger.ts";
import {
  groundOf,
  standingOf,
  withdraw,
  worldMeant,
  WORLDS,
  worldWords,
  type World,
} from "../ledger/withdraw.ts";
import { addPersonCommands } from "./person.ts";
import { withLedger } from "./with-ledger.ts";

/** `yesline subscriber …`: one number. */
export function subscriberCommand(parts: CliParts): Command {
  const { loadConfig, out } = parts;
  const command = new Command("subscriber").description(
    "look at one number, withdraw its consent, forget it, or say what is kept of it",
  );

  command
    .command("show <number>")
    .description("where a number stands on each topic, and every entry about it")
    .requiredOption("--business <id>", "whose subscriber")
    .option("--json", "print JSON")
    .action(async (text: string, options: { business: string; json?: true }) => {
      const config = loadConfig();
      const business = businessOf(config, options.business);
      const number = numberOf(text);
      const found = await withLedger(config, (ledger) => ledger.subscriber(business.id, number));
      const shown = {
        number: mask(number),
        business: business.id,
        known: found !== null,
        consents: (found?.consents ?? []).map(({ at, ...consent }) => ({ ...consent, since: iso(at) })),
        entries: (found?.entries ?? []).map((entry) => ({
          id: entry.id,
          kind: entry.kind,
          topics: entry.topics,
          source: entry.source,
          simulated: entry.simulated,
          at: iso(entry.at),
        })),
      };
      out(options.json === true ? `${JSON.stringify(shown)}\n` : table(shown));
    });

  command
    .command("revoke <number>")
    .description("withdraw consent, at once and for good in the log")
    .requiredOption("--business <id>", "whose subscriber")
    .option("--topic <id...>", "only these topics (default: all of the business)")
    .option("--reason <text>", "why, for the record; it is erased with the person")
    .addOption(
      new Option(
        "--world <world>",
        "real: never write to this number; simulated: only what simulated calls left (default: real, in the demo what stands)",
      ).choices(WORLDS),
    )
    .option("--json", "print JSON")
    .action((text: string, options: RevokeOptions) => revoke(parts, text, options));

  addPersonCommands(command, parts, { businessOf, numberOf });
  return command;
}

type RevokeOptions = {
  readonly business: string;
  readonly topic?: readonly string[];
  readonly reason?: string;
  readonly world?: World;
  readonly json?: true;
};

/** Says what it will write, and why, before it does. */
async function revoke(
  { loadConfig, out, err }: CliParts,
  text: string,
  options: RevokeOptions,
): Promise<void> {
  const config = loadConfig();
  const business = businessOf(config, options.business);
  const number = numberOf(text);
  const topics = topicsOf(business, options.topic);
  if (holdsNumber(options.reason ?? "")) {
    throw new UsageError("--reason is shown to whoever reads the log: write it without a telephone number.");
  }
  const entries = await withLedger(config, async (ledger) => {
    const found = await ledger.subscriber(business.id, number);
    const standing = standingOf(found?.consents ?? [], topics);
    const demo = config.accounts.every((account) => account.simulated);
    const world = options.world ?? worldMeant(standing, demo);
    err(`${worldWords(world, standing)}\n`);
    const withdrawal: Withdrawal = {
      businessId: business.id,
      number,
      topics,
      source: "cli",
      sourceId: randomUUID(),
      reason: options.reason ?? null,
      ...groundOf(found?.entries ?? [], topics, world, business),
      at: Date.now(),
    };
    return withdraw(ledger, withdrawal, world);
  });
  const shown = entries.map(({ id, kind, topics: theirs, simulated }) => ({
    id,
    kind,
    topics: theirs,
    simulated,
  }));
  const lines = shown.map(
    (entry) =>
      `${entry.id} ${entry.kind} ${entry.topics.join(", ")}${entry.simulated ? " (simulated)" : ""}\n`,
  );
  out(
    options.json === true ? `${JSON.stringify({ number: mask(number), entries: shown })}\n` : lines.join(""),
  );
}

function table({
  number,
  business,
  consents,
  entries,
}: {
  number: string;
  business: string;
  consents: readonly { topic: string; state: string; simulated: boolean; since: string }[];
  entries: readonly { at: string; kind: string; topics: readonly string[]; simulated: boolean }[];
}): string {
  const lines = [
    `${number} at ${business}`,
    ...(entries.length === 0 ? ["  nothing is recorded of this number"] : []),
    ...consents.map(
      (each) => `  ${each.topic}: ${each.state} since ${each.since}${each.simulated ? " (simulated)" : ""}`,
    ),
    ...entries.map(
      (each) =>
        `  ${each.at}  ${each.kind}  ${each.topics.join(", ")}${each.simulated ? "  (simulated)" : ""}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function businessOf({ businesses }: Config, id: string): Business {
  const found = businesses.find((business) => business.id === id);
  if (found === undefined)
    throw new UsageError(
      `No business is called ${id}: use one of ${businesses.map((each) => each.id).join(", ")}.`,
    );
  return found;
}

function numberOf(text: string): E164 {
  const number = e164(text);
  if (number === null)
    // Not quoted: it may be somebody's number all the same, and standard error is often kept.
    throw new UsageError("The number is not in E.164: use the country code, such as +14155550123.");
  return number;
}

function topicsOf(business: Business, chosen: readonly string[] | undefined): readonly string[] {
  const all = business.topics.map((topic) => topic.id);
  const unknown = chosen?.find((topic) => !all.includes(topic));
  if (unknown !== undefined)
    throw new UsageError(`${business.id} has no topic ${unknown}: use ${all.join(", ")}.`);
  return chosen ?? all;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
