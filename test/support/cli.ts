import { yesline } from "../../src/cli.ts";
import { loadConfig } from "../../src/config.ts";
import { keepLog, keepSecret, secretsOf } from "../logs/kept.ts";
import type { Environment } from "./server.ts";

/** What a command left: its exit code, its data, and everything else it said. */
export type Done = { readonly code: number; readonly out: string; readonly err: string };

/** The `yesline` command in this process, with an environment of its own. */
export async function cli(args: readonly string[], env: Environment): Promise<Done> {
  let out = "";
  let err = "";
  const code = await yesline(args, {
    loadConfig: () => loadConfig(env),
    serve: () => Promise.reject(new Error("This test does not serve.")),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  keepLog(`yesline ${args.slice(0, 2).join(" ")}`, err);
  keepSecret(...secretsOf(env));
  return { code, out, err };
}

/** Data that is one JSON object a line. */
export function ndjson(out: string): Record<string, unknown>[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
