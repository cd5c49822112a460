import { pino, type DestinationStream, type Logger } from "pino";
import type { Config } from "./config.ts";
import type { OutgoingSeen } from "./outbox/worker.ts";

/** Structured lines on standard error. Law 10: what could be a number or a secret is cut out wherever it turns up. */
export function createLog(
  level: Config["logLevel"],
  destination: DestinationStream = pino.destination(2),
): Logger {
  const redact = { paths: SECRET_PATHS, censor: "…" };
  return pino({ level, base: null, redact, serializers: { err } }, destination);
}

/** A webhook of any door for Twilio, as far as its line depends on it; the rest is logged as it is. */
type Webhook = {
  readonly status: number;
  readonly milliseconds: number;
  readonly businessId?: string | null;
};

/** One line a webhook. */
export function webhookLog(log: Logger): (webhook: Webhook, error: Error | undefined) => void {
  return (webhook, error) => {
    const { milliseconds, ...seen } = webhook;
    const line = { ...seen, ms: Math.round(milliseconds * 10) / 10 };
    if (error !== undefined) log.error({ ...line, err: error }, "webhook failed");
    else if (webhook.status >= 400 || (webhook.businessId ?? null) === null)
      log.warn(line, "webhook refused");
    else log.info(line, "webhook");
  };
}

/** One line for each attempt to send something; it names rows, never numbers. */
export function outgoingLog(log: Logger): (seen: OutgoingSeen, error?: Error) => void {
  return (seen, error) => {
    if (error !== undefined) log.error({ ...seen, err: error }, "sending failed");
    else if (NEEDS_A_PERSON.has(seen.outcome)) log.warn(seen, "not sent");
    else log.info(seen, "sending");
  };
}

const NEEDS_A_PERSON: ReadonlySet<string> = new Set(["failed", "expired"]);

const SECRET_PATHS = [
  "authToken",
  "*.authToken",
  "secret",
  "*.secret",
  "From",
  "To",
  "Digits",
  "*.From",
  "*.To",
  "*.Digits",
];

/** An error's message may quote a value: digits that could be a number are masked. */
function err(error: Error) {
  const cause = error.cause instanceof Error ? masked(error.cause.message) : undefined;
  return { type: error.name, message: masked(error.message), cause, stack: masked(error.stack ?? "") };
}

function masked(text: string): string {
  return text.replaceAll(/\+?\d{7,}/g, "…");
}
