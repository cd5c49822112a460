import { Hono } from "hono";
import { apiDoor } from "./api/door.ts";
import type { ApiParts } from "./api/parts.ts";
import type { ConsoleParts } from "./console/parts.ts";
import { consoleRoutes } from "./console/routes.ts";
import { safeHeaders, usualHeaders } from "./headers.ts";
import { phoneRoutes, type PhoneParts } from "./simulator/phone/routes.ts";
import { receiptPage } from "./proof/receipt-page.ts";
import type { PublishedLog } from "./sealing.ts";
import { voiceRoutes, type VoiceParts } from "./voice/routes.ts";
import { whatsappRoutes, type WhatsAppParts } from "./whatsapp/routes.ts";

export type AppParts = {
  readonly voice: Omit<VoiceParts, "headers">;
  /** Absent: calls alone. */
  readonly whatsapp?: WhatsAppParts;
  /** Null where the simulator is off. */
  readonly phone: PhoneParts | null;
  /** Absent: the line alone. */
  readonly console?: ConsoleParts;
  /** Absent: the line alone. */
  readonly api?: ApiParts;
  /** Absent: the line alone. */
  readonly log?: PublishedLog;
  readonly metrics: () => Promise<string>;
  /** False from the moment that the server begins to stop. */
  readonly isServing: () => boolean;
  readonly onError: (error: Error) => void;
};

/** How long the readiness check waits for its write. */
const PROBE_TIMEOUT_MS = 3_000;

/** Mounts the doors. */
export function createApp({
  voice,
  whatsapp,
  phone,
  console: supervisors,
  api,
  log,
  metrics,
  isServing,
  onError,
}: AppParts) {
  const app = new Hono();

  app.use(safeHeaders(voice.publicUrl, isServing));

  app.route("/voice", voiceRoutes({ ...voice, headers: usualHeaders(voice.publicUrl) }));
  if (whatsapp !== undefined) app.route("/whatsapp", whatsappRoutes(whatsapp));
  if (phone !== null) app.route("/phone", phoneRoutes(phone));
  if (supervisors !== undefined) app.route("/console", consoleRoutes(supervisors));
  if (api !== undefined) app.all("/api/*", apiDoor(api));

  if (log !== undefined) app.route("/.well-known/yesline", wellKnown(log));

  app.get("/healthz", (c) => c.text("alive\n"));

  /** Ready means able to record: a row is written and committed for real. */
  app.get("/readyz", async (c) => {
    if (!isServing()) return c.text("not ready: stopping\n", 503);
    try {
      await within(PROBE_TIMEOUT_MS, voice.ledger.probe());
      return c.text("ready\n");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return c.text(`not ready: ${reason}\n`, 503);
    }
  });

  app.get("/metrics", async (c) =>
    c.text(await metrics(), 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" }),
  );

  app.notFound((c) => c.text("There is nothing here.\n", 404));
  app.onError((error, c) => {
    onError(error);
    return c.text("Something failed on our side.\n", 500);
  });
  return app;
}

/** What auditors fetch, without asking anybody: the newest signed checkpoint, the keys that sign, a page that checks receipts. */
function wellKnown({ checkpoint, keys }: PublishedLog): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("Cache-Control", "no-cache");
    await next();
  });
  app.get("/checkpoint", async (c) => {
    const note = await checkpoint();
    return note === null ? c.text("Nothing is signed yet.\n", 404) : c.text(note);
  });
  // Saved to a file, it works the same: the policy stands in it as well.
  const verify = receiptPage(null);
  app.get("/verify", (c) => {
    c.header("Content-Security-Policy", `${verify.policy}; frame-ancestors 'none'`);
    c.header("Referrer-Policy", "no-referrer");
    return c.html(verify.html);
  });
  app.get("/log-key", (c) => c.text(keys.map((key) => `${key}\n`).join("")));
  return app;
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no commit within ${milliseconds} ms`)), milliseconds);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
