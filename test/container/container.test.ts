import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/server.ts";
import { copied, environmentOf, readDockerfile, said, type Stage } from "./dockerfile.ts";

const STAGES = readDockerfile(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
const IMAGE = STAGES.at(-1) as Stage;
const USER = 1_000;
const isRoot = process.geteuid?.() === 0;
/** Packages are fetched, or come from npm's cache. */
const TIMEOUT_MS = 180_000;

/** Each stage's file system, as far as its steps make one. */
let folder: string;
let root: string;
let before: readonly string[];

/** The steps of every stage, in folders of their own: there is no engine here, and they need none. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "yesline-container-"));
  chmodSync(folder, 0o755);
  for (const [index, stage] of STAGES.entries()) {
    root = join(folder, stage.name ?? String(index));
    await build(stage);
  }
  before = filesOf(root);
}, TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function build(stage: Stage): Promise<void> {
  // What the image brings: its Node, where the user that runs the line finds it.
  mkdirSync(join(root, "usr/local/bin"), { recursive: true });
  copyFileSync(process.execPath, join(root, "usr/local/bin/node"));
  let workdir = "/";
  for (const step of stage.steps) {
    switch (step.name) {
      case "WORKDIR":
        workdir = step.rest;
        mkdirSync(join(root, workdir), { recursive: true });
        break;
      case "COPY": {
        const { from, sources, to } = copied(step);
        for (const source of sources) {
          const origin = join(from === null ? ROOT : join(folder, from), source);
          const end = to.endsWith("/") ? join(to, basename(source)) : to;
          cpSync(origin, join(root, workdir, end), { recursive: true, verbatimSymlinks: true });
        }
        break;
      }
      case "RUN":
        await shell(step.rest, join(root, workdir));
        break;
      default:
        expect(["ENV", "VOLUME", "USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"]).toContain(step.name);
    }
  }
}

/** Its folders are below this stage's; who is not root can give a folder only to themselves. */
async function shell(command: string, cwd: string): Promise<void> {
  const here = command.replaceAll(/(?<=\s)\/(?=\w)/g, `${root}/`);
  const allowed = isRoot ? here : here.replace(`${USER}:${USER}`, String(process.geteuid?.()));
  const { PATH = "", HOME = "" } = process.env;
  // Not what `npm test` has told npm; what it has fetched before is there.
  const env = { PATH, HOME, npm_config_prefer_offline: "true" };
  await promisify(execFile)("sh", ["-c", allowed], { cwd, env });
}

function filesOf(top: string): readonly string[] {
  return globSync("app/{*,{src,migrations,twiml}/**}", { cwd: top }).toSorted();
}

/** As the container's user, in its folder, with its environment; the line listens only here. */
function start(command: readonly string[], port: number): ChildProcess {
  const [program = "", ...args] = command;
  const env = environmentOf(IMAGE);
  return spawn(program === "node" ? join(root, "usr/local/bin/node") : program, args, {
    cwd: join(root, said(IMAGE, "WORKDIR") ?? ""),
    env: {
      ...env,
      HOST: "127.0.0.1",
      PORT: String(port),
      DATABASE_URL: env["DATABASE_URL"]?.replace("file:", `file:${root}`) ?? "",
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(isRoot ? { uid: USER, gid: USER } : {}),
  });
}

async function endOf(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

const words = (name: string) => JSON.parse(/\[.*\]$/.exec(said(IMAGE, name) ?? "")?.[0] ?? "[]") as string[];

describe("the container file", () => {
  it("runs the line in its folder as a user who owns nothing but the data, says how it is, and stops when told", async () => {
    expect(said(IMAGE, "USER")).toBe(`${USER}:${USER}`);
    const port = await freePort();
    const line = start(words("CMD"), port);
    let printed = "";
    for (const stream of [line.stdout, line.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/readyz`).then(
            ({ status }) => status,
            () => printed,
          ),
        {
          timeout: 30_000,
        },
      )
      .toBe(200);
    const healthy = () => endOf(start(words("HEALTHCHECK"), port));
    expect(await healthy()).toBe(0);
    expect(existsSync(join(root, "data/yesline.db"))).toBe(true);
    line.kill(said(IMAGE, "STOPSIGNAL") as NodeJS.Signals);
    expect(await endOf(line)).toBe(0);
    expect(await healthy()).toBe(1);
    expect(filesOf(root)).toEqual(before);
  });

  it("lets that user write nowhere but in the data, which nobody else may read", async () => {
    const data = statSync(join(root, said(IMAGE, "VOLUME") ?? ""));
    expect(data.mode & 0o777).toBe(0o700);
    expect(data.uid).toBe(isRoot ? USER : process.geteuid?.());
    const writable = globSync(["app/**", "usr/**"], { cwd: root }).filter(
      (name) => (statSync(join(root, name)).mode & 0o002) > 0,
    );
    expect(writable).toEqual([]);
    const probe = start(["/usr/bin/touch", join(root, "app/planted")], 0);
    expect(await endOf(probe)).toBe(isRoot ? 1 : 0);
  });

  it("has what the line needs, of the packages those alone, and no Node beside the image's", () => {
    const packages = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, object>;
    const has = (name: string) => existsSync(join(root, "app/node_modules", name));
    expect(Object.keys(packages["dependencies"] ?? {}).filter((name) => !has(name))).toEqual([]);
    const others = { ...packages["devDependencies"], ...packages["optionalDependencies"] };
    expect(Object.keys(others).filter(has)).toEqual([]);
  });

  it("takes no secret with it: what it copies is named, and what is not named is not even sent", () => {
    const ignored = readFileSync(join(ROOT, ".dockerignore"), "utf8")
      .split("\n")
      .filter((line) => /^[^#]/.test(line));
    const sources = STAGES.flatMap(({ steps }) => steps)
      .filter(({ name }) => name === "COPY")
      .map(copied)
      .filter(({ from }) => from === null)
      .flatMap((copy) => copy.sources);
    expect(ignored[0]).toBe("*");
    expect(ignored.slice(1).toSorted()).toEqual(
      [...new Set(sources)].map((source) => `!${source}`).toSorted(),
    );
    const secretive = /(?:^|\/)(?:\.env.*|secret|simulator\.json|.*\.(?:db|pem|key))$/;
    expect(before.filter((name) => secretive.test(name))).toEqual([]);
    const told = STAGES.flatMap(({ steps }) => steps).filter(({ name }) => name === "ENV" || name === "ARG");
    expect(told.map(({ rest }) => rest).join(" ")).not.toMatch(/TOKEN|SECRET|PASSWORD|KEY/);
  });

  it("is built on the Node that the line is tested with, and says what it opens and keeps", () => {
    const [major] = process.versions.node.split(".");
    expect(STAGES.map(({ image }) => image)).toEqual(STAGES.map(() => `node:${major}-bookworm-slim`));
    expect(said(IMAGE, "EXPOSE")).toBe(environmentOf(IMAGE)["PORT"]);
    expect(environmentOf(IMAGE)["DATABASE_URL"]).toBe(`file:${said(IMAGE, "VOLUME")}/yesline.db`);
    const names = IMAGE.steps.map(({ name }) => name);
    // What a step does to a volume after it is declared is lost; and the user must not be root by then.
    expect(names.lastIndexOf("RUN")).toBeLessThan(names.indexOf("VOLUME"));
    expect(names.lastIndexOf("COPY")).toBeLessThan(names.indexOf("USER"));
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
