import { parse } from "yaml";
import { z } from "zod";
import { isKey, keys, type Act, type Caller, type Key, type Moment } from "./caller.ts";
import { between, pick, type Random } from "./random.ts";

/** What a caller does each time the service listens. */
const answer = z.union([
  z.string().regex(/^[0-9*#]{1,64}$/u, "keys are 0-9, * and #"),
  z.enum(["silence", "hang-up", "random"]),
]);

const share = z.number().min(0).max(1).default(0);

const behaviour = z.strictObject({
  name: z.string().min(1),
  weight: z.number().positive().default(1),
  /** One for each time the service listens. */
  answers: z.array(answer).max(100).default([]),
  /** What is done when the answers have run out. */
  afterwards: z.enum(["silence", "hang-up", "random"]).default("silence"),
  /** How often a key cuts the prompt short; from 0 to 1. */
  bargesIn: share,
  /** How often the caller hangs up in the middle of a prompt. */
  hangsUp: share,
  /** How often the answer to a webhook is lost on its way. */
  losesAnswers: share,
});

const mix = z.strictObject({ behaviours: z.array(behaviour).min(1).max(100) });

export type Mix = z.output<typeof mix>;
export type Behaviour = Mix["behaviours"][number];

/** Most callers listen and answer; some press wrong keys, say nothing, or leave. */
export const defaultMix: Mix = mix.parse({
  behaviours: [
    { name: "says yes", weight: 60, answers: ["1"], bargesIn: 0.3 },
    { name: "says no", weight: 10, answers: ["2"] },
    { name: "says nothing", weight: 8 },
    { name: "wrong key, then yes", weight: 8, answers: ["7", "1"] },
    { name: "leaves", weight: 6, hangsUp: 0.5, answers: ["hang-up"] },
    { name: "a bad line", weight: 4, answers: ["1"], losesAnswers: 0.3 },
    { name: "a child with a telephone", weight: 4, afterwards: "random", bargesIn: 0.5, hangsUp: 0.02 },
  ],
});

/** Reads a mix from YAML; throws zod's error when it is not one. */
export function parseMix(text: string): Mix {
  return mix.parse(parse(text));
}

export function chooseBehaviour(of: Mix, random: Random): Behaviour {
  const total = of.behaviours.reduce((sum, { weight }) => sum + weight, 0);
  let left = random() * total;
  const chosen = of.behaviours.find(({ weight }) => (left -= weight) < 0) ?? of.behaviours.at(-1);
  if (chosen === undefined) throw new Error("a mix without behaviours");
  return chosen;
}

const thinkingMs = [200, 2_500] as const;

/** A caller who behaves like this, the same way for the same random numbers. */
export function behavingCaller(like: Behaviour, random: Random): Caller {
  let decidedFor = 0;
  let wanted = "silence";

  /** What is done in the present Gather, decided once for each. */
  function decide({ gather }: Moment): string {
    if (gather === decidedFor) return wanted;
    decidedFor = gather;
    const answered = like.answers[gather - 1] ?? like.afterwards;
    wanted = answered === "random" ? randomKeys(random) : answered;
    return wanted;
  }

  function answerTo(moment: Moment, afterMs: number): Act | undefined {
    const answered = decide(moment);
    if (answered === "hang-up") return { do: "hang-up", afterMs };
    const key = answered[moment.digits.length] ?? "";
    return isKey(key) ? { do: "press", key, afterMs } : undefined;
  }

  function act(moment: Moment): Act | undefined {
    const afterMs = between(random, ...thinkingMs);
    if (moment.kind === "listening") return answerTo(moment, afterMs);
    if (random() < like.hangsUp) return { do: "hang-up", afterMs };
    const cutsIn = moment.hears.keys && random() < like.bargesIn;
    return cutsIn ? answerTo(moment, Math.min(afterMs, moment.lengthMs / 2)) : undefined;
  }

  return (moment) => Promise.resolve(act(moment));
}

function randomKeys(random: Random): string {
  const [first = "1", ...rest] = keys;
  return Array.from({ length: between(random, 1, 12) }, (): Key => pick(random, [first, ...rest])).join("");
}
