import { randomBytes, randomUUIDv7 } from "node:crypto";
import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError, type CliParts } from "./command.ts";
import { holdsNumber } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import { SCOPES, TooManyKeys, USUAL_SCOPES, type ApiKey, type Scope } from "../ledger/integration.ts";
import { KEY_BYTES, keyText } from "../ledger/key-text.ts";
import type { NewAccess, Reading } from "../ledger/reading.ts";
import { withMemory } from "./with-ledger.ts";

/** `yesline key …`: what other systems show to say who they are. */
export function keyCommand(parts: CliParts): Command {
  const { loadConfig, out } = parts;
  const command = new Command("key").description("add, list and revoke the keys of other systems");

  command
    .command("add")
    .description("make a key; it is printed this once, and kept nowhere")
    .requiredOption("--name <name>", "whose key it is", name)
    .addOption(
      new Option(
        "--scope <scope...>",
        "what may be done with it (default: everything but numbers:read)",
      ).choices(SCOPES),
    )
    .option("--business <id...>", "whose data it opens (default: every business's)")
    .option("--expires <duration>", "such as 12h, 90d or 1y from now (default: never)", duration)
    .option("--json", "print JSON")
    .action((options: AddOptions) => add(parts, options));

  command
    .command("list")
    .description("every key, those that stand first; never a key itself")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: true }) => {
      const keys = await withMemory(loadConfig(), (memory) => memory.keys.list());
      out(json === true ? `${JSON.stringify(keys.map(shownOf))}\n` : keys.map(line).join(""));
    });

  command
    .command("revoke <key>")
    .description(
      "take a key's rights away, within a second; by its id, its prefix, or a name that only one has",
    )
    .option("--json", "print JSON")
    .action((which: string, { json }: { json?: true }) => revoke(parts, which, json === true));

  return command;
}

type AddOptions = {
  readonly name: string;
  readonly scope?: readonly Scope[];
  readonly business?: readonly string[];
  /** Milliseconds. */
  readonly expires?: number;
  readonly json?: true;
};

async function add({ loadConfig, out, err }: CliParts, options: AddOptions): Promise<void> {
  const config = loadConfig();
  const now = Date.now();
  const { key, prefix, digest } = keyText(randomBytes(KEY_BYTES));
  const made: ApiKey = {
    id: randomUUIDv7(),
    name: options.name,
    prefix,
    scopes: SCOPES.filter((scope) => (options.scope ?? USUAL_SCOPES).includes(scope)),
    businesses: options.business === undefined ? null : known(config, options.business),
    createdAt: now,
    createdBy: "cli",
    expiresAt: options.expires === undefined ? null : now + options.expires,
    revokedAt: null,
    lastUsedAt: null,
  };
  await withMemory(config, async ({ keys, reading }) => {
    await keys.add(made, digest);
    await logKey(reading, "key-added", made, now);
  }).catch((error: unknown) => {
    throw error instanceof TooManyKeys ? new UsageError(error.message, { cause: error }) : error;
  });
  if (options.json === true) {
    out(`${JSON.stringify({ key, ...shownOf(made) })}\n`);
    return;
  }
  out(`${key}\n`);
  err(`${line(made)}  Keep it now: it is shown this once.\n`);
}

async function revoke({ loadConfig, out }: CliParts, which: string, json: boolean): Promise<void> {
  const now = Date.now();
  const revoked = await withMemory(loadConfig(), async ({ keys, reading }) => {
    const meant = meantBy(which, await keys.list());
    if (!(await keys.revoke(meant.id, now))) {
      throw new UsageError(`${which} was revoked by somebody else just now.`);
    }
    await logKey(reading, "key-revoked", meant, now);
    return { ...meant, revokedAt: now };
  });
  out(json ? `${JSON.stringify(shownOf(revoked))}\n` : line(revoked));
}

/** The key that stands and is meant. @throws {UsageError} where none is, or more than one */
function meantBy(which: string, keys: readonly ApiKey[]): ApiKey {
  const standing = keys.filter(({ revokedAt }) => revokedAt === null);
  const exact = standing.find(({ id }) => id === which) ?? standing.find(({ prefix }) => prefix === which);
  if (exact !== undefined) return exact;
  const [first, ...others] = standing.filter(({ name: theirs }) => theirs === which);
  if (first === undefined) throw new UsageError(`No key that stands is ${which}: yesline key list.`);
  if (others.length > 0) {
    const ids = [first, ...others].map(({ id }) => id).join(", ");
    throw new UsageError(`${which} is the name of several keys: revoke one by its id, ${ids}.`);
  }
  return first;
}

/** What is done with a key is in the access log as well. */
export function logKey(
  reading: Pick<Reading, "logAccess">,
  action: NewAccess["action"],
  { id, name: theirs, prefix, scopes, businesses }: ApiKey,
  at: number,
): Promise<void> {
  const opens = `${scopes.join(" ")}; ${businesses?.join(" ") ?? "every business"}`;
  return reading.logAccess({
    actor: "cli",
    actorName: "command line",
    action,
    businessId: null,
    subject: id,
    detail: `${theirs} (${prefix}): ${opens}`,
    at,
  });
}

const MAX_NAME = 100;

function name(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > MAX_NAME || /\p{Cc}/u.test(trimmed))
    throw new InvalidArgumentError(`It takes a name of 1 to ${MAX_NAME} characters.`);
  // It stays in the access log for ever.
  if (holdsNumber(trimmed)) throw new InvalidArgumentError("Name it without a telephone number.");
  return trimmed;
}

const UNITS_MS = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, y: 365 * 86_400_000 } as const;
const MAX_LIFE_MS = 10 * UNITS_MS.y;

/** @returns milliseconds */
function duration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hdwy])$/.exec(text) ?? [];
  const lasts = Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (!(lasts <= MAX_LIFE_MS))
    throw new InvalidArgumentError("It takes a number and h, d, w or y, such as 90d; at most 10y.");
  return lasts;
}

function known({ businesses }: Config, chosen: readonly string[]): readonly string[] {
  const all = businesses.map(({ id }) => id);
  const unknown = chosen.find((id) => !all.includes(id));
  if (unknown !== undefined)
    throw new UsageError(`No business is called ${unknown}: use one of ${all.join(", ")}.`);
  return all.filter((id) => chosen.includes(id));
}

function shownOf({ createdAt, expiresAt, revokedAt, lastUsedAt, ...key }: ApiKey) {
  return {
    ...key,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
    lastUsedAt: iso(lastUsedAt),
  };
}

function line({ id, prefix, name: theirs, scopes, businesses, ...times }: ApiKey): string {
  const { expiresAt, revokedAt, lastUsedAt } = times;
  const notes = [
    scopes.length === SCOPES.length ? "everything, numbers in clear too" : scopes.join(" "),
    businesses === null ? "every business" : businesses.join(" "),
    expiresAt === null ? "never expires" : `expires ${iso(expiresAt)}`,
    lastUsedAt === null ? "never used" : `last used ${iso(lastUsedAt)}`,
    ...(revokedAt === null ? [] : [`revoked ${iso(revokedAt)}`]),
  ];
  return `${id}  ${prefix}…  ${theirs}\n  ${notes.join("; ")}\n`;
}

function iso<T extends number | null>(at: T): T extends null ? null : string;
function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
