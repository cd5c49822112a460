import Database from "better-sqlite3";

/** Where the others keep their rows: each commit is on the disk when it returns, as Yesline's is. */
export function openDurable(file: string): Database.Database {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  // better-sqlite3 makes NORMAL of it in WAL, which is not durable.
  database.pragma("synchronous = FULL");
  if (database.pragma("synchronous", { simple: true }) !== FULL) throw new Error(`${file} is not durable.`);
  return database;
}

const FULL = 2;

/** All that one turn of the event loop brings, in one FULL commit; the promise resolves after it. */
export function groupedCommit(database: Database.Database): (job: () => unknown) => Promise<void> {
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
