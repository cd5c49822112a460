import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { run } from "../support/server.ts";

let folder: string;
let file: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "yesline.db");
  env = { DATABASE_URL: `file:${file}` };
});
afterEach(() => rmSync(folder, { recursive: true }));

const COMMANDS = [
  "migrate",
  "script check",
  "script print",
  "script approve",
  "ledger export",
  "subscriber show",
  "subscriber revoke",
  "key add",
  "key list",
  "key revoke",
];

describe("someone who asks for help", () => {
  it.each(["", "serve", "script", "call", "ledger", "subscriber", ...COMMANDS])(
    "with `yesline %s --help` gets it as data, and nothing is done",
    async (command) => {
      const words = command.split(" ").filter((word) => word !== "");
      const { code, out, err } = await cli([...words, "--help"], { DATABASE_URL: "nonsense" });
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(new RegExp(`^Usage: ${["yesline", ...words].join(" ")}`));
    },
  );

  it.each(COMMANDS)("reads that `yesline %s` can print JSON", async (command) => {
    expect((await cli([...command.split(" "), "--help"], env)).out).toContain("--json");
  });
});

describe("someone who types something wrong gets code 2, the reason, and no data:", () => {
  it.each<[string, string[], RegExp]>([
    ["a command that there is not", ["serv"], /unknown command 'serv'/],
    ["a subcommand that there is not", ["ledger", "burn"], /unknown command 'burn'|Usage: yesline ledger/],
    ["an option that there is not", ["ledger", "export", "--colour"], /unknown option '--colour'[^]*--help/],
    ["a format that there is not", ["ledger", "export", "--format", "pdf"], /Allowed choices are ndjson/],
    ["a kind that there is not", ["ledger", "export", "--kind", "maybe"], /granted, refused, pending/],
    ["a time that is none", ["ledger", "export", "--since", "yesterday"], /--since yesterday .* ISO 8601/],
    ["a time that could be any", ["ledger", "export", "--until", "11"], /--until 11 is not a time/],
    ["a time without its zone", ["ledger", "export", "--until", "2026-11-22T09:00"], /is not a time/],
    ["a month that there is not", ["ledger", "export", "--since", "2026-13-01"], /is not a time/],
    ["no number", ["subscriber", "show", "--business", "acme-dental"], /missing required argument 'number'/],
    ["no business", ["subscriber", "show", "+14155550123"], /required option '--business <id>'/],
    [
      "a business that there is not",
      ["subscriber", "show", "+14155550123", "--business", "acme"],
      /No business is called acme: use one of acme-dental, hotel-miramar/,
    ],
    [
      "a number without its country",
      ["subscriber", "revoke", "4155550123", "--business", "acme-dental"],
      /^The number is not in E\.164: use the country code/,
    ],
    [
      "a topic that there is not",
      ["subscriber", "revoke", "+14155550123", "--business", "acme-dental", "--topic", "offers"],
      /acme-dental has no topic offers: use appointment-reminders, policy-updates/,
    ],
    ["nothing at all", [], /Usage: yesline/],
  ])("%s", async (_, args, words) => {
    await cli(["migrate"], env);
    const { code, out, err } = await cli(args, env);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(words);
  });

  it.each(["show", "revoke", "erase", "access"])(
    "a number that `subscriber %s` cannot read: it is not repeated, for standard error is kept",
    async (command) => {
      await cli(["migrate"], env);
      const { err } = await cli(["subscriber", command, "4155557391", "--business", "acme-dental"], env);
      expect(err).toContain("use the country code");
      expect(err).not.toContain("5557391");
    },
  );

  it("a variable", async () => {
    const { code, out, err } = await cli(["ledger", "export"], { ...env, LOG_LEVEL: "loud" });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^LOG_LEVEL=loud is not valid: use one of .*\n$/);
  });
});

describe("someone whose database cannot be used gets code 3 and one line with the reason:", () => {
  const READERS = [
    ["ledger", "export"],
    ["subscriber", "show", "+14155550123", "--business", "acme-dental"],
    ["subscriber", "revoke", "+14155550123", "--business", "acme-dental"],
  ];
  /** What each of the commands leaves. */
  const all = () => Promise.all(READERS.map((args) => cli(args, env)));
  const refusal = (reason: RegExp) =>
    READERS.map(() => ({ code: 3, out: "", err: expect.stringMatching(reason) }));

  it("none is there, and a command does not make one", async () => {
    expect(await all()).toEqual(refusal(/^[^\n]*yesline\.db does not exist: start the line once[^\n]*\n$/));
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });

  it("a folder stands there", async () => {
    mkdirSync(file);
    expect(await all()).toEqual(refusal(/^DATABASE_URL: [^\n]*It cannot be opened[^\n]*\n$/));
  });

  it("the file is something else", async () => {
    writeFileSync(file, "a shopping list\n".repeat(500));
    expect(await all()).toEqual(refusal(/^DATABASE_URL: [^\n]*It is not a SQLite database[^\n]*\n$/));
  });

  it("there are no tables yet", async () => {
    writeFileSync(file, "");
    expect(await all()).toEqual(refusal(/^[^\n]*yesline\.db: no such table[^\n]*\n$/));
  });

  it("an older program has left it", async () => {
    await cli(["migrate"], env);
    const client = new Database(file);
    client.exec("DROP INDEX subscriber_clear_salt");
    client.close();
    expect(await all()).toEqual(
      refusal(/^[^\n]*yesline\.db: no such index[^\n]*run `yesline migrate`, or start the line, first\.\n$/),
    );
  });

  it("its pages are damaged", async () => {
    await cli(["migrate"], env);
    const bytes = readFileSync(file);
    // Page 1 has the schema; without it the file would not open at all.
    bytes.fill(0xff, 4_096);
    writeFileSync(file, bytes);
    expect(await all()).toEqual(refusal(/^[^\n]*(?:damaged|malformed)[^\n]*\n$/));
  });
});

describe("yesline migrate", () => {
  it("makes the database, and says so; a second time there is nothing to do", async () => {
    expect(await cli(["migrate"], env)).toEqual({ code: 0, out: `${file} is up to date\n`, err: "" });
    const { code, out } = await cli(["migrate", "--json"], env);
    expect([code, JSON.parse(out)]).toEqual([0, { database: file, migrated: true }]);
    const client = new Database(file, { readonly: true });
    expect(client.prepare("SELECT count(*) FROM entry").pluck().get()).toBe(0);
    client.close();
  });

  it("leaves the file free for the server", async () => {
    await cli(["migrate"], env);
    expect((await cli(["migrate"], env)).code).toBe(0);
  });
});

describe("npm run -s cli --", () => {
  it("is the same command: data on standard output, the rest on standard error, and its exit code", async () => {
    const yesline = (...args: string[]) => run("npm", ["run", "-s", "cli", "--", ...args], env).exited;
    expect(await yesline("migrate")).toMatchObject({ code: 0, out: `${file} is up to date\n`, err: "" });
    const [wrong, missing] = await Promise.all([
      yesline("subscriber", "show", "nobody", "--business", "acme-dental"),
      run("npm", ["run", "-s", "cli", "--", "ledger", "export"], {
        DATABASE_URL: `file:${folder}/elsewhere/yesline.db`,
      }).exited,
    ]);
    expect(wrong).toMatchObject({ code: 2, out: "", err: expect.stringContaining("not in E.164") });
    expect(missing).toMatchObject({ code: 3, out: "", err: expect.stringContaining("does not exist") });
  });
});
