import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import type { ProofStore } from "./ledger/proof-store.ts";
import { courierTo, type Courier } from "./proof/couriers.ts";
import { parseVerifier, signerOf, type Signer, type Verifier } from "./proof/note.ts";
import { createSealer, type OutsideNote, type SealerStatus } from "./proof/sealer.ts";
import { createShipping, type ShippingStatus } from "./proof/shipping.ts";

/** The log's part of the wiring: entries are sealed beside the line, and checkpoints leave the host. */
export type Sealing = {
  /** Begins; `finish` ends it. */
  readonly start: () => void;
  /** Once nothing is recorded any more, and before the ledger closes: what is left is sealed, signed and sent. */
  readonly finish: () => Promise<void>;
  /** What auditors ask for. */
  readonly published: PublishedLog;
  readonly status: () => Promise<LogStatus>;
  /** The newest checkpoints that are kept elsewhere. @throws where a file is there and cannot be read */
  readonly outside: () => Promise<readonly OutsideNote[]>;
};

export type PublishedLog = {
  /** The newest signed checkpoint; null until the first one is. */
  readonly checkpoint: () => Promise<string | null>;
  /** Keys that sign, the present one first. */
  readonly keys: readonly string[];
};

export type LogStatus = SealerStatus & {
  readonly unsealed: number;
  readonly oldestUnsealedAt: number | null;
  readonly shipped: readonly ShippingStatus[];
};

export type SealingParts = {
  readonly store: ProofStore;
  readonly log: Logger;
  readonly out: (text: string) => void;
  readonly now?: () => number;
  readonly monotonicMs?: () => number;
};

export function sealWith(config: Config, parts: SealingParts): Sealing {
  const { store, log, out, now = Date.now, monotonicMs = () => performance.now() } = parts;
  const signers = signersOf(config);
  const couriers = config.log.checkpoints.map((destination) => courierTo(destination, { out, fetch }));
  const shipping = createShipping({
    couriers,
    now,
    monotonicMs,
    wait,
    onError: (name, error) => log.error({ err: error, destination: name }, "a checkpoint has not arrived"),
  });
  async function newestOf({ name: where, newest }: Courier): Promise<readonly OutsideNote[]> {
    const note = await newest();
    return note === null ? [] : [{ where, note }];
  }
  /** A place that cannot be read keeps no entry from being sealed. */
  async function readable(): Promise<readonly OutsideNote[]> {
    const found = await Promise.allSettled(couriers.map(newestOf));
    return found.flatMap((each, at) => {
      if (each.status === "fulfilled") return each.value;
      const told = { err: each.reason as unknown, destination: couriers[at]?.name };
      log.error(told, "checkpoints cannot be read where they are kept, and the log is not held against them");
      return [];
    });
  }
  const sealer = createSealer({
    store,
    signers,
    oldKeys: oldKeysOf(config),
    outside: readable,
    now,
    monotonicMs,
    wait,
    onCheckpoint(checkpoint) {
      shipping.offer(checkpoint);
      log.debug({ size: checkpoint.size }, "checkpoint");
    },
    onError(error) {
      log.error({ err: error }, "entries cannot be sealed; the line goes on answering");
    },
  });
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  return {
    start() {
      if (couriers.length === 0) log.warn(NOT_KEPT_ELSEWHERE);
      running = Promise.all([sealer.run(stopping.signal), shipping.run(stopping.signal)]);
    },
    async finish() {
      stopping.abort();
      await running;
      await sealer.finish();
      await shipping.finish();
      const { size } = sealer.status();
      const { entries } = await store.backlog();
      if (entries > 0) log.warn({ size, unsealed: entries }, "entries are left; the next start seals them");
      else log.info({ size }, "every entry is sealed");
    },
    outside: async () => (await Promise.all(couriers.map(newestOf))).flat(),
    published: {
      checkpoint: async () => (await store.newestCheckpoint())?.note ?? null,
      keys: signers.map(({ verifier }) => verifier.text),
    },
    async status() {
      const { entries, oldestAt } = await store.backlog();
      return {
        ...sealer.status(),
        unsealed: entries,
        oldestUnsealedAt: oldestAt,
        shipped: shipping.status(),
      };
    },
  };
}

const NOT_KEPT_ELSEWHERE =
  "YESLINE_CHECKPOINTS is not set: whoever holds the key could rewrite the log, and nobody would notice. Keep its checkpoints elsewhere: file:/elsewhere/checkpoints.txt, https://… or stdout.";

/** Seals what waits, where no line serves: as the line would have, leaf by leaf. @throws {LogBroken} */
export async function sealAll(config: Pick<Config, "log">, store: ProofStore): Promise<void> {
  const sealer = createSealer({
    store,
    signers: signersOf(config),
    outside: async () => [],
    now: Date.now,
    monotonicMs: () => performance.now(),
    wait,
    onCheckpoint: () => undefined,
    onError: () => undefined,
  });
  while ((await sealer.seal()) > 0);
}

/** The keys that sign the log. */
export function signersOf({ log: { name, seeds } }: Pick<Config, "log">): readonly [Signer, ...Signer[]] {
  const [first, ...others] = seeds;
  return [signerOf(name, first), ...others.map((seed) => signerOf(name, seed))];
}

/** Keys that have signed the log before, and sign no more. */
function oldKeysOf({ log: { oldKeys } }: Pick<Config, "log">): readonly Verifier[] {
  return oldKeys.map(parseVerifier);
}

/** Every key that may have signed: those that sign, then the old ones. */
export function verifiersOf(config: Pick<Config, "log">): readonly Verifier[] {
  const signing = signersOf(config).map(({ verifier }) => verifier);
  return [...signing, ...oldKeysOf(config).filter(({ text }) => signing.every((each) => each.text !== text))];
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    // To be woken early is what the signal is for.
    if (!signal.aborted) throw error;
  }
}
