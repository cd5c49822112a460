import { Gauge, type Registry } from "prom-client";
import type { Verified, VerifyingStatus } from "./proof/verified.ts";

/** What an operator is woken up by: the ledger is not what was signed, or has not been verified for long. */
export function watchVerifying(registry: Registry, status: () => VerifyingStatus): void {
  function gauge(name: string, help: string, valueOf: (last: Verified) => number | null): void {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          const { last } = status();
          // Not a number until there is one: a zero would be an alarm.
          this.set((last === null ? null : valueOf(last)) ?? Number.NaN);
        },
      }),
    );
  }
  gauge(
    "yesline_ledger_verified",
    "1: the last verification found everything as it was signed; 0: it did not, or it failed.",
    ({ result }) => (result === "ok" ? 1 : 0),
  );
  gauge(
    "yesline_ledger_verified_timestamp_seconds",
    "When the last verification ended.",
    ({ at }) => at / 1000,
  );
  gauge(
    "yesline_ledger_verification_seconds",
    "How long it took, beside the line.",
    ({ milliseconds }) => milliseconds / 1000,
  );
  gauge("yesline_ledger_faults", "What it found wrong.", ({ report }) => report?.faultCount ?? null);
}
