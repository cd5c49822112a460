import type { Logger } from "pino";
import type { Business } from "./call/business.ts";
import type { Privacy } from "./ledger/privacy.ts";
import { resealAll } from "./ledger/resealing.ts";
import { forgetExpired } from "./ledger/retention.ts";

/** What the line has promised to the people it knows, and keeps by itself while it serves. */
export type KeepingParts = {
  readonly privacy: Privacy;
  readonly businesses: readonly Business[];
  readonly log: Logger;
  readonly now: () => number;
};

/** A day's round: whoever's retention has ended is forgotten. Never throws: a failure is logged. */
export async function forgetWhoHasExpired({ privacy, businesses, log, now }: KeepingParts): Promise<void> {
  for (const business of businesses) {
    try {
      const forgotten = await forgetExpired(privacy, business, now(), BY_ITSELF);
      if (forgotten > 0) log.info({ business: business.id, forgotten }, "forgot whose retention has ended");
    } catch (error) {
      log.error(
        { err: error },
        "people whose retention has ended cannot be forgotten; the next day tries again",
      );
    }
  }
}

/** A minute's round: old pages that an erasure may have left in the write-ahead log. Never throws. */
export async function clearTraces({ privacy, log, now }: KeepingParts): Promise<void> {
  try {
    await privacy.clearTraces(now());
  } catch (error) {
    log.error({ err: error }, "the write-ahead log still holds what was erased; the next minute tries again");
  }
}

/** After a change of the secret: everything is sealed anew. Never throws: the next start tries again. */
export async function finishSecretChange(
  { privacy, log }: KeepingParts,
  stopped: () => boolean,
): Promise<void> {
  try {
    if (!privacy.isResealing()) return;
    log.info("YESLINE_SECRET has changed: what the older ones have sealed is sealed anew");
    const resealed = await resealAll(privacy, stopped);
    if (resealed !== null)
      log.info(resealed, "sealed anew: the older values of YESLINE_SECRET may be dropped");
  } catch (error) {
    log.error({ err: error }, "not everything is sealed anew: keep the older values of YESLINE_SECRET");
  }
}

/** Begins; a promise is kept after the other. @returns stops it, once what is under way has ended */
export function keepPromises(parts: KeepingParts): () => Promise<void> {
  let stopping = false;
  let round = finishSecretChange(parts, () => stopping).then(() => clearTraces(parts));
  let nextDayAt = parts.now() + FIRST_DAY_AFTER_MS;
  const timer = setInterval(() => {
    const isNewDay = parts.now() >= nextDayAt;
    if (isNewDay) nextDayAt = parts.now() + DAY_MS;
    round = round
      .then(() => (isNewDay && !stopping ? forgetWhoHasExpired(parts) : undefined))
      .then(() => clearTraces(parts));
  }, MINUTE_MS);
  return () => {
    stopping = true;
    clearInterval(timer);
    return round;
  };
}

const BY_ITSELF = { by: "retention", byName: "retention" };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Not while the line is starting. */
const FIRST_DAY_AFTER_MS = 5 * MINUTE_MS;
