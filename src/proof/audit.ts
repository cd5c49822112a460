import type { AuditStore } from "../ledger/audit-store.ts";
import { auditLog } from "./audit-log.ts";
import { auditRows } from "./audit-rows.ts";
import { faultList, type Fault } from "./faults.ts";
import type { Verifier } from "./note.ts";
import type { OutsideNote } from "./sealer.ts";

/** What a verification of the whole memory has found. */
export type AuditReport = {
  readonly ok: boolean;
  /** Leaves whose entries were made anew and are as they were sealed. */
  readonly entries: number;
  /** Entries that are newer than the log's last one, and wait for the sealer. */
  readonly unsealed: number;
  readonly size: number;
  /** Of the rows as they are; base64. Null where leaves are missing. */
  readonly root: string | null;
  readonly checkpoints: number;
  /** Checkpoints whose signatures were checked; of the others only what they say. */
  readonly signatures: number;
  /** Checkpoints from outside that are ancestors of the log. */
  readonly outside: number;
  readonly faults: readonly Fault[];
  /** More than are listed, where there are too many. */
  readonly faultCount: number;
};

export type AuditParts = {
  readonly store: AuditStore;
  /** Keys that may have signed: the line's, and older ones. */
  readonly verifiers: readonly Verifier[];
  /** Checkpoints that were kept elsewhere. */
  readonly outside: readonly OutsideNote[];
  /** Rows in one look: the line waits for so many. */
  readonly page: number;
  /** How many signatures of old checkpoints are checked; all of them where nothing is said. */
  readonly signatures?: SignatureBound;
  /** Whether to look for the very column of a changed entry: ten thousand hashes for each of the first few. */
  readonly locate: boolean;
  /** Between two looks; the line goes on meanwhile. */
  readonly rest: () => Promise<unknown>;
  readonly progress: (step: Progress) => void;
  /** True: it ends at the next look, and what it returns says nothing. */
  readonly isStopped?: () => boolean;
};

/**
 * A slow line has a checkpoint for each entry, and to check a signature takes longer than to verify the entry. What a
 * checkpoint says is held against the log in any case.
 */
export type SignatureBound = {
  /** So many of the newest are checked each time. */
  readonly newest: number;
  /** And so many of the older ones, others in each round, until it is the first ones' turn again. */
  readonly older: number;
  readonly round: number;
};

/** How far a verification has come. */
export type Progress = {
  readonly what: "entries" | "words" | "events" | "messages" | "people" | "consents";
  readonly done: number;
  /** Null where nobody counts them first. */
  readonly of: number | null;
};

/** The memory was closed, or the process is to end, while it was verified. */
export class AuditStopped extends Error {}

/**
 * Verifies the memory as it stands: the database's own guards, every leaf made anew from its rows, the tree, its tiles, what was signed of it here
 * and elsewhere, the words, what was folded. Nothing is changed; whatever is wrong is named.
 *
 * @throws {AuditStopped}
 */
export async function audit(parts: AuditParts): Promise<AuditReport> {
  const faults = faultList();
  async function rest(): Promise<void> {
    if (parts.isStopped?.() === true) throw new AuditStopped();
    await parts.rest();
  }
  const steady = { ...parts, rest };
  for (const { name, what } of await parts.store.guards()) faults.add("guard", name, what);
  const log = await auditLog(steady, faults);
  await auditRows(steady, faults);
  return { ok: faults.count() === 0, ...log, faults: faults.list, faultCount: faults.count() };
}
