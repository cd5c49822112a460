import { accessSync, constants, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Command } from "commander";
import { NotSo, UsageError, type CliParts } from "./command.ts";
import { exportLines } from "./export-readers.ts";
import { outsideNotes } from "./outside-notes.ts";
import { withMemory } from "./with-ledger.ts";
import { MAX_LOG_PAGE } from "../ledger/proof-store.ts";
import { audit, type AuditReport, type Progress } from "../proof/audit.ts";
import type { Config } from "../config.ts";
import { notesOf } from "../proof/checkpoint.ts";
import { auditExport, type ExportReport } from "../proof/export-audit.ts";
import { faultText, type Fault } from "../proof/faults.ts";
import { parseVerifier, type Verifier } from "../proof/note.ts";
import { verifiersOf } from "../sealing.ts";

type VerifyOptions = {
  readonly export?: string;
  readonly checkpoint?: string;
  readonly publicKey?: string;
  readonly json?: true;
};

/** `yesline ledger verify`: the database as it stands, or an export with nothing else at hand. */
export function verifyCommand(command: Command, parts: CliParts): void {
  command
    .command("verify")
    .description(
      "verify every entry, the log and all that stands beside it; or an export, offline, with a checkpoint and the log's key",
    )
    .option("--export <file>", "an export (ledger export --format ndjson), instead of the database")
    .option("--checkpoint <file>", "signed checkpoints that were kept elsewhere, one or many")
    .option("--public-key <file>", "keys of the log, one a line, as `log key` prints them")
    .option("--json", "print JSON")
    .action((options: VerifyOptions) => verify(options, parts));
}

async function verify(options: VerifyOptions, parts: CliParts): Promise<void> {
  const keys = options.publicKey === undefined ? [] : readKeys(options.publicKey);
  const report =
    options.export === undefined
      ? await verifyLive(options, keys, parts)
      : await verifyExport(options.export, options, keys, parts);
  if (options.json === true) parts.out(`${JSON.stringify(report)}\n`);
  else
    parts.out(`${report.faults.map((fault: Fault) => `${faultText(fault)}\n`).join("")}${summary(report)}\n`);
  if (!report.ok) throw new NotSo();
}

function verifyLive(
  { checkpoint }: VerifyOptions,
  keys: readonly Verifier[],
  { loadConfig, err }: CliParts,
): Promise<AuditReport> {
  const config = loadConfig();
  const own = verifiersOf(config);
  // Before the database is looked at: what arrives elsewhere meanwhile is not missing here.
  const outside = keptElsewhere(config, checkpoint, err);
  return withMemory(config, ({ audit: store }) =>
    audit({
      store,
      verifiers: [...own, ...keys.filter(({ text }) => own.every((each) => each.text !== text))],
      outside,
      page: MAX_LOG_PAGE,
      locate: true,
      // Ctrl-C is heard between two pages.
      rest: () => setImmediate(),
      progress: told(err),
    }),
  );
}

/** Those that were given, and those that the line has taken to files itself. */
function keptElsewhere({ log }: Config, given: string | undefined, err: (text: string) => void) {
  // What is given must hold some.
  const notes = given === undefined ? [] : readNotes(given).map((note) => ({ where: given, note }));
  const own = outsideNotes(log.checkpoints, undefined, () => "");
  if (given === undefined)
    for (const where of own.unread)
      err(`${where} cannot be read here: give what is kept there with --checkpoint.\n`);
  return [...notes, ...own.notes];
}

async function verifyExport(
  file: string,
  { checkpoint }: VerifyOptions,
  keys: readonly Verifier[],
  { err }: CliParts,
): Promise<ExportReport> {
  const notes = checkpoint === undefined ? [] : readNotes(checkpoint);
  if (notes.length === 0 || keys.length === 0)
    throw new UsageError(
      "An export is verified against what was signed: give --checkpoint FILE (/.well-known/yesline/checkpoint) and --public-key FILE (/.well-known/yesline/log-key).",
    );
  readable("--export", file, () => accessSync(file, constants.R_OK));
  return auditExport({
    lines: exportLines(file),
    notes,
    verifiers: keys,
    progress: (entries) => err(`verified ${entries} entries\n`),
  });
}

const SAY_EVERY = 20_000;

/** One line for so many rows: a log that is watched, and one that is kept, can hold it. */
function told(err: (text: string) => void): (step: Progress) => void {
  let said = 0;
  let last: Progress["what"] = "entries";
  return ({ what, done, of }) => {
    if (what !== last) [said, last] = [0, what];
    if (done - said < SAY_EVERY) return;
    said = done;
    err(`verified ${done}${of === null ? "" : ` of ${of}`} ${what}\n`);
  };
}

function summary(report: AuditReport | ExportReport): string {
  const { ok, entries, size, root, checkpoints, unsealed, faultCount, faults } = report;
  const more = faultCount > faults.length ? `, of which ${faults.length} are shown` : "";
  const verdict = ok
    ? "All is as it was signed"
    : `${faultCount} ${faultCount === 1 ? "fault" : "faults"}${more}`;
  const outside = "outside" in report ? `, ${report.outside} from outside` : "";
  const open = "uncovered" in report ? report.uncovered : 0;
  return [
    `${verdict}: ${entries} of ${size} entries, ${checkpoints} checkpoints${outside}, root ${root ?? "unknown"}.`,
    ...(open > 0
      ? [`${open} entries are newer than the newest checkpoint: nothing vouches for them yet.`]
      : []),
    ...(unsealed > 0 ? [`${unsealed} entries wait for their place in the log.`] : []),
  ].join("\n");
}

function readText(option: string, file: string): string {
  return readable(option, file, () => readFileSync(file, "utf8"));
}

function readable<T>(option: string, file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option} ${file} cannot be read: ${reason}`);
  }
}

function readNotes(file: string): readonly string[] {
  const text = readText("--checkpoint", file);
  const notes = notesOf(text.endsWith("\n\n") ? text : `${text.trimEnd()}\n\n`);
  if (notes.length === 0)
    throw new UsageError(`--checkpoint ${file} holds no checkpoint: fetch /.well-known/yesline/checkpoint.`);
  return notes;
}

function readKeys(file: string): readonly Verifier[] {
  return readText("--public-key", file)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      try {
        return parseVerifier(line.trim());
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new UsageError(`--public-key ${file}: ${reason} \`yesline log key\` prints them.`);
      }
    });
}
