import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import power from "../soak/power.ts";
import { temporaryFolder } from "../support/memory.ts";
import { forgetfulDisk } from "./power.ts";
import { fault } from "./rows.ts";

const WRITES = `
  const { closeSync, fsyncSync, openSync, writeSync } = require("node:fs");
  const file = openSync(process.argv[1], "w");
  writeSync(file, "synced ".repeat(1000));
  fsyncSync(file);
  writeSync(file, "written ".repeat(1000));
  writeSync(file, "SYNCED", 0);
  closeSync(file);
`;

test("a disk that loses its power has what was synced, and of the rest what it happens to keep", () => {
  const contents = [0, 1].map((keep) => {
    const folder = temporaryFolder();
    using disk = forgetfulDisk(folder);
    const file = join(folder, "file");
    execFileSync(process.execPath, ["-e", WRITES, file], { env: disk.env });
    disk.lose(() => 0.5, keep);
    const left = readFileSync(file, "utf8");
    rmSync(folder, { recursive: true });
    return left;
  });
  const synced = "synced ".repeat(1000);
  expect(contents[0]).toBe(synced);
  expect(contents[1]).toBe(`SYNCED${synced.slice(6)}${"written ".repeat(1000)}`);
});

fault(
  3,
  async () => {
    const report = await power({ seed: 3, amount: 2, say: () => undefined });
    expect(report.broken).toEqual([]);
    expect(report.figures).toMatchObject({ rounds: 2, lost: 0, twice: 0 });
    expect(report.figures["acknowledged"]).toBeGreaterThan(0);
    // Three servers start after each other.
  },
  180_000,
);
