import { describe, expect, it } from "vitest";
import { playSeeds, replayOf, type FleetOrder, type Played } from "./fleet.ts";
import { PLANTS, type PlantName } from "./plants.ts";

/** A few worlds here; thousands with `npm run soak -- seeds`. */
const WORLDS = 16;
const TWICE = 4;
/** Each fault was found within fewer of the first seeds. */
const PLANTED = 40;
/** Some seconds; a machine that has much else to do may take its time. */
const TIMEOUT_MS = 300_000;

async function played(order: Partial<FleetOrder>): Promise<Played[]> {
  const outcomes: Played[] = [];
  const onOutcome = (outcome: Played) => void outcomes.push(outcome);
  await playSeeds({ from: 1, amount: 1, processes: 1, ...order, onOutcome });
  return outcomes;
}

describe("a world of callers, retries, faults and crashes", { timeout: TIMEOUT_MS }, () => {
  it("leaves every law as it is, and the same seed is the same world again", async () => {
    const [worlds, again] = await Promise.all([
      played({ amount: WORLDS }),
      // In another order, so that nothing of one world is left over in the next.
      played({ from: TWICE, amount: TWICE, processes: 1, stride: -1 }),
    ]);
    const broken = worlds.flatMap(({ seed, broken: laws }) => laws.map((law) => `${law}: ${replayOf(seed)}`));
    expect(broken).toEqual([]);
    const digests = new Map(worlds.map(({ seed, digest }) => [seed, digest]));
    expect(again.map(({ seed }) => seed)).toEqual([4, 3, 2, 1]);
    for (const { seed, digest } of again) expect(digest, replayOf(seed)).toBe(digests.get(seed));
    const deaths = worlds.reduce((sum, { figures }) => sum + figures.deaths, 0);
    expect(deaths, "nothing was put to the test").toBeGreaterThan(WORLDS / 3);
  });

  it.each(Object.keys(PLANTS) as PlantName[])("shows %s, where one is planted", async (plant) => {
    const worlds = await played({ amount: PLANTED, plant });
    expect(worlds.flatMap(({ broken }) => broken).join("\n")).toMatch(FOUND[plant]);
  });
});

/** By the law that it breaks. */
const FOUND: Readonly<Record<PlantName, RegExp>> = {
  "a grant without served notice": /law 3: .* the notice was not heard/,
  "an answer before commit": /law 2: .* nothing is on the disk/,
  "a lost retry": /law 8: .* is left in the queue/,
};
