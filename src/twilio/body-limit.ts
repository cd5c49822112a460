import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

/** Twilio's own bound for what it sends is far below. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * No webhook's body is longer than 64 kB. Where its length is stated, which the HTTP parser holds it to, that is enough;
 * Hono's own limit, which counts, would first make a whole Request with a stream of it.
 */
export function limitedBody(tooLong: (c: Context) => Response): MiddlewareHandler {
  const counted = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLong });
  return async (c, next) => {
    const stated = c.req.header("content-length");
    if (stated === undefined || c.req.header("transfer-encoding") !== undefined) return counted(c, next);
    return Number(stated) > MAX_BODY_BYTES ? tooLong(c) : next();
  };
}

/** Whoever sent it has hung up before its end, as Node says it: nothing has failed on our side. */
export function wasCutShort(error: unknown): boolean {
  return (
    error instanceof Error && error.message === "aborted" && "code" in error && error.code === "ECONNRESET"
  );
}

/** Nobody hears it; the log does. */
export const CUT_SHORT = "The body ended before its end.";
