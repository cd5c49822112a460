import { randomUUIDv7 } from "node:crypto";
import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { COMMAND_LOCK_WAIT_MS, Unreachable, UsageError, type CliParts } from "./command.ts";
import type { Config } from "../config.ts";
import type { Identity, Operator } from "../console/identity/identity.ts";
import { isAddress } from "../console/identity/addresses.ts";
import { ROLES, type Role } from "../console/roles.ts";
import type { NewAccess, Reading } from "../ledger/reading.ts";
import { numberVault } from "../ledger/numbers.ts";
import { checkSecret, errorCode, open } from "../ledger/sqlite/connection.ts";
import { sqliteMemory } from "../ledger/sqlite/memory.ts";
import { operatorDatabase, operatorQueries } from "../ledger/sqlite/operators.ts";
import { operatorKey } from "../ledger/sqlite/sealed-keys.ts";

type Desk = { readonly identity: Identity; readonly reading: Reading };
type Shown = ReturnType<typeof shownOf> & { readonly password?: string };

/** `yesline operator …`: who may sign in to the console. */
export function operatorCommand({ loadConfig, out }: CliParts): Command {
  const command = new Command("operator").description("add, list, disable and reset the console's operators");
  const print = (json: true | undefined, shown: Shown) =>
    out(json === true ? `${JSON.stringify(shown)}\n` : line(shown));

  command
    .command("add <email>")
    .description("add an operator; the password is printed this once")
    .addOption(new Option("--role <role>", "what they may do").choices(ROLES).default("viewer"))
    .option("--json", "print JSON")
    .action(async (email: string, options: { role: Role; json?: true }) => {
      if (!isAddress(email)) throw new UsageError(`${email} is not an e-mail address.`);
      const made = await atDesk(loadConfig(), async ({ identity, reading }) => {
        const added = await identity.add(email, options.role);
        if (added !== null) await keep(reading, "operator-added", added.operator, options.role);
        return added;
      });
      if (made === null)
        throw new UsageError(`${email} is an operator already: yesline operator reset ${email}.`);
      print(options.json, { ...shownOf(made.operator), password: made.password });
    });

  command
    .command("list")
    .description("everybody who may sign in, or might have")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: true }) => {
      const operators = (await atDesk(loadConfig(), ({ identity }) => identity.list())).map(shownOf);
      out(json === true ? `${JSON.stringify(operators)}\n` : operators.map(line).join(""));
    });

  command
    .command("disable <email>")
    .description("end every session of an operator, and let no new one begin")
    .option("--json", "print JSON")
    .action(async (email: string, { json }: { json?: true }) => {
      const operator = await atDesk(loadConfig(), async ({ identity, reading }) => {
        const disabled = await identity.disable((await find(identity, email)).id, true);
        if (disabled !== null) await keep(reading, "operator-disabled", disabled, "disabled");
        return disabled;
      });
      if (operator !== null) print(json, shownOf(operator));
    });

  command
    .command("reset <email>")
    .description("give an operator a new password and no second factor; enable them again, if need be")
    .addOption(new Option("--role <role>", "another role as well").choices(ROLES))
    .option("--json", "print JSON")
    .action(async (email: string, { role, json }: { role?: Role; json?: true }) => {
      const made = await atDesk(loadConfig(), async ({ identity, reading }) => {
        const { id } = await find(identity, email);
        if (role !== undefined) await identity.changeRole(id, role);
        await identity.disable(id, false);
        const reset = await identity.reset(id);
        if (reset !== null) await keep(reading, "operator-changed", reset.operator, "new password");
        return reset;
      });
      if (made !== null) print(json, { ...shownOf(made.operator), password: made.password });
    });

  return command;
}

/**
 * Beside a server that may be running: short transactions, some patience for its lock.
 *
 * @throws {Unreachable} where there is no database yet, or it answers with an error of its own
 */
async function atDesk<T>(config: Config, act: (desk: Desk) => Promise<T>): Promise<T> {
  const { databaseFile } = config;
  if (!existsSync(databaseFile)) {
    throw new Unreachable(
      `${databaseFile} does not exist: start the line once (npm start), or set DATABASE_URL.`,
    );
  }
  const connection = open(databaseFile, { busyTimeoutMs: COMMAND_LOCK_WAIT_MS });
  const vault = numberVault(config.secret, config.olderSecrets);
  const { ledger, reading } = sqliteMemory(connection, {
    vault,
    newId: randomUUIDv7,
    now: Date.now,
    monotonicMs: () => performance.now(),
    onCommit: () => undefined,
    onFatal: () => undefined,
  });
  try {
    checkSecret(connection, vault);
    const { openIdentity } = await import("../console/identity/operators.ts");
    const identity = await openIdentity({
      publicUrl: config.publicUrl ?? "http://127.0.0.1",
      secret: operatorKey(connection, config),
      singleSignOn: null,
      database: await operatorDatabase(operatorQueries(connection)),
      onProblem: () => undefined,
    });
    return await act({ identity, reading });
  } catch (error) {
    if (errorCode(error) === "") throw error;
    throw new Unreachable(`${databaseFile}: ${(error as Error).message}`, { cause: error });
  } finally {
    await ledger.close();
  }
}

async function find(identity: Identity, email: string): Promise<Operator> {
  const found = (await identity.list()).find((operator) => operator.email === email.trim().toLowerCase());
  if (found === undefined) throw new UsageError(`${email} is no operator: yesline operator list.`);
  return found;
}

/** What is done here is in the access log as well. */
function keep(
  reading: Reading,
  action: NewAccess["action"],
  { id, email }: Operator,
  detail: string,
): Promise<void> {
  return reading.logAccess({
    actor: "cli",
    actorName: "command line",
    action,
    businessId: null,
    subject: id,
    detail: `${email}: ${detail}`,
    at: Date.now(),
  });
}

function shownOf({ id, email, role, disabled, twoFactor, createdAt }: Operator) {
  return { id, email, role, disabled, twoFactor, since: new Date(createdAt).toISOString() };
}

function line({ email, role, disabled, twoFactor, password }: Shown): string {
  const notes = [disabled ? "disabled" : "", twoFactor ? "second factor" : ""].filter((note) => note !== "");
  const lines = [`${email}  ${role}${notes.length === 0 ? "" : `  (${notes.join(", ")})`}`];
  return `${[...lines, ...(password === undefined ? [] : [`  password ${password}`])].join("\n")}\n`;
}
