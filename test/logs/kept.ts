import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names the folder of this run of the tests to every worker; unset, nothing is kept. */
export const FOLDER_VARIABLE = "YESLINE_TEST_LOGS";

/**
 * Keeps what a program of a test said as its log, until the whole suite is looked through. What a command prints on
 * standard output is its data, such as the number that was asked for, and no log.
 */
export function keepLog(source: string, text: string): void {
  const lines = text.split("\n").filter((line) => line !== "");
  keep("log", lines.map((line) => `${source}\t${line}\n`).join(""));
}

/** A value that no log may hold. */
export function keepSecret(...values: readonly string[]): void {
  keep("secrets", values.map((value) => `${value}\n`).join(""));
}

/** What in an environment is secret, each of several alone. */
export function secretsOf(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env)
    .filter(([name]) => /TOKEN|SECRET|PASSWORD|_KEY$/.test(name))
    .flatMap(([, value]) => value.split(","));
}

/** The secrets that a line has made for itself beside its database. */
export function secretsIn(folder: string): readonly string[] {
  const secret = join(folder, "secret");
  const simulator = join(folder, "simulator.json");
  return [
    ...(existsSync(secret) ? [readFileSync(secret, "utf8").trim()] : []),
    ...(existsSync(simulator)
      ? [/"authToken": "(\w+)"/.exec(readFileSync(simulator, "utf8"))?.[1] ?? ""]
      : []),
  ];
}

/** Everything that was kept: the logs, and what may not stand in them. */
export function kept(folder: string) {
  const all = (kind: string) =>
    globSync(`*.${kind}`, { cwd: folder })
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
  return { log: all("log"), secrets: all("secrets").split("\n") };
}

function keep(kind: "log" | "secrets", text: string): void {
  const folder = process.env[FOLDER_VARIABLE];
  if (folder === undefined || text === "") return;
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `${process.pid}.${kind}`), text);
}
