import { silentCaller, type Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import { deliver, fetchDocument, type CallDocument, type DocumentRequest } from "./document.ts";
import type { CallEvent, EndedEvent, FinalStatus } from "./events.ts";
import type { CallFacts } from "./fields.ts";
import { gather } from "./gather.ts";
import {
  defaultCallLimits,
  hearsNothing,
  type CallLimits,
  type Dialed,
  type Ending,
  type Line,
} from "./line.ts";
import { dial, record } from "./media.ts";
import { playPrompt } from "./prompts.ts";
import type { Random } from "./random.ts";
import { statusReporter, type StatusPlan } from "./status.ts";
import type { Gather, Method, RecordVerb, Reject, Verb } from "./verbs.ts";
import type { Wire } from "./wire.ts";

export type CallParts = {
  facts: CallFacts;
  /** The number's voice URL; its fragment may hold connection overrides. */
  voiceUrl: string;
  voiceMethod?: Method;
  fallbackUrl?: string | undefined;
  status: StatusPlan;
  wire: Wire;
  clock: Clock;
  random: Random;
  /** When the call begins; status callbacks carry it. */
  startsAt: Date;
  caller?: Caller;
  dialed?: Dialed;
  limits?: CallLimits;
  /** How an outgoing call ends that nobody answers. */
  unanswered?: Exclude<FinalStatus, "completed"> | undefined;
  onEvent?: (event: CallEvent) => void;
};

/**
 * Plays one call to its end, as Twilio would: asks for a document, executes its verbs, asks for the next.
 * Resolves with how it ended; whatever the service answers is an outcome, and the call is bounded.
 *
 * @example
 * const ended = await placeCall({ facts, voiceUrl: "http://127.0.0.1:3000/voice", status, wire, clock,
 *   random, startsAt: new Date(), caller: silentCaller, onEvent: (event) => show(event) });
 */
export async function placeCall(parts: CallParts): Promise<EndedEvent> {
  const line = lineOf(parts);
  const reporter = statusReporter(line, parts.status, parts.startsAt);
  if (parts.facts.direction === "outbound-api") {
    await reporter.report("initiated", "initiated");
    await reporter.report("ringing", "ringing");
  }
  const answeredAt = line.clock.now();
  line.answered = parts.facts.direction === "outbound-api" && parts.unanswered === undefined;
  if (line.answered) await reporter.report("answered", "in-progress");
  const ending =
    parts.unanswered === undefined ? await converse(line, parts) : nobodyAnswered(parts.unanswered);
  const ended: EndedEvent = { kind: "ended", atMs: line.clock.now(), ...ending };
  const seconds = line.answered ? Math.ceil((ended.atMs - answeredAt) / 1_000) : 0;
  await reporter.report("completed", ended.status, { seconds });
  await reporter.flush();
  line.emit(ended);
  return ended;
}

function lineOf(parts: CallParts): Line {
  return {
    facts: parts.facts,
    caller: parts.caller ?? silentCaller,
    clock: parts.clock,
    wire: parts.wire,
    random: parts.random,
    dialed: parts.dialed ?? (() => ({ status: "completed", ringSeconds: 5, talkSeconds: 30 })),
    limits: parts.limits ?? defaultCallLimits,
    emit: parts.onEvent ?? (() => undefined),
    answered: false,
    acts: 0,
    webhooks: 0,
    gathers: 0,
  };
}

function nobodyAnswered(status: FinalStatus): Ending {
  return { by: "twilio", reason: `nobody answered: ${status}`, status };
}

async function converse(line: Line, parts: CallParts): Promise<Ending> {
  const { voiceUrl, voiceMethod, fallbackUrl } = parts;
  let request: DocumentRequest = {
    purpose: "call",
    method: voiceMethod ?? "POST",
    url: voiceUrl,
    fields: [],
  };
  for (;;) {
    const fetched = await fetchDocument(line, request, fallbackUrl);
    if (fetched.kind === "end") return fetched.ending;
    const next = await playDocument(line, fetched.document);
    if (next.kind === "end") return next.ending;
    request = next.request;
  }
}

type Next = { kind: "request"; request: DocumentRequest } | { kind: "end"; ending: Ending };

/** Executes verbs in order until one leads elsewhere. A document that runs out ends the call. */
async function playDocument(line: Line, document: CallDocument): Promise<Next> {
  for (const [index, verb] of document.verbs.entries()) {
    if (verb.verb === "Reject") return reject(verb, line.answered);
    line.answered = true;
    const rest = document.verbs.slice(index + 1);
    const next = await execute(line, verb, document, asksLater(rest));
    if (next !== undefined) return next;
  }
  line.answered = true;
  return serviceEnds("the document ended");
}

function asksLater(rest: readonly Verb[]): boolean {
  return rest.some(({ verb }) => verb === "Gather" || verb === "Redirect");
}

/** `undefined`: go on with the next verb. */
async function execute(
  line: Line,
  verb: Exclude<Verb, Reject>,
  document: CallDocument,
  beforeGather: boolean,
): Promise<Next | undefined> {
  switch (verb.verb) {
    case "Say":
    case "Play":
    case "Pause": {
      const cut = await playPrompt(line, verb, { insideGather: false, beforeGather, hears: hearsNothing });
      return cut?.kind === "end" ? cut : undefined;
    }
    case "Gather": {
      const result = await gather(line, verb);
      if (result.kind === "nothing") return undefined;
      return result.kind === "end" ? result : follow(verb, document, result.fields);
    }
    case "Record": {
      const result = await record(line, verb, (fields) => afterHangUp(line, verb, document, fields));
      if (result.kind === "nothing") return undefined;
      return result.kind === "end" ? result : follow(verb, document, result.fields);
    }
    case "Dial": {
      const result = await dial(line, verb);
      if (result.kind === "end") return result;
      if (result.kind === "nothing" || verb.action === undefined) return undefined;
      return follow(verb, document, result.fields);
    }
    case "Redirect": {
      const request = { method: verb.method, url: resolve(verb.url, document), fields: [] };
      return { kind: "request", request: { purpose: "redirect", ...request } };
    }
    case "Hangup":
      return serviceEnds("the service hung up");
    case "Start":
    case "Stop":
      return undefined;
    case "Unplayed": {
      const reason = `<${verb.name}> is not simulated`;
      return { kind: "end", ending: { by: "simulator", reason, status: "completed" } };
    }
  }
}

type Acting = Pick<Gather, "action" | "method">;

function follow(verb: Acting, document: CallDocument, fields: DocumentRequest["fields"]): Next {
  const url = resolve(verb.action ?? "", document);
  return { kind: "request", request: { purpose: "action", method: verb.method, url, fields } };
}

/** An omitted action leads to the document that contains it. What is not a URL is reported when asked. */
function resolve(url: string, document: CallDocument): string {
  if (url === "") return document.url;
  return URL.canParse(url, document.url) ? new URL(url, document.url).href : url;
}

async function afterHangUp(
  line: Line,
  verb: RecordVerb,
  document: CallDocument,
  fields: DocumentRequest["fields"],
) {
  const url = resolve(verb.action ?? "", document);
  await deliver(line, { purpose: "action", method: verb.method, url, fields }, "completed");
}

/** As the first verb of a call, Reject keeps Twilio from answering it. */
function reject(verb: Reject, answered: boolean): Next {
  if (answered) return serviceEnds("the service rejected a call that was already answered");
  const status = verb.reason === "busy" ? "busy" : "no-answer";
  return {
    kind: "end",
    ending: { by: "service", reason: `the service rejected the call: ${status}`, status },
  };
}

function serviceEnds(reason: string): Next {
  return { kind: "end", ending: { by: "service", reason, status: "completed" } };
}
