import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram, startProgram, type Program } from "./programs.ts";

/** Known to everyone: only invented numbers are encrypted with it. */
export const SECRET = new Uint8Array(32).fill(7);

export type Yesline = Program & {
  /** The simulator's account, with which the load signs. */
  readonly account: { readonly accountSid: string; readonly authToken: string };
};

export type YeslineOptions = {
  /** Its database lies there. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly profile?: boolean;
};

/** The real server, on the file in the folder. It writes warnings only, as the others write nothing at all. */
export async function startYesline({ folder, env = {}, profile = false }: YeslineOptions): Promise<Yesline> {
  const program = await startProgram({
    args: ["src/main.ts", "serve"],
    env: { PORT: "0", LOG_LEVEL: "warn", ...environmentOf(folder), ...env },
    folder,
    profile,
  });
  const account = JSON.parse(readFileSync(join(folder, "simulator.json"), "utf8")) as Yesline["account"];
  return { ...program, account };
}

/** A key of another system, made by the command. */
export async function addKey(folder: string): Promise<string> {
  const out = await runProgram(
    ["src/main.ts", "key", "add", "--name", "bench", "--json"],
    environmentOf(folder),
  );
  return (JSON.parse(out) as { readonly key: string }).key;
}

export function databaseIn(folder: string): string {
  return join(folder, "yesline.db");
}

/** Of the server in the folder, and of commands beside it. */
export function environmentOf(folder: string) {
  return {
    DATABASE_URL: `file:${databaseIn(folder)}`,
    YESLINE_SECRET: Buffer.from(SECRET).toString("base64"),
  };
}
