import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A server in a process of its own. */
export type Program = {
  readonly url: string;
  /** From the spawn until it said where it answers. */
  readonly announcedMs: number;
  readonly spawnedAt: number;
  /** User and system time so far; null where the system does not tell. */
  readonly cpuMs: () => number | null;
  /** Resident memory: now, and the most there ever was. */
  readonly rssMb: () => { readonly now: number; readonly peak: number } | null;
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

/** One function of a profile, and its share of the time that was not idle. */
export type ProfileLine = { readonly share: number; readonly where: string };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ANSWERS_AT = /answers at (http:\S+)$/m;
/** A large file may have to be brought up to date first. */
const START_TIMEOUT_MS = 5 * 60 * 1000;
const STOP_TIMEOUT_MS = 60_000;
const SHOWN_OF_ERRORS = 2_000;
/** USER_HZ, which Linux has fixed for programs. */
const TICKS_PER_SECOND = 100;
const PROFILED = 30;

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
      rssMb: () => rssMbOf(child.pid ?? 0),
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
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}.`);
  return out;
}

/** Where the profile in this folder says that the time went, most first. */
export function profileIn(folder: string): readonly ProfileLine[] {
  const file = readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) return [];
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  for (const [n, id] of samples.entries()) {
    const place = placeOf.get(id) ?? "";
    if (/^\((?:idle|program|root)\)/.test(place)) continue;
    spent.set(place, (spent.get(place) ?? 0) + (timeDeltas[n] ?? 0));
  }
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0);
  return [...spent]
    .map(([where, time]) => ({ where, share: time / total }))
    .toSorted((one, other) => other.share - one.share)
    .slice(0, PROFILED);
}

type CallFrame = { readonly functionName: string; readonly url: string; readonly lineNumber: number };
type CpuProfile = {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url.replace(/^file:\/\//, "").replace(ROOT, "");
  return `${functionName === "" ? "(anonymous)" : functionName}${place === "" ? "" : ` ${place}:${lineNumber + 1}`}`;
}

function cpuMsOf(pid: number): number | null {
  const stat = procFile(pid, "stat");
  if (stat === null) return null;
  // After the name in brackets, which may hold anything; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function rssMbOf(pid: number): { now: number; peak: number } | null {
  const status = procFile(pid, "status");
  if (status === null) return null;
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
  return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}

function procFile(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // Another system than Linux, or the process has gone: there is nothing to tell.
    return null;
  }
}
