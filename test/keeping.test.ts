import { mkdirSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forgetWhoHasExpired, keepingBook, listErasures } from "../src/keeping.ts";
import { createMetrics } from "../src/metrics.ts";
import { startLine, type Line } from "./support/line.ts";

const YEAR_MS = 366 * 24 * 60 * 60 * 1000;

let line: Line;
let parts: Parameters<typeof listErasures>[0];
let metric: (name: string) => Promise<string>;
beforeEach(() => {
  line = startLine();
  const { privacy } = line.memory;
  const { observe, status } = keepingBook();
  const metrics = createMetrics();
  metrics.watchPrivacy({ tally: () => privacy.erasureTally(), keeping: status });
  parts = {
    privacy,
    businesses: line.config.businesses,
    erasureList: `${line.databaseFile}.erasures`,
    log: pino({ level: "silent" }),
    now: () => line.clock.now,
    observe,
  };
  metric = async (name) =>
    new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "m").exec(await metrics.text())?.[1] ?? "none";
});
afterEach(() => line.stop());

const erase = () =>
  line.memory.privacy.erase({
    businessId: "acme-dental",
    who: { number: "+14155550123" },
    keepSuppression: false,
    by: "cli",
    byName: "cli",
    at: line.clock.now,
  });

describe("whoever watches what was promised to people", () => {
  it("sees the daily round, how many it forgot, and whose old pages are left", async () => {
    const call = line.call();
    await call.begin();
    await call.press("2");
    expect(await metric("yesline_retention_timestamp_seconds")).toBe("Nan");
    line.clock.now += 6 * YEAR_MS;
    await forgetWhoHasExpired(parts);
    expect(await metric("yesline_retention_timestamp_seconds")).toBe(String(line.clock.now / 1000));
    expect(await metric("yesline_retention_forgotten")).toBe("1");
    expect(await metric("yesline_erasures_unfinished")).toBe("1");
    await line.memory.privacy.clearTraces(line.clock.now);
    expect(await metric("yesline_erasures_unfinished")).toBe("0");
  });

  it("counts those of both causes, those of other processes too, and each once", async () => {
    await erase();
    await erase();
    expect(await metric('yesline_erasures_total\\{cause="request"\\}')).toBe("2");
    await erase();
    expect(await metric('yesline_erasures_total\\{cause="request"\\}')).toBe("3");
    expect(await metric('yesline_erasures_total\\{cause="retention"\\}')).toBe("0");
  });

  it("is alarmed where the list for restores is not kept, and sees when it is again", async () => {
    await listErasures(parts);
    expect(await metric("yesline_erasure_list_kept")).toBe("1");
    const taken = join(line.databaseFile, "..", "taken");
    mkdirSync(taken);
    await listErasures({ ...parts, erasureList: taken });
    expect(await metric("yesline_erasure_list_kept")).toBe("0");
    await listErasures(parts);
    expect(await metric("yesline_erasure_list_kept")).toBe("1");
  });

  it("does not take a round for done that failed for one business", async () => {
    const failing = { ...parts.privacy, expired: () => Promise.reject(new Error("disk")) };
    await forgetWhoHasExpired({ ...parts, privacy: failing });
    expect(await metric("yesline_retention_timestamp_seconds")).toBe("Nan");
  });
});
