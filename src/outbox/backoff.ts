import type { OutgoingKind } from "../ledger/outgoing.ts";

const FIRST_MS = 2_000;
const FACTOR = 2;
/** A person waits for a message; another system that is down for a day need not be asked every few minutes. */
const CAP_MS: Readonly<Record<OutgoingKind, number>> = {
  message: 10 * 60_000,
  call: 10 * 60_000,
  event: 60 * 60_000,
  recording: 10 * 60_000,
};

/**
 * How long to wait after so many attempts: exponential with full jitter ("Exponential Backoff And Jitter", AWS), so that
 * those who failed together do not come back together.
 *
 * @param attempts made so far, at least 1
 * @param random in [0, 1)
 */
export function backoffMs(kind: OutgoingKind, attempts: number, random: number): number {
  const ceiling = Math.min(CAP_MS[kind], FIRST_MS * FACTOR ** Math.min(attempts - 1, 30));
  return Math.ceil(ceiling * random);
}
