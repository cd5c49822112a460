import { unescape } from "node:querystring";
import type { Clock } from "./clock.ts";
import { cookieJar } from "./cookies.ts";
import type { Delivery, Limits, Received, Transport } from "./http.ts";
import { connectionOverrides, type Failure, type Overrides } from "./overrides.ts";
import { problem, type Problem } from "./problem.ts";
import { hex, type Random } from "./random.ts";
import { sign, signedUrl, type Fields } from "./signature.ts";
import { maxAnswerBytes, type Answer } from "./twiml.ts";

/** A webhook before it is signed. The URL's fragment may hold connection overrides. */
export type Outgoing = { method: "GET" | "POST"; url: string; fields: Fields };

/** A webhook and what became of it: an answer with any status, or a problem. */
export type Exchange = {
  /** The last request that was sent, redirects and retries included. */
  delivery: Delivery;
  /** Where the answer came from; relative URLs in it are resolved against this. */
  url: string;
  /** How often it was sent because a try failed; 1 when all went well. */
  tries: number;
  ms: number;
  outcome: { kind: "answer"; answer: Answer } | { kind: "failure"; problem: Problem };
  /** Answers to copies that were delivered at the same moment (see `Faults.copies`). */
  copies: Answer[];
};

/** Trouble on the network, for as long as it is set. */
export type Faults = {
  /** Added to every request, in milliseconds of call time; it counts against the time-outs. */
  delayMs: number;
  /** So many coming answers are lost: the service has done its work and Twilio never hears of it. */
  drops: number;
  /** So many duplicates of each webhook are delivered at the same moment as the webhook. */
  copies: number;
};

export type Wire = {
  request(outgoing: Outgoing): Promise<Exchange>;
  /** Sends a request again, verbatim: same body, same signature. Faults do not touch it. */
  again(delivery: Delivery): Promise<Answer | Problem>;
  faults: Faults;
};

export type WireParts = {
  authToken: string;
  clock: Clock;
  transport: Transport;
  random: Random;
  /** Real milliseconds; only differences are used. */
  stopwatch?: () => number;
};

/** twilio.com/docs/api/errors/11215 */
const maxHttpRedirects = 10;

/** HTTP as Twilio speaks it: signed, with the cookies of the call, retried as the URL's fragment says. */
export function createWire(parts: WireParts): Wire {
  const jar = cookieJar();
  const faults: Faults = { delayMs: 0, drops: 0, copies: 0 };
  const sender: Sender = { ...parts, faults, stopwatch: parts.stopwatch ?? (() => performance.now()) };

  return {
    faults,
    async request(outgoing) {
      let next = outgoing;
      let ms = 0;
      for (let redirects = 0; ; redirects += 1) {
        const delivery = signedDelivery(next, parts, jar.header(next.url));
        const { received, copies, tries, ...tried } = await persist(
          sender,
          delivery,
          connectionOverrides(next.url),
        );
        ms += tried.ms;
        const done = { delivery, url: next.url, tries, ms, copies: copies.flatMap(answered) };
        if (received.kind === "failure") return { ...done, outcome: failed(problemOf(received)) };
        jar.keep(next.url, received.headers["set-cookie"]);
        const redirected = redirection(next, received.status, received.headers.location);
        if (redirected === undefined)
          return { ...done, outcome: { kind: "answer", answer: toAnswer(received) } };
        if (redirects === maxHttpRedirects) return { ...done, outcome: failed(tooManyRedirects) };
        next = redirected;
      }
    },
    async again(delivery) {
      const started = sender.stopwatch();
      const received = await sender.transport(delivery, ordinaryLimits);
      sender.clock.spent(sender.stopwatch() - started);
      return received.kind === "answer" ? toAnswer(received) : problemOf(received);
    },
  };
}

type Sender = Required<WireParts> & { faults: Faults };
type Attempt = { received: Received; copies: Received[]; ms: number };
type Answered = Extract<Received, { kind: "answer" }>;
type Failed = Extract<Received, { kind: "failure" }>;

const ordinaryLimits: Limits = { connectMs: 5_000, readMs: 15_000, maxBytes: maxAnswerBytes };
const tooManyRedirects = problem(11_215, `more than ${maxHttpRedirects} HTTP redirects`);

/** Tries until there is an answer, or a failure that is not to be tried again, or no time left. */
async function persist(
  sender: Sender,
  delivery: Delivery,
  overrides: Overrides,
): Promise<Attempt & { tries: number }> {
  let ms = 0;
  for (let tries = 1; ; tries += 1) {
    const tried = await attempt(sender, delivery, overrides, overrides.totalMs - ms);
    ms += tried.ms;
    const failure = failureOf(tried.received);
    const hopeless = failure === undefined || !overrides.retryOn.has(failure);
    if (hopeless || tries > overrides.retries || ms >= overrides.totalMs) return { ...tried, ms, tries };
  }
}

/** One request over the network, with the troubles that are set. */
async function attempt(
  { faults, clock, transport, stopwatch }: Sender,
  delivery: Delivery,
  overrides: Overrides,
  leftMs: number,
): Promise<Attempt> {
  const readMs = Math.min(overrides.readMs, leftMs);
  const limits = { connectMs: Math.min(overrides.connectMs, leftMs), readMs, maxBytes: maxAnswerBytes };
  const started = stopwatch();
  const duplicates = Array.from({ length: faults.copies }, () => transport(delivery, limits));
  const [first, ...copies] = await Promise.all([transport(delivery, limits), ...duplicates]);
  const realMs = stopwatch() - started;
  clock.spent(realMs);
  const delayMs = Math.min(faults.delayMs, Math.max(0, readMs - realMs));
  await clock.sleep(delayMs);
  const tooLate = realMs + faults.delayMs >= readMs;
  return { received: troubled(first, faults, tooLate, readMs), copies, ms: realMs + delayMs };
}

function troubled(received: Received, faults: Faults, tooLate: boolean, readMs: number): Received {
  if (faults.drops > 0) {
    faults.drops -= 1;
    return { kind: "failure", failure: "connect", message: "the connection was dropped" };
  }
  if (tooLate) return { kind: "failure", failure: "timeout", message: `no answer within ${readMs} ms` };
  return received;
}

function failureOf(received: Received): Failure | undefined {
  if (received.kind === "failure") return received.failure === "timeout" ? "rt" : "ct";
  if (received.status >= 500) return "5xx";
  return received.status >= 400 ? "4xx" : undefined;
}

function problemOf(received: Failed): Problem {
  const codes = { connect: 11_205, dns: 11_210, tls: 11_220, timeout: 11_200 } as const;
  return problem(codes[received.failure], received.message);
}

function failed(found: Problem): Exchange["outcome"] {
  return { kind: "failure", problem: found };
}

function answered(received: Received): Answer[] {
  return received.kind === "answer" ? [toAnswer(received)] : [];
}

function toAnswer(received: Answered): Answer {
  const { status, headers, body, tooLarge } = received;
  return { status, contentType: headers["content-type"], body, tooLarge };
}

/** 301, 302 and 303 are followed with a GET; 307 and 308 repeat the request at the new place. */
function redirection(from: Outgoing, status: number, location: string | undefined): Outgoing | undefined {
  if (location === undefined || !URL.canParse(location, from.url)) return undefined;
  const { href: url, protocol } = new URL(location, from.url);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  if (status === 307 || status === 308) return { ...from, url };
  return status === 301 || status === 302 || status === 303 ? { method: "GET", url, fields: [] } : undefined;
}

function signedDelivery(outgoing: Outgoing, parts: WireParts, cookie: string | undefined): Delivery {
  const { method, fields } = outgoing;
  const target = new URL(outgoing.url);
  const credentials = `${unescape(target.username)}:${unescape(target.password)}`;
  target.hash = "";
  target.username = "";
  target.password = "";
  if (method === "GET")
    target.search = [target.search, encodeForm(fields)].filter((part) => part !== "").join("&");
  const url = target.href;
  const body = method === "POST" ? encodeForm(fields) : "";
  return {
    method,
    url,
    body,
    headers: {
      ...(method === "POST" ? { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" } : {}),
      ...(method === "POST" ? { "Content-Length": String(Buffer.byteLength(body)) } : {}),
      "User-Agent": "TwilioProxy/1.1",
      "X-Twilio-Signature": sign(signedUrl(url), method === "POST" ? fields : [], parts.authToken),
      "I-Twilio-Idempotency-Token": idempotencyToken(parts.random),
      Accept: "*/*",
      ...(credentials === ":"
        ? {}
        : { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
    },
  };
}

/** Not signed, the same on every retry: a hint only. */
function idempotencyToken(random: Random): string {
  return hex(random, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
}

function encodeForm(fields: Fields): string {
  const form = new URLSearchParams();
  for (const [name, value] of fields) form.append(name, value);
  return form.toString();
}
