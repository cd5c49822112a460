import { randomBytes, randomUUIDv7 } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiParts } from "../../src/api/parts.ts";
import { createApp } from "../../src/app.ts";
import { loadConfig, TWIML_FOLDER, type Config } from "../../src/config.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { numberVault } from "../../src/ledger/numbers.ts";
import { migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { sqliteMemory } from "../../src/ledger/sqlite/memory.ts";
import { createLog, webhookLog } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { loadScripts, versionsIn } from "../../src/script/load.ts";
import { receiptsWith } from "../../src/receipts.ts";
import type { Webhook } from "../../src/voice/routes.ts";
import type { MessageWebhook } from "../../src/whatsapp/routes.ts";
import { keepLog, keepSecret, secretsIn, secretsOf } from "../logs/kept.ts";
import { caller, type Caller, type CallerOptions } from "./caller.ts";

export const PUBLIC_URL = "https://line.test";

/** The whole line in this process: real file, real signatures, real scripts; only the clock is ours. */
export type Line = Awaited<ReturnType<typeof startLine>>;

export type LineOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly publicUrl?: string;
  readonly wrapLedger?: (ledger: Ledger) => Ledger;
  /** What the door for other systems has beside the memory. */
  readonly api?: Partial<ApiParts>;
};

export function startLine({
  env = {},
  publicUrl = PUBLIC_URL,
  wrapLedger = (ledger) => ledger,
  api = {},
}: LineOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "yesline-"));
  const databaseFile = join(folder, "yesline.db");
  const config: Config = loadConfig({ DATABASE_URL: `file:${databaseFile}`, ...env });
  const clock = { now: Date.UTC(2026, 5, 1, 9) };
  const connection = open(databaseFile, { busyTimeoutMs: 0 });
  migrate(connection);
  const commits: number[] = [];
  const memory = sqliteMemory(connection, {
    vault: numberVault(config.secret),
    businesses: config.businesses,
    newId: randomUUIDv7,
    now: () => clock.now,
    monotonicMs: () => performance.now(),
    onCommit: (jobs) => commits.push(jobs),
    onFatal: (error) => {
      throw error;
    },
  });
  const { ledger } = memory;
  const metrics = createMetrics();
  const webhooks: Webhook[] = [];
  const errors: Error[] = [];
  const messageWebhooks: MessageWebhook[] = [];
  const scripts = loadScripts(TWIML_FOLDER, versionsIn(TWIML_FOLDER));
  const woken = { times: 0 };
  // As in main.ts, and looked through at the end for what no log may hold.
  const log = createLog("info", { write: (text) => keepLog("line", text) });
  keepSecret(...secretsOf(env), ...secretsIn(folder));
  const logWebhook = webhookLog(log);
  const failed = (error: Error) => {
    errors.push(error);
    log.error({ err: error }, "request failed");
  };
  const app = createApp({
    voice: {
      publicUrl,
      accounts: config.accounts,
      businesses: config.businesses,
      scripts,
      ledger: wrapLedger(ledger),
      liveCalls: memory.liveCalls,
      recordings: memory.recordings,
      now: () => clock.now,
      monotonicMs: () => performance.now(),
      observe(webhook, error) {
        webhooks.push(webhook);
        logWebhook(webhook, error);
        if (error !== undefined) errors.push(error);
        metrics.webhook(webhook, error);
      },
    },
    whatsapp: {
      publicUrl,
      accounts: config.accounts,
      businesses: config.businesses,
      scripts,
      messages: memory.messages,
      wake: () => woken.times++,
      now: () => clock.now,
      monotonicMs: () => performance.now(),
      observe(webhook, error) {
        messageWebhooks.push(webhook);
        logWebhook(webhook, error);
        if (error !== undefined) errors.push(error);
        metrics.message(webhook, error);
      },
    },
    phone: null,
    api: {
      ...memory,
      receipt: receiptsWith(config, memory, () => clock.now),
      publicUrl,
      businesses: config.businesses,
      calls: null,
      wake: () => undefined,
      now: () => clock.now,
      newId: randomUUIDv7,
      onError: failed,
      ...api,
    },
    metrics: metrics.text,
    isServing: () => true,
    onError: failed,
  });
  const [account] = config.accounts;
  if (account === undefined) throw new Error("no account");
  return {
    app,
    config,
    ledger,
    memory,
    connection,
    clock,
    commits,
    scripts,
    webhooks,
    messageWebhooks,
    woken,
    metrics: metrics.text,
    errors,
    databaseFile,
    /** Someone with a telephone; each has a call of their own. */
    call: (options: CallerOptions = {}): Caller =>
      caller((request) => app.request(behindProxy(request, publicUrl)), {
        publicUrl,
        accountSid: account.sid,
        authToken: account.authTokens[0] ?? "",
        ...options,
      }),
    /** Rows of a table, as they are in the file. */
    rows: (table: string) =>
      connection.client.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[],
    async stop() {
      await ledger.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A proxy that has its own path for the line takes that path off. */
function behindProxy(request: Request, publicUrl: string): Request {
  const { origin, pathname } = new URL(publicUrl);
  return pathname === "/" ? request : new Request(request.url.replace(origin + pathname, origin), request);
}

/** A SID of Twilio's form. */
export function sid(prefix: "CA" | "AC" | "SM"): string {
  return prefix + randomBytes(16).toString("hex");
}
