import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startDriver } from "./drive.ts";
import { summaryOf, type Bench, type Figure, type Part } from "./part.ts";
import { calls } from "./parts/calls.ts";
import { growth } from "./parts/growth.ts";
import { latency } from "./parts/latency.ts";
import { starts } from "./parts/starts.ts";
import { table, type Report } from "./report.ts";
import { consolePart } from "./parts/console.ts";
import { overload } from "./parts/overload.ts";
import { permissions } from "./parts/permissions.ts";
import { proofPart } from "./parts/proof.ts";
import { sealing } from "./parts/sealing.ts";

/**
 * The side-by-side benchmark: `npm run bench -- [PART…] [--short] [--rounds N] [--entries N] [--profile] [--json FILE]`. Real server processes, one
 * run, rounds in turn, medians and spread; a table on standard output, progress on standard error.
 */
const PARTS: readonly Part[] = [
  calls,
  latency,
  starts,
  growth,
  permissions,
  consolePart,
  proofPart,
  sealing,
  overload,
];

const ROUNDS = 5;
const ENTRIES = 1_000_000;
const SHORT_ENTRIES = 1_000;

async function bench(
  parts: readonly Part[],
  { short, profile, rounds, entries }: Pick<Bench, "short" | "profile" | "rounds" | "entries">,
): Promise<Report> {
  const machine = machineNow();
  const folder = mkdtempSync(join(tmpdir(), "yesline-bench-"));
  // Also where it is broken off.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const driver = startDriver();
  const chapters: Report["parts"][number][] = [];
  try {
    for (const part of parts) {
      const startedAt = performance.now();
      const own = join(folder, part.name);
      const progress = (text: string) => process.stderr.write(`${part.name}: ${text}\n`);
      const chapter = await part.run({
        short,
        profile,
        rounds,
        entries,
        folder: own,
        drive: driver.drive,
        progress,
      });
      rmSync(own, { recursive: true, force: true, maxRetries: 3 });
      const { name, question } = part;
      const seconds = (performance.now() - startedAt) / 1000;
      chapters.push({
        name,
        question,
        seconds,
        ...chapter,
        figures: chapter.figures.map((figure) => summaryOf(short ? unpromised(figure) : figure)),
      });
    }
  } finally {
    await driver.end();
  }
  return { at: new Date().toISOString(), node: process.version, machine, short, parts: chapters };
}

/** What is measured in a hurry breaks no promise. */
function unpromised({ name, unit, values: measured }: Figure): Figure {
  return { name, unit, values: measured };
}

function machineNow(): Report["machine"] {
  const processors = cpus();
  return {
    cpus: processors.length,
    model: processors[0]?.model ?? "",
    memoryMb: Math.round(totalmem() / 2 ** 20),
    loadAverage: loadavg()[0] ?? 0,
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    json: { type: "string" },
    rounds: { type: "string" },
    entries: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const known = PARTS.map(({ name, question }) => `  ${name.padEnd(12)} ${question}`).join("\n");
const unknown = positionals.filter((name) => PARTS.every((part) => part.name !== name));
if (values.help || unknown.length > 0) {
  const wrong = unknown.length > 0 ? `There is no part ${unknown.join(", ")}.\n` : "";
  process.stderr.write(
    `${wrong}npm run bench -- [PART…] [--short] [--rounds N] [--entries N] [--profile] [--json FILE]\nParts:\n${known}\n`,
  );
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  const chosen = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const { short, profile } = values;
  const rounds = Number(values.rounds ?? (short ? 1 : ROUNDS));
  const entries = Number(values.entries ?? (short ? SHORT_ENTRIES : ENTRIES));
  const report = await bench(chosen, { short, profile, rounds, entries });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  process.stdout.write(table(report));
}
