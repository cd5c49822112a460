import { NoAnswer } from "./rest-http.ts";

/** What came of a request that changes something. */
export type Sent =
  | { readonly kind: "accepted"; readonly sid: string }
  /** Twilio said no, with its code (HTTP's status where it gave none); the message holds no number. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** Too many requests: safe to repeat after a wait. */
  | { readonly kind: "busy"; readonly retryAfterSeconds: number | null }
  /** It may have been done or not: look before it is asked again. */
  | { readonly kind: "unclear"; readonly reason: string }
  /** Nothing has left: safe to repeat. */
  | { readonly kind: "unreachable"; readonly reason: string };

export type Found<T> =
  | { readonly kind: "found"; readonly items: readonly T[] }
  | { readonly kind: "unknown"; readonly reason: string };

export type NotAccepted = Exclude<Sent, { kind: "accepted" }>;

/** Said in the body of an answer of another status: 20429 too many requests, 63018 too many on WhatsApp. */
const BUSY_CODES: ReadonlySet<string> = new Set(["20429", "63018"]);
const MAX_MESSAGE_LENGTH = 200;

export async function sent(ask: () => Promise<{ readonly sid: string | null }>): Promise<Sent> {
  try {
    const { sid } = await ask();
    // Without a name of it, nobody can tell what it is that was accepted.
    return typeof sid === "string"
      ? { kind: "accepted", sid }
      : { kind: "unclear", reason: "the answer names nothing" };
  } catch (error) {
    return notAccepted(error);
  }
}

export async function found<T>(ask: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    return { kind: "found", items: await ask() };
  } catch (error) {
    const { kind, ...why } = notAccepted(error);
    return { kind: "unknown", reason: "reason" in why ? why.reason : "message" in why ? why.message : kind };
  }
}

export function notAccepted(error: unknown): NotAccepted {
  if (error instanceof NoAnswer) return error.outcome;
  const answer = refusalOf(error);
  // Neither a refusal nor a failure of the connection: an answer that is not what Twilio's description says.
  if (answer === null) return { kind: "unclear", reason: "the answer cannot be read" };
  return BUSY_CODES.has(answer.code)
    ? { kind: "busy", retryAfterSeconds: null }
    : { kind: "refused", ...answer };
}

/** The SDK throws a status with Twilio's code and message (or, in the newer form of errors, a title). */
function refusalOf(error: unknown): { readonly code: string; readonly message: string } | null {
  if (!(error instanceof Error) || !("status" in error)) return null;
  const { status, code, message } = error as { status: unknown; code?: unknown; message: unknown };
  return {
    code: String(typeof code === "number" && code > 0 ? code : status),
    message: withoutNumbers(typeof message === "string" ? message : `HTTP ${String(status)}`),
  };
}

/** Law 10: Twilio's messages quote the number. They are kept and listed as one line of plain text. */
function withoutNumbers(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/\+?\d(?:[\s().-]{0,3}\d){5,}/g, "…")
    .slice(0, MAX_MESSAGE_LENGTH);
}
