import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { summaryOf } from "./bench/part.ts";
import { table } from "./bench/report.ts";
import { interleaved, ratioOf } from "./bench/rounds.ts";
import { temporaryFolder } from "./support/memory.ts";
import { run } from "./support/server.ts";

type Report = {
  readonly parts: readonly {
    readonly name: string;
    readonly figures: readonly { readonly name: string; readonly median: number | null }[];
  }[];
};

/** `npm run bench`, and the file that it writes. */
async function bench(...args: string[]) {
  const folder = temporaryFolder();
  const file = join(folder, "bench.json");
  const { code, out, err } = await run(process.execPath, ["test/bench/main.ts", ...args, "--json", file])
    .exited;
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : { parts: [] };
  rmSync(folder, { recursive: true });
  return { code, out, err, report };
}

describe("whoever runs the bench", () => {
  it("gets figures of every part, as a table and for machines", { timeout: 600_000 }, async () => {
    const { code, out, err, report } = await bench("--short");
    expect(code, err).toBe(0);
    expect(report.parts.map(({ name }) => name)).toEqual([
      "calls",
      "latency",
      "starts",
      "growth",
      "permissions",
      "console",
      "proof",
      "sealing",
      "overload",
    ]);
    for (const { name, figures } of report.parts) {
      expect(err).toContain(`${name}: `);
      expect(figures.length).toBeGreaterThan(5);
      expect(figures.filter(({ median }) => median === null)).toEqual([]);
      for (const figure of figures) expect(out).toContain(figure.name);
    }
  });

  it("is told which parts there are, when asking for another one", async () => {
    const { code, err } = await bench("pigeons");
    expect(code).toBe(2);
    expect(err).toMatch(/no part pigeons[^]*calls[^]*permissions[^]*console/);
  });
});

describe("the figures", () => {
  it("are the middle of the rounds, with the least and the most, and whether the promise is kept", () => {
    const figure = { name: "pages", unit: "ms", atMost: 100 } as const;
    expect(summaryOf({ ...figure, values: [90, 10, 130] })).toMatchObject({
      median: 90,
      least: 10,
      most: 130,
      kept: true,
    });
    expect(summaryOf({ ...figure, values: [90, 130] })).toMatchObject({ median: 110, kept: false });
  });

  it("end with what was promised and is not kept", () => {
    const figure = (name: string, value: number) =>
      summaryOf({ name, unit: "times", values: [value], atLeast: 3 });
    const text = table({
      at: "2026-11-23T09:00:00.000Z",
      node: "v24",
      machine: { cpus: 2, model: "any", memoryMb: 1, loadAverage: 0 },
      short: false,
      parts: [
        {
          name: "calls",
          question: "How many?",
          seconds: 1,
          notes: [],
          figures: [figure("over a tortoise", 3.5), figure("over a hare", 2.5)],
        },
      ],
    });
    expect(text).toMatch(/over a tortoise +3\.50 times .*≥ 3 kept/);
    expect(text).toMatch(
      /Of 2 promises 1 are kept, 1 NOT KEPT:\n {2}calls: over a hare: 2\.50 times, ≥ 3 NOT KEPT\n$/,
    );
  });

  it("come from rounds in which everyone has a turn, and each begins one", async () => {
    const turns: string[] = [];
    const program = { cpuMs: () => null, threadsMs: () => new Map() } as never;
    const of = (name: string, requests: number) => ({
      name,
      program,
      load: async (round: number) => {
        turns.push(`${round}${name}`);
        return { requests, seconds: 2, medianMs: 1, p99Ms: 2, mostMs: 3, driverMicroseconds: 9 };
      },
    });
    const rounds = await interleaved([of("a", 30), of("b", 60)], 2, () => undefined);
    expect(turns).toEqual(["-1a", "-1b", "0b", "0a", "1a", "1b"]);
    expect(ratioOf(rounds, ["a", "b"], ({ perSecond }) => perSecond)).toEqual([0.5, 0.5]);
  });
});
