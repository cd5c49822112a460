import { expect, it } from "vitest";
import { MAX_BUCKETS, tokenBuckets } from "../../src/api/rate-limit.ts";

it("whoever waits gets as much again as was promised for the time, and never more than the burst", () => {
  let now = 0;
  const buckets = tokenBuckets({ burst: 2, perSecond: 1 }, () => now);
  expect([1, 2, 3].map(() => buckets.take("a").allowed)).toEqual([true, true, false]);
  now += 1_000;
  expect([1, 2].map(() => buckets.take("a").allowed)).toEqual([true, false]);
  now += 60_000;
  expect([1, 2, 3].map(() => buckets.take("a").allowed)).toEqual([true, true, false]);
});

it("a clock that is set back neither gives nor takes", () => {
  let now = 10_000;
  const buckets = tokenBuckets({ burst: 1, perSecond: 1 }, () => now);
  expect(buckets.take("a").allowed).toBe(true);
  now = 0;
  expect(buckets.take("a").allowed).toBe(false);
  now = 1_000;
  expect(buckets.take("a").allowed).toBe(true);
});

it("however many ask, no more than so many are remembered, and who asks on is not forgotten", () => {
  const buckets = tokenBuckets({ burst: 2, perSecond: 0.001 }, () => 0);
  buckets.take("busy");
  buckets.take("busy");
  for (let other = 0; other < MAX_BUCKETS * 2; other++) {
    buckets.take(`other ${other}`);
    if (other % 1_000 === 0) buckets.take("busy");
  }
  expect(buckets.size()).toBe(MAX_BUCKETS);
  expect(buckets.take("busy").allowed).toBe(false);
});
