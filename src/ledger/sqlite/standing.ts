import { statSync } from "node:fs";
import { DatabaseUnusable, type Connection } from "./connection.ts";

/**
 * Whether the files that are open still have their names. Where one was removed or replaced, all that is written goes to
 * what nobody will find again: the process must stop. What the write-ahead log holds is brought into the database first.
 *
 * @returns looks; what is wrong, null where nothing is
 */
export function standing({ client }: Connection): () => DatabaseUnusable | null {
  const files = [client.name, `${client.name}-wal`].map((file) => ({ file, inode: inodeOf(file) }));
  return () => {
    const gone = files.find(({ file, inode }) => inodeOf(file) !== inode);
    if (gone === undefined) return null;
    const told = `${gone.file} was removed or replaced while the line was serving`;
    try {
      client.pragma("wal_checkpoint(TRUNCATE)");
      return new DatabaseUnusable(`${told}: start it again, and verify the ledger.`);
    } catch (cause) {
      return new DatabaseUnusable(`${told}, and what it held is lost: verify the ledger.`, { cause });
    }
  };
}

function inodeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
