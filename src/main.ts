import { randomUUIDv7 } from "node:crypto";
import { serve as listen, type ServerType } from "@hono/node-server";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { yesline } from "./cli.ts";
import { loadConfig, TWIML_FOLDER, type Config } from "./config.ts";
import { numberVault } from "./ledger/numbers.ts";
import { lockForServer, migrate, open } from "./ledger/sqlite/connection.ts";
import { sqliteMemory } from "./ledger/sqlite/memory.ts";
import { createLog, webhookLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { assertScripts } from "./script/boot.ts";
import { superviseWith, type Supervision } from "./supervision.ts";
import { VERBS } from "./twilio/verbs.ts";

/** Twilio waits 15 s for an answer; what takes longer to stop is cut off. */
const DRAIN_TIMEOUT_MS = 15_000;
const IDLE_LOOK_MS = 100;
/** A body or headers that drip in slower than this are cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
/** "Calls last 4 h at most by default" (Twilio). */
const LONGEST_CALL_MS = 4 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 5 * 60 * 1000;

/** Serves until SIGTERM or SIGINT; resolves when the last answer is sent and the ledger is closed. */
async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const scripts = assertScripts(
    TWIML_FOLDER,
    config.businesses,
    VERBS,
    new Date().toISOString().slice(0, 10),
  );
  const unlock = lockForServer(config.databaseFile);
  const connection = open(config.databaseFile, { busyTimeoutMs: 0 });
  migrate(connection);
  const { ledger, reading } = sqliteMemory(connection, {
    vault: numberVault(config.secret),
    newId: randomUUIDv7,
    now: Date.now,
    monotonicMs: () => performance.now(),
    onCommit: metrics.committed,
    onFatal(error) {
      log.fatal({ err: error }, "the disk cannot be trusted any more; stopping");
      process.exit(1);
    },
  });

  let serving = true;
  const logWebhook = webhookLog(log);
  const supervision = superviseWith(config, {
    connection,
    ledger,
    reading,
    scripts,
    isServing: () => serving,
    log,
  });
  const makeApp = (publicUrl: string) =>
    createApp({
      voice: {
        publicUrl,
        accounts: config.accounts,
        businesses: config.businesses,
        scripts,
        ledger,
        now: Date.now,
        monotonicMs: () => performance.now(),
        observe(webhook, error) {
          logWebhook(webhook, error);
          metrics.webhook(webhook, error);
          supervision.troubles.saw(webhook, error);
        },
      },
      console: supervision.console(publicUrl),
      metrics: metrics.text,
      isServing: () => serving,
      onError: (error) => log.error({ err: error }, "request failed"),
    });

  const { server, address } = await listenOn(config, makeApp);
  const sweep = setInterval(() => {
    const now = Date.now();
    ledger.closeAbandoned(now - LONGEST_CALL_MS, now).then(
      (closed) => closed > 0 && log.info({ closed }, "closed calls that never reported their end"),
      (error: unknown) => log.error({ err: error }, "the sweep failed"),
    );
  }, SWEEP_EVERY_MS);
  announce(config, address, log, supervision);
  supervision.addFirstOperator();

  await signalToStop();
  log.info("stopping: no new connections, answering what is under way");
  serving = false;
  clearInterval(sweep);
  await closeServer(server);
  await ledger.close();
  unlock();
  log.info("stopped");
}

/** The public URL may be the address listened on, which is known only once the port is. */
async function listenOn(config: Config, makeApp: (publicUrl: string) => ReturnType<typeof createApp>) {
  let app: ReturnType<typeof createApp> | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<{ server: ServerType; address: string }>();
  const server = listen(
    {
      fetch: (request, env) => app?.fetch(request, env) ?? new Response("starting\n", { status: 503 }),
      hostname: config.host,
      port: config.port,
      serverOptions: {
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: 1_000,
      },
    },
    ({ port }) => {
      const host = config.host.includes(":") ? `[${config.host}]` : config.host;
      const address = `http://${host}:${port}`;
      app = makeApp(config.publicUrl ?? address);
      resolve({ server, address });
    },
  );
  server.once("error", reject);
  return promise;
}

/** For people, on standard output; the log goes to standard error. */
function announce(config: Config, address: string, log: Logger, { firstOperator }: Supervision): void {
  for (const warning of config.warnings) log.warn(warning);
  const publicUrl = config.publicUrl ?? address;
  const lines = [
    `Yesline answers at ${address}`,
    `  voice URL        ${publicUrl}/voice`,
    `  status callback  ${publicUrl}/voice/status`,
    `  console          ${address}/console`,
    ...(firstOperator === null ? [] : [`  first operator   ${firstOperator.email}, ${firstOperator.shown}`]),
    ...config.businesses.map((business) => `  ${business.name}: ${business.lines.join(", ")}`),
    ...(config.simulator === null
      ? []
      : [`  simulated calls are accepted; try: npm run -s cli -- call run test/calls`]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function signalToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

/** Answers that are under way are sent; idle connections are closed at once. */
function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(
      () => "closeAllConnections" in server && server.closeAllConnections(),
      DRAIN_TIMEOUT_MS,
    );
    // Again and again, because a connection becomes idle when its stream ends.
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

process.exitCode = await yesline(process.argv.slice(2), {
  loadConfig: () => loadConfig(process.env),
  serve,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
