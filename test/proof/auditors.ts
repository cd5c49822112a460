import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config.ts";
import { signersOf } from "../../src/sealing.ts";
import { clinic } from "../call/clinic.ts";
import { cli } from "../support/cli.ts";
import { openMemory, SECRET, type Memory } from "../support/memory.ts";
import { agreements, sealerOn } from "./sealing.ts";

/** A line's file, what an auditor was given over time, and the command that holds the one against the other. */
export async function audited(batches: readonly number[]) {
  const memory: Memory = openMemory({ businesses: [clinic()] });
  const env = {
    DATABASE_URL: `file:${memory.file}`,
    YESLINE_SECRET: Buffer.from(SECRET).toString("base64"),
    YESLINE_LOG_NAME: "line.example/yesline",
  };
  const signers = signersOf(loadConfig(env));
  const sealer = sealerOn(memory.proof, { signers });
  const notes: string[] = [];
  for (const count of batches) {
    await agreements(memory, count);
    while ((await sealer.seal()) > 0);
    notes.push((await memory.proof.newestCheckpoint())?.note ?? "");
  }
  const at = (name: string) => join(memory.folder, name);
  const keep = (name: string, text: string) => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const checkpoint = keep("checkpoint.txt", notes.at(-1) ?? "");
  const checkpoints = keep("checkpoints.txt", notes.map((note) => `${note}\n`).join(""));
  const publicKey = keep("log-key", (await cli(["log", "key"], env)).out);
  return {
    memory,
    env,
    signers,
    notes,
    files: { checkpoint, checkpoints, publicKey },
    keep,
    at,
    /** `yesline ledger …` */
    ledger: (...args: string[]) => cli(["ledger", ...args], env),
    /** An export, in a file. */
    async exported() {
      const { code, out } = await cli(["ledger", "export"], env);
      if (code !== 0) throw new Error("The export has failed.");
      return keep("export.ndjson", out);
    },
    close: () => memory.close(),
  };
}
