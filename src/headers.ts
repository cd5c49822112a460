import type { MiddlewareHandler } from "hono";

/** What is no page may do nothing in a browser, should one show it all the same. */
const NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ONE_YEAR_SECONDS = 31_536_000;

/**
 * What every answer carries, refusals too, whichever door gave it. A door whose answers are pages, or may be kept, has
 * said so itself, and that stands. Where Twilio is told https, browsers are told to stay with it.
 */
export function safeHeaders(publicUrl: string): MiddlewareHandler {
  const usual: readonly (readonly [string, string])[] = [
    ["X-Content-Type-Options", "nosniff"],
    ["Content-Security-Policy", NO_PAGE],
    ["Referrer-Policy", "no-referrer"],
    ["Permissions-Policy", "camera=(), geolocation=(), microphone=()"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
    ["Cache-Control", "no-store"],
    ...(publicUrl.startsWith("https:")
      ? [["Strict-Transport-Security", `max-age=${ONE_YEAR_SECONDS}`] as const]
      : []),
  ];
  return async (c, next) => {
    await next();
    // Not c.header(): it would copy the answer once for each of them.
    const { headers } = c.res;
    for (const [name, value] of usual) if (!headers.has(name)) headers.set(name, value);
  };
}
