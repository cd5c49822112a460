import type { Privacy } from "../privacy.ts";
import type { Connection } from "./connection.ts";
import { errorCode } from "./connection.ts";
import type { Write } from "./group-commit.ts";

/** How long one try waits for readers. It holds the writers' lock meanwhile, so it is short. */
const READERS_WAIT_MS = 100;

/**
 * `secure_delete` overwrites what is deleted; but the write-ahead log still holds pages as they were before. Emptied,
 * it has none.
 */
export function traceSweep(
  { client }: Connection,
  { write }: { write: Write },
): Pick<Privacy, "clearTraces"> & {
  /** The log has pages that must go, though nobody was erased. */
  readonly leaveTraces: () => void;
} {
  let hasOthers = false;
  const unfinished = client
    .prepare<[], 0 | 1>("SELECT EXISTS (SELECT 1 FROM erasure WHERE traces_gone_at IS NULL)")
    .pluck();
  const newestSeen = client.prepare<[], number | null>("SELECT max(rowid) FROM erasure").pluck();
  const end = client.prepare<[number, number]>(
    "UPDATE erasure SET traces_gone_at = ? WHERE traces_gone_at IS NULL AND rowid <= ?",
  );

  return {
    leaveTraces() {
      hasOthers = true;
    },
    async clearTraces(at) {
      const isUnfinished = unfinished.get() === 1;
      if (!isUnfinished && !hasOthers) return true;
      // What is erased while the log is emptied may be in the new one: it is for the next time.
      const newest = newestSeen.get() ?? 0;
      if (!emptied(client)) return false;
      hasOthers = false;
      if (isUnfinished) await write(() => end.run(at, newest));
      return true;
    },
  };
}

function emptied(client: Connection["client"]): boolean {
  const busyTimeoutMs = Number(client.pragma("busy_timeout", { simple: true }));
  try {
    client.pragma(`busy_timeout = ${Math.min(busyTimeoutMs, READERS_WAIT_MS)}`);
    const [result] = client.pragma("wal_checkpoint(TRUNCATE)") as { busy: 0 | 1 }[];
    return result?.busy === 0;
  } catch (error) {
    // A list of our own that is being read keeps the log in use as another process would.
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(errorCode(error))) return false;
    throw error;
  } finally {
    client.pragma(`busy_timeout = ${busyTimeoutMs}`);
  }
}
