import { clearAfterStart } from "./heap.ts";
import { randomUUIDv7 } from "node:crypto";
import { once } from "node:events";
import { createApp } from "./app.ts";
import { yesline } from "./cli.ts";
import type { Address } from "./commands/command.ts";
import { ConfigError, loadConfig, TWIML_FOLDER, type Config } from "./config.ts";
import { watchClock } from "./clock.ts";
import { watchDamage } from "./damage.ts";
import { dispatchWith } from "./dispatch.ts";
import { referenceOf } from "./ledger/reference.ts";
import { keepingBook, keepPromises, listErasures, type KeepingParts } from "./keeping.ts";
import { litestreamWarnings, walBytesOf } from "./ledger/sqlite/litestream.ts";
import { memoryBeside } from "./ledger/sqlite/memory-beside.ts";
import { createLog, webhookLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { assertScripts } from "./script/boot.ts";
import { templatesOf } from "./script/templates.ts";
import { pdfPress } from "./proof/pdf-press.ts";
import { receiptsWith } from "./receipts.ts";
import { sealWith, verifiersOf } from "./sealing.ts";
import { drain, listen, signalToStop, type Listening } from "./server.ts";
import { httpTransport, type PhoneParts, type Transport } from "./simulator/index.ts";
import { superviseWith } from "./supervision.ts";
import { wasCutShort } from "./twilio/body-limit.ts";
import { VERBS } from "./twilio/verbs.ts";
import { upkeep } from "./upkeep.ts";
import { verifyWith } from "./verifying.ts";

const monotonicMs = () => performance.now();

/** Serves until SIGTERM or SIGINT; resolves when the last answer is sent and the ledger is closed. */
async function serve(config: Config, announce: (address: Address) => void): Promise<void> {
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const today = new Date().toISOString().slice(0, 10);
  const { businesses } = config;
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, "the disk cannot be trusted any more; stopping");
    process.exit(1);
  };
  const beside = memoryBeside(
    {
      file: config.databaseFile,
      litestream: config.litestream,
      secret: config.secret,
      olderSecrets: config.olderSecrets,
      businesses,
    },
    {
      monotonicMs,
      onCommit: metrics.committed,
      onTurnedAway: metrics.turnedAway,
      onDropped(webhooks, reason) {
        if (metrics.dropped(webhooks)) log.warn({ err: reason }, "times of webhooks are not kept; told once");
      },
      onFatal,
    },
  );
  const scripts = assertScripts({ folder: TWIML_FOLDER, businesses, verbs: VERBS, today });
  await beside.open();
  const damage = watchDamage({ file: config.databaseFile, log, now: Date.now, onDamage: onFatal });
  await damage.first();
  const { memory, operators, hasOperators, file, lastWrittenAt } = await beside.begin();
  const clock = watchClock({ log, now: Date.now, monotonicMs, lastWrittenAt });
  const { ledger, reading } = memory;

  const sealing = sealWith(config, { store: memory.proof, log, out: (text) => process.stdout.write(text) });
  const walBytes = () => walBytesOf(config.databaseFile);
  metrics.watchMachine({ skewMs: clock.skewMs, pagesSoundAt: damage.soundAt, walBytes });
  metrics.watchLog(sealing.status, Date.now);
  const verifying = verifyWith({
    store: memory.audit,
    verifiers: verifiersOf(config),
    outside: sealing.outside,
    log,
    now: Date.now,
    monotonicMs,
  });
  metrics.watchVerifying(verifying.status);
  const keeping = keepingBook();
  const promises: KeepingParts = {
    privacy: memory.privacy,
    businesses,
    erasureList: config.erasureList,
    log,
    now: Date.now,
    observe: keeping.observe,
  };
  metrics.watchPrivacy({ tally: () => memory.privacy.erasureTally(), keeping: keeping.status });
  const stopping = new AbortController();
  const logWebhook = webhookLog(log);
  const onError = (error: unknown) =>
    wasCutShort(error) ? log.info("a client hung up") : log.error({ err: error }, "request failed");
  const supervision = superviseWith(config, {
    operators,
    hasOperators,
    ledger,
    reading,
    memory,
    scripts,
    isServing: () => !stopping.signal.aborted,
    verifying: verifying.status,
    keeping: keeping.status,
    listErasures: () => listErasures(promises),
    phone: config.simulator === null ? null : "/phone",
    log,
  });
  let leaving = Promise.resolve();
  const { server, address } = await listenAsConfigured(config, (own) => {
    const publicUrl = config.publicUrl ?? own;
    const { worker, calls, playRecording } = dispatchWith(config, {
      memory,
      scripts,
      publicUrl,
      ownUrl: own,
      log,
      count: metrics.outgoing,
    });
    const receipt = receiptsWith(config, memory, Date.now);
    const print = pdfPress({ publicUrl });
    metrics.watchOutgoing(memory.outgoing, Date.now);
    metrics.watchRecordings(memory.recordings);
    leaving = worker.run(stopping.signal);
    return createApp({
      voice: {
        publicUrl,
        accounts: config.accounts,
        businesses,
        scripts,
        ledger,
        liveCalls: memory.liveCalls,
        recordings: memory.recordings,
        now: Date.now,
        monotonicMs,
        observe(webhook, error) {
          logWebhook(webhook, error);
          metrics.webhook(webhook, error);
          supervision.troubles.saw(webhook, error);
          // What was recorded may bring a message; the end of a call makes it due.
          if (webhook.entries.length > 0 || webhook.route === "status" || webhook.recording === true)
            worker.wake();
        },
      },
      whatsapp: {
        publicUrl,
        accounts: config.accounts,
        businesses,
        scripts,
        messages: memory.messages,
        wake: worker.wake,
        now: Date.now,
        monotonicMs,
        observe(webhook, error) {
          logWebhook(webhook, error);
          metrics.message(webhook, error);
          const { outcome: seen } = webhook;
          const outcome = error === undefined ? seen : `${error.name}: nothing was recorded`;
          supervision.troubles.saw({ ...webhook, outcome });
        },
      },
      phone: phoneParts(config, publicUrl, own, {
        templates: templatesOf(scripts, businesses),
        stopping: stopping.signal,
        onError,
      }),
      console: supervision.console(publicUrl, {
        async printReceipt(businessId, entryId) {
          const found = await receipt([businessId], entryId);
          return found === null ? null : print(found);
        },
        placeCall: calls.placeCall,
        playRecording,
        wake: worker.wake,
      }),
      api: {
        ...memory,
        receipt,
        printReceipt: print,
        publicUrl,
        businesses,
        calls,
        wake: worker.wake,
        now: Date.now,
        newId: randomUUIDv7,
        onError,
      },
      log: sealing.published,
      metrics: metrics.text,
      isServing: () => !stopping.signal.aborted,
      onError,
    });
  });
  sealing.start();
  verifying.start();
  clock.start();
  damage.start(file.standing);
  const stopUpkeep = upkeep({ ledger, messages: memory.messages, businesses, log, now: Date.now });
  const stopKeeping = keepPromises(promises);
  for (const warning of [...config.warnings, ...litestreamWarnings(config)]) log.warn(warning);
  const publicUrl = config.publicUrl ?? address;
  announce({
    url: address,
    voiceUrl: `${publicUrl}/voice`,
    statusCallback: `${publicUrl}/voice/status`,
    whatsappUrl: `${publicUrl}/whatsapp`,
    api: `${address}/api/docs`,
    phone: config.simulator === null ? null : `${address}/phone`,
    console: `${address}/console`,
    firstOperator: supervision.firstOperator,
  });
  const firstOperator = supervision.addFirstOperator();
  clearAfterStart();

  await signalToStop();
  log.info("stopping: no new connections, answering what is under way");
  stopping.abort();
  const drained = drain(server);
  clock.stop();
  await damage.finish();
  await stopUpkeep();
  await stopKeeping();
  await verifying.finish();
  await drained;
  await leaving;
  await firstOperator;
  await sealing.finish();
  await ledger.close();
  log.info("stopped");
}

/** @throws {ConfigError} where the address cannot be listened on */
async function listenAsConfigured(
  { host, port }: Config,
  makeApp: (address: string) => ReturnType<typeof createApp>,
): Promise<Listening> {
  try {
    return await listen(host, port, makeApp);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix =
      "stop the other program there, or set HOST and PORT to an address of this machine that is free";
    throw new ConfigError(`HOST=${host}, PORT=${port}: ${reason}: ${fix}.`, { cause: error });
  }
}

/** The browser phone signs for the public URL and connects to this very process; null without a simulator. */
function phoneParts(
  { simulator, businesses }: Config,
  publicUrl: string,
  own: string,
  rest: Pick<PhoneParts, "templates" | "stopping" | "onError">,
): PhoneParts | null {
  if (simulator === null) return null;
  const http = httpTransport();
  const transport: Transport = (delivery, limits) =>
    http({ ...delivery, url: delivery.url.replace(publicUrl, own) }, limits);
  const lines = businesses.flatMap(({ name, lines: numbers, locales }) =>
    numbers.map((line) => ({ line, name, locales })),
  );
  const consoleUrl = (callSid: string) => `/console/log?world=all&reference=${referenceOf(callSid)}`;
  return { target: { url: publicUrl, ...simulator }, lines, now: Date.now, transport, consoleUrl, ...rest };
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has gone, as with `| head`: there is nobody left to write for.
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await yesline(process.argv.slice(2), {
  loadConfig: () => loadConfig(process.env),
  serve,
  out: (text) => process.stdout.write(text),
  caughtUp: async () => process.stdout.writableNeedDrain && once(process.stdout, "drain"),
  err: (text) => process.stderr.write(text),
});
