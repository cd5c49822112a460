import { forgetfulDisk } from "../faults/power.ts";
import { temporaryFolder } from "../support/memory.ts";
import type { SoakPart } from "./part.ts";
import { struckAgainAndAgain } from "./rounds.ts";

const ROUNDS = 50;
/** Disks keep nothing of what was not synced, or this share of its sectors, in any order. */
const KEPT = [0, 0.5, 0.95] as const;

/** The power goes under load, and with it what was not synced. */
const power: SoakPart = async ({ seed, amount = ROUNDS, say }) => {
  const folder = temporaryFolder();
  using disk = forgetfulDisk(folder);
  let sectors = 0;
  const report = await struckAgainAndAgain({ seed, amount, say }, folder, {
    env: disk.env,
    after(random, round) {
      sectors += disk.lose(random, KEPT[round % KEPT.length] ?? 0);
    },
  });
  return { ...report, figures: { ...report.figures, "sectors lost": sectors } };
};
export default power;
