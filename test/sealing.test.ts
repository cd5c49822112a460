import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadConfig } from "../src/config.ts";
import { openCheckpoint, signCheckpoint } from "../src/proof/checkpoint.ts";
import { sealWith, signersOf } from "../src/sealing.ts";
import { agreements } from "./proof/sealing.ts";
import { openMemory, SECRET, type Memory } from "./support/memory.ts";

let memory: Memory;
let logged: string[];
beforeEach(async () => {
  memory = openMemory();
  logged = [];
  await agreements(memory, 3);
});
afterEach(() => memory.close());

function configOf(checkpoints: string) {
  return loadConfig({
    DATABASE_URL: `file:${memory.file}`,
    YESLINE_SECRET: Buffer.from(SECRET).toString("base64"),
    YESLINE_CHECKPOINTS: checkpoints,
  });
}

function sealing(config: ReturnType<typeof configOf>, out: string[] = []) {
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  return sealWith(config, { store: memory.proof, log, out: (text) => out.push(text) });
}

it("entries are sealed though a place of checkpoints cannot be read, which is told, and other places get theirs", async () => {
  const config = configOf(`file:${memory.folder},stdout`);
  const out: string[] = [];
  const { start, finish, outside } = sealing(config, out);
  start();
  await finish();
  expect(memory.count("log_leaf")).toBe(3);
  expect(logged.join("")).toContain("checkpoints cannot be read where they are kept");
  const keys = signersOf(config).map(({ verifier }) => verifier);
  expect(openCheckpoint(out.join("").replace(/\n\n$/, "\n"), keys)).toMatchObject({
    checkpoint: { size: 3 },
  });
  // Whoever verifies is not told that all is well.
  await expect(outside()).rejects.toThrow("EISDIR");
});

it("nothing is sealed where one place that can be read knows more, whatever the others are", async () => {
  const file = join(memory.folder, "elsewhere.txt");
  const config = configOf(`file:${memory.folder},file:${file}`);
  const signers = signersOf(config);
  const more = { origin: signers[0].verifier.name, size: 9, root: Buffer.alloc(32, 1) };
  writeFileSync(file, `${signCheckpoint(more, signers)}\n`);
  const { start, finish, status } = sealing(config);
  start();
  await finish();
  expect((await status()).broken).toContain("has 9 entries, the log only 0");
  expect(memory.count("log_leaf")).toBe(0);
});
