import { isKey, type Act, type Caller, type Key, type Moment } from "./caller.ts";
import type { CallEvent, EndedEvent } from "./events.ts";
import { hearFor, heardText, type Heard } from "./hearing.ts";
import type { Network } from "./network.ts";
import type { Scenario, Step } from "./scenario.ts";

/** What became of one step or expectation. */
export type StepResult = {
  ok: boolean;
  status: "passed" | "failed" | "skipped";
  /** Where it stands in the file. */
  line: number;
  step: string;
  heard?: string;
  expected?: string;
  message?: string;
};

/** A caller who follows the steps of a scenario, and what became of each. */
export type Actor = {
  caller: Caller;
  /** Must be told everything that happens in the call. */
  notice(event: CallEvent): void;
  /** Trouble that is set before the call begins. */
  prepare(): Promise<void>;
  /** Takes the steps that are left when the call has ended. */
  finish(ended: EndedEvent): Promise<StepResult[]>;
};

type Situation = { moment: Moment } | { ended: EndedEvent };

/** What a step makes of a situation. */
type Verdict =
  | { kind: "done" }
  | { kind: "act"; act: Act; last?: boolean }
  | { kind: "let-pass" }
  | { kind: "failed"; expected: string; message: string };

/**
 * The steps, each in its turn. `hear` looks at what was said since the caller last did anything; steps
 * that follow each other without an act between them look at the same words. When the steps have run
 * out the caller listens to the end and hangs up; when one fails, at once.
 */
export function createActor(scenario: Scenario, network: Network): Actor {
  const results: StepResult[] = [];
  let heard: Heard[] = [];
  let sinceMs = 0;
  let failed = false;
  let memory = freshMemory();

  const step = (): Step | undefined => (failed ? undefined : scenario.steps[results.length]);

  function settle(current: Step, verdict: Verdict): void {
    const result = { line: current.line, step: current.text };
    if (verdict.kind === "failed") {
      const { expected, message } = verdict;
      results.push({ ...result, ok: false, status: "failed", heard: heardText(heard), expected, message });
      failed = true;
    } else {
      results.push({ ...result, ok: true, status: "passed" });
    }
    if (memory.lastActMs !== undefined && !memory.lost) {
      heard = [];
      sinceMs = memory.lastActMs;
    }
    memory = freshMemory();
  }

  async function take(situation: Situation): Promise<Act | undefined> {
    for (let current = step(); current !== undefined; current = step()) {
      const verdict = await tryStep(current, situation, memory, { network, heard, sinceMs });
      if (verdict.kind === "let-pass") return undefined;
      if (verdict.kind === "act" && verdict.last !== true) return verdict.act;
      settle(current, verdict);
      if (verdict.kind === "act") return verdict.act;
    }
    return undefined;
  }

  return {
    async caller(moment) {
      const act = await take({ moment });
      if (act !== undefined || step() !== undefined) return act;
      const waited = moment.kind !== "prompt" && moment.kind !== "pause";
      return failed || waited ? { do: "hang-up", afterMs: 0 } : undefined;
    },
    notice(event) {
      if (event.kind === "speaking") heard.push(event);
      if (event.kind === "silence") memory.silences += 1;
      else if (event.kind === "pressed" || event.kind === "said") memory.pressed += 1;
      else return;
      memory.lastActMs = event.atMs;
      memory.lost = event.kind === "pressed" && !event.heard;
      const current = step();
      if (current !== undefined && isInputDone(current, memory)) settle(current, { kind: "done" });
    },
    async prepare() {
      for (let current = step(); current !== undefined && troublesTheNetwork(current); current = step()) {
        network.trouble(current);
        settle(current, { kind: "done" });
      }
    },
    async finish(ended) {
      await take({ ended });
      const skipped = scenario.steps.slice(results.length);
      return [
        ...results,
        ...skipped.map(({ line, text }) => ({ ok: false, status: "skipped", line, step: text }) as const),
      ];
    },
  };
}

/** What the present step has seen so far. */
type Memory = {
  /** When its act is due, in milliseconds since the call began. */
  dueMs: number | undefined;
  pressed: number;
  silences: number;
  lastActMs: number | undefined;
  /** The last key was pressed where nobody listened. */
  lost: boolean;
};

function freshMemory(): Memory {
  return { dueMs: undefined, pressed: 0, silences: 0, lastActMs: undefined, lost: false };
}

type Circumstances = { network: Network; heard: readonly Heard[]; sinceMs: number };

async function tryStep(
  step: Step,
  situation: Situation,
  memory: Memory,
  around: Circumstances,
): Promise<Verdict> {
  switch (step.kind) {
    case "hear":
      return tryHear(step, situation, around);
    case "silence":
      if (memory.silences >= step.times) return { kind: "done" };
      return "ended" in situation ? tooSoon(situation.ended, "the service to listen") : { kind: "let-pass" };
    case "press":
      return tryPress(step, situation, memory);
    case "speak":
      return trySpeak(step, situation, memory);
    case "wait":
      return tryWait(step, situation, memory);
    case "hangup":
      return tryHangup(step, situation, memory);
    case "dropConnection":
    case "network":
      around.network.trouble(step);
      return { kind: "done" };
    case "repeatLastWebhook":
    case "replay": {
      const fault = await around.network.repeat(step);
      return fault === undefined ? { kind: "done" } : { kind: "failed", ...fault };
    }
  }
}

function tryHear(step: StepOf<"hear">, situation: Situation, around: Circumstances): Verdict {
  const found = hearFor(step.rule, around.heard, around.sinceMs);
  if (found.ok) return { kind: "done" };
  const speakingOn =
    "moment" in situation && (situation.moment.kind === "prompt" || situation.moment.kind === "pause");
  return speakingOn
    ? { kind: "let-pass" }
    : { kind: "failed", expected: found.expected, message: found.message };
}

const betweenKeysMs = 200;
const halfSecondMs = 500;

/** Keys are due one after the other, also where nobody listens any more: there they are lost. */
function tryPress(step: StepOf<"press">, situation: Situation, memory: Memory): Verdict {
  if ("ended" in situation) return tooSoon(situation.ended, `keys ${step.rule.keys}`);
  const { moment } = situation;
  const next = keysOf(step.rule.keys)[memory.pressed];
  if (next === undefined) return { kind: "done" };
  const listens = moment.kind === "listening" || moment.kind === "recording";
  const mayBegin = step.rule.early || listens || (step.rule.bargeIn && moment.hears.keys);
  if (memory.dueMs === undefined && !mayBegin) return { kind: "let-pass" };
  const pauseMs = next.waits * halfSecondMs;
  if (memory.lastActMs !== undefined) memory.dueMs = memory.lastActMs + betweenKeysMs + pauseMs;
  memory.dueMs ??= moment.atMs + (step.rule.after ?? 0) + pauseMs;
  return actWhenDue(memory.dueMs, moment, (afterMs) => ({ do: "press", key: next.key, afterMs }));
}

/** Each key, and how many `w` stand before it. */
function keysOf(text: string): { key: Key; waits: number }[] {
  return [...text.matchAll(/(w*)([0-9*#])/gu)].flatMap(([, waits = "", key = ""]) =>
    isKey(key) ? [{ key, waits: waits.length }] : [],
  );
}

function isInputDone(step: Step, memory: Memory): boolean {
  if (step.kind === "press") return memory.pressed >= keysOf(step.rule.keys).length;
  if (step.kind === "silence") return memory.silences >= step.times;
  return step.kind === "speak" && memory.pressed > 0;
}

function trySpeak(step: StepOf<"speak">, situation: Situation, memory: Memory): Verdict {
  if ("ended" in situation) return tooSoon(situation.ended, `"${step.words}"`);
  const { moment } = situation;
  if (memory.dueMs === undefined && !(moment.hears.speech && moment.kind !== "prompt"))
    return { kind: "let-pass" };
  memory.dueMs ??= moment.atMs + step.afterMs;
  const confidence = step.confidence === undefined ? {} : { confidence: step.confidence };
  return actWhenDue(memory.dueMs, moment, (afterMs) => ({
    do: "speak",
    text: step.words,
    afterMs,
    ...confidence,
  }));
}

function tryWait(step: StepOf<"wait">, situation: Situation, memory: Memory): Verdict {
  if ("ended" in situation) return tooSoon(situation.ended, "the call to go on");
  const { moment } = situation;
  memory.dueMs ??= moment.atMs + step.ms;
  if (moment.atMs >= memory.dueMs) return { kind: "done" };
  return actWhenDue(memory.dueMs, moment, (afterMs) => ({ do: "wake", afterMs }));
}

function tryHangup(step: StepOf<"hangup">, situation: Situation, memory: Memory): Verdict {
  if ("ended" in situation) {
    const { by, reason } = situation.ended;
    const asWanted = step.by === "by-service" && by === "service";
    const expected = step.by === "by-service" ? "the service hangs up" : "a call to hang up";
    return asWanted
      ? { kind: "done" }
      : { kind: "failed", expected, message: `the call had ended: ${reason}` };
  }
  const { moment } = situation;
  if (step.by === "by-caller") {
    memory.dueMs ??= moment.atMs + step.afterMs;
    const verdict = actWhenDue(memory.dueMs, moment, (afterMs) => ({ do: "hang-up", afterMs }));
    return verdict.kind === "act" ? { ...verdict, last: true } : verdict;
  }
  if (moment.kind !== "listening" && moment.kind !== "recording") return { kind: "let-pass" };
  return { kind: "failed", expected: "the service hangs up", message: "the service waits for the caller" };
}

type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;

function actWhenDue(dueMs: number, moment: Moment, act: (afterMs: number) => Act): Verdict {
  const afterMs = Math.max(0, dueMs - moment.atMs);
  return afterMs < moment.lengthMs ? { kind: "act", act: act(afterMs) } : { kind: "let-pass" };
}

function tooSoon(ended: EndedEvent, expected: string): Verdict {
  return { kind: "failed", expected, message: `the call ended first: ${ended.reason}` };
}

function troublesTheNetwork(step: Step): step is StepOf<"dropConnection" | "network"> {
  return step.kind === "dropConnection" || step.kind === "network";
}
