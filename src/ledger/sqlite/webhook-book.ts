import type { Database } from "better-sqlite3";
import type { AnsweredWebhook, CallEvent, WebhookRoute } from "../ledger.ts";
import type { Write } from "./group-commit.ts";

export type WebhookBookOptions = {
  /** Told how many webhooks are not kept, and why: the disk refused them, or too many waited for it. */
  readonly onDropped?: (webhooks: number, reason: Error) => void;
};

/** So many may wait while another process holds the disk's lock; what comes past it is not kept. */
const MAX_UNWRITTEN = 4_096;
/** So many share the commit of the next caller; fewer wait for more, because a commit writes whole pages. */
const WORTH_A_RIDE = 32;
/** A supervisor who opens a call finds what is older than this. */
const MAX_WAIT_MS = 250;
/** Of one call; more than the longest one has. */
const MAX_OF_A_CALL = 1_000;

/**
 * Keeps how each webhook was answered. Nobody waits for it: the rows gather in memory, and go to disk in a commit that
 * a caller needs anyway, or in one of their own when none comes within a quarter of a second.
 */
export function webhookBook(client: Database, write: Write, { onDropped }: WebhookBookOptions) {
  const add = client.prepare<AddedValues>(
    `INSERT INTO webhook
       (business_id, call_sid, route, step, attempt, at, milliseconds, http_status, repeated, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  let waiting: AnsweredWebhook[] = [];
  /** Those that wait here, and those that wait in the group commit. */
  let unwritten = 0;
  let timer: NodeJS.Timeout | undefined;

  function note(webhook: AnsweredWebhook): void {
    if (unwritten >= MAX_UNWRITTEN) {
      onDropped?.(1, new Error(`${MAX_UNWRITTEN} webhooks wait for the disk.`));
      return;
    }
    unwritten += 1;
    waiting.push(webhook);
    // It keeps no process alive: closing the ledger flushes.
    timer ??= setTimeout(flush, MAX_WAIT_MS).unref();
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const rows = waiting;
    waiting = [];
    write(() => rows.forEach(insert))
      .catch((error: unknown) => {
        onDropped?.(rows.length, error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        unwritten -= rows.length;
      });
  }

  function insert(row: AnsweredWebhook): void {
    const { businessId, callSid, route, step, attempt, at, milliseconds, httpStatus, repeated, outcome } =
      row;
    const tenths = Math.round(milliseconds * 10) / 10;
    add.run(businessId, callSid, route, step, attempt, at, tenths, httpStatus, repeated ? 1 : 0, outcome);
  }

  return {
    note,
    flush,
    /** Called with every write of a caller's: whoever waits goes along, once there are enough. */
    ride(): void {
      if (waiting.length >= WORTH_A_RIDE) flush();
    },
  };
}

/**
 * How a call's webhooks were answered, in the order of their answers. They lie by time, see the schema; so they are
 * looked for around what happened in the call, which on a line of a hundred webhooks a second takes some milliseconds.
 */
export function webhookReader(client: Database) {
  const find = client.prepare<
    [from: number, until: number, businessId: string, callSid: string],
    Omit<AnsweredWebhook, "repeated"> & { readonly repeated: 0 | 1 }
  >(
    `SELECT business_id AS businessId, call_sid AS callSid, route, step, attempt, at, milliseconds,
       http_status AS httpStatus, repeated, outcome
     FROM webhook INDEXED BY webhook_by_time
     WHERE at BETWEEN ? AND ? AND business_id = ? AND call_sid = ? ORDER BY seq LIMIT ${MAX_OF_A_CALL}`,
  );
  return ({ businessId, callSid, begunAt }: BegunCall, events: readonly CallEvent[]): AnsweredWebhook[] => {
    // The sweep comes hours later.
    const last = events.findLast(({ kind, step }) => !(kind === "status" && step === SWEPT));
    const [from, until] = [begunAt - BEFORE_MS, Math.max(begunAt, last?.at ?? 0) + AFTER_MS];
    return find
      .all(from, until, businessId, callSid)
      .map((row) => ({ ...row, repeated: row.repeated === 1 }));
  };
}

type BegunCall = { readonly businessId: string; readonly callSid: string; readonly begunAt: number };

/** A first webhook that failed came before the call began here; Twilio asks again at once, or a fallback. */
const BEFORE_MS = 60_000;
/** What failed after the last event, such as the word that the call is over, which the last prompt may hold up. */
const AFTER_MS = 5 * 60_000;

/** The event of a call that the sweep closed: no status of Twilio's, because none came. */
export const SWEPT = "swept";

type AddedValues = [
  businessId: string,
  callSid: string,
  route: WebhookRoute,
  step: string | null,
  attempt: number | null,
  at: number,
  milliseconds: number,
  httpStatus: number,
  repeated: 0 | 1,
  outcome: string,
];
