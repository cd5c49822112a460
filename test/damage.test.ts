import pino from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchDamage } from "../src/damage.ts";
import { createMetrics } from "../src/metrics.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

let looks: PromiseWithResolvers<readonly string[] | null>[];
let damage: Error[];
let logged: string[];

beforeEach(() => {
  vi.useFakeTimers();
  looks = [];
  damage = [];
  logged = [];
});
afterEach(() => void vi.useRealTimers());

function watching() {
  const metrics = createMetrics();
  const watch = watchDamage({
    file: "/data/yesline.db",
    log: pino({}, { write: (line: string) => void logged.push((JSON.parse(line) as { msg: string }).msg) }),
    now: () => 1_000_000,
    onDamage: (error) => damage.push(error),
    check: () => {
      const look = Promise.withResolvers<readonly string[] | null>();
      looks.push(look);
      return { found: look.promise, stop: () => look.resolve(null) };
    },
  });
  metrics.watchMachine({ skewMs: () => 0, pagesSoundAt: watch.soundAt, walBytes: () => 0 });
  return { ...watch, metrics };
}

describe("a database so large that a look at it takes longer than a start may wait", () => {
  it("is served meanwhile, and damage that is found at its end stops the line", async () => {
    const { first, start, finish } = watching();
    const started = first();
    await vi.advanceTimersByTimeAsync(5_000);
    await started;
    start(async () => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([looks.length, damage]).toEqual([1, []]);
    looks[0]?.resolve(["Tree 5 page 7: btreeInitPage() returns error code 11"]);
    await vi.advanceTimersByTimeAsync(0);
    expect(damage.map(({ message }) => message)).toEqual([
      "DATABASE_URL: /data/yesline.db: Its pages are damaged: restore a backup. (Tree 5 page 7: btreeInitPage() returns error code 11)",
    ]);
    await finish();
  });

  it("does not serve on damage that was found while it was still starting", async () => {
    const { first, start, finish } = watching();
    const started = first();
    await vi.advanceTimersByTimeAsync(5_000);
    await started;
    looks[0]?.resolve(["broken"]);
    // A migration of a large file takes minutes.
    await vi.advanceTimersByTimeAsync(120_000);
    start(async () => undefined);
    await vi.advanceTimersByTimeAsync(1);
    looks[1]?.resolve(["broken"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(damage).toHaveLength(1);
    await finish();
  });

  it("is not waited for by a line that stops", async () => {
    const { first, start, finish, soundAt } = watching();
    const started = first();
    await vi.advanceTimersByTimeAsync(5_000);
    await started;
    start(async () => undefined);
    await vi.advanceTimersByTimeAsync(1);
    await finish();
    expect([soundAt(), damage, vi.getTimerCount()]).toEqual([null, [], 0]);
  });
});

describe("while the line serves, every page", () => {
  it("is looked at once a day, and an operator sees when that ended well", async () => {
    const { first, start, finish, metrics } = watching();
    const started = first();
    looks[0]?.resolve([]);
    await started;
    expect(await metrics.text()).toMatch(/^yesline_pages_sound_timestamp_seconds 1000$/m);
    start(async () => undefined);
    await vi.advanceTimersByTimeAsync(DAY_MS - 1);
    expect(looks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(looks).toHaveLength(2);
    looks[1]?.resolve(["broken"]);
    await vi.advanceTimersByTimeAsync(0);
    expect(damage).toHaveLength(1);
    await finish();
  });

  it("is looked at the next day where nobody could look, and the line goes on", async () => {
    const { first, start, finish } = watching();
    const started = first();
    looks[0]?.resolve([]);
    await started;
    start(async () => undefined);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    looks[1]?.reject(new Error("no thread"));
    await vi.advanceTimersByTimeAsync(DAY_MS);
    expect([looks.length, damage]).toEqual([3, []]);
    expect(logged).toEqual(["the database's pages cannot be looked at; the next day tries again"]);
    await finish();
  });
});
