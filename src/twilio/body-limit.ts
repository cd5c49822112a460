import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

/** Twilio's own bound for what it sends is far below. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Whether a webhook's body is longer than 64 kB; none is. Where its length is stated, which the HTTP parser holds it to,
 * that is enough; Hono's own limit, which counts, first makes a whole Request with a stream of it.
 */
export function isTooLong(c: Context): boolean | Promise<boolean> {
  const stated = c.req.header("content-length");
  return stated === undefined || c.req.header("transfer-encoding") !== undefined
    ? isCountedTooLong(c)
    : Number(stated) > MAX_BODY_BYTES;
}

/** The same for a door that is made of handlers. */
export function limitedBody(tooLong: (c: Context) => Response): MiddlewareHandler {
  return async (c, next) => ((await isTooLong(c)) ? tooLong(c) : next());
}

async function isCountedTooLong(c: Context): Promise<boolean> {
  let tooLong = true;
  const onError = () => new Response();
  await bodyLimit({ maxSize: MAX_BODY_BYTES, onError })(c, async () => {
    tooLong = false;
  });
  return tooLong;
}

/** Whoever sent it has hung up before its end, as Node says it: nothing has failed on our side. */
export function wasCutShort(error: unknown): boolean {
  return (
    error instanceof Error && error.message === "aborted" && "code" in error && error.code === "ECONNRESET"
  );
}

/** Nobody hears it; the log does. */
export const CUT_SHORT = "The body ended before its end.";
