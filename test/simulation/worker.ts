import { NO_PLANT, PLANTS, type PlantName } from "./plants.ts";
import { makeSetting } from "./setting.ts";
import { play } from "./play.ts";

/**
 * Plays seeds in a process of its own, one after the other, and tells what came of each as a line of JSON:
 * `node worker.ts FROM AMOUNT STRIDE [PLANT] [trace]`. With a plant it stops where the first law is broken.
 */
const [from = "1", amount = "1", stride = "1", planted = "", mode = ""] = process.argv.slice(2);
const setting = makeSetting();
const plant = planted === "" ? NO_PLANT : PLANTS[planted as PlantName];
try {
  for (let nth = 0; nth < Number(amount); nth++) {
    const { trace, ...outcome } = await play(setting, Number(from) + nth * Number(stride), plant);
    process.stdout.write(`${JSON.stringify(mode === "trace" ? { ...outcome, trace } : outcome)}\n`);
    if (planted !== "" && outcome.broken.length > 0) break;
  }
} finally {
  setting.close();
}
