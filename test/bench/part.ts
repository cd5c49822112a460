import type { Drive } from "./drive.ts";
import type { ProfileLine } from "./profile.ts";

/** One chapter of the bench. A new one is a file in `parts/` and a line in `main.ts`. */
export type Part = {
  readonly name: string;
  /** What it asks, in one sentence. */
  readonly question: string;
  readonly run: (bench: Bench) => Promise<Chapter>;
};

/** What a part is given. */
export type Bench = {
  /** Proves that everything runs, in seconds; its figures mean nothing. */
  readonly short: boolean;
  /** How often each of those that are compared has its turn, after a warm-up. */
  readonly rounds: number;
  /** How many entries the log of the part about the console has. */
  readonly entries: number;
  /** Also where Yesline spends its time. */
  readonly profile: boolean;
  /** Empty, and removed when the part is over. */
  readonly folder: string;
  /** The load, from a process of its own. */
  readonly drive: Drive;
  /** Where the part is, for whoever waits. */
  readonly progress: (text: string) => void;
};

export type Chapter = {
  readonly figures: readonly Figure[];
  /** What has to be known to read the figures. */
  readonly notes: readonly string[];
  readonly profile?: readonly ProfileLine[];
};

/** One thing that was measured, once a round. */
export type Figure = {
  /** Who, and what: "yesline: permissions". */
  readonly name: string;
  readonly unit: "per second" | "ms" | "µs" | "MB" | "rows" | "times" | "s";
  readonly values: readonly number[];
  /** What was promised of the median. */
  readonly atLeast?: number;
  readonly atMost?: number;
};

/** A figure with its middle and its spread. */
export type Summary = Figure & {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Whether the promise is kept; null where none was made. */
  readonly kept: boolean | null;
};

export function summaryOf(figure: Figure): Summary {
  const sorted = figure.values.toSorted((one, other) => one - other);
  const median = medianOf(sorted);
  const { atLeast = -Infinity, atMost = Infinity } = figure;
  const promised = figure.atLeast !== undefined || figure.atMost !== undefined;
  return {
    ...figure,
    median,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
    kept: promised ? median >= atLeast && median <= atMost : null,
  };
}

/** @param sorted in order */
function medianOf(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
