import { randomUUIDv7 } from "node:crypto";
import { existsSync } from "node:fs";
import { COMMAND_LOCK_WAIT_MS, Unreachable } from "./command.ts";
import type { Config } from "../config.ts";
import { LedgerUnavailable, type WholeLedger } from "../ledger/ledger.ts";
import { numberVault } from "../ledger/numbers.ts";
import { assertNotNewer, checkSecret, errorCode, open } from "../ledger/sqlite/connection.ts";
import { sqliteMemory, type OwnMemory } from "../ledger/sqlite/memory.ts";

/**
 * The ledger, and all that stands beside it, for a command, beside a server that may be running: short transactions, some patience for its lock.
 *
 * @param isOnlyWriter the caller holds the server's lock
 * @throws {Unreachable} where there is no database yet, or one without our tables
 * @throws {DatabaseUnusable} where it was made with another secret, or by a newer program
 */
export function openMemory(config: Config, isOnlyWriter = false): OwnMemory {
  if (!existsSync(config.databaseFile)) {
    throw new Unreachable(
      `${config.databaseFile} does not exist: start the line once (npm start), or set DATABASE_URL.`,
    );
  }
  const connection = open(config.databaseFile, {
    busyTimeoutMs: COMMAND_LOCK_WAIT_MS,
    litestream: config.litestream,
  });
  const vault = numberVault(config.secret, config.olderSecrets);
  try {
    assertNotNewer(connection.client);
    checkSecret(connection, vault, isOnlyWriter);
    return sqliteMemory(connection, {
      vault,
      businesses: config.businesses,
      newId: randomUUIDv7,
      now: Date.now,
      monotonicMs: () => performance.now(),
      onCommit: () => undefined,
      // The write is refused as well, and that ends the command.
      onFatal: () => undefined,
    });
  } catch (error) {
    throw explained(error, config);
  }
}

/** @throws {Unreachable} as `openMemory` does */
export function openLedger(config: Config): WholeLedger {
  return openMemory(config).ledger;
}

/** Opens the memory, lets `act` use it, and closes it whatever happens. @throws {Unreachable} as `openMemory` does */
export async function withMemory<T>(
  config: Config,
  act: (memory: OwnMemory) => Promise<T>,
  isOnlyWriter = false,
): Promise<T> {
  const memory = openMemory(config, isOnlyWriter);
  try {
    return await act(memory);
  } catch (error) {
    throw explained(error, config);
  } finally {
    await memory.ledger.close();
  }
}

/** The same, for who needs only the ledger. */
export function withLedger<T>(config: Config, act: (ledger: WholeLedger) => Promise<T>): Promise<T> {
  return withMemory(config, ({ ledger }) => act(ledger));
}

/** What SQLite itself complains of, such as missing tables or damaged pages, as one line that names the file. */
function explained(error: unknown, { databaseFile }: Config): unknown {
  if (errorCode(error) === "" || error instanceof LedgerUnavailable || !(error instanceof Error))
    return error;
  const fix = /^no such (?:table|column|index)/.test(error.message) ? OLDER_SCHEMA : "";
  return new Unreachable(`${databaseFile}: ${error.message}${fix}`, { cause: error });
}

const OLDER_SCHEMA =
  ". Its schema is older than this program, or is none of ours: run `yesline migrate`, or start the line, first.";
