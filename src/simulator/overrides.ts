/**
 * Connection overrides: what the fragment of a webhook URL says about time-outs and retries.
 * Source: twilio.com/docs/usage/webhooks/webhooks-connection-overrides. By default only a failed
 * connection is tried again, once.
 */
export type Overrides = {
  connectMs: number;
  readMs: number;
  totalMs: number;
  retries: number;
  retryOn: ReadonlySet<Failure>;
};

/** `ct`: no connection; `rt`: no answer in time; and answers that say that something failed. */
export type Failure = "ct" | "rt" | "4xx" | "5xx";

const everyFailure: readonly Failure[] = ["ct", "rt", "4xx", "5xx"];

/** A value out of range counts as absent. */
export function connectionOverrides(url: string): Overrides {
  const settings = new URLSearchParams(new URL(url).hash.slice(1));
  const whole = (name: string, fallback: number, min: number, max: number): number => {
    const value = settings.get(name) ?? "";
    const number = /^\d{1,6}$/u.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : fallback;
  };
  const policy = new Set((settings.get("rp") ?? "ct").split(",").map((word) => word.trim()));
  return {
    connectMs: whole("ct", 5_000, 100, 10_000),
    readMs: whole("rt", 15_000, 100, 15_000),
    totalMs: whole("tt", 15_000, 100, 15_000),
    retries: whole("rc", 1, 0, 5),
    retryOn: new Set(everyFailure.filter((failure) => policy.has("all") || policy.has(failure))),
  };
}
