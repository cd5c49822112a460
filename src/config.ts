import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError, parseBusinesses } from "./business-file.ts";
import type { Business } from "./call/business.ts";
import { derivedSeed } from "./proof/checkpoint.ts";
import { DestinationError, parseDestination, type Destination } from "./proof/couriers.ts";
import { isKeyName, parseVerifier } from "./proof/note.ts";
import type { Account } from "./twilio/signature.ts";

export { ConfigError } from "./business-file.ts";

/** Everything the environment and the business file say, checked and frozen. */
export type Config = {
  readonly host: string;
  readonly port: number;
  /** The URL that Twilio calls, without a slash at the end; null: as listened on, known once the port is. */
  readonly publicUrl: string | null;
  readonly databaseFile: string;
  readonly businesses: readonly Business[];
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** What was written with them can be read, until it is sealed anew with the present one. */
  readonly olderSecrets: readonly Uint8Array[];
  readonly accounts: readonly Account[];
  /** Where Twilio's REST API is asked, without a slash at the end; null: Twilio's own address. */
  readonly twilioApiUrl: string | null;
  /** The simulator's own account, where it is accepted. */
  readonly simulator: SimulatorAccount | null;
  /** The first operator of the console, made where there is none; password null: one is generated. */
  readonly admin: { readonly email: string; readonly password: string | null };
  /** Where operators may sign in elsewhere (OpenID Connect). */
  readonly singleSignOn: SingleSignOn | null;
  /** The Merkle log over the entries: its name, the seeds of the keys that sign, where its checkpoints are taken. */
  readonly log: {
    readonly name: string;
    /** The present key first. */
    readonly seeds: readonly [Uint8Array, ...Uint8Array[]];
    /** Keys that have signed before and sign no more, as `log key` printed them. */
    readonly oldKeys: readonly string[];
    readonly checkpoints: readonly Destination[];
  };
  /** The list of erasures: outside the database, so that a backup brings nobody back. */
  readonly erasureList: string;
  /** Whether Litestream copies the database, and so is the one that empties the write-ahead log. */
  readonly litestream: boolean;
  /** What works, and should not stay so. */
  readonly warnings: readonly string[];
  readonly logLevel: (typeof LOG_LEVELS)[number];
};

export type SingleSignOn = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export type SimulatorAccount = { readonly accountSid: string; readonly authToken: string };

/** The folder of the prompts. */
export const TWIML_FOLDER = fileURLToPath(new URL("../twiml", import.meta.url));

const DEMO_BUSINESSES = fileURLToPath(new URL("businesses.demo.yaml", import.meta.url));
const SWITCH = ["on", "off", "true", "false", "1", "0"] as const;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Each is tried on every checkpoint of the log. */
const MAX_OLD_KEYS = 16;
/** So long that a checkpoint stays a few lines. */
const MAX_LOG_NAME = 100;

/** Empty is unset, as in a `.env` file. */
const unset = z.literal("").transform(() => undefined);
const optional = <T extends z.ZodType>(schema: T) => z.union([unset, schema]).optional();

const environment = z.object({
  HOST: optional(z.string()),
  PORT: optional(
    z
      .string()
      .regex(/^\d{1,5}$/)
      .transform(Number)
      .refine((port) => port <= 65_535),
  ),
  PUBLIC_URL: optional(z.url({ protocol: /^https?$/ }).refine((url) => !/[?#]/.test(url))),
  DATABASE_URL: optional(z.string().regex(/^file:./)),
  YESLINE_BUSINESSES: optional(z.string()),
  YESLINE_SECRET: optional(z.string().refine((text) => decodeKeys(text) !== null)),
  TWILIO_ACCOUNT_SID: optional(z.string().regex(/^AC[0-9a-f]{32}$/)),
  TWILIO_AUTH_TOKEN: optional(z.string().regex(/^[^\s,]+(?:,[^\s,]+)*$/)),
  TWILIO_API_URL: optional(z.url({ protocol: /^https?$/ }).refine((url) => !/[?#]/.test(url))),
  YESLINE_SIMULATOR: optional(z.enum(SWITCH)),
  YESLINE_ADMIN_EMAIL: optional(
    z
      .string()
      .regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/)
      .max(254),
  ),
  YESLINE_ADMIN_PASSWORD: optional(z.string().min(8).max(128)),
  YESLINE_OIDC_ISSUER: optional(z.url({ protocol: /^https?$/ }).refine((url) => !/[?#]/.test(url))),
  YESLINE_OIDC_CLIENT_ID: optional(z.string().regex(/^[\x21-\x7e]+$/)),
  YESLINE_OIDC_CLIENT_SECRET: optional(z.string().regex(/^[\x21-\x7e]+$/)),
  YESLINE_LOG_KEY: optional(z.string().refine((text) => decodeKeys(text) !== null)),
  YESLINE_LOG_OLD_KEYS: optional(z.string().refine((text) => decodeOldKeys(text) !== null)),
  YESLINE_LOG_NAME: optional(z.string().max(MAX_LOG_NAME).refine(isKeyName)),
  YESLINE_CHECKPOINTS: optional(z.string().refine((text) => decodeDestinations(text) !== null)),
  YESLINE_ERASURES: optional(z.string().regex(/^file:./)),
  YESLINE_LITESTREAM: optional(z.enum(SWITCH)),
  LOG_LEVEL: optional(z.enum(LOG_LEVELS)),
});

/** How each variable is to be written: the fix that goes with a complaint. */
const FIXES: Readonly<Record<keyof typeof environment.shape, string>> = {
  HOST: "use an address to listen on, such as 127.0.0.1",
  PORT: "use a number from 0 to 65535",
  PUBLIC_URL: "use the address that Twilio calls, such as https://line.example, without query",
  DATABASE_URL: "use a SQLite file, such as file:./data/yesline.db",
  YESLINE_BUSINESSES: "use the path of a business file",
  YESLINE_SECRET:
    "use 32 bytes in base64: openssl rand -base64 32; two, with a comma between, the new one first, during a rotation",
  TWILIO_ACCOUNT_SID: "use the account SID from Twilio's console: AC and 32 hex digits",
  TWILIO_AUTH_TOKEN: "use the auth token from Twilio's console; two, with a comma between, during a rotation",
  TWILIO_API_URL:
    "use the base URL of a mock or a proxy, such as https://api.dublin.ie1.twilio.com, without query",
  YESLINE_SIMULATOR: "use on or off",
  YESLINE_LITESTREAM: "use on or off",
  YESLINE_ADMIN_EMAIL: "use the address of the console's first operator, such as you@company.example",
  YESLINE_ADMIN_PASSWORD: "use 8 to 128 characters",
  YESLINE_OIDC_ISSUER: "use your provider's issuer, such as https://login.example",
  YESLINE_OIDC_CLIENT_ID: "use the client's id at your provider",
  YESLINE_OIDC_CLIENT_SECRET: "use the client's secret at your provider",
  YESLINE_LOG_KEY:
    "use 32 bytes in base64: openssl rand -base64 32; two, with a comma between, the new one first, during a rotation",
  YESLINE_LOG_OLD_KEYS: `use keys as \`yesline log key\` printed them, name+id+key, ${MAX_OLD_KEYS} at most, with commas or spaces between`,
  YESLINE_LOG_NAME: "use a name without spaces or plus, such as line.example/yesline",
  YESLINE_CHECKPOINTS:
    "use file:/elsewhere/checkpoints.txt, https://… or stdout; several with commas between",
  YESLINE_ERASURES: "use a file on another disk, such as file:/elsewhere/erasures.ndjson",
  LOG_LEVEL: `use one of ${LOG_LEVELS.join(", ")}`,
};

/**
 * Reads the configuration; generates what the demo needs into the data folder, and never overwrites it there.
 *
 * @throws {ConfigError} one line for each thing that is wrong: the place, the fault and the fix
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map((issue) => String(issue.path[0]) as keyof typeof FIXES));
    throw new ConfigError(
      [...names].map((name) => `${name}=${shown(name, env)} is not valid: ${FIXES[name]}.`).join("\n"),
    );
  }
  const given = parsed.data;
  const databaseFile = pathOf(given.DATABASE_URL ?? "file:./data/yesline.db");
  const dataFolder = dirname(databaseFile);
  const twilio = twilioAccount(given.TWILIO_ACCOUNT_SID, given.TWILIO_AUTH_TOKEN);
  const simulatorOn = given.YESLINE_SIMULATOR === undefined ? twilio === null : isOn(given.YESLINE_SIMULATOR);
  if (twilio === null && !simulatorOn) {
    throw new ConfigError(
      "YESLINE_SIMULATOR=off leaves no account whose calls are accepted: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or leave the simulator on.",
    );
  }
  const simulator = simulatorOn ? simulatorAccount(dataFolder) : null;
  const secretFile = join(dataFolder, "secret");
  const warnings = [
    ...(twilio !== null && given.YESLINE_SECRET === undefined
      ? [
          `YESLINE_SECRET is not set: the key to the numbers lies beside them, in ${secretFile}. Keep it elsewhere: ${FIXES.YESLINE_SECRET}.`,
        ]
      : []),
    ...(twilio !== null && simulatorOn
      ? [
          "YESLINE_SIMULATOR is on beside a Twilio account: whoever reaches /phone can place simulated calls. Keep /phone off the public address.",
        ]
      : []),
  ];
  const file = given.YESLINE_BUSINESSES ?? DEMO_BUSINESSES;
  const [secret, ...olderSecrets] = decodeKeys(given.YESLINE_SECRET ?? "") ?? generatedSecret(secretFile);
  return Object.freeze({
    host: given.HOST ?? "127.0.0.1",
    port: given.PORT ?? 3000,
    publicUrl: given.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
    databaseFile,
    businesses: Object.freeze(parseBusinesses(readText("YESLINE_BUSINESSES", file), file)),
    secret,
    olderSecrets: Object.freeze(olderSecrets),
    warnings: Object.freeze(warnings),
    accounts: Object.freeze([
      ...(twilio === null ? [] : [twilio]),
      ...(simulator === null
        ? []
        : [{ sid: simulator.accountSid, authTokens: [simulator.authToken], simulated: true }]),
    ]),
    twilioApiUrl: given.TWILIO_API_URL?.replace(/\/+$/, "") ?? null,
    simulator,
    admin: {
      email: (given.YESLINE_ADMIN_EMAIL ?? "admin@localhost").toLowerCase(),
      password: given.YESLINE_ADMIN_PASSWORD ?? null,
    },
    singleSignOn: singleSignOn(
      given.YESLINE_OIDC_ISSUER,
      given.YESLINE_OIDC_CLIENT_ID,
      given.YESLINE_OIDC_CLIENT_SECRET,
    ),
    log: {
      name: given.YESLINE_LOG_NAME ?? logName(given.PUBLIC_URL, given.HOST),
      seeds: decodeKeys(given.YESLINE_LOG_KEY ?? "") ?? [
        derivedSeed(secret),
        ...olderSecrets.map(derivedSeed),
      ],
      oldKeys: decodeOldKeys(given.YESLINE_LOG_OLD_KEYS ?? "") ?? [],
      checkpoints: decodeDestinations(given.YESLINE_CHECKPOINTS ?? "") ?? [],
    },
    erasureList:
      given.YESLINE_ERASURES === undefined ? `${databaseFile}.erasures` : pathOf(given.YESLINE_ERASURES),
    litestream: isOn(given.YESLINE_LITESTREAM),
    logLevel: given.LOG_LEVEL ?? "info",
  });
}

function isOn(value: (typeof SWITCH)[number] | undefined): boolean {
  return value === "on" || value === "true" || value === "1";
}

/** Of `file:PATH`. */
function pathOf(url: string): string {
  return resolve(url.replace(/^file:(?:\/\/)?/, ""));
}

function twilioAccount(sid: string | undefined, tokens: string | undefined): Account | null {
  if (sid === undefined && tokens === undefined) return null;
  if (sid === undefined)
    throw new ConfigError(
      `TWILIO_ACCOUNT_SID is missing beside TWILIO_AUTH_TOKEN: ${FIXES.TWILIO_ACCOUNT_SID}.`,
    );
  if (tokens === undefined)
    throw new ConfigError(
      `TWILIO_AUTH_TOKEN is missing beside TWILIO_ACCOUNT_SID: ${FIXES.TWILIO_AUTH_TOKEN}.`,
    );
  return { sid, authTokens: tokens.split(","), simulated: false };
}

/** All three, or none. */
function singleSignOn(
  issuer: string | undefined,
  clientId: string | undefined,
  clientSecret: string | undefined,
): SingleSignOn | null {
  const given = {
    YESLINE_OIDC_ISSUER: issuer,
    YESLINE_OIDC_CLIENT_ID: clientId,
    YESLINE_OIDC_CLIENT_SECRET: clientSecret,
  };
  const names = Object.keys(given) as (keyof typeof given)[];
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length === names.length) return null;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) {
    throw new ConfigError(
      missing.map((name) => `${name} is missing for single sign-on: ${FIXES[name]}.`).join("\n"),
    );
  }
  return { issuer, clientId, clientSecret };
}

function generatedSecret(file: string): Keys {
  const secret = decodeKeys(generateOnce(file, () => randomBytes(32).toString("base64")));
  if (secret === null) {
    throw new ConfigError(
      `${file} does not hold 32 bytes in base64: restore it, no number can be read without it.`,
    );
  }
  return secret;
}

const simulatorFile = z.strictObject({
  accountSid: z.string().regex(/^AC[0-9a-f]{32}$/),
  authToken: z.string().regex(/^[0-9a-f]{32}$/),
});

function simulatorAccount(dataFolder: string): SimulatorAccount {
  const file = join(dataFolder, "simulator.json");
  const text = generateOnce(file, () =>
    JSON.stringify(
      { accountSid: `AC${randomBytes(16).toString("hex")}`, authToken: randomBytes(16).toString("hex") },
      null,
      2,
    ),
  );
  const parsed = simulatorFile.safeParse(parseJson(text));
  if (!parsed.success)
    throw new ConfigError(`${file} is not the simulator's account: delete it, and a new one is made.`);
  return parsed.data;
}

/** Writes the file if it is not there, and returns what it holds. */
function generateOnce(file: string, make: () => string): string {
  try {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) writeUnlessThere(file, `${make()}\n`);
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `DATABASE_URL: ${file} cannot be made: give this user the right to write there (${reason}).`,
      { cause: error },
    );
  }
}

/** `link` fails if another process was first, and shows the file only once it is whole and on the disk. */
function writeUnlessThere(file: string, text: string): void {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, text, { flag: "wx", mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(draft);
  }
}

function readText(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${variable}=${file} cannot be read: check the path.`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function decodeKey(text: string): Uint8Array | null {
  const bytes = Buffer.from(text.trim(), "base64");
  return bytes.length === 32 && /^[A-Za-z0-9+/]{43}=?$/.test(text.trim()) ? bytes : null;
}

const MAX_KEYS = 8;
const MAX_DESTINATIONS = 16;

/** Whoever sets no address has a log of this machine. */
function logName(publicUrl: string | undefined, host = "127.0.0.1"): string {
  return `yesline/${publicUrl === undefined ? host : new URL(publicUrl).host}`;
}

/** The present one first. */
type Keys = readonly [Uint8Array, ...Uint8Array[]];

function decodeKeys(text: string): Keys | null {
  const keys = text.split(",").map(decodeKey);
  const [first, ...others] = keys.filter((key) => key !== null);
  const different = new Set(text.split(",").map((each) => each.trim())).size === keys.length;
  if (first === undefined || others.length + 1 < keys.length || !different) return null;
  return keys.length > MAX_KEYS ? null : [first, ...others];
}

function decodeOldKeys(text: string): readonly string[] | null {
  const keys = text.split(/[\s,]+/).filter((key) => key !== "");
  try {
    // A witness's key vouches for nothing that the log itself has not signed.
    const isOurs = keys.every((key) => parseVerifier(key).timed !== null);
    return isOurs && keys.length <= MAX_OLD_KEYS ? keys : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function decodeDestinations(text: string): readonly Destination[] | null {
  try {
    const destinations = text.split(",").map((each) => parseDestination(each.trim()));
    return destinations.length > MAX_DESTINATIONS ? null : destinations;
  } catch (error) {
    if (error instanceof DestinationError) return null;
    throw error;
  }
}

/** A secret is never printed, not even a wrong one; an address that takes checkpoints may hold one. */
function shown(name: string, env: Readonly<Record<string, string | undefined>>): string {
  return /TOKEN|SECRET|PASSWORD|LOG_KEY|OLD_KEYS|CHECKPOINTS/.test(name) ? "…" : (env[name] ?? "");
}
