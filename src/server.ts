import { serve, type ServerType } from "@hono/node-server";
import type { Hono } from "hono";

/** Twilio waits 15 s for an answer; what takes longer to stop is cut off. */
const DRAIN_TIMEOUT_MS = 15_000;
const IDLE_LOOK_MS = 100;
/** A body or headers that drip in slower than this are cut off. */
const REQUEST_TIMEOUT_MS = 10_000;

export type Listening = { readonly server: ServerType; readonly address: string };

/**
 * Listens, and makes the app once the port is known: the public URL may be the address listened on.
 *
 * @throws where the address cannot be listened on
 */
export async function listen(
  host: string,
  port: number,
  makeApp: (address: string) => Hono,
): Promise<Listening> {
  let app: Hono | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Listening>();
  const server = serve(
    {
      fetch: (request, env) => app?.fetch(request, env) ?? new Response("starting\n", { status: 503 }),
      hostname: host,
      port,
      serverOptions: {
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: 1_000,
      },
    },
    ({ port: actual }) => {
      const address = `http://${host.includes(":") ? `[${host}]` : host}:${actual}`;
      app = makeApp(address);
      resolve({ server, address });
    },
  );
  server.once("error", reject);
  return promise;
}

/** Answers that are under way are sent; idle connections are closed at once. */
export function drain(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(
      () => "closeAllConnections" in server && server.closeAllConnections(),
      DRAIN_TIMEOUT_MS,
    );
    // Again and again, because a connection becomes idle when its stream of events ends.
    const closeIdle = () => "closeIdleConnections" in server && server.closeIdleConnections();
    const idle = setInterval(closeIdle, IDLE_LOOK_MS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
    closeIdle();
  });
}

export function signalToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}
