import type RequestClient from "twilio/lib/base/RequestClient.js";
import type { Sent } from "./rest-outcome.ts";

/** Why a request brought no answer that Twilio's SDK could read: the outcome to report. */
export class NoAnswer extends Error {
  readonly outcome: Exclude<Sent, { kind: "accepted" | "refused" }>;

  constructor(outcome: NoAnswer["outcome"]) {
    super(outcome.kind === "busy" ? "busy" : outcome.reason);
    this.outcome = outcome;
  }
}

/** How long Twilio may take for an answer, its body included. */
export const REST_TIMEOUT_MS = 10_000;
/** A page of a list is about 100 kB. */
const MAX_ANSWER_BYTES = 2_000_000;
/** Twilio never asks for more; whatever else the header says is not believed. */
const MAX_RETRY_AFTER_SECONDS = 3_600;

/** Codes of a connection that was never made: nothing has left. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

type Options = RequestClient.RequestOptions<Record<string, unknown>, Record<string, unknown>>;

/**
 * HTTP for Twilio's SDK, in place of its own: to the given origin, on kept connections, without redirects, proxies of
 * the environment or repetitions; what takes too long or is too large is cut off.
 *
 * @param baseUrl origin, and a path before Twilio's where there is one
 */
export function restHttp(baseUrl: string, timeoutMs: number): RequestClient {
  const base = new URL(baseUrl);
  const client: Pick<RequestClient, "request"> = {
    async request<T>(options: RequestClient.RequestOptions<T>) {
      const { method, headers, body, url } = toRequest(base, options as Options);
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await fetch(url, { method, headers, body, signal, redirect: "manual" });
        const text = await readAnswer(answer);
        return { statusCode: answer.status, body: text as T, headers: Object.fromEntries(answer.headers) };
      } catch (error) {
        throw error instanceof NoAnswer ? error : new NoAnswer(failureOf(error, timeoutMs));
      }
    },
  };
  return client as RequestClient;
}

function toRequest(base: URL, { method, uri, username, password, headers, params, data }: Options) {
  const asked = new URL(uri);
  const query = form(params).toString();
  return {
    url: base.origin + base.pathname.replace(/\/+$/, "") + asked.pathname + (query && `?${query}`),
    method: method.toUpperCase(),
    headers: {
      ...(headers as Record<string, string>),
      Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    },
    body: data === undefined ? null : form(data).toString(),
  };
}

/** Lists are repeated names, as Twilio has them. */
function form(values: Readonly<Record<string, unknown>> = {}): URLSearchParams {
  return new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value])
        .filter((one) => one !== undefined)
        .map((one): [string, string] => [name, String(one)]),
    ),
  );
}

/** What Twilio did not decide on is no answer: too many requests, a time-out on the way, a failure on its side. */
async function readAnswer(answer: Response): Promise<string> {
  const { status } = answer;
  if (status === 429 || status === 408 || status >= 500) {
    await answer.body?.cancel();
    throw new NoAnswer(
      status === 429
        ? { kind: "busy", retryAfterSeconds: retryAfter(answer.headers.get("retry-after")) }
        : { kind: "unclear", reason: `HTTP ${status}` },
    );
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new NoAnswer({ kind: "unclear", reason: "the answer is too long" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function retryAfter(header: string | null): number | null {
  return /^\d{1,9}$/.test(header ?? "") ? Math.min(Number(header), MAX_RETRY_AFTER_SECONDS) : null;
}

export function failureOf(error: unknown, timeoutMs: number): NoAnswer["outcome"] {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { kind: "unclear", reason: `no answer within ${timeoutMs / 1000} s` };
  }
  const code = codeOf(error);
  return code !== null && NEVER_CONNECTED.has(code)
    ? { kind: "unreachable", reason: `no connection (${code})` }
    : { kind: "unclear", reason: `the connection broke (${code ?? "no reason given"})` };
}

/** `fetch` tells the reason in its error's cause. */
function codeOf(error: unknown): string | null {
  const cause: unknown = error instanceof Error ? error.cause : null;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : null;
}
