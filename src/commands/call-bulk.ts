import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { bulk, isLoopback, parseMix, type BulkResult } from "../simulator/index.ts";
import { Interrupted, NotSo, Unreachable, UsageError, type CliParts } from "./command.ts";
import { targetOf, withTargetOptions, type TargetOptions } from "./call-target.ts";
import type { Command } from "commander";

/** Bounds of one run: a machine of its own is the right tool beyond them. */
const MAX_CALLS = 10_000_000;
const MAX_CONCURRENCY = 1_000;

type BulkCommandOptions = TargetOptions & {
  readonly calls: string;
  readonly concurrency: string;
  readonly rate?: string;
  readonly mix?: string;
  readonly seed: string;
  readonly maxP95?: string;
  readonly to?: string;
  readonly allowRemote?: true;
  readonly json?: true;
};

/** Twilio's codes for a service that was not reached: connection, DNS, TLS. */
const NO_ANSWER = /^112(?:05|10|20)\b/;

/** `yesline call bulk`: many calls at once. */
export function bulkCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  withTargetOptions(command.command("bulk"))
    .description(
      "play many calls at once, the same callers for the same seed; on the same ledger they come back as returning callers",
    )
    .option("--calls <n>", "how many", "1000")
    .option("--concurrency <n>", "how many at the same time", "50")
    .option("--rate <n>", "calls that begin in a second, at most")
    .option(
      "--mix <file>",
      "who calls and what they do, as YAML (default: most say yes, some say nothing, some leave)",
    )
    .option("--seed <text>", "the same seed gives the same callers", randomBytes(4).toString("hex"))
    .option("--max-p95 <ms>", "fail if 95 % of the webhooks took longer than this")
    .option("--to <number>", "the line to call (default: the first business's first)")
    .option("--allow-remote", "call a line that is not on this machine")
    .option("--json", "print JSON")
    .action(async (options: BulkCommandOptions) => {
      const config = loadConfig();
      const target = targetOf(options, config);
      if (!isLoopback(target.url) && options.allowRemote !== true) {
        throw new UsageError(
          `${target.url} is not on this machine: that would load somebody's line. If it is yours, say --allow-remote.`,
        );
      }
      const calls = count("--calls", options.calls, MAX_CALLS);
      const maxP95 = milliseconds("--max-p95", options.maxP95);
      const plan = {
        target,
        to: options.to ?? config.businesses[0]?.lines[0] ?? "",
        calls,
        concurrency: count("--concurrency", options.concurrency, MAX_CONCURRENCY),
        ...(options.rate === undefined ? {} : { rate: count("--rate", options.rate, MAX_CALLS) }),
        ...(options.mix === undefined ? {} : { mix: readMix(options.mix) }),
        seed: options.seed,
      };
      const bar = new SingleBar({
        stream: process.stderr,
        format: "{bar} {value}/{total} calls · {errors} with errors · {eta_formatted}",
      });
      if (process.stderr.isTTY) bar.start(calls, 0, { errors: 0 });
      const interrupted = new AbortController();
      const stop = () => interrupted.abort();
      process.once("SIGINT", stop);
      const result = await bulk({
        ...plan,
        signal: interrupted.signal,
        onProgress: ({ done, errors }) => bar.update(done, { errors }),
      });
      process.off("SIGINT", stop);
      bar.stop();
      out(options.json === true ? `${JSON.stringify(result)}\n` : pretty(result));
      if (interrupted.signal.aborted) throw new Interrupted(`interrupted after ${result.calls} calls`);
      judge(result, maxP95, err);
    });
}

function judge(result: BulkResult, maxP95: number, err: (text: string) => void): void {
  const unanswered = Object.keys(result.errors).every((error) => NO_ANSWER.test(error));
  if (result.failedCalls > 0 && unanswered && result.failedCalls === result.calls) {
    throw new Unreachable("Nobody answers there: start the line (npm start), or give its --url.");
  }
  const slow = result.webhooks.p95 > maxP95;
  if (slow)
    err(
      `95 % of the webhooks took up to ${result.webhooks.p95.toFixed(1)} ms; at most ${maxP95} ms was asked for\n`,
    );
  if (slow || result.failedCalls > 0) throw new NotSo();
}

function pretty(result: BulkResult): string {
  const row = (name: string, { count: n, p50, p95, p99, max }: BulkResult["webhooks"]) =>
    `  ${name.padEnd(46)} ${String(n).padStart(8)} ${[p50, p95, p99, max].map((ms) => ms.toFixed(1).padStart(8)).join(" ")}`;
  const counts = (of: Record<string, number>) =>
    Object.entries(of)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, n]) => `  ${String(n).padStart(8)}  ${name}`);
  return [
    `${result.calls} calls in ${(result.durationMs / 1_000).toFixed(1)} s, ${result.callsPerSecond.toFixed(0)} a second, seed ${result.seed}, ${result.failedCalls} with errors`,
    `  ${"milliseconds a webhook".padEnd(46)} ${"webhooks".padStart(8)} ${["p50", "p95", "p99", "max"].map((name) => name.padStart(8)).join(" ")}`,
    row("all", result.webhooks),
    ...Object.entries(result.byPath).map(([path, times]) => row(path, times)),
    "how they ended",
    ...counts(result.outcomes),
    ...(result.failedCalls === 0 ? [] : ["errors", ...counts(result.errors)]),
    "",
  ].join("\n");
}

function count(option: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UsageError(`${option} ${text} is not a whole number from 1 to ${max}.`);
}

/** Without a limit nothing is too slow. */
function milliseconds(option: string, text: string | undefined): number {
  const value = text === undefined ? Infinity : Number(text);
  if (value > 0) return value;
  throw new UsageError(`${option} ${text} is not a number of milliseconds.`);
}

function readMix(file: string) {
  try {
    return parseMix(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--mix ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
