import type { Database } from "better-sqlite3";

/** All that one turn of the event loop brings, in one FULL commit; the promise resolves after it. */
export function groupedCommit(database: Database): (job: () => unknown) => Promise<void> {
  let waiting: { readonly job: () => unknown; readonly done: () => void }[] = [];
  const begin = database.prepare("BEGIN IMMEDIATE");
  const end = database.prepare("COMMIT");

  function commit(): void {
    const batch = waiting;
    waiting = [];
    begin.run();
    for (const { job } of batch) job();
    end.run();
    for (const { done } of batch) done();
  }

  return (job) =>
    new Promise((done) => {
      if (waiting.length === 0) setImmediate(commit);
      waiting.push({ job, done });
    });
}
