import { TooManyEndpoints, TooManyKeys } from "./integration.ts";
import { DatabaseUnusable, LedgerUnavailable, UnknownCall } from "./ledger.ts";

/** An error as plain data, on its way from one thread to another. */
export type CarriedError = {
  /** The name of its class, where a door looks at that; else "". */
  readonly kind: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** SQLite's or Node's, for the log. */
  readonly code: string | undefined;
  readonly cause: CarriedError | null;
};

/** What doors and commands tell apart. */
const KINDS: ReadonlyMap<string, new (message: string, options?: ErrorOptions) => Error> = new Map(
  [LedgerUnavailable, UnknownCall, DatabaseUnusable, TooManyKeys, TooManyEndpoints].map((kind) => [
    kind.name,
    kind,
  ]),
);
const MAX_CAUSES = 5;

export function carried(error: unknown, depth = 0): CarriedError {
  if (!(error instanceof Error))
    return { kind: "", message: String(error), stack: undefined, code: undefined, cause: null };
  return {
    kind: KINDS.has(error.constructor.name) ? error.constructor.name : "",
    message: error.message,
    stack: error.stack,
    code: "code" in error && typeof error.code === "string" ? error.code : undefined,
    cause: error.cause === undefined || depth >= MAX_CAUSES ? null : carried(error.cause, depth + 1),
  };
}

export function errorFrom({ kind, message, stack, code, cause }: CarriedError): Error {
  const options = cause === null ? {} : { cause: errorFrom(cause) };
  const error = new (KINDS.get(kind) ?? Error)(message, options);
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
