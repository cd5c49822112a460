import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/memory.ts";
import { ROOT } from "../support/server.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NUMBER = "+34655558264";

let folder: string;
let line: ConsoleLine;
/** As the line tells it. */
let last: { at: number; forgotten: number; ok: boolean } | null;
beforeEach(async () => {
  folder = temporaryFolder();
  last = null;
  const file = join(folder, "businesses.yaml");
  const demo = readFileSync(`${ROOT}src/businesses.demo.yaml`, "utf8");
  writeFileSync(file, demo.replace(/(ask: each\n\s+retention:) P5Y/, "$1 P2M"));
  line = await startConsoleLine({
    env: { YESLINE_BUSINESSES: file },
    parts: { lastRetention: () => last },
  });
});
afterEach(async () => {
  await line.stop();
  rmSync(folder, { recursive: true });
});

async function refuses(from: string): Promise<string> {
  const call = line.call({ from, to: "+34915550100" });
  await call.begin();
  for (const key of ["2", "2", "2"]) await call.press(key);
  return (await line.ledger.subscriber("hotel-miramar", from as `+${string}`))?.id ?? "";
}

const DRY_RUN = "/console/forgetting/hotel-miramar";

describe("an admin who sees to the retention", () => {
  it("sees first who it would be, now and soon, and nobody is forgotten by looking", async () => {
    const id = await refuses(NUMBER);
    const admin = await line.operator("admin");
    expect(await admin.page(DRY_RUN)).toContain("0 would be forgotten now");
    line.clock.now += 65 * DAY_MS;
    expect(await admin.page(DRY_RUN)).toContain("1 more within 30 days");
    line.clock.now += 40 * DAY_MS;
    const shown = await admin.page(DRY_RUN);
    expect(shown).toContain("1 would be forgotten now");
    expect(shown).toContain(`/console/subscribers/hotel-miramar/${id}`);
    expect(line.rows("subscriber")).toHaveLength(1);
  });

  it("forgets exactly those who were shown, on record, and finds the run and the certificate again", async () => {
    const id = await refuses(NUMBER);
    const late = await refuses("+34655558265");
    line.clock.now += 100 * DAY_MS;
    const admin = await line.operator("admin");
    await admin.page(DRY_RUN);
    const done = await admin.post(DRY_RUN, { person: [id] });
    expect([done.status, done.headers.get("location")]).toEqual([303, "/console/forgetting?done=1"]);
    expect(line.rows("subscriber").map((row) => row["id"])).toEqual([late]);
    const [erased] = line.rows("erasure");
    expect(erased).toMatchObject({ subscriber_id: id, cause: "retention", by_name: admin.email });
    const access = (await line.accesses()).find(({ action }) => action === "erased");
    expect(access).toMatchObject({ actorName: admin.email, detail: "retention P2M has ended for 1" });
    const shown = await admin.page("/console/forgetting?done=1");
    expect(shown).toContain("1 forgotten.");
    expect(shown).toContain(`1, by ${admin.email}`);
    const link = `/console/erasures/hotel-miramar/${String(erased?.["id"])}`;
    expect(shown).toContain(`href="${link}"`);
    expect(await admin.page(link)).toContain(`Certificate of erasure ${String(erased?.["id"])}`);
    const json = await admin.get(`${link}/certificate.json`);
    expect(await json.json()).toMatchObject({ pseudonym: id, cause: "retention" });
  });

  it("does not forget whoever called after the page was shown, nor anybody whose time has not come", async () => {
    const id = await refuses(NUMBER);
    line.clock.now += 100 * DAY_MS;
    const admin = await line.operator("admin");
    expect(await admin.page(DRY_RUN)).toContain(id);
    await line.call({ from: NUMBER, to: "+34915550100" }).begin();
    const fresh = await refuses("+34655558265");
    const done = await admin.post(DRY_RUN, { person: [id, fresh, "nobody"] });
    expect(done.headers.get("location")).toBe("/console/forgetting?done=0");
    expect(line.rows("subscriber")).toHaveLength(2);
  });

  it("finds the certificate of a number of which nothing was kept", async () => {
    const { id } = await line.memory.privacy.erase({
      businessId: "acme-dental",
      who: { number: "+14155550123" },
      keepSuppression: false,
      by: "cli",
      byName: "command line",
      at: line.clock.now,
    });
    const admin = await line.operator("admin");
    expect(await admin.page("/console/forgetting")).toContain(id);
    expect(await admin.page(`/console/erasures/acme-dental/${id}`)).toContain(
      "nothing was kept of the number",
    );
  });

  it("is told how the daily round went, and when it failed", async () => {
    const admin = await line.operator("admin");
    const page = () => admin.page("/console/forgetting");
    expect(await page()).toContain("begins five minutes after the start");
    last = { at: line.clock.now, forgotten: 12, ok: true };
    expect(await page()).toContain("12 forgotten.");
    last = { at: line.clock.now, forgotten: 0, ok: false };
    expect(await page()).toContain("It failed for one business at least");
  });

  it("is an admin: a supervisor neither sees who it would be nor forgets anybody", async () => {
    const id = await refuses(NUMBER);
    line.clock.now += 100 * DAY_MS;
    const supervisor = await line.operator("supervisor");
    expect((await supervisor.get("/console/forgetting")).status).toBe(403);
    expect((await supervisor.post(DRY_RUN, { person: [id] })).status).toBe(403);
    expect(await supervisor.page("/console/today")).not.toContain("/console/forgetting");
    expect(line.rows("subscriber")).toHaveLength(1);
    const admin = await line.operator("admin");
    expect((await admin.get("/console/forgetting/nobody")).status).toBe(404);
  });
});
