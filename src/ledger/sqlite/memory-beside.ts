import type { Business } from "../../call/business.ts";
import { askingThread } from "../asking-thread.ts";
import { errorFrom, type CarriedError } from "../carried-error.ts";
import { LedgerUnavailable } from "../ledger.ts";
import type { Memory, OwnMemory } from "./memory.ts";
import type { OperatorStore } from "./operators.ts";
import { readingBeside } from "./reading-beside.ts";
import type { GroupCommitOptions } from "./group-commit.ts";

/** What the thread is given. */
export type MemoryData = {
  readonly file: string;
  readonly litestream: boolean;
  readonly secret: Uint8Array;
  readonly olderSecrets: readonly Uint8Array[];
  readonly businesses: readonly Business[];
};

/** What lives in the thread. */
export type Stores = OwnMemory & {
  readonly operators: OperatorStore;
  readonly file: {
    /** @throws {DatabaseUnusable} where the open files have lost their names; see `standing.ts` */
    readonly standing: () => Promise<void>;
  };
};
export type Methods = Readonly<Record<string, readonly string[]>>;

/** The thread's own steps, in this order. */
export type House = {
  /** The server's lock, and the file. @throws {DatabaseUnusable} */
  readonly open: () => Promise<void>;
  /** Brings it up to date; from now on everything else is answered. @throws {DatabaseUnusable} */
  readonly begin: () => Promise<Begun & { readonly methods: Methods }>;
  readonly close: () => Promise<void>;
};
type Begun = { readonly lastWrittenAt: number | null; readonly hasOperators: boolean };

export type MemoryAsked = {
  readonly store: keyof Stores | "house";
  readonly method: string;
  readonly args: readonly unknown[];
};
export type MemoryTold =
  | { readonly kind: "committed" | "turned-away"; readonly jobs: number }
  | { readonly kind: "dropped"; readonly webhooks: number; readonly reason: CarriedError };

export type MemoryBeside = {
  readonly open: House["open"];
  readonly begin: () => Promise<Begun & { readonly memory: Memory } & Pick<Far, "operators" | "file">>;
};

export type MemoryBesideOptions = Required<Omit<GroupCommitOptions, "onFatal">> & {
  readonly onDropped: (webhooks: number, reason: Error) => void;
  /** The disk cannot be trusted any more, or the thread has ended: the process must stop at once. */
  readonly onFatal: (error: Error) => never;
};

/** Nobody waits longer until the thread looks at what they ask; see `group-commit.ts`. Twilio gives them 15 s. */
const MAX_WAIT_MS = 2_000;

/** What of a store can be asked from another thread: plain data there, a promise of plain data back. */
type Askable<Store> = {
  readonly [
    Method in keyof Store as Store[Method] extends (...args: never[]) => Promise<unknown> ? Method : never
  ]: Store[Method];
};
type Far = { readonly [Store in keyof Stores]: Askable<Stores[Store]> };

/**
 * The memory in a thread of its own, which alone writes to the file: a disk that is slow, or hangs, holds nobody up who
 * does not wait for it. Law 2 as ever: what a promise resolves with is committed and synced; what is refused is not
 * there. What hangs within a commit is neither, and stays unanswered until it is one of them.
 */
export function memoryBeside(data: MemoryData, options: MemoryBesideOptions): MemoryBeside {
  const { monotonicMs, onFatal } = options;
  let isClosing = false;
  const thread = askingThread<MemoryAsked, MemoryTold>(new URL("memory-worker.ts", import.meta.url), {
    data,
    lost(error) {
      if (error !== null || !isClosing) onFatal(error ?? new Error("The ledger's thread has ended."));
      return new LedgerUnavailable("The ledger is closed.");
    },
    onTold(told) {
      switch (told.kind) {
        case "committed":
          options.onCommit(told.jobs);
          break;
        case "turned-away":
          options.onTurnedAway(told.jobs);
          break;
        case "dropped":
          options.onDropped(told.webhooks, errorFrom(told.reason));
          break;
      }
    },
    patience: {
      milliseconds: MAX_WAIT_MS,
      monotonicMs,
      refusal: () => new LedgerUnavailable(HANGS),
      onRefused: options.onTurnedAway,
    },
  });
  thread.start();

  function methodsOf(store: MemoryAsked["store"], methods: readonly string[]) {
    return Object.fromEntries(
      methods.map((method) => [
        method,
        (...args: readonly unknown[]) =>
          isClosing
            ? Promise.reject(new LedgerUnavailable("The ledger is closed."))
            : thread.ask({ store, method, args }),
      ]),
    );
  }

  const house = methodsOf("house", ["open", "begin", "close"] satisfies (keyof House)[]) as House;

  function memoryOf(far: Far): Memory {
    const { operators: _operators, file: _file, ...stores } = far;
    const reading = readingBeside(far.reading, data, monotonicMs);
    return {
      ...stores,
      reading,
      ledger: {
        ...far.ledger,
        noteAnswered: (webhook) => thread.tell({ store: "ledger", method: "noteAnswered", args: [webhook] }),
        async close() {
          // The last connection that closes empties the write-ahead log, and only one that writes can.
          await reading.end();
          const closed = house.close();
          isClosing = true;
          await closed;
          await thread.end();
        },
      },
    };
  }

  return {
    open: house.open,
    async begin() {
      const { methods, ...begun } = await house.begin();
      const far = Object.fromEntries(
        Object.entries(methods).map(([store, names]) => [store, methodsOf(store as keyof Stores, names)]),
      ) as Far;
      return { ...begun, memory: memoryOf(far), operators: far.operators, file: far.file };
    },
  };
}

const HANGS = `The disk does not answer: what is asked waits for more than ${MAX_WAIT_MS} ms.`;
