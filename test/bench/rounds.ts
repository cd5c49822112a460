import type { Driven } from "./driver.ts";
import type { Figure } from "./part.ts";
import type { Program } from "./programs.ts";

/** One of those that are compared: a running program, and how it is loaded in a round. */
export type Contender = {
  readonly name: string;
  readonly program: Program;
  /** @param round from 0; the warm-up is -1 */
  readonly load: (round: number) => Promise<Driven>;
};

export type Round = {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of the whole process, for one request; null where the system does not tell. */
  readonly cpuMicroseconds: number | null;
  /** The same of each of its threads, by name. */
  readonly threads: ReadonlyMap<string, number>;
  /** What the load itself took for a request. */
  readonly driverMicroseconds: number;
};

export type Rounds = ReadonlyMap<string, readonly Round[]>;

/** Everyone once in each round, and each round begins with another one: what the machine does meanwhile hits all alike. */
export async function interleaved(
  contenders: readonly Contender[],
  rounds: number,
  progress: (text: string) => void,
): Promise<Rounds> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round + 1) % contenders.length];
      if (contender === undefined) continue;
      progress(`${round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`}: ${contender.name}`);
      const [cpuBefore, threadsBefore] = [contender.program.cpuMs(), contender.program.threadsMs()];
      const driven = await contender.load(round);
      const [cpuAfter, threadsAfter] = [contender.program.cpuMs(), contender.program.threadsMs()];
      if (round < 0) continue;
      const cpuMs = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
      const perRequest = (ms: number) => (ms * 1000) / driven.requests;
      results.get(contender.name)?.push({
        perSecond: driven.requests / driven.seconds,
        medianMs: driven.medianMs,
        p99Ms: driven.p99Ms,
        cpuMicroseconds: cpuMs === null ? null : perRequest(cpuMs),
        threads: new Map(
          [...threadsAfter].map(([name, ms]) => [name, perRequest(ms - (threadsBefore.get(name) ?? 0))]),
        ),
        driverMicroseconds: driven.driverMicroseconds,
      });
    }
  }
  return results;
}

/** What every comparison tells of each contender. */
export function figuresOf(rounds: Rounds): Figure[] {
  return [...rounds].flatMap(([name, each]) => [
    { name: `${name}: requests`, unit: "per second" as const, values: each.map((round) => round.perSecond) },
    { name: `${name}: median`, unit: "ms" as const, values: each.map((round) => round.medianMs) },
    { name: `${name}: p99`, unit: "ms" as const, values: each.map((round) => round.p99Ms) },
    {
      name: `${name}: CPU for a request`,
      unit: "µs" as const,
      values: each.flatMap(({ cpuMicroseconds }) => cpuMicroseconds ?? []),
    },
  ]);
}

/** Which of its threads need what for a request; those that hardly need anything are left out. */
export function threadFiguresOf(rounds: Rounds): Figure[] {
  return [...rounds].flatMap(([name, each]) => {
    const names = new Set(each.flatMap(({ threads }) => [...threads.keys()]));
    return [...names].flatMap((thread): Figure[] => {
      const values = each.flatMap(({ threads }) => threads.get(thread) ?? []);
      return Math.max(...values) < SHOWN_FROM_MICROSECONDS
        ? []
        : [{ name: `${name}: CPU for a request, thread ${thread}`, unit: "µs", values }];
    });
  });
}

const SHOWN_FROM_MICROSECONDS = 2;

/** The load must not be what limits the fastest. */
export function driverFigureOf(rounds: Rounds): Figure {
  const values = [...rounds.values()].flat().map(({ driverMicroseconds }) => driverMicroseconds);
  return { name: "the load: CPU for a request", unit: "µs", values };
}

/** One over the other, round by round: both saw the same machine. */
export function ratioOf(
  rounds: Rounds,
  [one, other]: readonly [string, string],
  of: (round: Round) => number | null,
): number[] {
  const others = rounds.get(other) ?? [];
  return (rounds.get(one) ?? []).flatMap((round, n) => {
    const [above, below] = [of(round), of(others[n] ?? round)];
    return above === null || below === null || below === 0 ? [] : above / below;
  });
}
