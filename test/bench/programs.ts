import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuMsOf, rssMbOf, proportionalMbOf, threadsMsOf, type RssMb } from "./process-figures.ts";

/** A server in a process of its own. */
export type Program = {
  readonly url: string;
  /** From the spawn until it said where it answers. */
  readonly announcedMs: number;
  readonly spawnedAt: number;
  /** User and system time so far; null where the system does not tell. */
  readonly cpuMs: () => number | null;
  /** The same of each thread, by its name; threads that have ended are not in it. */
  readonly threadsMs: () => ReadonlyMap<string, number>;
  readonly rssMb: () => RssMb | null;
  /** Of what processes share, its part; see `proportionalMbOf`. */
  readonly proportionalMb: () => number | null;
  /** Resolves when it has ended; its profile, if one was asked for, is written by then. */
  readonly stop: () => Promise<void>;
};

export type ProgramOptions = {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where what it writes to standard error goes, and its profile. */
  readonly folder: string;
  readonly profile?: boolean;
};

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ANSWERS_AT = /answers at (http:\S+)$/m;
/** A large file may have to be brought up to date first. */
const START_TIMEOUT_MS = 5 * 60 * 1000;
const STOP_TIMEOUT_MS = 60_000;
const SHOWN_OF_ERRORS = 2_000;

/** Starts `node ARGS` and waits until it says "… answers at URL". */
export async function startProgram({
  args,
  env = {},
  folder,
  profile = false,
}: ProgramOptions): Promise<Program> {
  mkdirSync(folder, { recursive: true });
  const errors = join(folder, "stderr.txt");
  const written = openSync(errors, "a");
  const spawnedAt = performance.now();
  const child = spawn(
    process.execPath,
    [...(profile ? ["--cpu-prof", `--cpu-prof-dir=${folder}`] : []), ...args],
    { cwd: ROOT, env: { ...inherited(), ...env }, stdio: ["ignore", "pipe", written] },
  );
  closeSync(written);
  const { stdout } = child;
  const exited = once(child, "exit");
  // A bench that is broken off leaves no server behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const said = Promise.withResolvers<string>();
  let out = "";
  stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (out.length < MAX_SAID) out += text;
    const url = ANSWERS_AT.exec(out)?.[1];
    if (url !== undefined) said.resolve(url);
  });
  const late = setTimeout(() => said.reject(new Error("It did not start in time.")), START_TIMEOUT_MS);
  void exited.then(() => said.reject(new Error("It ended before it answered.")));
  try {
    const url = await said.promise;
    return {
      url,
      spawnedAt,
      announcedMs: performance.now() - spawnedAt,
      cpuMs: () => cpuMsOf(child.pid ?? 0),
      threadsMs: () => threadsMsOf(child.pid ?? 0),
      rssMb: () => rssMbOf(child.pid ?? 0),
      proportionalMb: () => proportionalMbOf(child.pid ?? 0),
      async stop() {
        child.kill("SIGTERM");
        const cut = setTimeout(kill, STOP_TIMEOUT_MS);
        await exited;
        clearTimeout(cut);
        process.removeListener("exit", kill);
      },
    };
  } catch (error) {
    kill();
    const tail = readFileSync(errors, "utf8").slice(-SHOWN_OF_ERRORS);
    throw new Error(`node ${args.join(" ")}: ${tail}`, { cause: error });
  } finally {
    clearTimeout(late);
  }
}

/** Nothing of this process's environment but where programs are, and what a test gives to start them sooner. */
function inherited(): Record<string, string> {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  return { PATH, HOME, ...(NODE_COMPILE_CACHE === "" ? {} : { NODE_COMPILE_CACHE }) };
}

const MAX_SAID = 64 * 1024;

/** A command that ends; what it wrote to standard output. Its standard error is ours. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  let out = "";
  await watchProgram(args, env, { onOut: (chunk) => void (out += chunk.toString()) });
  return out;
}

export type Watched = { readonly seconds: number; readonly samples: readonly RssMb[] };

/**
 * A command, and its memory while it runs.
 *
 * @param onOut told of what it writes; false is enough of it, and ends the command
 */
export async function watchProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { onOut, quiet = false }: { readonly onOut: (chunk: Buffer) => boolean | void; readonly quiet?: boolean },
): Promise<Watched> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ["ignore", "pipe", quiet ? "ignore" : "inherit"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const samples: RssMb[] = [];
  const sampling = setInterval(() => void samples.push(...one(rssMbOf(child.pid ?? 0))), SAMPLE_EVERY_MS);
  let isEnough = false;
  child.stdout?.on("data", (chunk: Buffer) => {
    if (isEnough || onOut(chunk) !== false) return;
    isEnough = true;
    child.kill("SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(sampling);
  process.removeListener("exit", kill);
  if (code !== 0 && !isEnough) throw new Error(`node ${args.join(" ")} ended with ${code}.`);
  return { seconds: (performance.now() - begun) / 1000, samples };
}

const SAMPLE_EVERY_MS = 100;

function one<T>(value: T | null): readonly T[] {
  return value === null ? [] : [value];
}
