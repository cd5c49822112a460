import { rmSync } from "node:fs";
import { join } from "node:path";
import { agree, callOf, openMemory, someNumber, temporaryFolder } from "../support/memory.ts";
import { runMain } from "../support/server.ts";

/** A database in which so many have agreed, and what a server says that is to start on it. Dispose of it: `using`. */
export async function databaseWith(entries: number) {
  const folder = temporaryFolder();
  const file = join(folder, "yesline.db");
  const memory = openMemory({ file });
  await Promise.all(
    Array.from({ length: entries }, () => agree(memory.ledger, callOf({ caller: someNumber() }))),
  );
  await memory.close();
  const env = { PORT: "0", DATABASE_URL: `file:${file}` };
  return {
    file,
    env,
    /** A start that must fail, to its end. */
    start: () => runMain(["serve"], env).exited,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
