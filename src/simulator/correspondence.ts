import type { StepResult } from "./actor.ts";
import { askConsent, type Check, type OutcomeQuestions, type Subject } from "./expect.ts";
import { normalize } from "./hearing.ts";
import type { Mailbox, MessageSeen, Trouble } from "./mailbox.ts";
import type { MessageStep, Scenario } from "./scenario.ts";

/** The messages of a scenario, each step in its turn, in real time. */
export type Correspondence = {
  /** Undefined: what arrives from now on counts. */
  begin(): Promise<void>;
  play(): Promise<void>;
  /** What became of each step; those that were not reached are skipped. */
  results(): StepResult[];
  /** Of the scenario's people, the oldest first. */
  messages(): Promise<MessageSeen[]>;
  /** Whether whoever carries the messages answered at all. */
  readonly reached: boolean;
};

export type CorrespondenceParts = {
  mailbox: Mailbox;
  subject: Subject;
  questions: OutcomeQuestions;
  stopwatch: () => number;
  /** Real time, unless the scenario is over. */
  wait: (ms: number) => Promise<void>;
};

/** How often the telephone is looked at, and how long unless a step says. */
const LOOK_EVERY_MS = 100;
const ARRIVES_WITHIN_MS = 10_000;
const QUIET_FOR_MS = 1_000;

type StepOf<K extends MessageStep["kind"]> = Extract<MessageStep, { kind: K }>;
type Miss = { expected: string; heard?: string; message: string };

export function correspondence(scenario: Scenario, parts: CorrespondenceParts): Correspondence {
  const { mailbox, subject, questions, stopwatch, wait } = parts;
  const person = scenario.whatsapp.from;
  const done: StepResult[] = [];
  const taken = new Set<string>();
  let known: readonly MessageSeen[] = [];
  let trouble: Trouble | undefined;
  let reached = false;

  /** Everything so far; where it cannot be read, what was read before. */
  async function look(): Promise<readonly MessageSeen[]> {
    const found = await mailbox.read();
    trouble = "trouble" in found ? found : undefined;
    if (!("trouble" in found)) {
      known = found;
      reached = true;
    }
    return known;
  }

  /** The next message to a number that no step has looked at. */
  async function next(to: string): Promise<MessageSeen | undefined> {
    return (await look()).find((one) => one.direction !== "inbound" && one.to === to && !taken.has(one.sid));
  }

  async function arrives({ rule }: StepOf<"expect">): Promise<Miss | undefined> {
    const to = rule.to ?? person;
    const forMs = rule.within ?? (rule.nothing === true ? QUIET_FOR_MS : ARRIVES_WITHIN_MS);
    const until = stopwatch() + forMs;
    for (;;) {
      const message = await next(to);
      const settled = message === undefined ? undefined : fits(rule, message);
      const over = stopwatch() >= until;
      if (trouble !== undefined && over) return { expected: "a message", message: trouble.trouble };
      if (message !== undefined && (settled === "fits" || settled === "misses" || over)) {
        taken.add(message.sid);
        return settled === "fits" ? undefined : missed(rule, message);
      }
      if (over) return rule.nothing === true ? undefined : nothingCame(rule, forMs);
      await wait(LOOK_EVERY_MS);
    }
  }

  async function writes(
    { from = person, times }: { from: string | undefined; times: number },
    recipient: string | undefined,
    content: { body: string } | { button: string },
  ): Promise<Miss | undefined> {
    const to = recipient ?? scenario.whatsapp.to ?? (await lastSender(from));
    if (to === undefined) {
      return {
        expected: "a sender to write to",
        message: "the line has not written yet: say which sender is meant, whatsapp: { to: … }",
      };
    }
    const fault = await mailbox.write({ from, to, times, ...content });
    reached ||= fault === undefined;
    return fault === undefined
      ? undefined
      : { expected: "the line takes the message", message: fault.trouble };
  }

  async function lastSender(number: string): Promise<string | undefined> {
    return (await look()).findLast((one) => one.direction !== "inbound" && one.to === number)?.from;
  }

  async function take(step: MessageStep): Promise<Miss | undefined> {
    switch (step.kind) {
      case "expect":
        return arrives(step);
      case "send":
        return writes(step, step.to, { body: step.words });
      case "press":
        return writes(step, undefined, { button: step.button });
      case "wait":
        await wait(step.ms);
        return undefined;
      case "consent": {
        const about = { ...subject, subscriber: step.subscriber ?? person };
        return firstMiss(await askConsent(step.states, about, questions));
      }
      case "permission":
        return permitted(step, person, parts);
    }
  }

  return {
    get reached() {
      return reached;
    },
    async begin() {
      trouble = await mailbox.open();
    },
    async play() {
      for (const step of scenario.messages) {
        const { line, text } = step;
        const miss = await take(step);
        const passed = miss === undefined;
        done.push({ line, step: text, ok: passed, status: passed ? "passed" : "failed", ...miss });
        if (!passed) return;
      }
    },
    results: () => [
      ...done,
      ...scenario.messages
        .slice(done.length)
        .map(({ line, text }) => ({ ok: false, status: "skipped", line, step: text }) as const),
    ],
    async messages() {
      const people = new Set([person, ...scenario.messages.flatMap(othersIn)]);
      return (await look()).filter(({ from, to }) => people.has(from) || people.has(to));
    },
  };
}

function othersIn(step: MessageStep): string[] {
  switch (step.kind) {
    case "expect":
      return step.rule.to === undefined ? [] : [step.rule.to];
    case "send":
    case "press":
      return step.from === undefined ? [] : [step.from];
    case "wait":
    case "consent":
    case "permission":
      return [];
  }
}

/** What may still come true is `open`: a status changes, words do not. */
function fits(rule: StepOf<"expect">["rule"], message: MessageSeen): "fits" | "misses" | "open" {
  if (rule.nothing === true || wordsMissing(rule, message) !== undefined) return "misses";
  const { status, error } = rule;
  const asWanted =
    (status === undefined || message.status === status) &&
    (error === undefined || message.errorCode === error);
  return asWanted ? "fits" : "open";
}

function wordsMissing({ says = [] }: StepOf<"expect">["rule"], { body }: MessageSeen): string | undefined {
  const said = normalize(body);
  return [says].flat().find((words) => !said.includes(normalize(words)));
}

function missed(rule: StepOf<"expect">["rule"], message: MessageSeen): Miss {
  const heard = message.body.replaceAll(/\s+/gu, " ");
  if (rule.nothing === true) return { expected: "nothing", heard, message: "a message arrived" };
  const words = wordsMissing(rule, message);
  if (words !== undefined)
    return { expected: `says "${words}"`, heard, message: `it does not say "${words}"` };
  const expected = [rule.status, rule.error].filter((one) => one !== undefined).join(" ");
  const was = [message.status, message.errorCode].filter((one) => one !== null).join(" ");
  return { expected, heard: was, message: `the message came as far as ${was}` };
}

function nothingCame({ says, status }: StepOf<"expect">["rule"], forMs: number): Miss {
  const expected = says === undefined ? (status ?? "a message") : `says "${[says].flat().join('", "')}"`;
  return { expected, heard: "nothing", message: `nothing arrived within ${forMs / 1_000} s` };
}

async function permitted(
  { rule }: StepOf<"permission">,
  person: string,
  { questions, subject }: CorrespondenceParts,
): Promise<Miss | undefined> {
  const { topic, at, allowed, reason } = rule;
  const expected = `${allowed ? "allowed" : "refused"}${reason === undefined ? "" : `: ${reason}`}`;
  if (questions.permissionOf === undefined) {
    return { expected, message: "nobody to ask: this run was not told how" };
  }
  const asked = { line: subject.line, to: rule.to ?? person, topic, at };
  const answer = await questions.permissionOf(asked);
  if ("trouble" in answer) return { expected, message: answer.trouble };
  const ok = answer.allowed === allowed && (reason === undefined || answer.reason === reason);
  const heard = `${answer.allowed ? "allowed" : "refused"}: ${answer.reason}`;
  return ok ? undefined : { expected, heard, message: `expected ${expected}, got ${heard}` };
}

function firstMiss(checks: readonly Check[]): Miss | undefined {
  const miss = checks.find(({ ok }) => !ok);
  if (miss === undefined) return undefined;
  const { step, expected, heard, message } = miss;
  return { expected, heard, message: message ?? `${step}: expected ${expected}, got ${heard}` };
}
