import type { Config } from "../config.ts";

/** Where a line that has started can be reached. */
export type Address = {
  readonly url: string;
  readonly voiceUrl: string;
  readonly statusCallback: string;
  readonly whatsappUrl: string;
  /** The page of the API's reference. */
  readonly api: string;
  /** Null while the simulator is off. */
  readonly phone: string | null;
  readonly console: string;
  /** Whom nobody has told yet how to sign in: the e-mail address, and what to say of the password. */
  readonly firstOperator: { readonly email: string; readonly shown: string } | null;
};

/** What a command is given from outside: nothing in here reads the environment or writes to a stream. */
export type CliParts = {
  readonly loadConfig: () => Config;
  readonly serve: (config: Config, announce: (address: Address) => void) => Promise<void>;
  /** Data. */
  readonly out: (text: string) => void;
  /** Resolves when the reader of the data has caught up, so that a long export does not pile up in memory. */
  readonly caughtUp?: () => Promise<unknown>;
  /** Everything else. */
  readonly err: (text: string) => void;
};

/** What went wrong with a command that was given wrong; the message tells the fix. */
export class UsageError extends Error {}

/** The thing that was checked is not so. What is wrong has been printed. */
export class NotSo extends Error {}

/** Somebody pressed ctrl-C; what was done until then has been printed. */
export class Interrupted extends Error {}

/** The target cannot be reached. */
export class Unreachable extends Error {}

/** 0 done · 1 the thing checked is not so · 2 usage or invalid input · 3 not reachable · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** How long a command waits for the server's lock; the server's own transactions take milliseconds. */
export const COMMAND_LOCK_WAIT_MS = 5_000;
