import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, loadConfig, type Config } from "../src/config.ts";
import { temporaryFolder } from "./support/memory.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const SID = `AC${"a1".repeat(16)}`;
const SECRET = Buffer.alloc(32, 7).toString("base64");
const TWILIO = { TWILIO_ACCOUNT_SID: SID, TWILIO_AUTH_TOKEN: "first-token" };

function load(env: Readonly<Record<string, string>> = {}): Config {
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

describe("someone who sets nothing", () => {
  it("gets the demo, on this machine only", () => {
    expect(load()).toMatchObject({
      host: "127.0.0.1",
      port: 3000,
      publicUrl: null,
      databaseFile: join(folder, "yesline.db"),
      logLevel: "info",
      warnings: [],
    });
    expect(load().businesses.map((business) => business.id)).toEqual(["acme-dental", "hotel-miramar"]);
  });

  it("gets one account, the simulator's, and all that it signs is simulated", () => {
    const { accounts, simulator } = load();
    expect(accounts).toEqual([
      { sid: simulator?.accountSid, authTokens: [simulator?.authToken], simulated: true },
    ]);
  });

  it("gets the same with variables that are there but empty, as in a .env file", () => {
    const names = ["HOST", "PORT", "PUBLIC_URL", "YESLINE_SECRET", "TWILIO_ACCOUNT_SID", "LOG_LEVEL"];
    const empty = Object.fromEntries(names.map((name) => [name, ""]));
    expect(load(empty)).toEqual(load());
  });

  it("keeps the database in the folder data", () => {
    expect(loadConfig({ ...TWILIO, YESLINE_SECRET: SECRET }).databaseFile).toBe(
      join(process.cwd(), "data", "yesline.db"),
    );
  });

  it("cannot change the configuration afterwards", () => {
    const config = load();
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.accounts, [])).not.toThrow();
    expect(() => (config.accounts as unknown[]).push({})).toThrow(TypeError);
    expect(() => (config.businesses as unknown[]).pop()).toThrow(TypeError);
  });
});

describe("someone who sets a variable", () => {
  it("finds it in the configuration", () => {
    const given = {
      HOST: "::1",
      PORT: "0",
      PUBLIC_URL: "https://line.example/yesline//",
      LOG_LEVEL: "debug",
      YESLINE_SECRET: SECRET,
    };
    expect(load(given)).toMatchObject({
      host: "::1",
      port: 0,
      publicUrl: "https://line.example/yesline",
      logLevel: "debug",
      secret: Buffer.alloc(32, 7),
    });
  });

  it("names the new secret first while it is changed; the log is signed with the keys of both", () => {
    const next = Buffer.alloc(32, 9).toString("base64");
    const { secret, olderSecrets, log } = load({ YESLINE_SECRET: `${next},${SECRET}` });
    expect([secret, olderSecrets]).toEqual([Buffer.alloc(32, 9), [Buffer.alloc(32, 7)]]);
    expect(log.seeds).toHaveLength(2);
    expect(log.seeds[1]).toEqual(load({ YESLINE_SECRET: SECRET }).log.seeds[0]);
    expect(() => load({ YESLINE_SECRET: `${next},${next}` })).toThrow("YESLINE_SECRET=… is not valid");
  });

  it.each([
    [`file:/tmp/x/y.db`, "/tmp/x/y.db"],
    [`file:///tmp/x/y.db`, "/tmp/x/y.db"],
    [`file:./x/y.db`, join(process.cwd(), "x/y.db")],
  ])("may write the database as %s", (url, file) => {
    const given = { ...TWILIO, YESLINE_SECRET: SECRET, DATABASE_URL: url };
    expect(loadConfig(given).databaseFile).toBe(file);
  });

  it("connects Twilio, and the simulator is off unless asked for", () => {
    const twilio = { sid: SID, authTokens: ["first-token"], simulated: false };
    expect(load(TWILIO)).toMatchObject({ accounts: [twilio], simulator: null });
    const both = load({ ...TWILIO, YESLINE_SIMULATOR: "on" });
    expect(both.accounts).toMatchObject([twilio, { sid: both.simulator?.accountSid, simulated: true }]);
    expect(load({ ...TWILIO, YESLINE_SIMULATOR: "off" }).accounts).toEqual([twilio]);
  });

  it("names two tokens during a rotation, the first one first", () => {
    const { accounts } = load({ ...TWILIO, TWILIO_AUTH_TOKEN: "new-token,old-token" });
    expect(accounts[0]?.authTokens).toEqual(["new-token", "old-token"]);
  });

  it("is warned that the demo's key lies beside real numbers", () => {
    const [warning, ...more] = load(TWILIO).warnings;
    expect(warning).toMatch(/^YESLINE_SECRET is not set: .*openssl rand -base64 32/);
    expect(more).toEqual([]);
    expect(load({ ...TWILIO, YESLINE_SECRET: SECRET }).warnings).toEqual([]);
  });
});

describe("a variable that is wrong stops the start with one line that names it and the fix:", () => {
  it.each([
    ["PORT", "http", "use a number from 0 to 65535"],
    ["PORT", "65536", "use a number from 0 to 65535"],
    ["PORT", "-1", "use a number from 0 to 65535"],
    ["PUBLIC_URL", "line.example", "use the address that Twilio calls"],
    ["PUBLIC_URL", "ftp://line.example", "use the address that Twilio calls"],
    ["PUBLIC_URL", "https://line.example?x=1", "without query"],
    ["TWILIO_API_URL", "api.twilio.test", "use the base URL of a mock or a proxy"],
    ["TWILIO_API_URL", "https://api.twilio.test?x=1", "without query"],
    ["DATABASE_URL", "mysql://db/yesline", "use a SQLite file"],
    ["DATABASE_URL", "file:", "use a SQLite file"],
    ["TWILIO_ACCOUNT_SID", "AC123", "AC and 32 hex digits"],
    ["YESLINE_SIMULATOR", "maybe", "use on or off"],
    ["LOG_LEVEL", "loud", "use one of fatal, error, warn"],
    ["YESLINE_BUSINESSES", "/nowhere/businesses.yaml", "check the path"],
  ])("%s=%s", (name, value, fix) => {
    const complaint = complaintOf({ [name]: value });
    expect(complaint).toContain(`${name}=${value}`);
    expect(complaint).toContain(fix);
    expect(complaint.split("\n")).toHaveLength(1);
  });

  it.each([
    ["YESLINE_SECRET", "hunter2hunter2", "openssl rand -base64 32"],
    ["YESLINE_SECRET", Buffer.alloc(31, 7).toString("base64"), "use 32 bytes in base64"],
    ["YESLINE_SECRET", `${SECRET}AAAA`, "use 32 bytes in base64"],
    ["TWILIO_AUTH_TOKEN", "hunter2 hunter2", "use the auth token from Twilio's console"],
    ["TWILIO_AUTH_TOKEN", "hunter2,,", "with a comma between"],
  ])("%s, whose value is never shown", (name, value, fix) => {
    const complaint = complaintOf({ ...TWILIO, [name]: value });
    expect(complaint).toMatch(new RegExp(`^${name}=… is not valid`));
    expect(complaint).toContain(fix);
    expect(complaint).not.toContain(value);
    expect(complaint).not.toContain("hunter2");
  });

  it("two wrong variables are two lines", () => {
    const lines = complaintOf({ PORT: "x", LOG_LEVEL: "y" }).split("\n");
    expect(lines.map((line) => line.split("=")[0])).toEqual(["PORT", "LOG_LEVEL"]);
  });

  it("an account without its token, and a token without its account", () => {
    expect(complaintOf({ TWILIO_ACCOUNT_SID: SID })).toContain("TWILIO_AUTH_TOKEN is missing beside");
    expect(complaintOf({ TWILIO_AUTH_TOKEN: "hunter2" })).toMatch(/^TWILIO_ACCOUNT_SID is missing beside/);
    expect(complaintOf({ TWILIO_AUTH_TOKEN: "hunter2" })).not.toContain("hunter2");
  });

  it("the simulator off, and no account left to call", () => {
    expect(complaintOf({ YESLINE_SIMULATOR: "off" })).toMatch(
      /^YESLINE_SIMULATOR=off .*set TWILIO_ACCOUNT_SID/,
    );
  });

  it("a database whose folder cannot be made", () => {
    writeFileSync(join(folder, "occupied"), "");
    const complaint = complaintOf({ DATABASE_URL: `file:${folder}/occupied/yesline.db` });
    expect(complaint).toMatch(/^DATABASE_URL: .*occupied/);
    expect(complaint.split("\n")).toHaveLength(1);
  });
});

describe("the demo's secrets", () => {
  it("are made once, for the owner's eyes only, and are the same at the next start", () => {
    const first = load();
    const files = ["secret", "simulator.json"].map((name) => join(folder, name));
    const before = files.map((file) => readFileSync(file, "utf8"));
    const second = load();
    expect(second.secret).toEqual(first.secret);
    expect(second.simulator).toEqual(first.simulator);
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(readdirSync(folder).toSorted()).toEqual(["secret", "simulator.json"]);
  });

  it("are different in every installation", () => {
    const other = temporaryFolder();
    const theirs = load({ DATABASE_URL: `file:${other}/yesline.db` });
    expect(theirs.secret).not.toEqual(load().secret);
    expect(theirs.simulator).not.toEqual(load().simulator);
    rmSync(other, { recursive: true });
  });

  it("are not made where they are given", () => {
    load({ ...TWILIO, YESLINE_SECRET: SECRET });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("are never overwritten, even if they are damaged: the complaint names the file", () => {
    load();
    writeFileSync(join(folder, "secret"), "half a sec");
    expect(complaintOf({})).toMatch(/\/secret does not hold 32 bytes in base64: restore it/);
    expect(readFileSync(join(folder, "secret"), "utf8")).toBe("half a sec");
    writeFileSync(join(folder, "simulator.json"), "{");
    expect(complaintOf({})).toMatch(/simulator\.json is not the simulator's account: delete it/);
    expect(readFileSync(join(folder, "simulator.json"), "utf8")).toBe("{");
  });

  it("are the same for processes that start at the same moment", async () => {
    const program = `
      import { loadConfig } from ${JSON.stringify(new URL("../src/config.ts", import.meta.url).href)};
      process.stdin.once("data", () => {
        const { secret, simulator } = loadConfig({ DATABASE_URL: ${JSON.stringify(`file:${folder}/race/yesline.db`)} });
        process.stdout.write(JSON.stringify([Buffer.from(secret).toString("hex"), simulator]));
        process.exit();
      });
      process.stdout.write("ready ");`;
    const racers = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
      const told = { out: "", err: "" };
      child.stderr.on("data", (chunk: Buffer) => (told.err += chunk.toString()));
      const ready = new Promise((resolve) => child.stdout.once("data", resolve));
      const over = new Promise((resolve) => child.once("close", resolve));
      child.stdout.on("data", (chunk: Buffer) => (told.out += chunk.toString()));
      return { child, told, ready, over };
    });
    await Promise.all(racers.map((each) => each.ready));
    for (const { child } of racers) child.stdin.write("go");
    await Promise.all(racers.map((each) => each.over));
    const outs = racers.map(({ told }) => told.out + told.err);
    expect(outs[0]).toMatch(/^ready \["[0-9a-f]{64}",\{"accountSid":"AC/);
    expect(outs).toEqual(outs.map(() => outs[0]));
  });
});
