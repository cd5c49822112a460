import { setTimeout as delay } from "node:timers/promises";
import { createActor, type StepResult } from "./actor.ts";
import { placeCall } from "./call.ts";
import type { Caller } from "./caller.ts";
import { pacedClock, virtualClock } from "./clock.ts";
import type { CallEvent } from "./events.ts";
import { correspondence } from "./correspondence.ts";
import { checkExpectations, type OutcomeQuestions, type Subject } from "./expect.ts";
import type { CallFacts } from "./fields.ts";
import { withTransport, type Transport } from "./http.ts";
import { mailbox, type MessageSeen } from "./mailbox.ts";
import { createNetwork } from "./network.ts";
import type { Problem } from "./problem.ts";
import { newSid, systemRandom, type Random } from "./random.ts";
import { personIn, type Scenario } from "./scenario.ts";
import type { ScenarioCall } from "./schema.ts";
import { createWire } from "./wire.ts";

/** The service to call. Paths are added to `url`; a fragment may hold connection overrides. */
export type Target = {
  /** Such as http://127.0.0.1:3000. */
  url: string;
  accountSid: string;
  authToken: string;
  voicePath?: string;
  /** `false`: the service wants no status callbacks. */
  statusPath?: string | false;
  fallbackPath?: string;
  /** Where messages are delivered. */
  whatsappPath?: string;
  /** Where the simulated Twilio is that carries the service's messages. */
  twilioPath?: string;
};

export type RunOptions = OutcomeQuestions & {
  /** Let the call take the time that it would take. */
  realTime?: boolean;
  /** Real milliseconds after which the scenario has failed; a minute unless told, ten in real time. */
  timeoutMs?: number;
  /** For CallSids and tokens; unpredictable unless told. */
  random?: Random;
  now?: () => Date;
  transport?: Transport;
  stopwatch?: () => number;
  signal?: AbortSignal;
  onEvent?: (event: CallEvent) => void;
};

export type ScenarioResult = {
  name: string;
  file: string;
  line: number;
  ok: boolean;
  /** Whether the service answered at all: false when it cannot be reached. */
  reached: boolean;
  /** Null: nobody called. */
  callSid: string | null;
  /** The steps of the call, those of the messages, then the expectations. */
  steps: StepResult[];
  events: CallEvent[];
  /** Of the scenario's people, in either direction. */
  messages: MessageSeen[];
  problems: Problem[];
  /** How long it took, and how long the call lasted for the caller. */
  durationMs: number;
  callMs: number;
  /** Why there is no result: the time-out, or an interruption. */
  interrupted?: string;
};

const minuteMs = 60_000;

/**
 * Plays one scenario against a service.
 *
 * @example
 * const { scenarios } = parseScenarios(await readFile("yes.yaml", "utf8"), "yes.yaml");
 * const result = await runScenario(scenarios[0], { url: "http://127.0.0.1:3000", accountSid, authToken });
 */
export async function runScenario(
  scenario: Scenario,
  target: Target,
  options: RunOptions = {},
): Promise<ScenarioResult> {
  const limit = timeLimit(options);
  return withTransport(options.transport, { signal: limit }, (transport) =>
    play(scenario, target, { ...options, transport }, limit),
  );
}

async function play(
  scenario: Scenario,
  target: Target,
  options: RunOptions & { transport: Transport },
  limit: AbortSignal,
): Promise<ScenarioResult> {
  const { stopwatch = () => performance.now() } = options;
  const started = stopwatch();
  const phone = scenario.call === null ? null : playedCall(scenario, scenario.call, target, options, limit);
  const { from, to } = scenario.whatsapp;
  const line = scenario.call === null ? (to ?? "") : lineIn(scenario.call);
  const sources: string[] = phone === null ? [] : [phone.callSid];
  const person = scenario.call === null ? from : personIn(scenario.call);
  const subject: Subject = { line, sources, subscriber: person };
  const { transport } = options;
  const { accountSid, authToken } = target;
  const wait = waitUnless(limit);
  const post = correspondence(scenario, {
    mailbox: mailbox({ url: targetUrls(target).twilioUrl, accountSid, authToken, transport }),
    subject,
    questions: options,
    stopwatch,
    wait,
  });
  const messages: MessageSeen[] = [];

  const converse = async (): Promise<StepResult[]> => {
    const writes = scenario.messages.length > 0;
    if (writes) await post.begin();
    const called = (await phone?.play()) ?? [];
    limit.throwIfAborted();
    if (writes && called.every(({ ok }) => ok)) await post.play();
    if (writes) messages.push(...(await post.messages()));
    sources.push(...messages.map(({ sid }) => sid));
    limit.throwIfAborted();
    const events = phone?.events ?? [];
    const checked = await checkExpectations(scenario, subject, events, phone?.network ?? null, options);
    return [...called, ...post.results(), ...checked];
  };

  const giveUp = async (reason: string): Promise<StepResult[]> => [
    ...((await phone?.giveUp(reason)) ?? []),
    ...post.results(),
  ];
  const done = await unlessInterrupted(converse, limit, options.signal, giveUp);
  const events = phone?.events ?? [];
  return {
    name: scenario.name,
    file: scenario.file,
    line: scenario.line,
    ok: done.interrupted === undefined && done.steps.every((step) => step.ok),
    reached: post.reached || events.some((event) => event.kind === "webhook" && event.status !== undefined),
    callSid: phone?.callSid ?? null,
    ...done,
    events,
    messages,
    problems: events.flatMap((event) => (event.kind === "webhook" ? event.problems : [])),
    durationMs: stopwatch() - started,
    callMs: phone?.clock.now() ?? 0,
  };
}

/** The call of a scenario: what it takes to play it, and what is known of it meanwhile. */
function playedCall(
  scenario: Scenario,
  call: ScenarioCall,
  target: Target,
  options: RunOptions & { transport: Transport },
  limit: AbortSignal,
) {
  const { transport, stopwatch = () => performance.now(), random = systemRandom } = options;
  const clock = options.realTime === true ? pacedClock({ wait: waitUnless(limit) }) : virtualClock();
  const facts = callFacts(call, target.accountSid, random);
  const urls = targetUrls(target);
  const wire = createWire({ authToken: target.authToken, clock, transport, random, stopwatch });
  const network = createNetwork(wire, (url) => url === urls.statusUrl);
  const actor = createActor(scenario, network);
  const events: CallEvent[] = [];
  return {
    callSid: facts.callSid,
    clock,
    network,
    events,
    async play(): Promise<StepResult[]> {
      await actor.prepare();
      const ended = await placeCall({
        ...callPlan(call, urls, options.now ?? (() => new Date())),
        facts,
        wire: network.wire,
        clock,
        random,
        caller: untilAborted(actor.caller, limit),
        onEvent(event) {
          events.push(event);
          actor.notice(event);
          options.onEvent?.(event);
        },
      });
      return actor.finish(ended);
    },
    giveUp: (reason: string) =>
      actor.finish({ kind: "ended", atMs: clock.now(), by: "simulator", reason, status: "canceled" }),
  };
}

function lineIn({ direction, from, to }: ScenarioCall): string {
  return direction === "inbound" ? to : from;
}

type Done = Pick<ScenarioResult, "steps" | "interrupted">;

/** A scenario that is interrupted or takes too long is an outcome too; any other failure is thrown. */
async function unlessInterrupted(
  converse: () => Promise<StepResult[]>,
  limit: AbortSignal,
  signal: AbortSignal | undefined,
  giveUp: (reason: string) => Promise<StepResult[]>,
): Promise<Done> {
  try {
    return { steps: await converse() };
  } catch (error) {
    if (!limit.aborted) throw error;
    const interrupted = signal?.aborted === true ? "interrupted" : "the scenario took too long";
    return { steps: await giveUp(interrupted), interrupted };
  }
}

function waitUnless(limit: AbortSignal): (ms: number) => Promise<void> {
  return (ms) => delay(ms, undefined, { signal: limit });
}

function timeLimit({ timeoutMs, realTime, signal }: RunOptions): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs ?? (realTime === true ? 10 : 1) * minuteMs);
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
}

function untilAborted(caller: Caller, limit: AbortSignal): Caller {
  return (moment, over) => {
    limit.throwIfAborted();
    return caller(moment, over);
  };
}

export type TargetUrls = {
  voiceUrl: string;
  statusUrl: string | undefined;
  fallbackUrl: string | undefined;
  whatsappUrl: string;
  twilioUrl: string;
};

export function targetUrls(target: Target): TargetUrls {
  const base = target.url.replace(/\/+$/u, "");
  const { statusPath = "/voice/status", fallbackPath } = target;
  return {
    voiceUrl: base + (target.voicePath ?? "/voice"),
    statusUrl: statusPath === false ? undefined : base + statusPath,
    fallbackUrl: fallbackPath === undefined ? undefined : base + fallbackPath,
    whatsappUrl: base + (target.whatsappPath ?? "/whatsapp"),
    twilioUrl: base + (target.twilioPath ?? "/phone/twilio"),
  };
}

/** What a scenario says of its call, ready for `placeCall`. */
export function callPlan(call: ScenarioCall, urls: TargetUrls, now: () => Date) {
  const { agent } = call;
  return {
    voiceUrl: urls.voiceUrl,
    fallbackUrl: urls.fallbackUrl,
    status: { url: urls.statusUrl, events: call.statusEvents, order: call.statusOrder },
    startsAt: call.at === undefined ? now() : new Date(call.at),
    unanswered: call.unanswered,
    ...(agent === undefined
      ? {}
      : {
          dialed: () => ({
            status: agent.status,
            ringSeconds: agent.rings / 1_000,
            talkSeconds: agent.talks / 1_000,
          }),
        }),
  };
}

export function callFacts(call: ScenarioCall, accountSid: string, random: Random): CallFacts {
  const { from, to, direction, stirVerstat, forwardedFrom, callerName, answeredBy, fields } = call;
  const callSid = newSid("CA", random);
  return {
    callSid,
    accountSid,
    from,
    to,
    direction,
    stirVerstat,
    forwardedFrom,
    callerName,
    answeredBy,
    extra: fields,
  };
}
