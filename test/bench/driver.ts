import { setTimeout as sleep } from "node:timers/promises";
import { wireTo, type Answer, type Wire } from "./wire.ts";

/**
 * The load, in a process of its own: chains of requests, each chain in order on one connection, such as the webhooks of
 * one call. All of them are made, and signed, before the clock starts.
 */
export type Job = {
  readonly url: string;
  readonly connections: number;
  /** A file in `chains/`, and what its `chains` is to make. */
  readonly chains: string;
  readonly options: unknown;
  /** Chains that begin in a second; absent: each connection as fast as it is answered. */
  readonly chainsPerSecond?: number;
};

export type Driven = {
  readonly requests: number;
  readonly seconds: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** What the driver itself needs for a request: it must not be what is measured. */
  readonly driverMicroseconds: number;
};

/** One request, the status that its answer must have, and what must stand in it: an apology is no answer. */
export type Exchange = { readonly request: Buffer; readonly status: number; readonly holds?: string };
export type Chain = readonly Exchange[];
export type ChainMaker<Options> = (url: string, options: Options) => readonly Chain[];

export type DriverSays = { readonly driven: Driven } | { readonly failed: string };
export type DriverHears = { readonly job: Job } | "stop";

/** A server that hangs must not hang the bench. */
const MAX_JOB_MS = 15 * 60 * 1000;
const SHOWN_OF_AN_ANSWER = 300;

async function drive(
  { url, connections, chains, options, chainsPerSecond }: Job,
  stop: AbortSignal,
): Promise<Driven> {
  const maker = (await import(new URL(`chains/${chains}.ts`, import.meta.url).href)) as {
    readonly chains: ChainMaker<unknown>;
  };
  const all = maker.chains(url, options);
  const milliseconds: number[] = [];
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();

  async function walk(wire: Wire): Promise<void> {
    for (let chain = all[next++]; chain !== undefined && !stop.aborted; chain = all[next++]) {
      if (chainsPerSecond !== undefined) {
        const waitMs = startedAt + ((next - 1) / chainsPerSecond) * 1000 - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        if (stop.aborted) break;
      }
      for (const { request, status, holds = "" } of chain) {
        const askedAt = performance.now();
        const answer = await wire.ask(request);
        milliseconds.push(performance.now() - askedAt);
        if (answer.status !== status || !answer.body.includes(holds))
          throw new Error(unexpected(request, answer));
      }
    }
  }

  const wires = Array.from({ length: connections }, () => wireTo(url));
  try {
    await Promise.race([Promise.all(wires.map(walk)), tooLong()]);
  } finally {
    for (const wire of wires) wire.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const sorted = Float64Array.from(milliseconds).toSorted();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    requests: sorted.length,
    seconds,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    mostMs: at(1),
    driverMicroseconds: (user + system) / sorted.length,
  };
}

function unexpected(request: Buffer, { status, body }: Answer): string {
  const [line] = request.toString("latin1", 0, 200).split("\r\n", 1);
  return `${line} was answered ${status}: ${body.toString("utf8", 0, SHOWN_OF_AN_ANSWER)}`;
}

async function tooLong(): Promise<never> {
  await sleep(MAX_JOB_MS, undefined, { ref: false });
  throw new Error(`The load took longer than ${MAX_JOB_MS} ms.`);
}

if (import.meta.main) {
  let stop = new AbortController();
  const say = (said: DriverSays) => process.send?.(said);
  process.on("message", (heard: DriverHears) => {
    if (heard === "stop") {
      stop.abort();
      return;
    }
    stop = new AbortController();
    drive(heard.job, stop.signal).then(
      (driven) => say({ driven }),
      (error: unknown) => say({ failed: error instanceof Error ? error.message : String(error) }),
    );
  });
  // Whoever started it has gone.
  process.on("disconnect", () => process.exit());
}
