import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { keepLog } from "../logs/kept.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** The line as `npm start` runs it, in a process of its own. */
async function start(folder: string, env: Record<string, string> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const server = spawn(process.execPath, ["src/main.ts", "serve"], {
    cwd: ROOT,
    env: { PATH, HOME, PORT: "0", DATABASE_URL: `file:${join(folder, "y.db")}`, LOG_LEVEL: "warn", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  server.stderr.setEncoding("utf8").on("data", (text: string) => keepLog("serve", text));
  const exited = once(server, "exit");
  onTestFinished(() => void server.kill("SIGKILL"));
  let said = "";
  server.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  while (!said.includes("Hotel Miramar:") && server.exitCode === null) {
    await once(server.stdout, "data");
  }
  const url = /^Yesline answers at (\S+)$/m.exec(said)?.[1] ?? "";
  return {
    said,
    url,
    async stop() {
      server.kill("SIGTERM");
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

function signIn(url: string, email: string, password: string): Promise<Response> {
  return fetch(`${url}/console/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: url },
    body: new URLSearchParams({ email, password }),
  });
}

function dataFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "yesline-console-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe("whoever starts the line for the first time", () => {
  it("is told the console's address and a password that lets them in, once", async () => {
    const data = dataFolder();
    const first = await start(data);
    expect(first.said).toContain(`console          ${first.url}/console`);
    const [, email = "", password = ""] = /first operator\s+(\S+), password (\S+)/.exec(first.said) ?? [];
    expect(email).toBe("admin@localhost");
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    expect((await signIn(first.url, email, password)).status).toBe(303);
    expect(await first.stop()).toBe(0);

    const second = await start(data);
    expect(second.said).not.toContain("password");
    expect((await signIn(second.url, email, password)).status).toBe(303);
    await second.stop();
  });

  it("sets the first operator in the environment, and the password is not printed", async () => {
    const env = { YESLINE_ADMIN_EMAIL: "Mina@Example.com", YESLINE_ADMIN_PASSWORD: "chosen-by-mina" };
    const line = await start(dataFolder(), env);
    expect(line.said).toContain("mina@example.com, with the password you set");
    expect(line.said).not.toContain("chosen-by-mina");
    expect((await signIn(line.url, "mina@example.com", "chosen-by-mina")).status).toBe(303);
    await line.stop();
  });

  it("has a line that stops at once, also while a live tail is open", async () => {
    const line = await start(dataFolder(), { YESLINE_ADMIN_PASSWORD: "chosen-by-mina" });
    const answer = await signIn(line.url, "admin@localhost", "chosen-by-mina");
    const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const tail = await fetch(`${line.url}/console/log/live`, {
      headers: { cookie, accept: "text/event-stream" },
    });
    expect(tail.status).toBe(200);
    const from = performance.now();
    expect(await line.stop()).toBe(0);
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
