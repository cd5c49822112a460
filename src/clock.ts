import type { Logger } from "pino";

/** The machine's clock is watched: nothing is ordered by it, but it stands beside every entry. */
export type ClockWatch = {
  readonly start: () => void;
  readonly stop: () => void;
  /** How far it is from where it should be, as far as that can be known: above zero, ahead. */
  readonly skewMs: () => number;
};

export type ClockParts = {
  readonly log: Logger;
  readonly now: () => number;
  /** Goes evenly, whatever the clock is set to. */
  readonly monotonicMs: () => number;
  /** By the clock of then, what was written last before the start; null where nothing was. */
  readonly lastWrittenAt: number | null;
};

const LOOK_EVERY_MS = 1_000;
/** Less is what a time server corrects every day. */
const JUMP_MS = 2_000;
/** A line that wrote nothing for so long was switched off, or its clock is ahead. */
const LONGEST_SILENCE_MS = 30 * 24 * 60 * 60 * 1000;

export function watchClock({ log, now, monotonicMs, lastWrittenAt }: ClockParts): ClockWatch {
  const silentMs = lastWrittenAt === null ? 0 : now() - lastWrittenAt;
  const skewAtStartMs = silentMs < -JUMP_MS || silentMs > LONGEST_SILENCE_MS ? silentMs : 0;
  const origin = now() - monotonicMs();
  let jumpedMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const drift = now() - monotonicMs() - origin;
    if (Math.abs(drift - jumpedMs) < JUMP_MS) return;
    log.warn({ seconds: seconds(drift - jumpedMs) }, JUMPED);
    jumpedMs = drift;
  }

  return {
    start() {
      if (skewAtStartMs !== 0)
        log.warn({ seconds: seconds(skewAtStartMs) }, skewAtStartMs < 0 ? BEHIND : AHEAD);
      timer = setInterval(look, LOOK_EVERY_MS).unref();
    },
    stop: () => clearInterval(timer),
    skewMs() {
      look();
      return skewAtStartMs + jumpedMs;
    },
  };
}

const JUMPED =
  "the machine's clock has jumped: entries keep their order, but times beside them are by this clock; check its time server";
const BEHIND =
  "the machine's clock is behind what the line wrote last: entries keep their order; check its time server";
const AHEAD =
  "the line has written nothing for so long, or the machine's clock is ahead: check its time server";

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}
