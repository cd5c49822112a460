import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a line knows of its own settings when it starts. */
export type LitestreamSettings = {
  readonly databaseFile: string;
  /** Whether Litestream alone empties the write-ahead log. */
  readonly litestream: boolean;
  readonly erasureList: string;
  readonly log: { readonly checkpoints: readonly unknown[] };
};

/** Litestream 0.5 empties it at some 500 MB at the latest. */
const MAX_WAL_BYTES = 768 * 1024 * 1024;

/**
 * What would make a copy by Litestream worth less than it seems, each with its fix. Litestream reads the write-ahead log
 * and must be the one that empties it (https://litestream.io/tips/): a log that is emptied behind its back makes it
 * copy the whole database anew, and one that nobody empties grows without end.
 */
export function litestreamWarnings({
  databaseFile,
  litestream,
  erasureList,
  log,
}: LitestreamSettings): string[] {
  const folder = join(dirname(databaseFile), `.${basename(databaseFile)}-litestream`);
  const isSeen = existsSync(folder);
  if (!litestream)
    return isSeen
      ? [
          `Litestream copies this database (${folder}), but YESLINE_LITESTREAM is not on: the line empties the write-ahead log as well, and each time Litestream has to copy everything anew. Set YESLINE_LITESTREAM=on; or remove the folder, if Litestream is not used any more.`,
        ]
      : [];
  const walBytes = walBytesOf(databaseFile);
  return [
    ...(isSeen
      ? []
      : [
          "YESLINE_LITESTREAM is on, but Litestream has never seen this database: nothing is copied, and nobody empties the write-ahead log. Start Litestream, or set YESLINE_LITESTREAM=off.",
        ]),
    ...(walBytes > MAX_WAL_BYTES
      ? [
          `The write-ahead log has ${Math.round(walBytes / 2 ** 20)} MB: Litestream does not run, or cannot copy. Look at its log.`,
        ]
      : []),
    ...(log.checkpoints.length === 0
      ? [
          "YESLINE_CHECKPOINTS is not set: if this machine is lost, the last second of Litestream's copy may be missing, and nobody can tell. Keep checkpoints elsewhere.",
        ]
      : []),
    ...(dirname(erasureList) === dirname(databaseFile)
      ? [
          `YESLINE_ERASURES is beside the database, where Litestream does not copy it: whoever is erased may come back with a copy. Put ${basename(erasureList)} on another disk.`,
        ]
      : []),
  ];
}

/** How long a database's write-ahead log is; it is beside it while it is open. */
export function walBytesOf(databaseFile: string): number {
  return statSync(`${databaseFile}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
