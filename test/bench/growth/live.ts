import { setTimeout as sleep } from "node:timers/promises";
import type { ConsentChains } from "../chains/consents.ts";
import { daytime, numbersOf, type PermissionChains } from "../chains/permissions.ts";
import { loadCalls, type Line } from "../lines.ts";
import type { Bench, Figure } from "../part.ts";
import { interleaved, ratioOf, type Contender, type Round, type Rounds } from "../rounds.ts";
import { supervisorAt, type Supervisor } from "../supervisor.ts";
import { knownPeople } from "./people.ts";

/** A line that serves a log of so many entries. */
export type Grown = Line & {
  readonly entries: number;
  readonly name: string;
  /** Other systems'. */
  readonly keys: readonly string[];
};

export const ADMIN = { email: "bench@example.com", password: "only-for-the-bench" };

/** What was promised: so many times as slow as on the shortest log, and so long for a page. */
const TIMES_SLOWER = 1.25;
const PAGE_MS = 100;
const CONNECTIONS = 16;
/** So few that they do not make the shortest log a longer one. */
const CALLS_A_ROUND = 400;
const PERMISSIONS_A_ROUND = 4_000;
/** Less than a key may ask at once, see `ALLOWANCES`; and when it has all of that again. */
const CONSENTS_A_KEY = 150;
const REFILLED_AFTER_MS = 2_000;
/** Nobody that was seeded. */
const FIRST_CALLER = 6_000_000;

/** Calls are recorded, consents and permissions asked, on each log in turn. */
export async function measureLines(bench: Bench, grown: readonly Grown[]): Promise<Figure[]> {
  const { short, rounds, progress } = bench;
  const scaled = (count: number) => (short ? Math.ceil(count / 20) : count);
  const loads: readonly (readonly [string, (line: Grown, round: number) => ReturnType<Bench["drive"]>])[] = [
    [
      "recording a call's webhook",
      (line, round) => {
        const count = scaled(CALLS_A_ROUND);
        return loadCalls(bench, line, {
          connections: CONNECTIONS,
          calls: count,
          firstCaller: FIRST_CALLER + (round + 1) * count,
        });
      },
    ],
    ["asking for a consent", (line) => askConsents(bench, line, scaled(CONSENTS_A_KEY))],
    ["asking for a permission", (line) => askPermissions(bench, line, scaled(PERMISSIONS_A_ROUND))],
  ];
  const figures: Figure[] = [];
  for (const [what, load] of loads) {
    const contenders = grown.map((line): Contender => ({
      name: line.name,
      program: line.program,
      load: (round) => load(line, round),
    }));
    const results = await interleaved(contenders, rounds, (text) => progress(`${what}: ${text}`));
    figures.push(...growthOf(what, results));
  }
  return figures;
}

function growthOf(what: string, results: Rounds): Figure[] {
  const [shortest = "", ...longer] = results.keys();
  const time = ({ perSecond }: Round) => 1e6 / perSecond;
  const cpu = ({ cpuMicroseconds }: Round) => cpuMicroseconds;
  return [
    ...[...results].flatMap(([name, each]): Figure[] => [
      { name: `${what}, ${name}`, unit: "µs", values: each.map(time) },
      { name: `${what}, ${name}: CPU`, unit: "µs", values: each.flatMap((round) => cpu(round) ?? []) },
    ]),
    ...longer.flatMap((name): Figure[] => [
      {
        name: `${what}: ${name} over ${shortest}`,
        unit: "times",
        values: ratioOf(results, [name, shortest], time),
        atMost: TIMES_SLOWER,
      },
      {
        name: `${what}: ${name} over ${shortest}, CPU`,
        unit: "times",
        values: ratioOf(results, [name, shortest], cpu),
      },
    ]),
  ];
}

async function askConsents({ drive }: Bench, { program, entries, keys }: Grown, ofKey: number) {
  const numbers = numbersOf(knownPeople(entries), keys.length * ofKey);
  const options: ConsentChains = { keys, numbers };
  await sleep(REFILLED_AFTER_MS);
  return drive({ url: program.url, connections: CONNECTIONS, chains: "consents", options });
}

function askPermissions({ drive }: Bench, { program, entries, keys }: Grown, requests: number) {
  const options: PermissionChains = {
    path: "/api/v1/permissions",
    key: keys[0] ?? "",
    requests,
    numbers: numbersOf(knownPeople(entries), requests),
    at: daytime(),
  };
  return drive({ url: program.url, connections: CONNECTIONS, chains: "permissions", options });
}

const PAGES = [
  "/console/log",
  "/console/log?outcome=refused",
  "/console/log?business=hotel-miramar&topic=offers",
  "/console/log?page=last",
];

/** What a supervisor looks at, on each log in turn. */
export async function measurePages(
  { short, progress }: Bench,
  grown: readonly Grown[],
): Promise<readonly Figure[]> {
  const times = short ? 2 : 20;
  const taken = new Map<
    string,
    { readonly what: string; readonly name: string; readonly values: number[] }
  >();
  const supervisors = new Map<Grown, Supervisor>();
  for (const line of grown) {
    const supervisor = supervisorAt(line.program.url);
    await supervisor.signIn(ADMIN);
    supervisors.set(line, supervisor);
  }
  progress("a supervisor looks at the log, and for numbers");
  // The first look of each is not counted: the console is loaded when somebody first asks for it.
  for (let n = -1; n < times; n++) {
    for (const [{ name, entries }, supervisor] of supervisors) {
      const [number = ""] = numbersOf(knownPeople(entries), times + 1).slice(n);
      const acts: readonly (readonly [string, () => Promise<void>])[] = [
        ...PAGES.map((path) => [`page ${path}`, () => supervisor.open(path)] as const),
        ["search by number", () => supervisor.search(number)],
        ["search by last digits", () => supervisor.open(`/console/log?digits=${number.slice(-4)}`)],
      ];
      for (const [what, act] of acts) {
        const begun = performance.now();
        await act();
        if (n < 0) continue;
        const key = `${what}, ${name}`;
        const known = taken.get(key) ?? { what, name, values: [] };
        known.values.push(performance.now() - begun);
        taken.set(key, known);
      }
    }
  }
  return [...taken.values()]
    .toSorted((one, other) => one.what.localeCompare(other.what))
    .map(({ what, name, values }): Figure => ({
      name: `${what}, ${name}`,
      unit: "ms",
      values,
      atMost: PAGE_MS,
    }));
}
