import type { Purpose } from "./events.ts";
import { callFields, type ProgressStatus } from "./fields.ts";
import type { Ending, Line } from "./line.ts";
import { problem, type Problem } from "./problem.ts";
import { outsideGather, playPrompt } from "./prompts.ts";
import type { Fields } from "./signature.ts";
import { readAnswer } from "./twiml.ts";
import type { Method, Verb } from "./verbs.ts";

/** A document that Twilio wants: why, from where, and what it tells the service besides the usual. */
export type DocumentRequest = { purpose: Purpose; method: Method; url: string; fields: Fields };

/** Relative URLs in it are resolved against `url`, which is also where an omitted action leads. */
export type CallDocument = { verbs: readonly Verb[]; url: string };

export type Fetched = { kind: "document"; document: CallDocument } | { kind: "end"; ending: Ending };

/**
 * Asks the service for a document. When there is none to play, the fallback URL is asked, with ErrorCode
 * and ErrorUrl; without one, or when that fails too, the caller hears an apology and the call drops.
 */
export async function fetchDocument(
  line: Line,
  request: DocumentRequest,
  fallbackUrl: string | undefined,
): Promise<Fetched> {
  if (line.webhooks >= line.limits.webhooks) {
    const reason = `the call made more than ${line.limits.webhooks} webhooks`;
    return { kind: "end", ending: { by: "simulator", reason, status: "completed" } };
  }
  const { verbs, url, problems } = await deliver(line, request);
  if (verbs !== undefined) return { kind: "document", document: { verbs, url } };
  const [cause] = problems;
  if (fallbackUrl === undefined || request.purpose === "fallback") return apologize(line, cause);
  const fields: Fields = [
    ["ErrorCode", String(cause?.code ?? 11_200)],
    ["ErrorUrl", request.url],
  ];
  return fetchDocument(line, { purpose: "fallback", method: "POST", url: fallbackUrl, fields }, undefined);
}

/** Sends one webhook, reads the answer and reports both. */
export async function deliver(
  line: Line,
  request: DocumentRequest,
  status: ProgressStatus = line.answered ? "in-progress" : "ringing",
): Promise<{ verbs: Verb[] | undefined; url: string; problems: readonly Problem[] }> {
  line.webhooks += 1;
  const atMs = line.clock.now();
  const fields = callFields(line.facts, status, request.fields);
  const { purpose, method, url } = request;
  const webhook = {
    kind: "webhook",
    atMs,
    purpose,
    method,
    url,
    params: Object.fromEntries(fields),
  } as const;
  if (!isWebUrl(request.url)) {
    const problems = [problem(11_100, `"${request.url}" is not a URL that Twilio can ask`)];
    line.emit({ ...webhook, status: undefined, ms: 0, tries: 0, twiml: "", problems });
    return { verbs: undefined, url: request.url, problems };
  }
  const exchange = await line.wire.request({ method: request.method, url: request.url, fields });
  const { outcome } = exchange;
  const reading =
    outcome.kind === "failure"
      ? { verbs: undefined, problems: [outcome.problem] }
      : readAs(request, outcome.answer);
  line.emit({
    ...webhook,
    status: outcome.kind === "answer" ? outcome.answer.status : undefined,
    ms: exchange.ms,
    tries: exchange.tries,
    twiml: outcome.kind === "answer" ? outcome.answer.body : "",
    problems: reading.problems,
  });
  return { ...reading, url: exchange.url };
}

/** What a service answers to a status callback is not played: only its status matters. */
function readAs(request: DocumentRequest, answer: Parameters<typeof readAnswer>[0]) {
  if (request.purpose !== "status") return readAnswer(answer);
  const bad = answer.status >= 300 || answer.status < 200;
  return { verbs: undefined, problems: bad ? [problem(11_200, `Got HTTP ${answer.status}`)] : [] };
}

function isWebUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol);
}

async function apologize(line: Line, cause: Problem | undefined): Promise<Fetched> {
  line.answered = true;
  const text = "We're sorry, an application error has occurred. Goodbye.";
  const sorry = {
    verb: "Say",
    text,
    language: "en-US",
    voice: undefined,
    times: 1,
    breakSeconds: 0,
  } as const;
  const cut = await playPrompt(line, sorry, outsideGather);
  if (cut?.kind === "end") return cut;
  const reason = cause === undefined ? "there was nothing to play" : `${cause.code}: ${cause.message}`;
  return { kind: "end", ending: { by: "twilio", reason, status: "completed" } };
}
