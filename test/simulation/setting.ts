import { mkdtempSync, existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Business } from "../../src/call/business.ts";
import { loadConfig, TWIML_FOLDER, type Config } from "../../src/config.ts";
import { checkSecret, migrate, open } from "../../src/ledger/sqlite/connection.ts";
import { numberVault, type NumberVault } from "../../src/ledger/numbers.ts";
import { loadScripts, versionsIn } from "../../src/script/load.ts";
import type { Script } from "../../src/script/script.ts";

export const PUBLIC_URL = "https://line.test";
export const TWILIO_URL = "https://twilio.test";
/** The simulator stands for Twilio in the line's own process. */
export const OWN_URL = "http://own.test";

/** What every seed of one process shares: nothing in it changes. */
export type Setting = {
  readonly folder: string;
  /** A migrated, empty database. */
  readonly template: string;
  readonly config: Config;
  readonly accounts: Readonly<Record<World, { readonly sid: string; readonly token: string }>>;
  readonly scripts: ReadonlyMap<string, Script>;
  readonly vault: NumberVault;
  readonly close: () => void;
};

export type World = "real" | "simulated";

const MEMORY_FOLDER = "/dev/shm";

export function makeSetting(): Setting {
  const folder = mkdtempSync(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), "yesline-seeds-"));
  const template = join(folder, "template.db");
  const loaded = loadConfig({
    DATABASE_URL: `file:${template}`,
    PUBLIC_URL,
    TWILIO_API_URL: TWILIO_URL,
    TWILIO_ACCOUNT_SID: `AC${"a".repeat(32)}`,
    TWILIO_AUTH_TOKEN: "real",
    YESLINE_SIMULATOR: "on",
    YESLINE_SECRET: Buffer.alloc(32, 7).toString("base64"),
    YESLINE_CHECKPOINTS: "stdout",
    YESLINE_BUSINESSES: new URL("businesses.yaml", import.meta.url).pathname,
  });
  // The simulator's account is made at random elsewhere; here each seed has the same one.
  const simulator = { accountSid: `AC${"5".repeat(32)}`, authToken: "played" };
  const config: Config = {
    ...loaded,
    simulator,
    accounts: [
      ...loaded.accounts.filter(({ simulated }) => !simulated),
      { sid: simulator.accountSid, authTokens: [simulator.authToken], simulated: true },
    ],
  };
  const vault = numberVault(config.secret);
  const connection = open(template, { busyTimeoutMs: 0 });
  migrate(connection);
  checkSecret(connection, vault, true);
  connection.client.close();
  return {
    folder,
    template,
    config,
    accounts: {
      real: { sid: `AC${"a".repeat(32)}`, token: "real" },
      simulated: { sid: simulator.accountSid, token: simulator.authToken },
    },
    scripts: loadScripts(TWIML_FOLDER, versionsIn(TWIML_FOLDER)),
    vault,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @throws where there is none */
export function businessOf({ config }: Pick<Setting, "config">, id: string): Business {
  const business = config.businesses.find((each) => each.id === id);
  if (business === undefined) throw new Error(`There is no business ${id} in this world.`);
  return business;
}
