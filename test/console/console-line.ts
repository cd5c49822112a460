import { randomUUIDv7 } from "node:crypto";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { TWIML_FOLDER } from "../../src/config.ts";
import type { NewPassword } from "../../src/console/identity/identity.ts";
import type { ConsoleParts } from "../../src/console/parts.ts";
import type { Role } from "../../src/console/roles.ts";
import { consoleRoutes } from "../../src/console/routes.ts";
import { createLog } from "../../src/log.ts";
import { loadScripts, versionsIn } from "../../src/script/load.ts";
import { hasOperators, operatorQueries } from "../../src/ledger/sqlite/operators.ts";
import { operatorKey } from "../../src/ledger/sqlite/sealed-keys.ts";
import { superviseWith } from "../../src/supervision.ts";
import { keepLog } from "../logs/kept.ts";
import { PUBLIC_URL, startLine, type LineOptions } from "../support/line.ts";

export const ADMIN = { email: "admin@example.com", password: "a-long-enough-password" };

export type ConsoleLine = Awaited<ReturnType<typeof startConsoleLine>>;

export type ConsoleLineOptions = LineOptions & {
  /** What the console is made of, where a test wants another part. */
  readonly parts?: Partial<ConsoleParts>;
};

/** The line with its console in front of the same file, and an admin who can sign in. */
export async function startConsoleLine({ parts = {}, ...options }: ConsoleLineOptions = {}) {
  const env = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password, ...options.env };
  const publicUrl = options.publicUrl ?? PUBLIC_URL;
  const line = startLine({ ...options, publicUrl, env });
  // The demo's script is in effect by then.
  line.clock.now = Date.UTC(2026, 10, 23, 9);
  const { reading } = line.memory;
  const logged: string[] = [];
  let serving = true;
  const supervision = superviseWith(line.config, {
    operators: {
      query: operatorQueries(line.connection),
      key: async () => operatorKey(line.connection, line.config),
    },
    hasOperators: hasOperators(line.connection),
    ledger: line.ledger,
    reading,
    memory: line.memory,
    scripts: loadScripts(TWIML_FOLDER, versionsIn(TWIML_FOLDER)),
    isServing: () => serving,
    phone: "/phone",
    log: createLog("error", {
      write(text) {
        logged.push(text);
        keepLog("console", text);
      },
    }),
    now: () => line.clock.now,
  });
  const consoleParts = { ...supervision.console(publicUrl), ...parts };
  const app = new Hono()
    .route("/console", consoleRoutes(consoleParts))
    .get("/phone", (c) => c.text("The phone.\n"))
    .route("/", line.app);
  app.onError((error, c) => {
    line.errors.push(error);
    return c.text("Something failed on our side.\n", 500);
  });
  const identity = await consoleParts.identity();
  return {
    ...line,
    app,
    reading,
    identity,
    /** What the console's log holds: errors alone. */
    logged,
    troubles: supervision.troubles,
    /** An operator with a role, and a browser of their own that is signed in. */
    async operator(role: Role, email = `${role}-${randomUUIDv7().slice(-6)}@example.com`) {
      const made = (await identity.add(email, role)) as NewPassword;
      const { browser, response } = await signIn(app, email, made.password);
      if (response.status !== 303) throw new Error(`sign-in answered ${response.status}`);
      return { ...browser, email, password: made.password, id: made.operator.id };
    },
    /** What the access log holds, the latest first. */
    async accesses() {
      const found = await reading.accesses({}, { cursor: null, limit: 100, direction: "next" });
      return found.rows.map(({ action, actorName, subject, detail }) => ({
        action,
        actorName,
        subject,
        detail,
      }));
    },
    async stop() {
      serving = false;
      await line.stop();
    },
    stranger: () => consoleBrowser(app),
    signIn: (email: string, password: string) => signIn(app, email, password),
    /** A caller who agrees with one key. */
    async granted(from = "+14155550123") {
      const call = line.call({ from });
      await call.begin();
      await call.press("1");
      return call.callSid;
    },
  };
}

/** The same over real HTTP, for a real browser. */
export async function serveConsoleLine(options: ConsoleLineOptions = {}) {
  let app = new Hono();
  const server = serve({ fetch: (request, env) => app.fetch(request, env), hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const line = await startConsoleLine({ ...options, publicUrl: url });
  app = line.app;
  return {
    ...line,
    url,
    async stop() {
      await new Promise((resolve) => {
        server.close(resolve);
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await line.stop();
    },
  };
}

type App = { request: (path: string, init: RequestInit) => Response | Promise<Response> };
type Form = Readonly<Record<string, string | readonly string[]>>;

/** Somebody's browser as far as the server can tell: it keeps cookies and names its origin. */
function consoleBrowser(app: App) {
  const jar = new Map<string, string>();

  async function send(
    path: string,
    init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> },
  ): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await app.request(path, {
      ...init,
      headers: { ...(cookie === "" ? {} : { cookie }), ...init.headers },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "" || /max-age=0/i.test(set)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  return {
    jar,
    send,
    get: (path: string, headers: Record<string, string> = {}) => send(path, { headers }),
    async page(path: string): Promise<string> {
      return (await send(path, {})).text();
    },
    post: (path: string, form: Form = {}, headers: Record<string, string> = { origin: PUBLIC_URL }) =>
      send(path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams(
          Object.entries(form).flatMap(([name, value]): [string, string][] =>
            [value].flat().map((each): [string, string] => [name, each]),
          ),
        ).toString(),
      }),
  };
}

async function signIn(app: App, email: string, password: string) {
  const browser = consoleBrowser(app);
  const response = await browser.post("/console/sign-in", { email, password });
  return { browser, response };
}
