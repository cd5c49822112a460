import type { Logger } from "pino";
import type { Business } from "./call/business.ts";
import { keepErasureList } from "./erasure-file.ts";
import type { Privacy } from "./ledger/privacy.ts";
import { resealAll } from "./ledger/resealing.ts";
import { forgetExpired } from "./ledger/retention.ts";

/** What the line has promised to the people it knows, and keeps by itself while it serves. */
export type KeepingParts = {
  readonly privacy: Privacy;
  readonly businesses: readonly Business[];
  /** The file that has every erasure, outside the database. */
  readonly erasureList: string;
  readonly log: Logger;
  readonly now: () => number;
  /** Whoever watches is told how it went. */
  readonly observe?: (seen: KeepingSeen) => void;
};

export type KeepingSeen =
  | { readonly kind: "retention"; readonly at: number; readonly forgotten: number; readonly ok: boolean }
  | { readonly kind: "list"; readonly at: number; readonly ok: boolean };

/** The last of each, for metrics and for the console. */
export type KeepingStatus = {
  readonly retention: Extract<KeepingSeen, { kind: "retention" }> | null;
  readonly list: Extract<KeepingSeen, { kind: "list" }> | null;
};

/** Remembers what was seen last, as long as the line serves. */
export function keepingBook(): {
  readonly observe: (seen: KeepingSeen) => void;
  readonly status: () => KeepingStatus;
} {
  let status: KeepingStatus = { retention: null, list: null };
  return {
    observe(seen) {
      status = seen.kind === "list" ? { ...status, list: seen } : { ...status, retention: seen };
    },
    status: () => status,
  };
}

/** A day's round: whoever's retention has ended is forgotten. Never throws: a failure is logged. */
export async function forgetWhoHasExpired({
  privacy,
  businesses,
  log,
  now,
  observe,
}: KeepingParts): Promise<void> {
  let all = 0;
  let ok = true;
  for (const business of businesses) {
    try {
      const forgotten = await forgetExpired(privacy, business, now(), BY_ITSELF);
      all += forgotten;
      if (forgotten > 0) log.info({ business: business.id, forgotten }, "forgot whose retention has ended");
    } catch (error) {
      ok = false;
      log.error(
        { err: error },
        "people whose retention has ended cannot be forgotten; the next day tries again",
      );
    }
  }
  observe?.({ kind: "retention", at: now(), forgotten: all, ok });
}

/** A minute's round: old pages that an erasure may have left in the write-ahead log. Never throws. */
export async function clearTraces({ privacy, log, now }: KeepingParts): Promise<void> {
  try {
    await privacy.clearTraces(now());
  } catch (error) {
    log.error({ err: error }, "the write-ahead log still holds what was erased; the next minute tries again");
  }
}

/** The list of erasures follows the database; where that was put back, it is the other way round. Never throws. */
export async function listErasures({ privacy, erasureList, log, now, observe }: KeepingParts): Promise<void> {
  let ok = true;
  try {
    const again = await keepErasureList(privacy, erasureList, now());
    if (again !== null)
      log.warn(
        again,
        "this database is older than the list of erasures: who was erased since is erased again",
      );
  } catch (error) {
    ok = false;
    log.error(
      { err: error },
      "the list of erasures is not kept: a backup could bring people back; the next minute tries again",
    );
  }
  observe?.({ kind: "list", at: now(), ok });
}

/**
 * After a change of the secret everything is sealed anew; so are salts that stand in clear. Never throws: the next start
 * tries again.
 */
export async function finishSecretChange(
  { privacy, log }: KeepingParts,
  stopped: () => boolean,
): Promise<void> {
  try {
    const hasChanged = await privacy.isResealing();
    if (!hasChanged && !(await privacy.hasClearSalts())) return;
    log.info(
      hasChanged
        ? "YESLINE_SECRET has changed: what the older ones have sealed is sealed anew"
        : "salts of people stand in clear, as older versions kept them: they are sealed",
    );
    const resealed = await resealAll(privacy, stopped);
    if (resealed === null) return;
    log.info(
      resealed,
      hasChanged ? "sealed anew: the older values of YESLINE_SECRET may be dropped" : "sealed",
    );
  } catch (error) {
    log.error({ err: error }, "not everything is sealed anew: keep the older values of YESLINE_SECRET");
  }
}

/** Begins; a promise is kept after the other. @returns stops it, once what is under way has ended */
export function keepPromises(parts: KeepingParts): () => Promise<void> {
  let stopping = false;
  let round = listErasures(parts)
    .then(() => finishSecretChange(parts, () => stopping))
    .then(() => clearTraces(parts));
  let nextDayAt = parts.now() + FIRST_DAY_AFTER_MS;
  const timer = setInterval(() => {
    const isNewDay = parts.now() >= nextDayAt;
    if (isNewDay) nextDayAt = parts.now() + DAY_MS;
    round = round
      .then(() => (isNewDay && !stopping ? forgetWhoHasExpired(parts) : undefined))
      .then(() => listErasures(parts))
      .then(() => clearTraces(parts));
  }, MINUTE_MS);
  return () => {
    stopping = true;
    clearInterval(timer);
    // What was erased in the last minute.
    return round.then(() => listErasures(parts));
  };
}

const BY_ITSELF = { by: "retention", byName: "retention" };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Not while the line is starting. */
const FIRST_DAY_AFTER_MS = 5 * MINUTE_MS;
