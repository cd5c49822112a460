import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "vitest";
import { numberVault } from "../../src/ledger/numbers.ts";
import { checkSecret, migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { temporaryFolder } from "../support/memory.ts";
import { runMain, type Environment } from "../support/server.ts";

const BUSINESS = `businesses:
  - id: kanzlei-meier
    name: Kanzlei Meier
    legalName: Kanzlei Meier GmbH
    contact: { email: info@meier.example, postalAddress: "Hauptstr. 1, Bonn", privacyUrl: "https://meier.example" }
    lines: ["+14155550100"]
    whatsapp: { sender: "+14155550110" }
    script: "2026-11-22"
    locales: [de-DE]
    jurisdiction: US
    topics: [{ id: termine, category: utility, names: { de-DE: Termine } }]
    ask: together
    retention: P5Y
`;

/** What a start that must fail leaves: its end, and the folder it was given. */
async function start(env: Environment, prepare: (folder: string) => Environment = () => ({})) {
  const folder = temporaryFolder();
  const base = { PORT: "0", DATABASE_URL: `file:${folder}/yesline.db` };
  const exit = await runMain(["serve"], { ...base, ...env, ...prepare(folder) }).exited;
  rmSync(folder, { recursive: true });
  return { ...exit, folder };
}

describe.concurrent("a server that cannot do its duty does not start, and says why:", () => {
  it("a variable is wrong: one line that names it and the fix, code 2", async ({ expect }) => {
    const { code, out, err } = await start({ PORT: "eighty" });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe("PORT=eighty is not valid: use a number from 0 to 65535.\n");
  });

  it("a business's law is not written in its language: the missing file is named, code 2", async ({
    expect,
  }) => {
    const { code, out, err } = await start({}, (folder) => {
      writeFileSync(join(folder, "businesses.yaml"), BUSINESS);
      return { YESLINE_BUSINESSES: join(folder, "businesses.yaml") };
    });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe("twiml/2026-11-22/de-DE/law/US.xml: is missing: kanzlei-meier needs it\n");
  });

  it("the secret is not the one that the numbers are encrypted with: code 3, and nothing is written", async ({
    expect,
  }) => {
    const { code, out, err } = await start({}, (folder) => {
      const connection = open(join(folder, "yesline.db"), { busyTimeoutMs: 0 });
      migrate(connection);
      checkSecret(connection, numberVault(new Uint8Array(32)));
      connection.client.close();
      return { YESLINE_SECRET: Buffer.alloc(32, 7).toString("base64") };
    });
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/^YESLINE_SECRET is not the one .* restore that one/);
  });

  it("a newer program has served the database: both are named, code 3, and nothing is changed", async ({
    expect,
  }) => {
    const NEWER =
      "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('of a newer program', 4102444800000)";
    const folder = temporaryFolder();
    const env = { PORT: "0", DATABASE_URL: `file:${folder}/yesline.db` };
    const connection = open(join(folder, "yesline.db"), { busyTimeoutMs: 0 });
    migrate(connection);
    connection.client.exec(NEWER);
    for (const command of [["serve"], ["ledger", "export"]]) {
      const { code, out, err } = await runMain(command, env).exited;
      expect([code, out]).toEqual([3, ""]);
      expect(err).toMatch(
        /^DATABASE_URL: .*yesline\.db: A newer program has brought its schema to migration \d+, of 2100-01-01T00:00:00\.000Z; this one knows \d+, up to \d{4}_\w+\. Run the newer program; or restore a backup from before it\.\n$/,
      );
    }
    expect(connection.client.prepare("SELECT count(*) FROM secret_check").pluck().get()).toBe(0);
    connection.client.close();
    rmSync(folder, { recursive: true });
  });

  it("a folder stands where the database should: code 3", async ({ expect }) => {
    const { code, out, err } = await start({}, (folder) => {
      mkdirSync(join(folder, "yesline.db"));
      return {};
    });
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/^DATABASE_URL: .*yesline\.db: It cannot be opened: .*\n$/);
  });

  it("the database's folder cannot be made: one line with the reason", async ({ expect }) => {
    const occupied = (folder: string) => {
      writeFileSync(join(folder, "occupied"), "");
      return { DATABASE_URL: `file:${folder}/occupied/yesline.db` };
    };
    const demo = await start({}, occupied);
    expect(demo).toMatchObject({ code: 2, out: "" });
    expect(demo.err).toMatch(/^DATABASE_URL: .*occupied.*right to write there.*\n$/);
    const keys = {
      YESLINE_SECRET: Buffer.alloc(32, 7).toString("base64"),
      TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
      TWILIO_AUTH_TOKEN: "token",
    };
    const real = await start(keys, occupied);
    expect(real).toMatchObject({ code: 3, out: "" });
    expect(real.err).toMatch(/^DATABASE_URL: .*occupied.*It cannot be opened.*\n$/);
  });

  it("the database is something else: code 3", async ({ expect }) => {
    const { code, err } = await start({}, (folder) => {
      writeFileSync(join(folder, "yesline.db"), "a shopping list\n".repeat(500));
      return {};
    });
    expect(code).toBe(3);
    expect(err).toMatch(/^DATABASE_URL: .*It is not a SQLite database: check DATABASE_URL.*\n$/);
  });

  it("another program has the port: one line that names it, code 2", async ({ expect }) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, out, err } = await start({ PORT: String(port) });
    other.close();
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(new RegExp(`^HOST=127\\.0\\.0\\.1, PORT=${port}: .*EADDRINUSE.*\\n$`));
  });

  it("the address is not this machine's: one line that names it, code 2", async ({ expect }) => {
    const { code, err } = await start({ HOST: "192.0.2.1" });
    expect(code).toBe(2);
    expect(err).toMatch(/^HOST=192\.0\.2\.1, PORT=0: .*\n$/);
  });
});
