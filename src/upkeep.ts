import type { Logger } from "pino";
import type { Business } from "./call/business.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Messages } from "./ledger/messages.ts";

/** What time alone brings about: calls that never said goodbye, questions that nobody answered. */
export type UpkeepParts = {
  readonly ledger: Pick<Ledger, "closeAbandoned">;
  readonly messages: Pick<Messages, "expirePending">;
  readonly businesses: readonly Business[];
  readonly log: Logger;
  readonly now: () => number;
};

/** One round of it; what a round leaves undone, the next one takes up. Never throws: a failure is logged. */
export async function keepUp({ ledger, messages, businesses, log, now }: UpkeepParts): Promise<void> {
  const at = now();
  const closed = await repeat(log, "the sweep of calls", () =>
    ledger.closeAbandoned(at - LONGEST_CALL_MS, at),
  );
  if (closed > 0) log.info({ closed }, "closed calls that never reported their end");
  for (const { id, verifyWithinHours } of businesses) {
    const ended = await repeat(log, "the end of unanswered questions", () =>
      messages.expirePending(id, at - verifyWithinHours * HOUR_MS, at),
    );
    if (ended > 0) log.info({ business: id, ended }, "ended what a number's owner never confirmed");
  }
}

/** Keeps up every few minutes. @returns stops it, once a round that is under way has ended */
export function upkeep(parts: UpkeepParts): () => Promise<void> {
  let round = Promise.resolve();
  const timer = setInterval(() => {
    round = round.then(() => keepUp(parts));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return round;
  };
}

const HOUR_MS = 60 * 60 * 1000;
/** "Calls last 4 h at most by default" (Twilio). */
const LONGEST_CALL_MS = 4 * HOUR_MS;
const EVERY_MS = 5 * 60 * 1000;
/** Each does up to some hundreds. */
const MAX_STEPS = 100;

/** Repeats a bounded step until it finds nothing more to do. @returns how many it did in all */
async function repeat(log: Logger, what: string, step: () => Promise<number>): Promise<number> {
  let all = 0;
  try {
    for (let steps = 0, done = 1; done > 0 && steps < MAX_STEPS; steps++) {
      done = await step();
      all += done;
    }
  } catch (error) {
    log.error({ err: error }, `${what} failed; the next round tries again`);
  }
  return all;
}
