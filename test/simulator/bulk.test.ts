import { describe, expect, onTestFinished, test } from "vitest";
import { bulk, isLoopback, type BulkOptions } from "../../src/simulator/bulk.ts";
import { histogram, quantiles } from "../../src/simulator/histogram.ts";
import { defaultMix, parseMix } from "../../src/simulator/mix.ts";
import { consentLine, type Choices } from "./consent-line.ts";
import { accountSid, authToken } from "./play.ts";
import { testService, type Handler } from "./service.ts";

async function calls(
  options: Partial<BulkOptions>,
  routes: Record<string, Handler> = consentLine(new Map()),
) {
  const service = await testService(routes);
  onTestFinished(service.close);
  const target = { url: service.url, accountSid, authToken };
  return bulk({ target, to: "+14155550100", calls: 100, concurrency: 10, seed: "a seed", ...options });
}

describe("calls in bulk", () => {
  test("come to an end without errors, and every webhook is timed", async () => {
    const progress: number[] = [];
    const choices: Choices = new Map();
    const result = await calls(
      { calls: 300, onProgress: ({ done }) => progress.push(done) },
      consentLine(choices),
    );
    expect(result).toMatchObject({ calls: 300, failedCalls: 0, errors: {} });
    expect(progress).toHaveLength(300);
    expect(choices.size).toBeGreaterThan(150);
    expect(Object.keys(result.byPath).toSorted()).toEqual(["/voice", "/voice/choice", "/voice/status"]);
    expect(result.webhooks.p50).toBeLessThanOrEqual(result.webhooks.p99);
  });

  test("are the same calls for the same seed, and others for another", async () => {
    const [once, again, other] = [
      await calls({}),
      await calls({ concurrency: 3 }),
      await calls({ seed: "another" }),
    ];
    const kept = ({ outcomes, behaviours, webhooks }: typeof once) => ({
      outcomes,
      behaviours,
      count: webhooks.count,
    });
    expect(kept(again)).toEqual(kept(once));
    expect(kept(other)).not.toEqual(kept(once));
  });

  test("begin no faster than the rate", async () => {
    let now = 0;
    const waits: number[] = [];
    const wait = (ms: number) => {
      now += ms;
      waits.push(ms);
      return Promise.resolve();
    };
    await calls({ calls: 5, concurrency: 1, rate: 2, stopwatch: () => now, wait });
    expect(waits).toEqual([500, 500, 500, 500]);
  });

  test("stop when they are told to", async () => {
    const stop = new AbortController();
    const result = await calls({
      signal: stop.signal,
      concurrency: 1,
      onProgress: ({ done }) => done === 3 && stop.abort(),
    });
    expect(result.calls).toBe(3);
  });

  test("count a service that fails", async () => {
    const result = await calls(
      { calls: 10 },
      { "/voice": () => ({ status: 500 }), "/voice/status": () => ({ status: 204 }) },
    );
    expect(result).toMatchObject({ failedCalls: 10, errors: { "11200 Got HTTP 500": 10 } });
  });

  test("take a mix of behaviours from YAML", async () => {
    const mix = parseMix(
      "behaviours: [{ name: yes, weight: 3, answers: ['1'] }, { name: no, answers: ['2'] }]",
    );
    const result = await calls({ mix });
    expect(Object.keys(result.behaviours).toSorted()).toEqual(["no", "yes"]);
    expect(() => parseMix("behaviours: [{ name: x, answers: [maybe] }]")).toThrow(/answers/u);
    expect(defaultMix.behaviours.length).toBeGreaterThan(4);
  });

  test("go to this machine unless somebody insists", () => {
    const here = ["http://127.0.0.1:3000", "http://localhost/x", "http://[::1]:3000"];
    expect(here.map(isLoopback)).toEqual([true, true, true]);
    expect(["https://127.0.0.1.example", "http://10.0.0.1"].map(isLoopback)).toEqual([false, false]);
  });
});

describe("a histogram", () => {
  test("gives quantiles within a few per cent, however many values there are", () => {
    const of = histogram();
    for (let value = 1; value <= 10_000; value += 1) of.add(value / 10);
    const { count, p50, p95, p99, max } = quantiles(of);
    expect([count, max]).toEqual([10_000, 1_000]);
    for (const [found, exact] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
    ] as const) {
      expect(Math.abs(found - exact) / exact).toBeLessThan(0.03);
    }
    expect(quantiles(histogram())).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
