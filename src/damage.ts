import type { Logger } from "pino";
import { DatabaseUnusable, LedgerUnavailable } from "./ledger/ledger.ts";
import { checkPages, type PageCheck } from "./ledger/sqlite/page-check.ts";

/**
 * Pages that the disk has damaged are found before anybody is on the line, and once a day while it serves; files that
 * somebody takes away from under it, at once.
 */
export type DamageWatch = {
  /**
   * The look before the start. A file too large for it is looked at to its end beside the line.
   *
   * @throws {DatabaseUnusable} with what is wrong
   */
  readonly first: () => Promise<void>;
  /**
   * One look at the pages at a time, a day apart.
   *
   * @param standing throws where the open files have lost their names
   */
  readonly start: (standing: () => Promise<void>) => void;
  readonly finish: () => Promise<void>;
  /** When the last whole look ended that found nothing, milliseconds since 1970; null before. */
  readonly soundAt: () => number | null;
};

export type DamageParts = {
  readonly file: string;
  readonly log: Logger;
  readonly now: () => number;
  /** Told of damage while the line serves: it must stop, as at any page that it cannot read. */
  readonly onDamage: (error: DatabaseUnusable) => void;
  readonly check?: (file: string) => PageCheck;
};

/** So long the start waits: a gigabyte or two. */
const START_WAIT_MS = 5_000;
const EVERY_MS = 24 * 60 * 60 * 1000;
const STANDING_EVERY_MS = 1_000;

export function watchDamage({ file, log, now, onDamage, check = checkPages }: DamageParts): DamageWatch {
  let soundAt: number | null = null;
  let underWay: PageCheck | null = null;
  /** The start has not waited for what the first look found: another one follows, should that have ended meanwhile. */
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  let standingLook: Promise<void> | null = null;
  let standingTimer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();

  /** @throws {DatabaseUnusable} */
  async function look(): Promise<void> {
    underWay ??= check(file);
    const found = await underWay.found.finally(() => (underWay = null));
    if (found === null) return;
    if (found.length > 0)
      throw new DatabaseUnusable(
        `DATABASE_URL: ${file}: Its pages are damaged: restore a backup. (${found.join("; ")})`,
      );
    soundAt = now();
  }

  async function lookBeside(): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (error instanceof DatabaseUnusable) onDamage(error);
      else log.error({ err: error }, "the database's pages cannot be looked at; the next day tries again");
    }
  }

  async function lookStanding(standing: () => Promise<void>): Promise<void> {
    try {
      await standing();
    } catch (error) {
      if (error instanceof DatabaseUnusable) onDamage(error);
      // Callers meet the same, and are counted; the next second tries again.
      else if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }

  function schedule(milliseconds: number): void {
    timer = setTimeout(() => {
      looking = lookBeside().then(() => schedule(EVERY_MS));
    }, milliseconds).unref();
  }

  return {
    async first() {
      const { promise: late, resolve } = Promise.withResolvers<"late">();
      const waiting = setTimeout(resolve, START_WAIT_MS, "late");
      try {
        isLate = (await Promise.race([look(), late])) === "late";
        if (isLate) log.info("the database is large: its pages are looked at to the end beside the line");
      } finally {
        clearTimeout(waiting);
      }
    },
    start(standing) {
      schedule(isLate ? 0 : EVERY_MS);
      standingTimer = setInterval(() => {
        standingLook ??= lookStanding(standing).finally(() => (standingLook = null));
      }, STANDING_EVERY_MS).unref();
    },
    async finish() {
      clearInterval(standingTimer);
      clearTimeout(timer);
      underWay?.stop();
      await looking;
      await standingLook;
      clearTimeout(timer);
    },
    soundAt: () => soundAt,
  };
}
