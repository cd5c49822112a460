import { temporaryFolder } from "../support/memory.ts";
import type { SoakPart } from "./part.ts";
import { struckAgainAndAgain } from "./rounds.ts";

const ROUNDS = 500;

/** `kill -9` under load: what was written and not synced is still there. */
const kills: SoakPart = ({ seed, amount = ROUNDS, say }) =>
  struckAgainAndAgain({ seed, amount, say }, temporaryFolder(), { env: {}, after: () => undefined });
export default kills;
