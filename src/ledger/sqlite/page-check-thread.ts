import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";

/** The other end of `checkPages`: a thread of its own, because a look at every page takes as long as reading them. */
const MAX_FINDINGS = 5;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
parentPort?.postMessage(findings(workerData as string));

function findings(file: string): readonly string[] {
  const client = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const rows = client.pragma(`quick_check(${MAX_FINDINGS})`) as { quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((finding) => finding !== "ok");
  } catch (error) {
    if (error instanceof Database.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code))
      return [error.message];
    throw error;
  } finally {
    client.close();
  }
}
