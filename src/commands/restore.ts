import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Command } from "commander";
import { NotSo, UsageError, type CliParts } from "./command.ts";
import { outsideNotes } from "./outside-notes.ts";
import { withMemory } from "./with-ledger.ts";
import type { Config } from "../config.ts";
import { reapplyFrom } from "../erasure-file.ts";
import { ErasureListError } from "../ledger/erasure-list.ts";
import { MAX_LOG_PAGE } from "../ledger/proof-store.ts";
import {
  assertOurs,
  contentsOf,
  copyWhole,
  discard,
  makeWhole,
  putInPlace,
} from "../ledger/sqlite/backup.ts";
import type { BackupContents } from "../ledger/sqlite/backup.ts";
import { lockForServer, migrate, open } from "../ledger/sqlite/connection.ts";
import type { Memory } from "../ledger/sqlite/memory.ts";
import { audit, type AuditReport } from "../proof/audit.ts";
import { faultText } from "../proof/faults.ts";
import { lackingOf, type Lacking } from "../proof/lacking.ts";
import type { OutsideNote } from "../proof/sealer.ts";
import { LogBroken } from "../proof/tree.ts";
import { sealAll, verifiersOf } from "../sealing.ts";

type RestoreOptions = {
  readonly checkpoint?: string;
  readonly replace?: true;
  readonly acceptLoss?: true;
  readonly acceptFaults?: true;
  readonly erasures?: string;
  readonly json?: true;
};

/** What a backup is worth, held against what is known outside. */
type Findings = BackupContents & {
  readonly root: string | null;
  /** Checkpoints from outside that are ancestors of the backup's log, or are it. */
  readonly outside: number;
  readonly lacking: readonly Lacking[];
  readonly faults: readonly string[];
};

/**
 * `yesline restore FILE`: a backup becomes the database, once it is known what it lacks. Nothing half restored is ever
 * seen: the backup is copied beside, checked there, and gets the name last.
 */
export function restoreCommand(parts: CliParts): Command {
  return new Command("restore")
    .description(
      "put a backup in the database's place, held against the newest checkpoints from outside; no line may serve meanwhile",
    )
    .argument("<file>", "a backup, or what Litestream has restored")
    .option(
      "--checkpoint <file>",
      "checkpoints that were kept elsewhere, besides those of YESLINE_CHECKPOINTS",
    )
    .option("--erasures <file>", "the list of erasures, where it is not at YESLINE_ERASURES")
    .option("--replace", "where a database is there already: it is kept beside the new one")
    .option("--accept-loss", "go on without the entries that the backup lacks, or without knowing them")
    .option("--accept-faults", "go on though the backup is not as it was signed")
    .option("--json", "print JSON")
    .action((name: string, options: RestoreOptions) => restore(resolve(name), options, parts));
}

async function restore(file: string, options: RestoreOptions, parts: CliParts): Promise<void> {
  const config = parts.loadConfig();
  const { databaseFile } = config;
  if (!existsSync(file)) throw new UsageError(`${file} does not exist: give the path of a backup.`);
  const unlock = lockForServer(databaseFile);
  const draft = `${databaseFile}.restoring`;
  try {
    if (existsSync(databaseFile) && options.replace !== true)
      throw new UsageError(
        `${databaseFile} is there already: with --replace it is kept under another name beside the restored one.`,
      );
    // Of a restore that was broken off; the lock says that nobody is at it.
    discard(draft);
    await copyWhole(file, draft, "full");
    assertOurs(draft, file);
    const findings = await examine({ ...config, databaseFile: draft }, options, parts);
    const objection = objectionTo(findings, options, config);
    if (objection !== null) {
      tell(parts, options, { restored: false, ...findings }, `${wordsOf(file, findings)}${objection}\n`);
      throw new NotSo();
    }
    const erasures = await withMemory({ ...config, databaseFile: draft }, async (memory) => {
      await keepOnRecord(memory, file, findings);
      return eraseAgain(memory, options.erasures ?? config.erasureList, findings);
    });
    if (erasures.warning !== null) parts.err(`${erasures.warning}\n`);
    makeWhole(draft);
    const aside = `${databaseFile}.before-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
    const kept = putInPlace(draft, databaseFile, aside) ? aside : null;
    const after = kept === null ? "" : `The database that was there is kept as ${kept}.\n`;
    tell(
      parts,
      options,
      { restored: true, database: databaseFile, kept, ...findings, erasedAgain: erasures.repeated },
      `${wordsOf(file, findings)}Erasures that are repeated: ${erasures.repeated}.\n${databaseFile} is restored.\n${after}`,
    );
  } finally {
    discard(draft);
    unlock();
  }
}

/** The copy is brought up to date, what waited is sealed, and all of it is verified. */
async function examine(draft: Config, { checkpoint }: RestoreOptions, { err }: CliParts): Promise<Findings> {
  const connection = open(draft.databaseFile, { busyTimeoutMs: 0 });
  migrate(connection);
  connection.client.close();
  const { notes, unread } = outsideNotes(draft.log.checkpoints, checkpoint, (file) => readText(file));
  for (const where of unread) err(`${where} cannot be read here: give its checkpoints with --checkpoint.\n`);
  return withMemory(
    draft,
    async (memory) => {
      const broken = await sealed(draft, memory);
      const size = await memory.proof.size();
      const { lacking, within } = lackingOf(notes, verifiersOf(draft), size);
      const report = await verify(draft, memory, within);
      const faults = [...broken, ...report.faults.map(faultText)];
      return {
        ...contentsOf(draft.databaseFile),
        size,
        root: report.root,
        outside: report.outside,
        lacking,
        faults,
      };
    },
    true,
  );
}

/** @returns why nothing can be sealed, where the log is not the one that was signed */
async function sealed(draft: Config, { proof }: Memory): Promise<readonly string[]> {
  try {
    await sealAll(draft, proof);
    return [];
  } catch (error) {
    if (error instanceof LogBroken) return [error.message];
    throw error;
  }
}

function verify(
  draft: Config,
  { audit: store }: Memory,
  outside: readonly OutsideNote[],
): Promise<AuditReport> {
  return audit({
    store,
    verifiers: verifiersOf(draft),
    outside,
    page: MAX_LOG_PAGE,
    locate: true,
    rest: () => setImmediate(),
    progress: () => undefined,
  });
}

/** @returns why the backup is not put in place, and what to do; null where it may be */
function objectionTo(
  { faults, lacking, outside, newestEntryAt }: Findings,
  { acceptLoss, acceptFaults }: RestoreOptions,
  { log }: Config,
): string | null {
  if (faults.length > 0 && acceptFaults !== true)
    return "Nothing was restored: take another backup, or go on with this one: --accept-faults.";
  if (lacking.length === 0 && outside === 0 && acceptLoss !== true)
    return "Nothing was restored: without a checkpoint from outside nobody can tell what this backup lacks. Give one with --checkpoint, or go on without: --accept-loss.";
  if (lacking.length === 0) return null;
  const since = newestEntryAt === null ? "" : ` recorded since ${new Date(newestEntryAt).toISOString()}`;
  const anew = `set YESLINE_LOG_NAME to a new name, such as ${nextName(log.name)}, and YESLINE_CHECKPOINTS to a new place, here and for the line`;
  if (acceptLoss !== true)
    return `Nothing was restored: look for a later backup. To go on without the entries${since}, ${anew}; then --accept-loss.`;
  const goesOn = ({ where, origin }: Lacking) =>
    origin === log.name ||
    log.checkpoints.some((place) => place.kind === "file" && where === `file:${place.path}`);
  if (lacking.some(goesOn))
    return `Nothing was restored: a log that has lost entries never goes on as the one that had them. So ${anew}, and give the old checkpoints with --checkpoint. Auditors keep them, and the old key.`;
  return null;
}

function nextName(name: string): string {
  const [, stem = name, number = "1"] = /^(.*)\/(\d{1,6})$/.exec(name) ?? [];
  return `${stem}/${Number(number) + 1}`;
}

/** In the access log, where everybody sees it who checks the log later. */
function keepOnRecord({ reading }: Memory, file: string, { size, lacking }: Findings): Promise<void> {
  const losses = lacking.map(({ where, missing }) => `; ${missing} entries that ${where} knows are lost`);
  return reading.logAccess({
    actor: "cli",
    actorName: "command line",
    action: "restored",
    businessId: null,
    subject: null,
    detail: `${file}, ${size} entries${losses.join("")}`,
    at: Date.now(),
  });
}

/** Whoever was forgotten after the backup was made is forgotten again, before anybody is served from it. */
async function eraseAgain(
  { privacy }: Memory,
  list: string,
  { newestEntryAt }: Findings,
): Promise<{ readonly repeated: number; readonly warning: string | null }> {
  const madeAt = newestEntryAt === null ? "this backup was made" : new Date(newestEntryAt).toISOString();
  const byHand = `repeat every erasure since ${madeAt} by the id in its certificate: subscriber erase ID`;
  if (!existsSync(list))
    return {
      repeated: 0,
      warning: `There is no list of erasures at ${list}. Give it with --erasures, or ${byHand}.`,
    };
  try {
    const { repeated, since } = await reapplyFrom(privacy, list);
    const isTooOld = newestEntryAt !== null && newestEntryAt < Date.parse(since);
    return { repeated, warning: isTooOld ? `${list} begins only at ${since}: ${byHand}.` : null };
  } catch (error) {
    if (error instanceof ErasureListError) throw new UsageError(error.message);
    throw error;
  }
}

function wordsOf(file: string, { entries, size, root, outside, lacking, faults }: Findings): string {
  const held = outside === 1 ? "1 checkpoint" : `${outside} checkpoints`;
  const lines = [
    `${file}: ${entries} entries, ${size} in the log, root ${root ?? "unknown"}; it goes on from ${held} from outside.`,
    ...faults,
    ...lacking.map(
      ({ where, origin, size: theirs, missing }) =>
        `${where} knows ${theirs} entries of ${origin}: ${missing} ${missing === 1 ? "is" : "are"} missing here, from leaf ${size} to leaf ${theirs - 1}.`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function tell({ out }: CliParts, { json }: RestoreOptions, found: object, words: string): void {
  out(json === true ? `${JSON.stringify(found)}\n` : words);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be read: ${reason}`);
  }
}
