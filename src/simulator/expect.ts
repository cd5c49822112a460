import type { StepResult } from "./actor.ts";
import type { CallEvent, SpokenEvent, WebhookEvent } from "./events.ts";
import type { CallFacts } from "./fields.ts";
import type { Network } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import type { ConsentState } from "./schema.ts";

/** Whose consent a scenario asks about; `topic` is undefined where the scenario names none. */
export type ConsentQuestion = { call: CallFacts; subscriber: string; topic: string | undefined };

/** How the outcome is asked for: over the product's public API or CLI, never out of its database. */
export type OutcomeQuestions = {
  consentOf?: (question: ConsentQuestion) => Promise<ConsentState>;
  entriesOf?: (question: ConsentQuestion) => Promise<number>;
};

type Check = { step: string; expected: string; heard: string; ok: boolean; message?: string };

/**
 * Holds what happened against what the scenario expects. Errors in webhooks are never expected unless the
 * scenario says so, and simultaneous copies of one webhook must get one answer.
 */
export async function checkExpectations(
  scenario: Scenario,
  call: CallFacts,
  events: readonly CallEvent[],
  network: Network,
  questions: OutcomeQuestions,
): Promise<StepResult[]> {
  const { expect } = scenario;
  const webhooks = events.filter((event) => event.kind === "webhook");
  const errors = webhooks.filter(hasError);
  const checks: Check[] = [
    { ...equal("webhooks.errors", expect.webhooks?.errors ?? 0, errors.length), ...explain(errors) },
    ...given(expect.webhooks?.count, (count) =>
      equal("webhooks.count", count, webhooks.filter(isVoice).length),
    ),
    ...given(expect.attempts, (attempts) => equal("attempts", attempts, timesListened(events))),
    ...given(expect.noticeHeard, (notice) => equal("noticeHeard", notice, noticeHeard(events))),
    ...given(network.copies(), ({ expected, message }) => ({
      step: "copies",
      expected,
      heard: message,
      ok: false,
    })),
    ...(await askOutcome(scenario, call, questions)),
  ];
  return checks.map(({ step, expected, heard, ok, message }) => ({
    ok,
    status: ok ? "passed" : "failed",
    line: expect.line,
    step: `expect ${step}: ${expected}`,
    ...(ok ? {} : { expected, heard, message: message ?? `expected ${expected}, got ${heard}` }),
  }));
}

/**
 * How much of the notice was said to its end. On the wire, the notice is what the first document that says
 * something outside a Gather, before it goes on to one, says there: words that no key can cut short.
 */
export function noticeHeard(events: readonly CallEvent[]): "complete" | "partial" | "none" {
  const notice: SpokenEvent[] = [];
  for (const event of events) {
    if (event.kind === "spoken" && event.beforeGather) notice.push(event);
    else if (event.kind === "webhook" && notice.length > 0) break;
  }
  if (notice.length === 0) return "none";
  return notice.every((spoken) => spoken.complete) ? "complete" : "partial";
}

function timesListened(events: readonly CallEvent[]): number {
  return events.filter((event) => event.kind === "listening").length;
}

export function hasError(webhook: WebhookEvent): boolean {
  return webhook.problems.some((found) => found.severity === "error");
}

function isVoice(webhook: WebhookEvent): boolean {
  return webhook.purpose !== "status";
}

function explain(errors: readonly WebhookEvent[]): { message?: string } {
  const [first] = errors.flatMap((webhook) => webhook.problems.map((found) => ({ webhook, found })));
  if (first === undefined) return {};
  return { message: `${first.webhook.url}: ${first.found.code} ${first.found.message}` };
}

async function askOutcome(
  scenario: Scenario,
  call: CallFacts,
  questions: OutcomeQuestions,
): Promise<Check[]> {
  const { consent, entries } = scenario.expect;
  const person = call.direction === "inbound" ? call.from : call.to;
  const subscriber = scenario.expect.subscriber ?? person;
  const ask = async <T>(
    name: string,
    want: T,
    answer: ((q: ConsentQuestion) => Promise<T>) | undefined,
    topic?: string,
  ) =>
    answer === undefined
      ? { ...equal(name, want, undefined), message: "nobody to ask: this run was not told how" }
      : equal(name, want, await answer({ call, subscriber, topic }));
  const states = typeof consent === "object" ? Object.entries(consent) : [];
  return [
    ...(typeof consent === "string" ? [await ask("consent", consent, questions.consentOf)] : []),
    ...(await Promise.all(
      states.map(([topic, state]) => ask(`consent.${topic}`, state, questions.consentOf, topic)),
    )),
    ...(entries === undefined ? [] : [await ask("entries", entries, questions.entriesOf)]),
  ];
}

function equal<T>(step: string, expected: T, actual: T | undefined): Check {
  return { step, expected: String(expected), heard: String(actual ?? "unknown"), ok: expected === actual };
}

function given<T>(value: T | undefined, check: (value: T) => Check): Check[] {
  return value === undefined ? [] : [check(value)];
}
