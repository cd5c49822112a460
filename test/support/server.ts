import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { keepLog, keepSecret, secretsIn, secretsOf } from "../logs/kept.ts";
import { caller, type Caller, type CallerOptions } from "./caller.ts";
import { temporaryFolder } from "./memory.ts";

/** The project's own folder. */
export const ROOT = new URL("../..", import.meta.url).pathname;

export type Environment = Readonly<Record<string, string>>;

/** A program starts faster when Node keeps what it compiled. */
const COMPILE_CACHE = join(tmpdir(), "yesline-test-compile-cache");

/** A program in a process of its own; it gets nothing of this process's environment but where programs are. */
export function run(command: string, args: readonly string[], env: Environment = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const watchers = new Set<() => void>();
  const heard = () => {
    for (const watch of watchers) watch();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    heard();
  });
  keepSecret(...secretsOf(env));
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      keepLog(args.slice(0, 3).join(" "), err);
      resolve({ code, signal, out, err });
    });
  });
  return {
    out: () => out,
    err: () => err,
    pid: child.pid ?? 0,
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves when the program has said it, wherever; fails if it ends without. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const found = pattern.exec(out) ?? pattern.exec(err);
        if (found !== null) resolve(found);
      };
      watchers.add(look);
      look();
      const ended = exited.then(({ code }) => {
        const found = pattern.exec(out) ?? pattern.exec(err);
        if (found !== null) return found;
        throw new Error(`It ended with ${code} and never said ${String(pattern)}:\n${out}${err}`);
      });
      return Promise.race([promise, ended]).finally(() => watchers.delete(look));
    },
  };
}

export type Exit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
};

/** `node src/main.ts …`, with this process's own Node. */
export function runMain(args: readonly string[], env: Environment = {}) {
  return run(process.execPath, ["src/main.ts", ...args], env);
}

export type Server = Awaited<ReturnType<typeof startServer>>;

export type ServerOptions = {
  /** Of an earlier server, to start where it stopped. */
  readonly folder?: string;
  readonly env?: Environment;
};

/** A real server on a port of its own. Whoever starts it disposes of it: `await using`. */
export async function startServer({ folder = temporaryFolder(), env = {} }: ServerOptions = {}) {
  const file = join(folder, "yesline.db");
  const server = runMain(["serve"], { PORT: "0", DATABASE_URL: `file:${file}`, ...env });
  const [, url = ""] = await server.says(/^Yesline answers at (\S+)$/m);
  const account = JSON.parse(readFileSync(join(folder, "simulator.json"), "utf8")) as {
    accountSid: string;
    authToken: string;
  };
  keepSecret(...secretsIn(folder));
  return {
    ...server,
    url,
    port: Number(new URL(url).port),
    folder,
    file,
    account,
    /** Someone with a telephone, over real HTTP. */
    call: (options: CallerOptions = {}): Caller =>
      caller((request) => fetch(request), { publicUrl: url, ...account, ...options }),
    rows: (table: string) => rowsIn(file, table),
    /** What an operator's tools ask. */
    get: async (path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, text: await response.text() };
    },
    /** The log so far, one object a line. */
    log: () =>
      server
        .err()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async stop(signal: NodeJS.Signals = "SIGTERM") {
      server.kill(signal);
      return server.exited;
    },
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Rows of a table, as another process sees them in the file. */
export function rowsIn(file: string, table: string): readonly Record<string, unknown>[] {
  const client = new Database(file, { readonly: true });
  try {
    return client.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
  } finally {
    client.close();
  }
}
