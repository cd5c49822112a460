import type { MiddlewareHandler } from "hono";
import { tidy } from "./form.ts";
import { addressOf } from "./identity/address.ts";
import type { Visit } from "./identity/identity.ts";
import { page } from "./pages/layout.ts";
import { problemPage } from "./pages/problem.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "./parts.ts";
import { readPreferences } from "./preferences.ts";
import { may, neededFor, type Deed } from "./roles.ts";

type Guard = MiddlewareHandler<ConsoleEnv>;

const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** What every answer of the console carries; nothing of it is kept by a cache, unless it says so itself. */
export function hardened(): Guard {
  return async (c, next) => {
    c.set("preferences", readPreferences(c));
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
  };
}

/**
 * A state change comes from our own pages, whatever its body is. Browsers say so in Sec-Fetch-Site; older ones in
 * Origin; who says neither is refused.
 */
export function sameOrigin(publicUrl: string): Guard {
  const ours = new URL(publicUrl).origin;
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    const site = c.req.header("sec-fetch-site");
    const origin = c.req.header("origin");
    const host = c.req.header("host");
    const fits = origin === ours || (host !== undefined && hostOf(origin ?? "") === host);
    const same =
      site === undefined
        ? fits
        : site === "same-origin" && (origin === undefined || origin === "null" || fits);
    return same ? next() : c.text("This did not come from a page of the console.\n", 403);
  };
}

/** Forms come as browsers send ours. Another body would have to be taken apart first, and may not be well-formed. */
export function plainForms(): Guard {
  return async (c, next) => {
    const type = c.req.header("content-type");
    const plain = type === undefined || /^application\/x-www-form-urlencoded *(?:;|$)/i.test(type);
    return plain ? next() : c.text("Send application/x-www-form-urlencoded, as our forms do.\n", 415);
  };
}

/** Who is not signed in is sent to the sign-in page; what is no page answers 401. */
export function signedIn(parts: ConsoleParts): Guard {
  return async (c, next) => {
    const identity = await parts.identity();
    const session = await identity.session(visitOf(c), true);
    if (session === null) {
      const isPage = c.req.method === "GET" && !(c.req.header("accept") ?? "").includes("text/event-stream");
      if (!isPage) return c.text("Your session has ended. Sign in again.\n", 401);
      return c.redirect(`/console/sign-in?next=${encodeURIComponent(pathOf(c))}`, 303);
    }
    c.set("session", session);
    c.set("operator", session.operator);
    setCookies(c, session.cookies);
    return next();
  };
}

/** Refuses whoever's role does not reach, and writes that into the access log. */
export function requires(parts: ConsoleParts, deed: Deed): Guard {
  return async (c, next) => {
    const { role } = c.get("operator");
    if (may(role, deed)) return next();
    // The path comes decoded, and is typed by whoever likes to.
    const detail = `${c.req.method} ${withoutTyped(tidy(c.req.path)).slice(0, 200)}`;
    await logAccess(parts, c, { action: "refused", detail });
    const words = `This takes the role ${neededFor(deed)}; you are signed in as ${role}.`;
    return c.html(
      page(c, parts, { title: "Not for you", place: "none", body: problemPage("Not for you", words) }),
      403,
    );
  };
}

/** What could be a telephone number is taken out; the names of people, entries and calls stay (law 10). */
function withoutTyped(path: string): string {
  return path.replaceAll(NAMED_OR_NUMBER, (_, named?: string) => named ?? "…");
}

const NAMED_OR_NUMBER =
  /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{2}[0-9a-f]{32})|\+?\d(?:[\s().-]*\d){6,}/g;

export function visitOf(c: ConsoleContext): Visit {
  return { cookie: c.req.header("cookie") ?? "", address: addressOf(c) };
}

export function setCookies(c: ConsoleContext, cookies: readonly string[]): void {
  for (const cookie of cookies) c.header("Set-Cookie", cookie, { append: true });
}

/** Only a place of ours, so that the sign-in page sends nobody elsewhere. */
export function placeWithin(next: string): string {
  return /^\/console\/[\w\-./?=&%]*$/.test(next) && !next.includes("//") ? next : "/console/today";
}

function pathOf(c: ConsoleContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
