import type { AuditReport } from "./audit.ts";

/** What the line knows of its own verifications since it started. */
export type VerifyingStatus = {
  /** The last one that ended; null until one has. */
  readonly last: Verified | null;
  /** Milliseconds since 1970; null while none is under way. */
  readonly since: number | null;
};

export type Verified = {
  /** When it ended, milliseconds since 1970. */
  readonly at: number;
  readonly milliseconds: number;
  /** "failed": it could not be brought to an end. */
  readonly result: "ok" | "faults" | "failed";
  /** Null where it failed. */
  readonly report: AuditReport | null;
  readonly reason: string | null;
};
