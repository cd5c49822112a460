import { Hono } from "hono";
import { httpTransport, type Transport } from "../http.ts";
import { systemRandom, type Random } from "../random.ts";
import { restRoutes } from "../rest/routes.ts";
import type { Template } from "../rest/template.ts";
import { targetUrls, type Target } from "../run.ts";
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
  /** What WhatsApp is taken to have approved, by content SID. */
  readonly templates?: ReadonlyMap<string, Template>;
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
 * The browser phone: a page, its files, and the calls that it makes; and, at `twilio`, the REST API of the account whose
 * calls these are.
 *
 * @example
 * app.route("/phone", phoneRoutes({ target: { url, accountSid, authToken }, lines, now: Date.now }));
 */
export function phoneRoutes(parts: PhoneParts): Hono {
  const assets = readAssets();
  const stopping = parts.stopping ?? new AbortController().signal;
  const {
    target,
    now,
    transport = httpTransport(),
    random = systemRandom,
    onError = () => undefined,
  } = parts;
  const calls = switchboard({
    target,
    lines: parts.lines,
    transport,
    consoleUrl: parts.consoleUrl,
    now,
    monotonicMs: parts.monotonicMs ?? (() => performance.now()),
    random,
    limits: { ...defaultPhoneLimits, ...parts.limits },
    onError,
  });
  const rest = restRoutes({
    accountSid: target.accountSid,
    authToken: target.authToken,
    whatsappUrl: targetUrls(target).whatsappUrl,
    templates: parts.templates ?? new Map(),
    transport,
    random,
    now,
    onError,
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

  app.route("/twilio", rest);
  return app.route("/calls", callRoutes({ calls, lines: parts.lines.map(({ line }) => line), stopping }));
}
