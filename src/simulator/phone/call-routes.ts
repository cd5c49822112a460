import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import type { z } from "zod";
import { fromThisPage } from "./guard.ts";
import { actionRequest, placingRequest } from "./requests.ts";
import type { Session, Switchboard } from "./switchboard.ts";

/** A request is one small object. */
const MAX_BODY_BYTES = 4_096;
/** Proxies close what is silent. */
const HEARTBEAT_MS = 15_000;
/** How soon a page that was cut off comes back. */
const RETRY_MS = 500;

export type CallRoutesParts = {
  readonly calls: Switchboard;
  /** What can be called, in E.164. */
  readonly lines: readonly string[];
  readonly stopping: AbortSignal;
};

/** The calls that the page makes: placed, acted in, followed, and saved. */
export function callRoutes({ calls, lines, stopping }: CallRoutesParts): Hono {
  const placing = placingRequest(lines);
  const app = new Hono();
  app.post("*", fromThisPage, limitedBody);

  app.post("/", async (c) => {
    const asked = placing.safeParse(await json(c));
    if (!asked.success) return c.json({ error: faults(asked.error) }, 400);
    if (stopping.aborted) return c.json({ error: "The server is stopping." }, 503);
    const call = calls.place(asked.data);
    if (call !== undefined) return c.json({ callSid: call.callSid }, 201);
    return c.json({ error: "As many calls are going on as this phone can make. Try again later." }, 503);
  });

  app.post("/:callSid/actions", async (c) => {
    const session = calls.find(c.req.param("callSid"));
    if (session === undefined) return forgotten(c);
    const action = actionRequest.safeParse(await json(c));
    if (!action.success) return c.json({ error: faults(action.error) }, 400);
    session.touch();
    return c.json({ taken: session.call.act(action.data) });
  });

  app.get("/:callSid/events", (c) => {
    const session = calls.find(c.req.param("callSid"));
    return session === undefined ? forgotten(c) : follow(c, session, stopping);
  });

  app.get("/:callSid/scenario.yaml", (c) => {
    const session = calls.find(c.req.param("callSid"));
    if (session === undefined) return forgotten(c);
    return c.body(session.call.scenario(), 200, {
      "Content-Type": "application/yaml; charset=utf-8",
      "Content-Disposition": `attachment; filename="${session.call.callSid.slice(0, 8)}.yaml"`,
      "Cache-Control": "no-store",
    });
  });
  return app;
}

const limitedBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => c.json({ error: `A request is at most ${MAX_BODY_BYTES} bytes.` }, 413),
});

/**
 * Everything since the event that the reader has last seen, then what happens, until the call ends.
 * `past` comes first and names the last event that had happened already.
 */
function follow(c: Context, session: Session, stopping: AbortSignal): Response {
  const { log } = session.call;
  const seen = Number(c.req.header("Last-Event-ID") ?? "0");
  let cursor = Number.isSafeInteger(seen) && seen > 0 ? seen : 0;
  // 204 is how a server tells an EventSource not to come back.
  if (log.closed && cursor >= log.last) return c.body(null, 204);
  const leave = session.attend();
  if (leave === undefined) return c.json({ error: "Too many pages listen to this call." }, 503);
  return streamSSE(c, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const end = AbortSignal.any([gone.signal, stopping]);
    try {
      await stream.writeSSE({ event: "past", data: String(log.last), retry: RETRY_MS });
      while (!gone.signal.aborted) {
        const next = log.next(cursor);
        if (next !== undefined) {
          await stream.writeSSE({ id: String(next.id), data: JSON.stringify(next.event) });
          cursor = next.id;
        } else {
          if (log.closed || stopping.aborted) return;
          await log.changed(HEARTBEAT_MS, end);
          if (cursor >= log.last) await stream.write(": still here\n\n");
        }
      }
    } finally {
      leave();
    }
  });
}

function forgotten(c: Context): Response {
  return c.json({ error: "This phone does not know that call any more." }, 404);
}

/** What is not JSON is undefined, which no schema takes. */
async function json(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function faults(error: z.ZodError): string {
  return [...new Set(error.issues.map(({ message }) => message))].join("; ");
}
