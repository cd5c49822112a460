import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, loadConfig } from "../../src/config.ts";
import { signersOf, verifiersOf } from "../../src/sealing.ts";
import { temporaryFolder } from "../support/memory.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const ONE = Buffer.alloc(32, 1).toString("base64");
const TWO = Buffer.alloc(32, 2).toString("base64");

function load(env: Readonly<Record<string, string>> = {}) {
  return loadConfig({ DATABASE_URL: `file:${folder}/yesline.db`, ...env });
}

function complaintOf(env: Readonly<Record<string, string>>): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

function keysOf(env: Readonly<Record<string, string>> = {}): readonly string[] {
  return signersOf(load(env)).map(({ verifier }) => verifier.text);
}

describe("the log of someone who sets nothing", () => {
  it("bears this machine's name and a key of the line's secret, the same at every start", () => {
    const [key, ...more] = keysOf();
    expect(key).toMatch(/^yesline\/127\.0\.0\.1\+[0-9a-f]{8}\+A/);
    expect(more).toEqual([]);
    expect(keysOf()).toEqual([key]);
    expect(keysOf({ YESLINE_SECRET: ONE })).not.toEqual([key]);
    expect(load().log.checkpoints).toEqual([]);
  });

  it("bears the host of the public address, where there is one", () => {
    expect(load({ PUBLIC_URL: "https://line.example/yes" }).log.name).toBe("yesline/line.example");
    expect(load({ PUBLIC_URL: "https://line.example:8443" }).log.name).toBe("yesline/line.example:8443");
  });
});

describe("an operator", () => {
  it("gives the log a name and keys of its own; two sign during a rotation, the new one first", () => {
    const env = { YESLINE_LOG_NAME: "audit.example/log", YESLINE_LOG_KEY: `${TWO},${ONE}` };
    const keys = keysOf(env);
    expect(keys).toHaveLength(2);
    expect(keys[1]).toEqual(keysOf({ ...env, YESLINE_LOG_KEY: ONE })[0]);
    expect(keys.every((key) => key.startsWith("audit.example/log+"))).toBe(true);
  });

  it("names keys that have signed before: they are believed, and sign no more", () => {
    const before = keysOf({ YESLINE_LOG_KEY: ONE });
    const env = { YESLINE_LOG_KEY: TWO, YESLINE_LOG_OLD_KEYS: `${before.join("")}\n${keysOf({}).join("")}` };
    expect(keysOf(env)).toEqual(keysOf({ YESLINE_LOG_KEY: TWO }));
    expect(verifiersOf(load(env)).map(({ text }) => text)).toEqual([...keysOf(env), ...before, ...keysOf()]);
    const twice = { YESLINE_LOG_KEY: ONE, YESLINE_LOG_OLD_KEYS: before.join(",") };
    expect(verifiersOf(load(twice))).toHaveLength(1);
  });

  it("says where checkpoints are taken", () => {
    const path = join(folder, "checkpoints.txt");
    expect(
      load({ YESLINE_CHECKPOINTS: `file:${path}, https://keeper.example/x,stdout` }).log.checkpoints,
    ).toEqual([
      { kind: "file", path },
      { kind: "http", url: "https://keeper.example/x" },
      { kind: "stdout" },
    ]);
  });

  it.each([
    ["YESLINE_LOG_KEY", "c2hvcnQ="],
    ["YESLINE_LOG_KEY", `${ONE},`],
    ["YESLINE_LOG_KEY", `${ONE},${ONE}`],
    ["YESLINE_LOG_OLD_KEYS", ONE],
    ["YESLINE_LOG_OLD_KEYS", "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"],
    ["YESLINE_CHECKPOINTS", "http://keeper.example/key"],
    ["YESLINE_CHECKPOINTS", "file:/a,,stdout"],
  ])("who writes %s wrong is told the fix, and the value is not printed", (name, value) => {
    const complaint = complaintOf({ [name]: value });
    expect(complaint).toMatch(new RegExp(`^${name}=… is not valid: use `));
    expect(complaint).not.toContain(value);
  });

  it.each(["a b", "a+b", "é".repeat(101)])("cannot name the log %j", (name) => {
    expect(complaintOf({ YESLINE_LOG_NAME: name })).toContain("without spaces or plus");
  });
});
