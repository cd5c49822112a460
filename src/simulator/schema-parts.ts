import { z } from "zod";

/** What several parts of the scenario format have in common. */

const aLengthOfTime = "a length of time, such as 300ms, 2s or 1m; a bare number means seconds";

/** Becomes milliseconds. */
export const duration = z
  .union([z.number().min(0), z.string().regex(/^\d+(?:\.\d+)?(?:ms|s|m|h)$/u, aLengthOfTime)], aLengthOfTime)
  .transform(toMilliseconds)
  .describe(aLengthOfTime);

export const consentState = z.enum(["granted", "refused", "pending", "revoked", "none"]);
export type ConsentState = z.output<typeof consentState>;

export const phoneNumber = z.string({
  error: 'a phone number in quotes, such as "+14155550123", or anonymous',
});

function toMilliseconds(length: string | number): number {
  if (typeof length === "number") return length * 1_000;
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[length.replace(/^[\d.]+/u, "")];
  return Number.parseFloat(length) * (unit ?? 1);
}
