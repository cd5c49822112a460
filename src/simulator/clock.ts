/** Something decided about a stretch of time, which takes effect `afterMs` from its beginning. */
export type Decision = { afterMs: number };

/** The time of one call, in milliseconds since it began. */
export type Clock = {
  now(): number;
  /** A delay that the simulation itself adds. */
  sleep(ms: number): Promise<void>;
  /** Time that something real took, such as a webhook: it has passed, whichever clock one reads. */
  spent(ms: number): void;
  /**
   * Lets a stretch of `ms` pass, or less of it when a decision takes effect before its end; a decision at
   * or after the end comes too late. `over` fires when the stretch has ended without one.
   */
  pass<T extends Decision>(
    ms: number,
    decide: (over: AbortSignal) => Promise<T | undefined>,
  ): Promise<T | undefined>;
};

/** Time that passes as fast as the machine can think: a call of ten minutes takes milliseconds. */
export function virtualClock(): Clock {
  let elapsed = 0;
  return {
    now: () => elapsed,
    sleep(ms) {
      elapsed += ms;
      return Promise.resolve();
    },
    spent(ms) {
      elapsed += ms;
    },
    async pass(ms, decide) {
      const decision = await decide(new AbortController().signal);
      const inTime = decision !== undefined && decision.afterMs < ms;
      elapsed += inTime ? Math.max(0, decision.afterMs) : ms;
      return inTime ? decision : undefined;
    },
  };
}

export type PacedClockOptions = {
  /** Call seconds for each real second, read again and again, so that it can change in mid-call. */
  speed?: () => number;
  /** Real milliseconds; only differences are used. */
  stopwatch?: () => number;
  /** Waits real milliseconds. */
  wait?: (ms: number) => Promise<void>;
};

/** How soon a paced clock notices that its speed has changed. */
const sliceMs = 100;

/**
 * Time that passes at a pace one can listen to: 1 is real time, 4 is four times as fast. At `Infinity`
 * it is a virtual clock, and a stretch lasts as long as the decision about it takes.
 */
export function pacedClock(options: PacedClockOptions = {}): Clock {
  const speed = options.speed ?? (() => 1);
  const stopwatch = options.stopwatch ?? (() => performance.now());
  const wait = options.wait ?? realWait;
  const virtual = virtualClock();

  /** Waits up to `ms` of call time, or one slice of real time, or until `interrupted` settles. */
  async function slice(ms: number, interrupted?: Promise<unknown>): Promise<number> {
    const pace = speed();
    if (pace === Infinity) {
      virtual.spent(ms);
      return ms;
    }
    const before = stopwatch();
    const waiting = wait(Math.min(sliceMs, Math.ceil(ms / pace)));
    await (interrupted === undefined ? waiting : Promise.race([waiting, interrupted]));
    const passed = Math.min(ms, (stopwatch() - before) * pace);
    virtual.spent(passed);
    return passed;
  }

  return {
    now: () => virtual.now(),
    spent: (ms) => virtual.spent(ms),
    async sleep(ms) {
      for (let left = ms; left > 0;) left -= await slice(left);
    },
    async pass(ms, decide) {
      const stretch = new AbortController();
      const state = { decided: false };
      const deciding = decide(stretch.signal).finally(() => {
        state.decided = true;
      });
      let passed = 0;
      if (speed() === Infinity) await deciding;
      while (passed < ms && !state.decided) passed += await slice(ms - passed, deciding);
      stretch.abort();
      const decision = await deciding;
      const end = decision === undefined ? ms : Math.min(ms, Math.max(decision.afterMs, passed));
      while (passed < end) passed += await slice(end - passed);
      return decision !== undefined && decision.afterMs < ms ? decision : undefined;
    },
  };
}

function realWait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
