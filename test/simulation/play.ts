import { createHash } from "node:crypto";
import type { Plant } from "./house.ts";
import { checkFile, checkLog, checkPrivacy, checkProjection, checkQueue } from "./laws.ts";
import type { Setting } from "./setting.ts";
import { storyOf } from "./story.ts";
import { worldOf, type World } from "./world.ts";

export type Outcome = {
  readonly seed: number;
  /** Laws that were broken, each with what broke it; empty: none. */
  readonly broken: readonly string[];
  /** Of everything that happened, and of what is left on the disk: the same seed has the same. */
  readonly digest: string;
  readonly figures: Figures;
  readonly trace: readonly string[];
};

export type Figures = Readonly<Record<"entries" | "webhooks" | "sent" | "deaths" | "sorries", number>>;

/** Plays one world from its seed, and holds what comes of it against the laws. */
export async function play(setting: Setting, seed: number, plant: Plant): Promise<Outcome> {
  const world = worldOf(setting, seed, plant);
  const { nature, disk, twilio, broken, figures, trace } = world;
  const release = nature.rule();
  const realFetch = globalThis.fetch;
  globalThis.fetch = ((address: string, init: RequestInit) => twilio.fetch(address, init)) as typeof fetch;
  try {
    await storyOf(world).tell();
    if (broken.length === 0) await judge(world);
    return { seed, broken, digest: digestOf(world), figures, trace };
  } finally {
    nature.endProcess();
    await nature.settle();
    release();
    globalThis.fetch = realFetch;
    disk.remove();
  }
}

/** All laws, when everything is over. */
async function judge(world: World): Promise<void> {
  const { laws, calls, messages, entries, twilio, disk, log, numbers, shipped, figures, breach } = world;
  const house = world.house();
  entries.look();
  entries.check();
  const all = laws.witness.entries();
  figures.entries = all.length;
  calls.check(all);
  messages.check(all);
  checkProjection(laws, all);
  checkQueue(laws, twilio.accepted);
  checkPrivacy(laws, disk, log, numbers);
  checkFile(laws);
  if (house === null) breach("8", "it does not stay up");
  else await checkLog(laws, house, shipped);
}

function digestOf({ laws: { witness }, trace }: World): string {
  const left = ["entry", "consent", "outbox", "message", "call_event", "checkpoint", "subscriber"];
  const tables = left.map((table) => JSON.stringify(witness.all(`SELECT * FROM ${table}`)));
  return createHash("sha256")
    .update([...trace, ...tables].join("\n"))
    .digest("hex");
}
