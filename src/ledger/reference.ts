import { createHash } from "node:crypto";

/** Digits of the reference that a caller is told; the console finds the call by it. */
export const REFERENCE_DIGITS = 6;

/** A short number that stands for the call, read out to the caller. */
export function referenceOf(callSid: string): string {
  const hash = createHash("sha256").update(callSid).digest();
  return String(hash.readUIntBE(0, 6) % 10 ** REFERENCE_DIGITS).padStart(REFERENCE_DIGITS, "0");
}
