import { statSync } from "node:fs";
import { DatabaseUnusable, errorCode, type Connection } from "./connection.ts";

/**
 * SQLite brings the write-ahead log into the database at 16 MB, as far as nobody reads the old pages, and tells nobody of
 * a disk that refuses: nothing is lost then, but it grows until the disk is full.
 */
const MAX_WAL_BYTES = 64 * 1024 * 1024;

/**
 * Whether the files that are open still have their names. Where one was removed or replaced, all that is written goes to
 * what nobody will find again: the process must stop. What the write-ahead log holds is brought into the database first.
 * Where that is long, and cannot be brought there, the process must stop as well.
 *
 * @returns looks; what is wrong, null where nothing is
 */
export function standing(
  { client }: Pick<Connection, "client">,
  maxWalBytes = MAX_WAL_BYTES,
): () => DatabaseUnusable | null {
  const wal = `${client.name}-wal`;
  const files = [client.name, wal].map((file) => ({ file, inode: statOf(file)?.ino }));
  const isEmptiedElsewhere = client.pragma("wal_autocheckpoint", { simple: true }) === 0;

  function savedFrom(gone: string): DatabaseUnusable {
    const told = `${gone} was removed or replaced while the line was serving`;
    try {
      client.pragma("wal_checkpoint(TRUNCATE)");
      return new DatabaseUnusable(`${told}: start it again, and verify the ledger.`);
    } catch (cause) {
      return new DatabaseUnusable(`${told}, and what it held is lost: verify the ledger.`, { cause });
    }
  }

  function refusal(): DatabaseUnusable | null {
    if (isEmptiedElsewhere || (statOf(wal)?.size ?? 0) <= maxWalBytes) return null;
    try {
      client.pragma("wal_checkpoint(PASSIVE)");
      return null;
    } catch (cause) {
      // A full disk is what the next write tells, and it may have room again.
      if (!errorCode(cause).startsWith("SQLITE_IOERR")) return null;
      return new DatabaseUnusable(
        `The disk refuses what ${wal} holds: nothing of it is lost; bring both files to a sound disk.`,
        { cause },
      );
    }
  }

  return () => {
    const gone = files.find(({ file, inode }) => statOf(file)?.ino !== inode);
    return gone === undefined ? refusal() : savedFrom(gone.file);
  };
}

function statOf(file: string) {
  return statSync(file, { throwIfNoEntry: false });
}
