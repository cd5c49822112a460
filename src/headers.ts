import type { MiddlewareHandler } from "hono";

/** What is no page may do nothing in a browser, should one show it all the same. */
const NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ONE_YEAR_SECONDS = 31_536_000;

declare module "hono" {
  interface ContextVariableMap {
    /** Said by a door whose answer carries the usual headers from the start. */
    safe?: true;
  }
}

/** What every answer carries. Where Twilio is told https, browsers are told to stay with it. */
export function usualHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": NO_PAGE,
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    ...(publicUrl.startsWith("https:") ? { "Strict-Transport-Security": `max-age=${ONE_YEAR_SECONDS}` } : {}),
  };
}

/**
 * Puts the usual headers on every answer, refusals too, whichever door gave it. A door whose answers are pages, or may
 * be kept, has said so itself, and that stands.
 *
 * @param isServing false from the moment that the server begins to stop
 */
export function safeHeaders(publicUrl: string, isServing: () => boolean): MiddlewareHandler {
  const usual = Object.entries(usualHeaders(publicUrl));
  return async (c, next) => {
    await next();
    if (c.get("safe") === undefined) {
      // Not c.header(): it would copy the answer once for each of them.
      const { headers } = c.res;
      for (const [name, value] of usual) if (!headers.has(name)) headers.set(name, value);
    }
    // What is refused may not be read to its end, and then the next one on the connection, whoever's it is, would fail.
    const unread = c.res.status >= 400 && c.req.method !== "GET";
    if (unread || !isServing()) c.header("Connection", "close");
  };
}
