import { Hono } from "hono";
import { httpTransport, type Transport } from "../http.ts";
import { systemRandom, type Random } from "../random.ts";
import type { Target } from "../run.ts";
import { readAssets } from "./assets.ts";
import { callRoutes } from "./call-routes.ts";
import { safeHeaders } from "./guard.ts";
import { phonePage } from "./page.ts";
import type { PhoneLine } from "./phone-call.ts";
import { defaultPhoneLimits, switchboard, type PhoneLimits } from "./switchboard.ts";

export type { PhoneLine } from "./phone-call.ts";
export { defaultPhoneLimits, type PhoneLimits } from "./switchboard.ts";

export type PhoneParts = {
  /** The service that is called, and the account that signs: the simulator's, whose calls bear its mark. */
  readonly target: Target;
  readonly lines: readonly PhoneLine[];
  readonly consoleUrl?: (callSid: string) => string;
  /** Milliseconds since 1970, for status callbacks. */
  readonly now: () => number;
  readonly monotonicMs?: () => number;
  /** For CallSids, which are all that protects a call from other pages. */
  readonly random?: Random;
  readonly transport?: Transport;
  readonly limits?: Partial<PhoneLimits>;
  /** When it fires, every call is hung up and every stream of events ends, so that the server can stop. */
  readonly stopping?: AbortSignal;
  readonly onError?: (error: unknown) => void;
};

/**
 * The browser phone: a page, its files, and the calls that it makes.
 *
 * @example
 * app.route("/phone", phoneRoutes({ target: { url, accountSid, authToken }, lines, now: Date.now }));
 */
export function phoneRoutes(parts: PhoneParts): Hono {
  const assets = readAssets();
  const stopping = parts.stopping ?? new AbortController().signal;
  const calls = switchboard({
    target: parts.target,
    lines: parts.lines,
    transport: parts.transport ?? httpTransport(),
    consoleUrl: parts.consoleUrl,
    now: parts.now,
    monotonicMs: parts.monotonicMs ?? (() => performance.now()),
    random: parts.random ?? systemRandom,
    limits: { ...defaultPhoneLimits, ...parts.limits },
    onError: parts.onError ?? (() => undefined),
  });
  stopping.addEventListener("abort", () => calls.hangUpAll("The server is stopping."), { once: true });
  const app = new Hono();
  app.use(safeHeaders);

  app.get("/", (c) => {
    c.header("Cache-Control", "no-cache");
    return c.html(phonePage(parts.lines));
  });

  app.get("/assets/:name", (c) => {
    const asset = assets.get(c.req.param("name"));
    if (asset === undefined) return c.text("There is nothing here.\n", 404);
    const headers = { "Content-Type": asset.contentType, ETag: asset.etag, "Cache-Control": "no-cache" };
    if (c.req.header("If-None-Match")?.includes(asset.etag) === true) return c.body(null, 304, headers);
    return c.body(asset.body, 200, headers);
  });

  return app.route("/calls", callRoutes({ calls, lines: parts.lines.map(({ line }) => line), stopping }));
}
