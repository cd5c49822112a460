import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { runProgram } from "../bench/programs.ts";
import { supervisorAt } from "../bench/supervisor.ts";
import { addKey, databaseIn, environmentOf, startYesline, type Yesline } from "../bench/yesline.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { callers } from "./load-calls.ts";
import type { SoakPart } from "./part.ts";

/** What goes on at once, for an hour unless told otherwise: each with its own pace. */
const CALL_EVERY_MS = 50;
const PERMISSION_EVERY_MS = 200;
const PAGE_EVERY_MS = 500;
const EXPORT_EVERY_MS = 15_000;
/** Twenty from one address without a minute between two are one too many. */
const SIGN_IN_EVERY_MS = 65_000;
const LOOK_EVERY_MS = 2_000;
const MINUTES = 60;

/** SQLite keeps 64 MB of pages, and has them after a third of an hour; from then on memory is flat. */
const WARM_UP = 1 / 2;
const MAX_GROWTH_MB = 32;
/** In less nothing can be said of memory. */
const MIN_JUDGED_MINUTES = 30;
const MAX_BROKEN = 20;

const ADMIN = { email: "soak@example.com", password: "only-for-the-long-test" };

/** Mixed load on a real server: no error, nothing lost, and memory that is flat. */
const load: SoakPart = async ({ seed, amount: minutes = MINUTES, say }) => {
  const folder = mkdtempSync(join(tmpdir(), "yesline-soak-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const yesline = await startYesline({
    folder,
    env: { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password, LOG_LEVEL: "error" },
  });
  const broken: string[] = [];
  const seen = { errors: 0, calls: 0, pages: 0, signIns: 0, permissions: 0, exports: 0, exportedRows: 0 };
  const fail = (what: string, error: unknown) => {
    seen.errors += 1;
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    if (broken.length >= MAX_BROKEN) return;
    broken.push(`${what}: ${reason}`);
    say(`${what}: ${reason}`);
  };
  const random = seededRandom(seed);
  const calls = callers(yesline, seededRandom(seed + 1));
  const key = await addKey(folder);
  const supervisor = supervisorAt(yesline.url);
  // The console takes a second to be loaded.
  await supervisor.signIn(ADMIN);
  const exporter = supervisorAt(yesline.url);
  await exporter.signIn(ADMIN);
  const memory: Sample[] = [];
  let sayAt = 0;
  const begunAt = performance.now();
  const until = begunAt + minutes * 60_000;
  const steadily = pace(until, fail);

  await Promise.all([
    steadily("call", CALL_EVERY_MS, async () => void (await calls.one(), (seen.calls += 1)), AT_ONCE),
    steadily("permission", PERMISSION_EVERY_MS, async () => {
      await ask(yesline, key, calls.someNumber());
      seen.permissions += 1;
    }),
    steadily("page", PAGE_EVERY_MS, async () => {
      await supervisor.open(PAGES[Math.floor(random() * PAGES.length)] ?? "/console/today");
      seen.pages += 1;
    }),
    steadily("sign-in", SIGN_IN_EVERY_MS, async () => {
      await supervisorAt(yesline.url).signIn(ADMIN);
      seen.signIns += 1;
    }),
    steadily("export", EXPORT_EVERY_MS, async () => {
      seen.exportedRows += (await exporter.exportCsv()).rows;
      seen.exports += 1;
    }),
    steadily("look", LOOK_EVERY_MS, async () => {
      for (const path of ["/readyz", "/metrics"]) await opened(yesline.url + path);
      const minute = (performance.now() - begunAt) / 60_000;
      memory.push({ minute, mb: yesline.rssMb()?.now ?? Number.NaN });
      if (minute < sayAt) return;
      sayAt += 1 / 2;
      const mb = memory.at(-1)?.mb.toFixed(0);
      say(`minute ${minute.toFixed(1)}: ${seen.calls} calls, ${mb} MB, ${seen.errors} errors`);
    }),
  ]);

  await yesline.stop();
  for (const line of linesOf(join(folder, "stderr.txt"))) fail("the line's log", line);
  const recorded = countIn(databaseIn(folder), "call");
  if (recorded !== calls.begun())
    fail("the ledger", `it has ${recorded} calls, but ${calls.begun()} were made`);
  const verdict = await runProgram(["src/main.ts", "ledger", "verify"], environmentOf(folder)).catch(
    (error: unknown) => {
      fail("ledger verify", error);
      return "does not verify";
    },
  );
  const { settledMb, growthMb } = trend(memory.filter(({ minute }) => minute >= minutes * WARM_UP));
  if (minutes >= MIN_JUDGED_MINUTES && growthMb > MAX_GROWTH_MB)
    fail(
      "memory",
      `it has grown by ${growthMb.toFixed(0)} MB since minute ${(minutes * WARM_UP).toFixed(0)}`,
    );
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return {
    kept: seen.errors === 0,
    broken,
    figures: {
      minutes,
      ...seen,
      webhooks: calls.webhooks(),
      "webhook p99, ms": Math.round(calls.p99Ms()),
      "memory after the warm-up, MB": Math.round(settledMb),
      "memory, growth since, MB": Math.round(growthMb),
      "memory, growth in an hour, MB": Math.round((growthMb * 60) / (minutes * (1 - WARM_UP))),
      ledger: verdict.trim(),
    },
  };
};

export default load;

const PAGES = [
  "/console/today",
  "/console/log",
  "/console/log?page=last",
  "/console/log?outcome=granted",
  "/console/log?digits=0123",
  "/console/entries",
  "/console/outgoing",
  "/console/inbox",
  "/console/accesses",
  "/console/checks",
] as const;

/** Calls that go on at the same time; a line that is slower than that has failed. */
const AT_ONCE = 200;

/** Again and again at its own pace; where one is slow, others begin all the same, as far as they may. */
function pace(until: number, fail: (what: string, error: unknown) => void) {
  return async (what: string, everyMs: number, act: () => Promise<void>, atOnce = 1): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    for (
      let dueAt = performance.now();
      dueAt < until;
      dueAt = Math.max(dueAt + everyMs, performance.now() - everyMs)
    ) {
      await sleep(Math.max(0, dueAt - performance.now()));
      if (underWay.size >= atOnce) await Promise.race(underWay);
      const turn: Promise<void> = act()
        .catch((error: unknown) => fail(what, error))
        .finally(() => underWay.delete(turn));
      underWay.add(turn);
    }
    await Promise.all(underWay);
  };
}

async function opened(url: string, request?: RequestInit): Promise<string> {
  const response = await fetch(url, request);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

async function ask({ url }: Yesline, key: string, to: string): Promise<void> {
  const body = { business: "acme-dental", to, topic: "appointment-reminders", simulated: true };
  await opened(`${url}/api/v1/permissions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

type Sample = { readonly minute: number; readonly mb: number };

/** A straight line through the samples: where it begins, and how far it rises. */
function trend(samples: readonly Sample[]): { readonly settledMb: number; readonly growthMb: number } {
  const count = samples.length;
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / count;
  const [minute, mb] = [mean((each) => each.minute), mean((each) => each.mb)];
  const spread = samples.reduce((sum, each) => sum + (each.minute - minute) ** 2, 0);
  const together = samples.reduce((sum, each) => sum + (each.minute - minute) * (each.mb - mb), 0);
  const slope = spread === 0 ? 0 : together / spread;
  const [first, last] = [samples[0]?.minute ?? 0, samples.at(-1)?.minute ?? 0];
  return { settledMb: mb - slope * (minute - first), growthMb: slope * (last - first) };
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function countIn(file: string, table: string): number {
  const client = new Database(file, { readonly: true });
  try {
    return client.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
  } finally {
    client.close();
  }
}
