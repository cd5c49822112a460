import { randomUUIDv7 } from "node:crypto";
import { existsSync } from "node:fs";
import { COMMAND_LOCK_WAIT_MS, Unreachable } from "./command.ts";
import type { Config } from "../config.ts";
import { LedgerUnavailable, type Ledger } from "../ledger/ledger.ts";
import { numberVault } from "../ledger/numbers.ts";
import { errorCode, open } from "../ledger/sqlite/connection.ts";
import { sqliteLedger } from "../ledger/sqlite/sqlite-ledger.ts";

/**
 * The ledger for a command, beside a server that may be running: short transactions, some patience for its lock.
 *
 * @throws {Unreachable} where there is no database yet
 */
export function openLedger(config: Config): Ledger {
  if (!existsSync(config.databaseFile)) {
    throw new Unreachable(
      `${config.databaseFile} does not exist: start the line once (npm start), or set DATABASE_URL.`,
    );
  }
  return sqliteLedger(open(config.databaseFile, { busyTimeoutMs: COMMAND_LOCK_WAIT_MS }), {
    vault: numberVault(config.secret),
    newId: randomUUIDv7,
    now: Date.now,
    monotonicMs: () => performance.now(),
    onCommit: () => undefined,
    // The write is refused as well, and that ends the command.
    onFatal: () => undefined,
  });
}

/**
 * Opens the ledger, lets `act` use it, and closes it whatever happens.
 *
 * @throws {Unreachable} also where the database answers with an error of its own
 */
export async function withLedger<T>(config: Config, act: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = openLedger(config);
  try {
    return await act(ledger);
  } catch (error) {
    if (errorCode(error) === "" || error instanceof LedgerUnavailable) throw error;
    throw new Unreachable(`${config.databaseFile}: ${(error as Error).message}`, { cause: error });
  } finally {
    await ledger.close();
  }
}
