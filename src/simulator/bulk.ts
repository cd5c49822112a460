import { setTimeout as delay } from "node:timers/promises";
import { placeCall } from "./call.ts";
import { virtualClock } from "./clock.ts";
import type { CallEvent, EndedEvent, WebhookEvent } from "./events.ts";
import { hasError } from "./expect.ts";
import { plainFacts } from "./fields.ts";
import { histogram, quantiles, type Histogram, type Quantiles } from "./histogram.ts";
import { withTransport, type Transport } from "./http.ts";
import { behavingCaller, chooseBehaviour, defaultMix, type Mix } from "./mix.ts";
import { between, seededRandom, systemRandom, type Random } from "./random.ts";
import { targetUrls, type Target } from "./run.ts";
import { createWire, type Wire } from "./wire.ts";

export type BulkOptions = {
  target: Target;
  /** The line that is called. */
  to: string;
  calls: number;
  concurrency: number;
  /** Calls that begin in one second, at most; as many as there can be unless told. */
  rate?: number;
  mix?: Mix;
  /** The same seed: the same callers doing the same. CallSids are always new. */
  seed: string | number;
  onProgress?: (progress: BulkProgress) => void;
  /** No new call begins once it is aborted; those that have begun come to their end. */
  signal?: AbortSignal;
  transport?: Transport;
  ids?: Random;
  now?: () => Date;
  stopwatch?: () => number;
  wait?: (ms: number) => Promise<void>;
};

export type BulkProgress = { done: number; calls: number; errors: number };

export type BulkResult = {
  calls: number;
  seed: string;
  durationMs: number;
  callsPerSecond: number;
  /** How the calls ended. */
  outcomes: Record<string, number>;
  behaviours: Record<string, number>;
  webhooks: Quantiles;
  /** By path, without query. */
  byPath: Record<string, Quantiles>;
  /** Calls in which anything went wrong, and what. */
  failedCalls: number;
  errors: Record<string, number>;
};

/**
 * Plays many calls, each with a caller chosen by weight from the mix. Memory does not grow with the
 * number of calls: durations go into histograms, and distinct names are bounded.
 */
export async function bulk(options: BulkOptions): Promise<BulkResult> {
  const { stopwatch = () => performance.now(), wait = (ms: number) => delay(ms) } = options;
  const tally = newTally();
  const started = stopwatch();
  let next = 0;

  async function worker(transport: Transport): Promise<void> {
    for (let index = next++; index < options.calls && options.signal?.aborted !== true; index = next++) {
      const dueMs = options.rate === undefined ? 0 : (index * 1_000) / options.rate;
      const earlyMs = dueMs - (stopwatch() - started);
      if (earlyMs > 0) await wait(earlyMs);
      tally.end(await oneCall(options, index, transport, tally));
      options.onProgress?.({ done: tally.done, calls: options.calls, errors: tally.failedCalls });
    }
  }

  const workers = Math.min(options.concurrency, options.calls);
  await withTransport(options.transport, { maxSockets: workers }, (transport) =>
    Promise.all(Array.from({ length: workers }, () => worker(transport))),
  );
  return tally.result(String(options.seed), stopwatch() - started);
}

type CallOutcome = { ended: EndedEvent; errors: string[] };

async function oneCall(
  options: BulkOptions,
  index: number,
  transport: Transport,
  tally: Tally,
): Promise<CallOutcome> {
  const { target, to, mix = defaultMix, ids = systemRandom } = options;
  const random = seededRandom(`${options.seed}:${index}`);
  const behaviour = chooseBehaviour(mix, random);
  const from = `+1646555${String(between(random, 0, 9_999)).padStart(4, "0")}`;
  const urls = targetUrls(target);
  const clock = virtualClock();
  const wire = createWire({ authToken: target.authToken, clock, transport, random: ids });
  const errors: string[] = [];
  increase(tally.behaviours, behaviour.name);
  const ended = await placeCall({
    facts: plainFacts({ accountSid: target.accountSid, from, to, direction: "inbound" }, ids),
    voiceUrl: urls.voiceUrl,
    fallbackUrl: urls.fallbackUrl,
    status: { url: urls.statusUrl, events: ["completed"], order: "as it happens" },
    wire: sometimesLosing(wire, behaviour.losesAnswers, random),
    clock,
    random: ids,
    startsAt: (options.now ?? (() => new Date()))(),
    caller: behavingCaller(behaviour, random),
    onEvent: (event) => tally.notice(event, errors),
  });
  return { ended, errors };
}

/** The answer to a webhook is lost now and then, and asked for again. */
function sometimesLosing(wire: Wire, share: number, random: Random): Wire {
  return {
    ...wire,
    request(outgoing) {
      wire.faults.drops = random() < share ? 1 : 0;
      return wire.request(outgoing);
    },
  };
}

/** Distinct names that are told apart; the rest is counted together. */
const maxNames = 100;

type Tally = ReturnType<typeof newTally>;

function newTally() {
  const tally = {
    done: 0,
    failedCalls: 0,
    outcomes: new Map<string, number>(),
    behaviours: new Map<string, number>(),
    errors: new Map<string, number>(),
    all: histogram(),
    byPath: new Map<string, Histogram>(),
    notice(event: CallEvent, errors: string[]): void {
      if (event.kind === "webhook") tally.time(event, errors);
    },
    time(webhook: WebhookEvent, errors: string[]): void {
      tally.all.add(webhook.ms);
      histogramOf(tally.byPath, webhook.url).add(webhook.ms);
      if (hasError(webhook))
        errors.push(...webhook.problems.map(({ code, message }) => `${code} ${message}`));
    },
    result(seed: string, durationMs: number): BulkResult {
      return {
        calls: tally.done,
        seed,
        durationMs,
        callsPerSecond: durationMs === 0 ? 0 : (tally.done * 1_000) / durationMs,
        outcomes: Object.fromEntries(tally.outcomes),
        behaviours: Object.fromEntries(tally.behaviours),
        webhooks: quantiles(tally.all),
        byPath: Object.fromEntries([...tally.byPath].map(([path, of]) => [path, quantiles(of)])),
        failedCalls: tally.failedCalls,
        errors: Object.fromEntries(tally.errors),
      };
    },
    end({ ended, errors }: CallOutcome): void {
      tally.done += 1;
      increase(tally.outcomes, `${ended.by}: ${ended.reason}`);
      for (const error of errors) increase(tally.errors, error);
      const wentWrong = errors.length > 0 || ended.by === "twilio" || ended.by === "simulator";
      if (wentWrong) tally.failedCalls += 1;
    },
  };
  return tally;
}

function histogramOf(byPath: Map<string, Histogram>, url: string): Histogram {
  const path = URL.canParse(url) ? new URL(url).pathname : "not a URL";
  const name = byPath.has(path) || byPath.size < maxNames ? path : "other";
  const known = byPath.get(name) ?? histogram();
  byPath.set(name, known);
  return known;
}

function increase(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < maxNames ? name : "other";
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Whether a URL leads to this machine: calls in bulk go nowhere else unless somebody insists. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/u.test(hostname);
}
