import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { caller } from "../support/caller.ts";
import type { CallChains } from "./chains/calls.ts";
import type { Driven } from "./driver.ts";
import type { Bench } from "./part.ts";
import { startProgram, type Program } from "./programs.ts";
import { databaseIn, startYesline } from "./yesline.ts";

/** Those that are compared where calls come in. */
export const YESLINE = "yesline";
export const EXPRESS = "express + twilio + a commit a request";
export const LIMIT = "node:http + one HMAC + grouped commits";
export const HONO = "hono + drizzle + grouped commits";

/** A server that takes calls, and with what the load signs and where it posts. */
export type Line = {
  readonly program: Program;
  readonly firstAnswerMs: number;
  /** So many answers of callers are on the disk, once the server has ended. */
  readonly recorded: () => number;
} & Pick<CallChains, "accountSid" | "authToken" | "paths">;

/** On a new file in the folder. */
export type Start = (folder: string, profile?: boolean) => Promise<Line>;

/** @param twilioUrl where Yesline sends its messages */
export function lines(twilioUrl: string): readonly (readonly [name: string, start: Start])[] {
  return [
    [YESLINE, yeslineWith(twilioUrl)],
    [EXPRESS, other("express.ts", "SELECT count(*) FROM consent")],
    [LIMIT, other("bare-node.ts", KEYS_PRESSED)],
    [HONO, other("hono-drizzle.ts", KEYS_PRESSED)],
  ];
}

const KEYS_PRESSED = "SELECT count(*) FROM event WHERE key IS NOT NULL";

export function yeslineWith(twilioUrl: string): Start {
  return async (folder, profile = false) => {
    const program = await startYesline({ folder, profile, env: { TWILIO_API_URL: twilioUrl } });
    return answering(program, program.account, () => count(databaseIn(folder), "SELECT count(*) FROM entry"));
  };
}

function other(contender: string, counting: string): Start {
  return async (folder) => {
    const account = { accountSid: `AC${"0".repeat(32)}`, authToken: randomBytes(16).toString("hex") };
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "line.db");
    const program = await startProgram({
      args: [`test/bench/contenders/${contender}`, `--file=${file}`],
      env: { TWILIO_AUTH_TOKEN: account.authToken, NODE_ENV: "production" },
      folder,
    });
    return answering(program, account, () => count(file, counting));
  };
}

function count(file: string, statement: string): number {
  const database = new Database(file, { readonly: true });
  try {
    return Number(database.prepare(statement).pluck().get());
  } finally {
    database.close();
  }
}

/** The first caller tells where the answers go. */
export async function answering(
  program: Program,
  account: Pick<CallChains, "accountSid" | "authToken">,
  recorded: Line["recorded"],
): Promise<Line> {
  const first = caller((request) => fetch(request), {
    publicUrl: program.url,
    ...account,
    from: "+14152000000",
  });
  const { status, action } = await first.begin();
  const firstAnswerMs = performance.now() - program.spawnedAt;
  if (status !== 200 || action === null) throw new Error(`${program.url} answered ${status} to a call.`);
  return { program, firstAnswerMs, recorded, ...account, paths: ["/voice", action, "/voice/status"] };
}

/** Stands for Twilio's REST API, for the messages that Yesline sends meanwhile. */
export function startTwilio(folder: string): Promise<Program> {
  return startProgram({ args: ["test/bench/contenders/twilio.ts"], folder: join(folder, "twilio") });
}

/** Whole calls, as fast as they are answered. @param firstCaller nobody has called before; caller 0 has */
export function loadCalls(
  { drive }: Bench,
  { program, accountSid, authToken, paths }: Line,
  {
    connections,
    calls,
    firstCaller,
  }: Pick<CallChains, "calls" | "firstCaller"> & { readonly connections: number },
): Promise<Driven> {
  const options: CallChains = { accountSid, authToken, paths, calls, firstCaller };
  return drive({ url: program.url, connections, chains: "calls", options });
}
