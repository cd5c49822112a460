import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";
import { hex, type Random } from "../../src/simulator/random.ts";

/**
 * Time and chance of one simulated world. While it rules, the line's timers, its random bytes and its ids come from
 * here, and nothing waits for real time: the same seed gives the same world.
 */
export type Nature = {
  /** Of our own clock, which may be wrong. Milliseconds since 1970. */
  readonly now: () => number;
  /** Of everybody else's. */
  readonly trueNow: () => number;
  readonly monotonicMs: () => number;
  readonly newId: () => string;
  /** In [0, 1), for the line. */
  readonly random: Random;
  /** Our clock is set: so far from the true one. */
  readonly setSkew: (milliseconds: number) => void;
  readonly skew: () => number;
  /** What the line has put off to the next turn of its event loop. */
  readonly turnsWaiting: () => number;
  readonly takeTurn: () => void;
  /**
   * Time goes by: the world's timers run when they are due, the line's later, by `runDue`, as after a process was
   * stopped for so long.
   */
  readonly elapse: (milliseconds: number) => void;
  /** The line's next timer that is due. @returns false where none is */
  readonly runDue: () => boolean;
  /** When the next thing comes due; null where nothing waits. */
  readonly untilNext: () => number | null;
  /** The world's own timer: it outlives the line's process. */
  readonly after: (milliseconds: number, act: () => void) => void;
  /** The process is gone, and nothing that it waits for ever comes; until another one begins. */
  readonly endProcess: () => void;
  readonly beginProcess: () => void;
  /** Lets everything run that waits for nothing. */
  readonly settle: () => Promise<void>;
  /** Takes over Node's timers and random bytes. @returns gives them back */
  readonly rule: () => () => void;
};

type Timer = {
  readonly order: number;
  readonly ofLine: boolean;
  readonly run: () => void;
  readonly everyMs: number | null;
  dueAt: number;
};

const realImmediate = globalThis.setImmediate;

export function natureOf(random: Random, startsAt: number): Nature {
  let elapsedMs = 0;
  let skewMs = 0;
  let order = 0;
  let runs = true;
  let turns: (() => void)[] = [];
  let timers: Timer[] = [];
  const trueNow = () => startsAt + elapsedMs;
  const now = () => trueNow() + skewMs;

  function add(milliseconds: number, run: () => void, ofLine: boolean, repeats = false) {
    const wait = Math.max(milliseconds || 0, 1);
    const everyMs = repeats ? wait : null;
    const timer: Timer = { order: order++, ofLine, run, everyMs, dueAt: elapsedMs + wait };
    if (runs || !ofLine) timers.push(timer);
    return timer;
  }

  function next(of: "line" | "world" | "all"): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (of !== "all" && timer.ofLine !== (of === "line")) continue;
      if (
        first === undefined ||
        timer.dueAt < first.dueAt ||
        (timer.dueAt === first.dueAt && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }

  const drop = (timer: Timer) => (timers = timers.filter((other) => other !== timer));
  const bytes = (length: number) => Buffer.from(hex(random, length * 2), "hex");

  /** What Node's timers give back. */
  const handle = (timer: Timer) => ({
    timer,
    ref: () => handle(timer),
    unref: () => handle(timer),
    hasRef: () => false,
  });
  const clear = (given: unknown) => {
    if (typeof given === "object" && given !== null && "timer" in given) drop(given.timer as Timer);
  };
  const inTurn = (run: () => void) => {
    if (runs) turns.push(run);
  };
  const sleep = (milliseconds: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      const cut = () => {
        drop(timer);
        reject(new DOMException("The operation was aborted", "AbortError"));
      };
      const wake = () => {
        signal?.removeEventListener("abort", cut);
        resolve(value);
      };
      const timer = add(milliseconds, wake, true);
      signal?.addEventListener("abort", cut);
    });

  return {
    now,
    trueNow,
    random,
    monotonicMs: () => elapsedMs,
    newId() {
      const time = Math.max(now(), 0).toString(16).padStart(12, "0");
      const rest = hex(random, 18);
      return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6)}`;
    },
    setSkew: (milliseconds) => (skewMs = milliseconds),
    skew: () => skewMs,
    turnsWaiting: () => turns.length,
    takeTurn: () => turns.shift()?.(),
    elapse(milliseconds) {
      const until = elapsedMs + milliseconds;
      for (let timer = next("world"); timer !== undefined && timer.dueAt <= until; timer = next("world")) {
        drop(timer);
        elapsedMs = Math.max(elapsedMs, timer.dueAt);
        timer.run();
      }
      elapsedMs = until;
    },
    runDue() {
      const timer = next("line");
      if (timer === undefined || timer.dueAt > elapsedMs) return false;
      if (timer.everyMs === null) drop(timer);
      else timer.dueAt = elapsedMs + timer.everyMs;
      timer.run();
      return true;
    },
    untilNext() {
      const timer = next("all");
      return timer === undefined ? null : Math.max(timer.dueAt - elapsedMs, 0);
    },
    after: (milliseconds, act) => void add(milliseconds, act, false),
    endProcess() {
      runs = false;
      turns = [];
      timers = timers.filter(({ ofLine }) => !ofLine);
    },
    beginProcess: () => (runs = true),
    async settle() {
      // Two: what a promise of Node's own streams takes may begin in the one and end in the other.
      for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => realImmediate(resolve));
    },
    rule() {
      const replaced = [
        replace(globalThis, {
          setImmediate: (run: (...given: unknown[]) => void, ...given: unknown[]) =>
            inTurn(() => run(...given)),
          clearImmediate: () => undefined,
          setTimeout: (run: (...given: unknown[]) => void, milliseconds = 0, ...given: unknown[]) =>
            handle(add(milliseconds, () => run(...given), true)),
          setInterval: (run: () => void, milliseconds = 0) => handle(add(milliseconds, run, true, true)),
          clearTimeout: clear,
          clearInterval: clear,
        }),
        replace(AbortSignal, { timeout: () => new AbortController().signal }),
        replace(timersPromises, {
          setImmediate: () => new Promise<void>((resolve) => inTurn(resolve)),
          setTimeout: sleep,
        }),
        replace(crypto, { randomBytes: bytes }),
      ];
      syncBuiltinESMExports();
      return () => {
        for (const giveBack of replaced) giveBack();
        syncBuiltinESMExports();
      };
    },
  };
}

/** @returns puts back what was there */
function replace(owner: object, members: Readonly<Record<string, unknown>>): () => void {
  const before = Object.fromEntries(
    Object.keys(members).map((name) => [name, Reflect.get(owner, name) as unknown]),
  );
  Object.assign(owner, members);
  return () => void Object.assign(owner, before);
}
