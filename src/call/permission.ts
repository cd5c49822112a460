import type { Category } from "./business.ts";

/** Why a message may be sent, or may not. Machine-readable; `explain` gives the sentence. */
export const REASONS = [
  "granted",
  "no_consent",
  "pending",
  "refused",
  "revoked",
  "unknown_topic",
  "unreachable_number",
  "quiet_hours",
  "frequency_cap",
  "us_marketing",
] as const;
export type Reason = (typeof REASONS)[number];

export type { Category };
