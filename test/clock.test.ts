import pino from "pino";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { watchClock } from "../src/clock.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 10, 23, 9);

let clock: { now: number; monotonic: number };
let logged: { msg: string; seconds: number }[];

beforeEach(() => {
  clock = { now: NOW, monotonic: 1_000 };
  logged = [];
});

function watching(lastWrittenAt: number | null) {
  const stream = { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) };
  const watch = watchClock({
    log: pino({}, stream),
    now: () => clock.now,
    monotonicMs: () => clock.monotonic,
    lastWrittenAt,
  });
  watch.start();
  watch.stop();
  return watch;
}

const passes = (monotonicMs: number, clockMs = monotonicMs) => {
  clock.monotonic += monotonicMs;
  clock.now += clockMs;
};

describe("a machine's clock", () => {
  it("that goes evenly is not spoken of, nor what a time server corrects", () => {
    const { skewMs } = watching(NOW - DAY_MS);
    passes(10 * DAY_MS);
    expect(skewMs()).toBe(0);
    passes(1_000, 1_900);
    expect([skewMs(), logged]).toEqual([0, []]);
  });

  it("that jumps is told of once, and again when it is set right", () => {
    const { skewMs } = watching(null);
    passes(1_000, 1_000 + DAY_MS);
    expect([skewMs(), skewMs()]).toEqual([DAY_MS, DAY_MS]);
    passes(1_000, 1_000 - DAY_MS);
    expect(skewMs()).toBe(0);
    expect(logged.map(({ seconds }) => seconds)).toEqual([86_400, -86_400]);
  });

  it("that jumps is told of within a second, though nobody asks how it stands", () => {
    vi.useFakeTimers();
    const watch = watching(null);
    watch.start();
    passes(1_000, 1_000 + DAY_MS);
    vi.advanceTimersByTime(1_000);
    expect(logged.map(({ seconds }) => seconds)).toEqual([86_400]);
    watch.stop();
    passes(1_000, 1_000 - DAY_MS);
    vi.advanceTimersByTime(10_000);
    expect([logged.length, vi.getTimerCount()]).toEqual([1, 0]);
    vi.useRealTimers();
  });

  it("that stands before what was written last is told of at the start, until it is set right", () => {
    const { skewMs } = watching(NOW + DAY_MS);
    expect(skewMs()).toBe(-DAY_MS);
    expect(logged).toMatchObject([{ seconds: -86_400, msg: expect.stringContaining("is behind") }]);
    passes(1_000, 1_000 + DAY_MS);
    expect(skewMs()).toBe(0);
  });

  it("that finds nothing written for more than a month may be ahead", () => {
    expect(watching(NOW - 30 * DAY_MS).skewMs()).toBe(0);
    expect(watching(NOW - 31 * DAY_MS).skewMs()).toBe(31 * DAY_MS);
    expect(logged).toMatchObject([{ msg: expect.stringContaining("or the machine's clock is ahead") }]);
  });
});
