import { Command } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import { clearTraces, listErasure, TRACES_LEFT } from "./person.ts";
import type { Business } from "../call/business.ts";
import type { ExpiredPage } from "../ledger/privacy.ts";
import { expiredPeople, forgetExpired, MAX_FORGOTTEN } from "../ledger/retention.ts";
import type { Memory } from "../ledger/sqlite/memory.ts";
import { withMemory } from "./with-ledger.ts";

/** `yesline retention …`: forgetting whom nobody needs to remember. */
export function retentionCommand(parts: CliParts): Command {
  const command = new Command("retention").description(
    "forget people with no consent that stands, once their retention has ended",
  );
  command
    .command("run")
    .description(
      `say who has reached the end of the retention, then forget them; a line that is running does it once a day. At most ${MAX_FORGOTTEN} of a business in one run`,
    )
    .option("--dry-run", "only say who it would be")
    .option("--business <id>", "only this business")
    .option("--json", "print JSON")
    .action((options: RunOptions) => run(parts, options));
  return command;
}

type RunOptions = { readonly dryRun?: boolean; readonly business?: string; readonly json?: boolean };

async function run(
  { loadConfig, out, err }: CliParts,
  { dryRun = false, business: only, json = false }: RunOptions,
): Promise<void> {
  const config = loadConfig();
  const businesses = config.businesses.filter(({ id }) => only === undefined || id === only);
  if (businesses.length === 0) {
    const ids = config.businesses.map(({ id }) => id).join(", ");
    throw new UsageError(`No business is called ${only}: use one of ${ids}.`);
  }
  await withMemory(config, async (memory) => {
    const now = Date.now();
    const plans: Plan[] = [];
    for (const business of businesses) {
      const plan = await planOf(memory, business, now);
      plans.push(plan);
      if (!json) out(planText(plan));
    }
    const forgotten = dryRun ? [] : await forgetAll(memory, plans, now);
    if (!dryRun) await listErasure(memory.privacy, config, err);
    const gone = dryRun || (await clearTraces(memory.privacy)) !== null;
    if (!gone) err(`${TRACES_LEFT}\n`);
    if (json)
      out(`${JSON.stringify({ dryRun, businesses: plans.map((plan, at) => shown(plan, forgotten[at])) })}\n`);
    else if (!dryRun) out(`${forgotten.reduce((sum, count) => sum + count, 0)} forgotten\n`);
  });
}

type Plan = { readonly business: Business; readonly people: ExpiredPage["people"] };

async function planOf({ privacy }: Memory, business: Business, now: number): Promise<Plan> {
  const people: ExpiredPage["people"][number][] = [];
  for await (const person of expiredPeople(privacy, business, now)) people.push(person);
  return { business, people };
}

/** @returns how many, in the order of the plans */
async function forgetAll(memory: Memory, plans: readonly Plan[], now: number): Promise<number[]> {
  const counts: number[] = [];
  for (const { business, people } of plans) {
    if (people.length === 0) {
      counts.push(0);
      continue;
    }
    await memory.reading.logAccess({
      actor: "cli",
      actorName: "command line",
      action: "erased",
      businessId: business.id,
      subject: null,
      detail: `retention ${business.retention} has ended for ${people.length}`,
      at: now,
    });
    counts.push(await forgetExpired(memory.privacy, business, now, { by: "cli", byName: "command line" }));
  }
  return counts;
}

/** Of many, the first ones are named; JSON has them all. */
const MAX_NAMED = 50;

function planText({ business: { id, retention }, people }: Plan): string {
  const named = people
    .slice(0, MAX_NAMED)
    .map(({ subscriberId, noUseAfter }) => `  ${subscriberId}  no use after ${iso(noUseAfter)}\n`);
  const more = people.length > MAX_NAMED ? `  and ${people.length - MAX_NAMED} more\n` : "";
  return `${id}: ${people.length} past the retention of ${retention}\n${named.join("")}${more}`;
}

function shown({ business: { id, retention }, people }: Plan, forgotten = 0) {
  return {
    business: id,
    retention,
    people: people.map(({ subscriberId, noUseAfter }) => ({
      subscriber: subscriberId,
      noUseAfter: iso(noUseAfter),
    })),
    forgotten,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
