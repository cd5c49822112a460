import { Worker } from "node:worker_threads";

/** A look at every page of the file. */
export type PageCheck = {
  /**
   * What is wrong, in SQLite's words, the first few; none where the pages are whole, null where it was stopped.
   *
   * @throws where nobody could look
   */
  readonly found: Promise<readonly string[] | null>;
  readonly stop: () => void;
};

/**
 * Looks at every page beside the event loop, in a thread with a connection of its own that only reads. It sees what
 * breaks the structure of the file; another letter in a name it cannot see, but verification sees it in what is signed.
 */
export function checkPages(file: string): PageCheck {
  const thread = new Worker(new URL("page-check-thread.ts", import.meta.url), { workerData: file });
  const found = new Promise<readonly string[] | null>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => resolve(null));
  });
  return { found, stop: () => void thread.terminate() };
}
