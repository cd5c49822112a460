import { randomUUIDv7 } from "node:crypto";
import { existsSync } from "node:fs";
import { COMMAND_LOCK_WAIT_MS, Unreachable } from "./command.ts";
import type { Config } from "../config.ts";
import { LedgerUnavailable, type Ledger } from "../ledger/ledger.ts";
import { numberVault } from "../ledger/numbers.ts";
import { checkSecret, errorCode, open } from "../ledger/sqlite/connection.ts";
import { sqliteLedger } from "../ledger/sqlite/sqlite-ledger.ts";

/**
 * The ledger for a command, beside a server that may be running: short transactions, some patience for its lock.
 *
 * @throws {Unreachable} where there is no database yet, or one without our tables
 * @throws {DatabaseUnusable} where it was made with another secret
 */
export function openLedger(config: Config): Ledger {
  if (!existsSync(config.databaseFile)) {
    throw new Unreachable(
      `${config.databaseFile} does not exist: start the line once (npm start), or set DATABASE_URL.`,
    );
  }
  const connection = open(config.databaseFile, { busyTimeoutMs: COMMAND_LOCK_WAIT_MS });
  const vault = numberVault(config.secret);
  try {
    checkSecret(connection, vault);
    return sqliteLedger(connection, {
      vault,
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

/** Opens the ledger, lets `act` use it, and closes it whatever happens. @throws {Unreachable} as `openLedger` does */
export async function withLedger<T>(config: Config, act: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = openLedger(config);
  try {
    return await act(ledger);
  } catch (error) {
    throw explained(error, config);
  } finally {
    await ledger.close();
  }
}

/** What SQLite itself complains of, such as missing tables or damaged pages, as one line that names the file. */
function explained(error: unknown, { databaseFile }: Config): unknown {
  if (errorCode(error) === "" || error instanceof LedgerUnavailable || !(error instanceof Error))
    return error;
  return new Unreachable(`${databaseFile}: ${error.message}`, { cause: error });
}
