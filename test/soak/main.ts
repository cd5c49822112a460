import { parseArgs } from "node:util";
import type { SoakPart, SoakReport } from "./part.ts";

/**
 * The long tests: `npm run soak -- PART [--amount N] [--seed N] [--json]`. Each provokes for long what `npm test` provokes
 * for seconds. Progress on standard error, figures on standard output; 1 where a law was broken.
 */
const PARTS = {
  kills: { what: "kills a line under load again and again: rounds", load: () => import("./kills.ts") },
  power: { what: "cuts a line's power again and again: rounds", load: () => import("./power.ts") },
  seeds: { what: "plays the whole line with injected faults: seeds", load: () => import("./seeds.ts") },
  load: { what: "calls, supervisors, exports and systems at once: minutes", load: () => import("./load.ts") },
} as const satisfies Record<
  string,
  { readonly what: string; readonly load: () => Promise<{ readonly default: SoakPart }> }
>;

type Name = keyof typeof PARTS;
type Chosen = { readonly name: Name; readonly seed: number; readonly amount: number | undefined };

const USAGE = `npm run soak -- PART [--amount N] [--seed N] [--json]
${Object.entries(PARTS)
  .map(([name, { what }]) => `  ${name.padEnd(6)} ${what}`)
  .join("\n")}
`;

/** @returns what is wrong with the arguments, in words */
function chosenFrom(
  positionals: readonly string[],
  seed: string | undefined,
  amount: string | undefined,
): Chosen | string {
  const [name = "", ...rest] = positionals;
  if (!Object.hasOwn(PARTS, name)) return name === "" ? "Which part?" : `There is no part ${name}.`;
  if (rest.length > 0) return `One part at a time, not ${rest.join(", ")} as well.`;
  const [seedNumber, amountNumber] = [
    Number(seed ?? newSeed()),
    amount === undefined ? undefined : Number(amount),
  ];
  if (!Number.isSafeInteger(seedNumber) || seedNumber < 0)
    return `--seed ${seed} is no whole number from 0 on.`;
  if (amountNumber !== undefined && !(amountNumber > 0 && amountNumber < Infinity))
    return `--amount ${amount} is no number above 0.`;
  return { name: name as Name, seed: seedNumber, amount: amountNumber };
}

/** So short that it can be typed again. */
function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}

async function soak({ name, seed, amount }: Chosen): Promise<SoakReport> {
  const say = (line: string) => process.stderr.write(`${name}: ${line}\n`);
  say(`seed ${seed}`);
  const { default: part } = await PARTS[name].load();
  return part({ seed, amount, say });
}

function table({ name, seed }: Chosen, { kept, figures, broken }: SoakReport): string {
  const width = Math.max(0, ...Object.keys(figures).map((each) => each.length));
  const rows = Object.entries(figures).map(([each, value]) => `  ${each.padEnd(width)}  ${value}`);
  const verdict = kept ? "Every law was kept." : `BROKEN: ${broken.length}`;
  return `${[`${name}, seed ${seed}`, ...rows, verdict, ...broken.map((each) => `  ${each}`)].join("\n")}\n`;
}

function argumentsGiven() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        amount: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const given = argumentsGiven();
if (typeof given === "string") usage(given);
else if (given.values.help) process.stdout.write(USAGE);
else {
  const { seed, amount, json } = given.values;
  const chosen = chosenFrom(given.positionals, seed, amount);
  if (typeof chosen === "string") usage(chosen);
  else {
    // Servers that a part has started end with it.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
    const report = await soak(chosen);
    const { name, seed: used } = chosen;
    process.stdout.write(
      json ? `${JSON.stringify({ part: name, seed: used, ...report })}\n` : table(chosen, report),
    );
    process.exitCode = report.kept ? 0 : 1;
  }
}

function usage(wrong: string): void {
  process.stderr.write(`${wrong}\n${USAGE}`);
  process.exitCode = 2;
}
