import type { StepResult } from "./actor.ts";
import type { CallEvent, SpokenEvent, WebhookEvent } from "./events.ts";
import type { Network } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import type { ConsentStates } from "./message-schema.ts";
import type { ConsentState } from "./schema.ts";

/** Who asks for consent, and what of theirs a scenario has seen. */
export type Subject = {
  /** The line that was called, or the sender that was written to. */
  line: string;
  /** CallSid and MessageSids: where entries of this scenario come from. */
  sources: readonly string[];
  subscriber: string;
};

/** Whose consent a scenario asks about; `topic` is undefined where the scenario names none. */
export type ConsentQuestion = Subject & { topic: string | undefined };

/** Whether something may be sent, and when; `at` is undefined where it is now. */
export type PermissionQuestion = { line: string; to: string; topic: string; at: string | undefined };
export type PermissionAnswer = { allowed: boolean; reason: string } | { trouble: string };

/** How the outcome is asked for: over the product's public API or CLI, never out of its database. */
export type OutcomeQuestions = {
  consentOf?: (question: ConsentQuestion) => Promise<ConsentState>;
  entriesOf?: (question: ConsentQuestion) => Promise<number>;
  permissionOf?: (question: PermissionQuestion) => Promise<PermissionAnswer>;
};

export type Check = { step: string; expected: string; heard: string; ok: boolean; message?: string };

/**
 * Holds what happened against what the scenario expects. Errors in webhooks are never expected unless the
 * scenario says so, and simultaneous copies of one webhook must get one answer.
 */
export async function checkExpectations(
  scenario: Scenario,
  subject: Subject,
  events: readonly CallEvent[],
  network: Network | null,
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
    ...given(network?.copies(), ({ expected, message }) => ({
      step: "copies",
      expected,
      heard: message,
      ok: false,
    })),
    ...(await askOutcome(scenario, subject, questions)),
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
  subject: Subject,
  questions: OutcomeQuestions,
): Promise<Check[]> {
  const { consent, entries, subscriber = subject.subscriber } = scenario.expect;
  const about = { ...subject, subscriber };
  return [
    ...(consent === undefined ? [] : await askConsent(consent, about, questions)),
    ...(entries === undefined
      ? []
      : [await ask("entries", entries, { ...about, topic: undefined }, questions.entriesOf)]),
  ];
}

/** One check, or one for each topic. */
export async function askConsent(
  states: ConsentStates,
  about: Subject,
  { consentOf }: OutcomeQuestions,
): Promise<Check[]> {
  if (typeof states === "string")
    return [await ask("consent", states, { ...about, topic: undefined }, consentOf)];
  const topics = Object.entries(states);
  return Promise.all(
    topics.map(([topic, state]) => ask(`consent.${topic}`, state, { ...about, topic }, consentOf)),
  );
}

async function ask<T>(
  name: string,
  want: T,
  question: ConsentQuestion,
  answer: ((asked: ConsentQuestion) => Promise<T>) | undefined,
): Promise<Check> {
  return answer === undefined
    ? { ...equal(name, want, undefined), message: "nobody to ask: this run was not told how" }
    : equal(name, want, await answer(question));
}

function equal<T>(step: string, expected: T, actual: T | undefined): Check {
  return { step, expected: String(expected), heard: String(actual ?? "unknown"), ok: expected === actual };
}

function given<T>(value: T | undefined, check: (value: T) => Check): Check[] {
  return value === undefined ? [] : [check(value)];
}
