import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import type { Config } from "../config.ts";
import {
  formatScenarioProblem,
  isLoopback,
  parseScenarios,
  personIn,
  reportHtml,
  reportJson,
  reportJunit,
  reportNdjson,
  reportPretty,
  runScenario,
  scenarioJsonSchema,
  type Scenario,
  type ScenarioResult,
  type Target,
} from "../simulator/index.ts";
import { NotSo, Unreachable, UsageError, type CliParts } from "./command.ts";
import { bulkCommand } from "./call-bulk.ts";
import { writeOutput } from "./call-output.ts";
import { phoneCommand } from "./call-phone.ts";
import { replayCommand } from "./call-replay.ts";
import { targetOf, withTargetOptions, type TargetOptions } from "./call-target.ts";
import { consentBook, type ConsentBook } from "./consent-book.ts";
import { permissionDesk } from "./permission-desk.ts";

/** `yesline call …`: calls without a telephone. */
export function callCommand(parts: CliParts): Command {
  const command = new Command("call").description(
    "place simulated calls: signed, over HTTP, without a telephone",
  );
  runCommand(command, parts);
  validateCommand(command, parts);
  phoneCommand(command, parts);
  replayCommand(command, parts);
  bulkCommand(command, parts);
  return command;
}

const REPORTERS = {
  pretty: reportPretty,
  json: reportJson,
  ndjson: reportNdjson,
  junit: reportJunit,
  html: reportHtml,
} as const;

/** So many files in one run; a folder with more is split. */
const MAX_FILES = 10_000;

type RunOptions = TargetOptions & {
  readonly reporter: keyof typeof REPORTERS;
  readonly out?: string;
  readonly grep?: string;
  readonly bail?: true;
  readonly timeout: string;
  readonly realTime?: true;
  readonly apiKey?: string;
  readonly json?: true;
};

function runCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  withTargetOptions(command.command("run <files...>"))
    .description(
      "play scenarios against a running line; a file's first caller has no consent, its scenarios follow each other",
    )
    .addOption(new Option("--reporter <name>").choices(Object.keys(REPORTERS)).default("pretty"))
    .option("--out <file>", "write the report there")
    .option("--grep <text>", "only scenarios whose name contains this")
    .option("--bail", "stop after the first failure")
    .option("--timeout <seconds>", "of real time, for each scenario", "60")
    .option("--real-time", "let calls last as long as they would")
    .option("--api-key <key>", "for scenarios that ask for a permission (default: one made for this run)")
    .option("--json", "the same as --reporter json")
    .action(async (files: string[], options: RunOptions) => {
      const scenarios = readScenarios(files, err).filter((each) => each.name.includes(options.grep ?? ""));
      if (scenarios.length === 0) throw new UsageError(`No scenario's name contains "${options.grep}".`);
      const config = loadConfig();
      // Before anybody is called, so that no run is lost to a path that cannot be written.
      if (options.out !== undefined) writeOutput("--out", options.out, "");
      const results = await play(scenarios, targetOf(options, config), config, options);
      const report = REPORTERS[options.json === true ? "json" : options.reporter](results);
      if (options.out === undefined) out(report);
      else writeOutput("--out", options.out, report);
      if (results.every((result) => !result.reached && result.interrupted === undefined)) {
        throw new Unreachable(
          `${targetOf(options, config).url} does not answer: start the line (npm start), or give its --url.`,
        );
      }
      if (results.some((result) => !result.ok)) throw new NotSo();
    });
}

function validateCommand(command: Command, { out, err }: CliParts): void {
  command
    .command("validate [files...]")
    .description("check scenario files without calling anyone")
    .option("--schema", "print the format as JSON Schema, for editors")
    .option("--json", "print JSON")
    .action((files: string[], options: { schema?: true; json?: true }) => {
      if (options.schema === true) {
        out(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
        return;
      }
      if (files.length === 0)
        throw new UsageError("Name the files or folders to check, or ask for the --schema.");
      const scenarios = readScenarios(files, err);
      const names = scenarios.map(({ name, file, line }) => ({ name, file, line }));
      out(
        options.json === true
          ? `${JSON.stringify(names)}\n`
          : names.map(({ name, file, line }) => `${file}:${line}: ${name}\n`).join(""),
      );
    });
}

async function play(
  scenarios: readonly Scenario[],
  target: Target,
  config: Config,
  options: RunOptions,
): Promise<ScenarioResult[]> {
  const timeoutMs = Number(options.timeout) * 1_000;
  if (!(timeoutMs > 0)) throw new UsageError(`--timeout ${options.timeout} is not a number of seconds.`);
  const book = isOurs(target, config) ? consentBook(config, target.accountSid) : null;
  const desk = permissionDesk({
    url: target.url,
    config,
    simulated: target.accountSid === config.simulator?.accountSid,
    apiKey: options.apiKey,
    keyring: book?.keyring ?? null,
    now: Date.now,
  });
  const results: ScenarioResult[] = [];
  let file = "";
  try {
    for (const scenario of scenarios) {
      if (scenario.file !== file) await startAfresh(scenario.file, scenarios, book);
      file = scenario.file;
      const result = await runScenario(scenario, target, {
        ...book,
        permissionOf: (question) => desk.permissionOf(question),
        timeoutMs,
        realTime: options.realTime === true,
      });
      results.push(result);
      if (!result.ok && (options.bail === true || !result.reached)) break;
    }
  } finally {
    await desk.close();
    await book?.close();
  }
  return results;
}

/** Consent is asked of this configuration's ledger; of somebody else's line it would know nothing. */
function isOurs({ url }: Target, { publicUrl }: Config): boolean {
  return isLoopback(url) || url.replace(/\/+$/, "") === publicUrl;
}

/** What an earlier run left of a file's callers is withdrawn, so that a run can be repeated. */
async function startAfresh(
  file: string,
  scenarios: readonly Scenario[],
  book: ConsentBook | null,
): Promise<void> {
  if (book === null) return;
  const played = scenarios.filter((each) => each.file === file);
  const people = played.flatMap(peopleOf);
  for (const { line, number } of people) await book.forget(line, number);
  // Whoever is told of the withdrawal must not take it for an answer of the next scenario.
  if (played.every(({ messages }) => messages.length === 0)) return;
  await Promise.all(people.map(({ line, number }) => book.settled(line, number)));
}

/** Whose consent a scenario may leave, and with whom. */
function peopleOf({
  call,
  whatsapp,
  expect,
}: Scenario): { readonly line: string; readonly number: string }[] {
  const inbound = call?.direction === "inbound";
  const line = call === null ? (whatsapp.to ?? "") : inbound ? call.to : call.from;
  const person = call === null ? whatsapp.from : personIn(call);
  const numbers = new Set([person, whatsapp.from, expect.subscriber ?? person]);
  return [...numbers].map((number) => ({ line, number }));
}

/** @throws {UsageError} with a line for each thing that is wrong in a file */
function readScenarios(paths: readonly string[], err: (text: string) => void): Scenario[] {
  const files = paths.flatMap(filesIn);
  if (files.length === 0) throw new UsageError("There are no scenario files (*.yaml) there.");
  if (files.length > MAX_FILES)
    throw new UsageError(`There are more than ${MAX_FILES} files there: name fewer.`);
  const parsed = files.map((file) => parseScenarios(readFileSync(file, "utf8"), file));
  const problems = parsed.flatMap((each) => each.problems);
  if (problems.length > 0) {
    err(problems.map((problem) => `${formatScenarioProblem(problem)}\n`).join(""));
    throw new UsageError(`${problems.length} problem(s) in the scenario files; nobody was called.`);
  }
  return parsed.flatMap((each) => each.scenarios);
}

function filesIn(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new UsageError(`${path} does not exist: name a scenario file, or a folder of them.`);
  if (!found.isDirectory()) return [path];
  const inside = readdirSync(path, { recursive: true, encoding: "utf8" });
  return inside
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(path, name))
    .toSorted();
}
