import { createReadStream, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { readLines, wholeLines, type ReadLines } from "../proof/export-line.ts";

/** A look at so much of a file at a time. */
const CHUNK_BYTES = 1024 * 1024;
/** To start a thread takes as long as to read so much. */
const WORTH_A_THREAD_BYTES = 8 * 1024 * 1024;
const MAX_THREADS = 8;
/** So many are read ahead for each thread: none waits, and the memory stays flat. */
const AHEAD = 2;

/** The lines of an export, read by as many threads as there are processors, given in order. */
export async function* exportLines(file: string): AsyncGenerator<ReadLines> {
  const chunks = wholeLines(createReadStream(file, { highWaterMark: CHUNK_BYTES }));
  const threads = Math.min(
    MAX_THREADS,
    availableParallelism(),
    Math.floor(statSync(file).size / WORTH_A_THREAD_BYTES),
  );
  if (threads < 2) {
    for await (const chunk of chunks) yield readLines(chunk);
    return;
  }
  const readers = Array.from({ length: threads }, reader);
  const underWay: Promise<ReadLines>[] = [];
  let turn = 0;
  try {
    for await (const chunk of chunks) {
      const read = readers[turn++ % threads]?.read(chunk);
      if (read === undefined) continue;
      // A failure is told where its turn comes.
      read.catch(() => undefined);
      underWay.push(read);
      const first = underWay.length > threads * AHEAD ? underWay.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const read of underWay) yield await read;
  } finally {
    await Promise.all(readers.map(({ end }) => end()));
  }
}

/** One thread. It answers in the order in which it was asked. */
function reader() {
  const thread = new Worker(new URL("export-thread.ts", import.meta.url));
  const asked: PromiseWithResolvers<ReadLines>[] = [];
  const fail = (error: Error) => asked.splice(0).forEach(({ reject }) => reject(error));
  thread.on("message", (read: ReadLines) => asked.shift()?.resolve(read));
  thread.on("error", fail);
  thread.on("exit", () => fail(new Error("A thread that read the export has ended.")));
  return {
    read(chunk: Uint8Array<ArrayBuffer>): Promise<ReadLines> {
      const answer = Promise.withResolvers<ReadLines>();
      asked.push(answer);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      thread.postMessage(chunk, [chunk.buffer]);
      return answer.promise;
    },
    end: () => thread.terminate(),
  };
}
