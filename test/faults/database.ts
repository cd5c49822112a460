import { rmSync } from "node:fs";
import { join } from "node:path";
import { agree, callOf, openMemory, someNumber, temporaryFolder } from "../support/memory.ts";
import { runMain, type Environment, type Exit } from "../support/server.ts";

/** A start that must fail, to its end; where it does not, it is ended. */
export async function failedStart(env: Environment): Promise<Exit> {
  const server = runMain(["serve"], env);
  const answers = server.says(/^Yesline answers/m).then(
    () => server.kill("SIGKILL"),
    () => undefined,
  );
  await Promise.race([server.exited, answers]);
  return server.exited;
}

/** A database in which so many have agreed, and a start on it that must fail. Dispose of it: `using`. */
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
    start: () => failedStart(env),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
