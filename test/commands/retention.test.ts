import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { startLine, type Line } from "../support/line.ts";
import { temporaryFolder } from "../support/memory.ts";
import { ROOT } from "../support/server.ts";

/** The line's clock stands in June; the command's is today's. */
let line: Line;
let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = temporaryFolder();
  const file = join(folder, "businesses.yaml");
  const demo = readFileSync(`${ROOT}src/businesses.demo.yaml`, "utf8");
  writeFileSync(file, demo.replace(/(ask: each\n\s+retention:) P5Y/, "$1 P1M"));
  line = startLine({ env: { YESLINE_BUSINESSES: file } });
  env = { DATABASE_URL: `file:${line.databaseFile}`, YESLINE_BUSINESSES: file };
});
afterEach(async () => {
  await line.stop();
  rmSync(folder, { recursive: true });
});

async function refuses(from: string): Promise<string> {
  const call = line.call({ from, to: "+34915550100" });
  await call.begin();
  await call.press("2");
  await call.press("2");
  await call.press("2");
  return (await line.ledger.subscriber("hotel-miramar", from as `+${string}`))?.id ?? "";
}

describe("yesline retention run", () => {
  it("says first who it would be, and changes nothing as long as it is only asked", async () => {
    const id = await refuses("+34655558264");
    const { code, out } = await cli(["retention", "run", "--dry-run"], env);
    expect([code, out]).toEqual([
      0,
      `acme-dental: 0 past the retention of P5Y\nhotel-miramar: 1 past the retention of P1M\n  ${id}  no use after 2026-07-01T09:00:00.000Z\n`,
    ]);
    expect(line.rows("subscriber")).toHaveLength(1);
    expect(line.rows("access_log")).toEqual([]);
  });

  it("forgets them then, on record, and leaves alone whose law wants it longer", async () => {
    await refuses("+34655558264");
    await refuses("+4915123456789");
    const { code, out, err } = await cli(["retention", "run", "--json"], env);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({
      dryRun: false,
      businesses: [{ forgotten: 0 }, { business: "hotel-miramar", people: [{}], forgotten: 1 }],
    });
    expect(line.rows("subscriber")).toHaveLength(1);
    expect(await line.ledger.subscriber("hotel-miramar", "+4915123456789")).not.toBeNull();
    expect(line.rows("erasure")).toMatchObject([{ cause: "retention", traces_gone_at: expect.any(Number) }]);
    expect(line.rows("access_log")).toMatchObject([{ action: "erased", subject: null }]);
    const [erased] = line.rows("erasure");
    expect(readFileSync(`${line.databaseFile}.erasures`, "utf8")).toContain(String(erased?.["id"]));
  });

  it("is told which businesses there are, where the one it is asked for is none", async () => {
    const { code, err } = await cli(["retention", "run", "--business", "acme"], env);
    expect([code, err]).toEqual([2, "No business is called acme: use one of acme-dental, hotel-miramar.\n"]);
  });
});
