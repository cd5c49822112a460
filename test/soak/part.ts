/** A long test that `npm run soak -- NAME` runs on its own: kills, power, seeds or load. */
export type SoakPart = (options: SoakOptions) => Promise<SoakReport>;

export type SoakOptions = {
  /** Chooses everything that is random; the same seed repeats the same run. */
  readonly seed: number;
  /** Rounds, seeds or minutes, in the part's own unit; undefined: the part's own long default. */
  readonly amount: number | undefined;
  /** Progress, a line at a time, on stderr. */
  readonly say: (line: string) => void;
};

export type SoakReport = {
  /** False where a law was broken or something acknowledged was lost. */
  readonly kept: boolean;
  /** What was measured, by name: for the table and for `--json`. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** Each breach, with what repeats it. */
  readonly broken: readonly string[];
};
