import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./programs.ts";

/** One function of a profile, and its share of the time that was not idle. */
export type ProfileLine = { readonly share: number; readonly where: string };

const PROFILED = 30;

/** Where the profile in this folder says that the time went, most first. */
export function profileIn(folder: string): readonly ProfileLine[] {
  const file = readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) return [];
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const place = placeOf.get(id) ?? "";
    if (/^\((?:idle|program|root)\)/.test(place)) continue;
    spent.set(place, (spent.get(place) ?? 0) + (timeDeltas[n] ?? 0));
  }
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0);
  return [...spent]
    .map(([where, time]) => ({ where, share: time / total }))
    .toSorted((one, other) => other.share - one.share)
    .slice(0, PROFILED);
}

type CallFrame = { readonly functionName: string; readonly url: string; readonly lineNumber: number };
type CpuProfile = {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url.replace(/^file:\/\//, "").replace(ROOT, "");
  return `${functionName === "" ? "(anonymous)" : functionName}${place === "" ? "" : ` ${place}:${lineNumber + 1}`}`;
}
