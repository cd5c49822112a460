import { parentPort, Worker } from "node:worker_threads";
import { giveWay } from "./giving-way.ts";

/** A thread that answers questions beside the line. */
export type AskingThread<Question> = {
  readonly ask: (question: Question) => Promise<unknown>;
  /** How many questions wait for their answer. */
  readonly waiting: () => number;
  readonly end: () => Promise<void>;
};

type Asked<Question> = { readonly id: number; readonly question: Question };
type Says = { readonly id: number } & ({ readonly answer: unknown } | { readonly failed: string });

/**
 * The thread begins with the first question; one that ends is followed by another. Questions and answers are plain data.
 *
 * @param lost what those are told who waited while it failed; null where it ended
 */
export function askingThread<Question>(
  file: URL,
  lost: (error: Error | null) => Error,
  workerData?: unknown,
): AskingThread<Question> {
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let thread: Worker | null = null;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(file, { workerData });
    started.unref();
    started.on("message", (said: Says) => {
      const waiting = asked.get(said.id);
      asked.delete(said.id);
      if ("answer" in said) waiting?.resolve(said.answer);
      else waiting?.reject(new Error(said.failed));
    });
    const gone = (error: Error | null) => {
      if (thread !== started) return;
      thread = null;
      for (const { reject } of asked.values()) reject(lost(error));
      asked.clear();
    };
    started.once("error", (error: unknown) =>
      gone(error instanceof Error ? error : new Error(String(error))),
    );
    started.once("exit", () => gone(null));
    return started;
  }

  return {
    async ask(question) {
      thread ??= start();
      const answer = Promise.withResolvers<unknown>();
      const id = (lastId += 1);
      asked.set(id, answer);
      // It holds the process as long as somebody waits, and no longer.
      thread.ref();
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      thread.postMessage({ id, question } satisfies Asked<Question>);
      try {
        return await answer.promise;
      } finally {
        if (asked.size === 0) thread?.unref();
      }
    },
    waiting: () => asked.size,
    async end() {
      await thread?.terminate();
    },
  };
}

/** The other end, in the thread: it gives way to callers, and answers each question as soon as it can. */
export function answering<Question>(answer: (question: Question) => unknown): void {
  giveWay();
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
  const say = (said: Says) => parentPort?.postMessage(said);
  parentPort?.on("message", async ({ id, question }: Asked<Question>) => {
    try {
      say({ id, answer: await answer(question) });
    } catch (error) {
      say({ id, failed: error instanceof Error ? error.message : String(error) });
    }
  });
}
