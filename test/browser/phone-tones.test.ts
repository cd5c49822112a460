import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { atPhone } from "./phone-person.ts";
import { startPhoneLine, type PhoneLine } from "./phone-line.ts";

let browser: Browser;
let line: PhoneLine;
beforeAll(async () => {
  browser = await launchBrowser();
  line = await startPhoneLine();
});
afterAll(async () => {
  await browser.close();
  await line.stop();
});

const SAMPLES_PER_SECOND = 48_000;
/** ITU-T Q.23. */
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = ["123", "456", "789", "*0#"].flatMap((keys, row) =>
  Array.from(keys, (key, column) => [key, ROWS[row] ?? 0, COLUMNS[column] ?? 0] as const),
);

/** What the page's own module sounds for a key, rendered by the browser's audio engine. */
function rendered(page: Page, key: string): Promise<number[]> {
  return page.evaluate<number[]>(`(async () => {
    const { soundKey } = await import("/phone/assets/tones.js");
    const context = new OfflineAudioContext(1, ${SAMPLES_PER_SECOND / 2}, ${SAMPLES_PER_SECOND});
    const end = soundKey(context, ${JSON.stringify(key)}, 0);
    end(0.2);
    return [...(await context.startRendering()).getChannelData(0)];
  })()`);
}

/** Goertzel's algorithm: how loud one frequency is in the samples. */
function loudness(samples: readonly number[], hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLES_PER_SECOND);
  let [last, before] = [0, 0];
  for (const sample of samples) [last, before] = [sample + turn * last - before, last];
  return Math.sqrt(last ** 2 + before ** 2 - turn * last * before) / (samples.length / 2);
}

/** The loudest frequency from low to high, to a hertz. */
function loudest(samples: readonly number[], low: number, high: number): number {
  const steps = Array.from({ length: high - low }, (_, step) => low + step);
  return steps.reduce(
    (best, hertz) => (loudness(samples, hertz) > loudness(samples, best) ? hertz : best),
    low,
  );
}

describe("whoever presses a key hears its two tones", () => {
  test("at the frequencies of the standard, within its 1.8 per cent, equally loud, and no others", async () => {
    const { page } = await atPhone(browser, line.url);
    const measured = [];
    for (const [key, low, high] of KEYS) {
      const middle = (await rendered(page, key)).slice(
        SAMPLES_PER_SECOND / 20,
        SAMPLES_PER_SECOND / 20 + 4_800,
      );
      const strengths = [...ROWS, ...COLUMNS].map((hertz) => ({ hertz, strength: loudness(middle, hertz) }));
      const heard = strengths.filter(({ strength }) => strength > 0.08).map(({ hertz }) => hertz);
      const [row, column] = [loudest(middle, 650, 1_000), loudest(middle, 1_150, 1_550)];
      const exact = Math.abs(row - low) / low < 0.018 && Math.abs(column - high) / high < 0.018;
      measured.push({ key, heard, exact });
    }
    expect(measured).toEqual(KEYS.map(([key, low, high]) => ({ key, heard: [low, high], exact: true })));
  }, 60_000);

  test("short, without a click at either end, and not so loud that they clip", async () => {
    const { page } = await atPhone(browser, line.url);
    const samples = await rendered(page, "5");
    const peak = (from: number, to: number) =>
      Math.max(...samples.slice(from * SAMPLES_PER_SECOND, to * SAMPLES_PER_SECOND).map(Math.abs));
    expect(peak(0, 0.5)).toBeLessThan(0.5);
    expect(peak(0.05, 0.15)).toBeGreaterThan(0.25);
    expect(peak(0, 0.000_5)).toBeLessThan(0.03);
    expect(peak(0.199, 0.2)).toBeLessThan(0.03);
    expect(peak(0.201, 0.5)).toBe(0);
  });

  test("from the page's loudspeaker too, once for each press, by finger and by keyboard", async () => {
    const { page, key } = await atPhone(browser, line.url);
    await page.evaluate(`
      globalThis.started = [];
      const original = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (when) {
        started.push(this.frequency.value);
        original.call(this, when);
      };
    `);
    await key("5").click();
    await page.keyboard.press("#");
    expect(await page.evaluate("started")).toEqual([770, 1336, 941, 1477]);
  });
});
