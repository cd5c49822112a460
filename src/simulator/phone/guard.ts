import type { MiddlewareHandler } from "hono";

/** Nothing inline, nothing from elsewhere, nobody frames it. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("Content-Security-Policy", contentSecurityPolicy);
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
};

/**
 * What changes something comes from this very page. A browser says where a request comes from
 * (Sec-Fetch-Site, or Origin where the site is not trustworthy); what says neither is refused too.
 */
export const fromThisPage: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("Sec-Fetch-Site");
  const origin = c.req.header("Origin");
  const same = site === undefined ? hostOf(origin) === hostOf(c.req.url) : site === "same-origin";
  if (!same || (origin === undefined && site === undefined)) {
    return c.json({ error: "Only this phone's own page may do this." }, 403);
  }
  if (!/^application\/json\s*(?:;|$)/iu.test(c.req.header("Content-Type") ?? "")) {
    return c.json({ error: "Send JSON, with Content-Type: application/json." }, 415);
  }
  return next();
};

function hostOf(url: string | undefined): string | null {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : null;
}
