import { availableParallelism } from "node:os";
import { playSeeds, replayOf } from "../simulation/fleet.ts";
import type { SoakPart } from "./part.ts";

const USUAL_SEEDS = 20_000;
const TELL_EVERY = 500;
/** Of a seed that is played alone and breaks a law: what happened last. */
const MAX_TRACE = 80;

/** The whole line in worlds that are made up from seeds; the laws hold in each. */
const seeds: SoakPart = async ({ seed, amount = USUAL_SEEDS, say }) => {
  const started = performance.now();
  const sums = { entries: 0, webhooks: 0, sent: 0, deaths: 0, sorries: 0 };
  const broken: string[] = [];
  let played = 0;
  await playSeeds({
    from: seed,
    amount,
    processes: availableParallelism(),
    traced: amount === 1,
    onOutcome(outcome) {
      played += 1;
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += outcome.figures[name];
      const [first] = outcome.broken;
      if (first !== undefined) {
        broken.push(`${first}: ${replayOf(outcome.seed)}`);
        say(`seed ${outcome.seed}: ${first}`);
        for (const line of outcome.trace?.slice(-MAX_TRACE) ?? []) say(line);
      }
      if (played % TELL_EVERY === 0) say(`${played} of ${amount} seeds, ${broken.length} broke a law`);
    },
  });
  const seconds = (performance.now() - started) / 1_000;
  const { entries, webhooks, sent, deaths, sorries } = sums;
  return {
    kept: broken.length === 0,
    figures: {
      seeds: played,
      "seeds a second": Math.round((played / seconds) * 10) / 10,
      "laws broken": broken.length,
      webhooks,
      entries,
      "messages and calls sent": sent,
      "processes that ended": deaths,
      apologies: sorries,
    },
    broken,
  };
};

export default seeds;
