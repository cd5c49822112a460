import type { ProofStore, StoredCheckpoint } from "../ledger/proof-store.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { leafHashOf } from "./leaf.ts";
import { signersNamed, underEarlierNames, type Signer, type Verifier } from "./note.ts";
import { frontierAt, grow, LogBroken, rootAt, rootOf, type Frontier } from "./tree.ts";

/** Gives the entries their places in the log, some time after they were recorded: nobody on the line waits for it. */
export type Sealer = {
  /**
   * Seals the next entries and signs the log as it is then, in one transaction.
   *
   * @returns how many entries; zero where none waited
   * @throws {LogBroken} where the log is not the one that was signed: nothing more is signed then
   */
  readonly seal: () => Promise<number>;
  /** Seals what comes, until the signal; the line goes on answering whatever happens here. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Seals what is left, before the ledger closes; what is too much for that, the next start takes. */
  readonly finish: () => Promise<void>;
  readonly status: () => SealerStatus;
};

export type SealerStatus = {
  /** Leaves that this sealer knows of; null until it has looked. */
  readonly size: number | null;
  readonly failures: number;
  /** Why nothing is signed any more. */
  readonly broken: string | null;
};

export type SealerParts = {
  readonly store: ProofStore;
  /** All of them sign; the first is the present key, and its name is the log's. */
  readonly signers: readonly [Signer, ...Signer[]];
  /** Keys that have signed before, and sign no more. */
  readonly oldKeys?: readonly Verifier[];
  /** The newest notes that are kept elsewhere: the log must go on from them. */
  readonly outside: () => Promise<readonly OutsideNote[]>;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Resolves after so long, or with the signal. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Told after the commit; once at the start of what was there. */
  readonly onCheckpoint: (checkpoint: StoredCheckpoint) => void;
  readonly onError: (error: Error) => void;
};

/** A note, and where it was kept. */
export type OutsideNote = { readonly where: string; readonly note: string };

/** So many entries at a time: some milliseconds of the event loop. */
export const SEAL_BATCH = 128;
const LOOK_EVERY_MS = 1_000;
/** While there is more, the line gets as much time as the sealer took, and never less than this. */
const REST_MS = 2;
const MAX_RETRY_MS = 30_000;
const FINISH_WITHIN_MS = 5_000;

export function createSealer(parts: SealerParts): Sealer {
  const { store, monotonicMs, wait, onError } = parts;
  const recall = recaller(parts);
  const sign = signing(parts);
  let frontier: Frontier | null = null;
  let failures = 0;
  let broken: string | null = null;

  async function seal(): Promise<number> {
    if (broken !== null) throw new LogBroken(broken);
    try {
      frontier ??= await recall();
      if (frontier === null) return 0;
      const rows = await store.unsealed(SEAL_BATCH);
      if (rows.length === 0) return 0;
      const leaves = rows.map((row) => ({
        businessId: row.businessId,
        entryId: row.id,
        hash: leafHashOf(row),
      }));
      const grown = grow(
        frontier,
        leaves.map(({ hash }) => hash),
      );
      const batch = { size: frontier.size, leaves, tiles: grown.tiles, checkpoint: sign(grown.frontier) };
      // Unless it is known to be on the disk, what the log is must be looked up again.
      frontier = null;
      if ((await store.append(batch)) === "behind") return 0;
      frontier = grown.frontier;
      parts.onCheckpoint(batch.checkpoint);
      return leaves.length;
    } catch (error) {
      if (error instanceof LogBroken) broken = error.message;
      failures += 1;
      throw error;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    for (let failed = 0; !signal.aborted && broken === null;) {
      const begun = monotonicMs();
      let rest: number;
      try {
        const sealed = await seal();
        rest = sealed < SEAL_BATCH ? LOOK_EVERY_MS : Math.max(REST_MS, monotonicMs() - begun);
        failed = 0;
      } catch (error) {
        onError(asError(error));
        rest = Math.min(MAX_RETRY_MS, LOOK_EVERY_MS * 2 ** failed);
        failed += 1;
      }
      await wait(rest, signal);
    }
  }

  async function finish(): Promise<void> {
    const until = monotonicMs() + FINISH_WITHIN_MS;
    try {
      while (broken === null && monotonicMs() < until) {
        if ((await seal()) === 0 && (frontier !== null || (await store.backlog()).entries === 0)) return;
      }
    } catch (error) {
      onError(asError(error));
    }
  }

  return { seal, run, finish, status: () => ({ size: frontier?.size ?? null, failures, broken }) };
}

function signing({ signers, now }: Pick<SealerParts, "signers" | "now">) {
  const origin = signers[0].verifier.name;
  return (frontier: Frontier): StoredCheckpoint => {
    const { size } = frontier;
    const root = rootOf(frontier);
    // Whole seconds: so much of it is signed, and what is stored is what is signed.
    const at = Math.floor(now() / 1000) * 1000;
    return { size, root, note: signCheckpoint({ origin, size, root }, signers, at), at };
  };
}

/**
 * What the log is, after it was held against what was signed: a log signs nothing that does not go on from what it
 * signed before. Signs anew where leaves have no checkpoint yet, or a key of now has not signed.
 *
 * @returns null where somebody else has sealed meanwhile
 */
function recaller(parts: SealerParts): () => Promise<Frontier | null> {
  const { store, signers, oldKeys = [], outside, onCheckpoint } = parts;
  const sign = signing(parts);
  const verifiers = signers.map(({ verifier }) => verifier);

  async function hold(where: string, { size, root }: { size: number; root: Uint8Array }, now: number) {
    if (size > now)
      throw new LogBroken(
        `${where} has ${size} entries, the log only ${now}: the last ones were dropped, or an old file was put back.`,
      );
    const actual = await rootAt(store.hashes, size);
    if (!Buffer.from(actual).equals(root))
      throw new LogBroken(`The first ${size} entries of the log are not those of ${where}.`);
  }

  return async () => {
    const frontier = await frontierAt(store.hashes, await store.size());
    const newest = await store.newestCheckpoint();
    if (newest !== null) await hold("the newest checkpoint", newest, frontier.size);
    for (const { where, note } of await outside()) {
      const opened = openCheckpoint(note, underEarlierNames([...verifiers, ...oldKeys], note));
      if (opened.kind === "refused") parts.onError(new Error(`${where} says nothing: ${opened.reason}`));
      else await hold(where, opened.checkpoint, frontier.size);
    }
    const signed = newest === null ? [] : signersNamed(newest.note);
    const byAll = verifiers.every(({ name, id }) => signed.some((one) => one.name === name && one.id === id));
    if (newest !== null && newest.size === frontier.size && byAll) {
      onCheckpoint(newest);
      return frontier;
    }
    const checkpoint = sign(frontier);
    const batch = { size: frontier.size, leaves: [], tiles: [], checkpoint };
    if ((await store.append(batch)) === "behind") return null;
    onCheckpoint(checkpoint);
    return frontier;
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
