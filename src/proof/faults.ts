/** One thing that is not as it must be. */
export type Fault = {
  /** Where it was found. */
  readonly part: FaultPart;
  /** Which row: an entry's id, a leaf's index, a text's digest. */
  readonly id: string;
  /** What is wrong with it, and where it can be told which column. */
  readonly what: string;
};

export type FaultPart =
  | "entry"
  | "leaf"
  | "tile"
  | "checkpoint"
  | "outside"
  | "words"
  | "event"
  | "message"
  | "person"
  | "consent"
  | "guard"
  | "export";

export type Faults = {
  readonly add: (part: FaultPart, id: string | number, what: string) => void;
  readonly list: readonly Fault[];
  /** How many there are in all; past `MAX_FAULTS` they are counted, and no longer listed. */
  readonly count: () => number;
};

/** So many are named; whoever has so many needs a backup, not a list. */
export const MAX_FAULTS = 1_000;

export function faultList(): Faults {
  const list: Fault[] = [];
  let count = 0;
  return {
    add(part, id, what) {
      count += 1;
      if (list.length < MAX_FAULTS) list.push({ part, id: String(id), what });
    },
    list,
    count: () => count,
  };
}

/** "entry 0199…: what is wrong". */
export function faultText({ part, id, what }: Fault): string {
  return `${PART_NAMES[part]} ${id}: ${what}`;
}

const PART_NAMES: Readonly<Record<FaultPart, string>> = {
  entry: "entry",
  leaf: "leaf",
  tile: "tile",
  checkpoint: "checkpoint",
  outside: "outside checkpoint",
  words: "served words",
  event: "event",
  message: "message",
  person: "subscriber",
  consent: "consent",
  guard: "database",
  export: "export",
};
