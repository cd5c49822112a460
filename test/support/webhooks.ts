import { afterEach, beforeEach, vi } from "vitest";
import type { Ledger } from "../../src/ledger/ledger.ts";

/** Timers go on only when a test says so. To be called where the line's own hooks have been. */
export function timersInHand(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());
}

/** A quarter of a second passes, and what was to be written then has been. */
export async function aQuarterSecondLater(ledger: Ledger): Promise<void> {
  vi.advanceTimersByTime(250);
  // A write that was asked for later is committed no earlier.
  await ledger.probe();
}
