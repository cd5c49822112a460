import { describe, expect, it } from "vitest";
import { run } from "./support/server.ts";

/** `npm run soak`, in a process of its own. */
const soak = (...args: string[]) => run(process.execPath, ["test/soak/main.ts", ...args]).exited;

describe("whoever lets the line work for long", () => {
  it(
    "sees that calls, supervisors, exports and systems at once bring no error, and lose nothing",
    { timeout: 120_000 },
    async () => {
      const { code, out, err } = await soak("load", "--amount", "0.05", "--seed", "7", "--json");
      expect(JSON.parse(out)).toMatchObject({
        part: "load",
        seed: 7,
        kept: true,
        broken: [],
        figures: { errors: 0, ledger: expect.stringContaining("All is as it was signed") },
      });
      const { figures } = JSON.parse(out) as { figures: Record<string, number> };
      for (const what of ["calls", "webhooks", "pages", "permissions", "exports", "signIns"])
        expect(figures[what]).toBeGreaterThan(0);
      expect([code, err]).toEqual([0, expect.stringContaining("load: seed 7\n")]);
    },
  );

  it("is told which parts there are, and what is no number", async () => {
    expect(await soak("pigeons")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/^There is no part pigeons\.\n[^]*kills[^]*power[^]*seeds[^]*load/),
    });
    const { code, err } = await soak("load", "--amount", "an hour");
    expect([code, err]).toEqual([2, expect.stringContaining("--amount an hour is no number above 0.")]);
  });
});
