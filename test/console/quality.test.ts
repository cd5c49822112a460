import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isWarning } from "../../src/console/pages/quality.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";
import { correspondent } from "./correspondent.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

const NOUGHT = { sent: 0, delivered: 0, failed: 0, blocked: 0, allowed: 0, disallowed: 0 };

describe("a supervisor who looks at Today", () => {
  it("is warned in words where too many leave", async () => {
    for (const from of ["+14155550101", "+14155550102"]) await line.granted(from);
    const viewer = await line.operator("viewer");
    expect(await viewer.page("/console/today")).not.toContain("Too many leave");
    await correspondent(line, "+14155550101").writes("STOP");
    const shown = await viewer.page("/console/today");
    expect(shown).toContain("Too many leave:");
    expect(shown).toContain("appointment reminders of Acme Dental (7 and 30 days)");
    expect(shown).toContain("50 %, too many");
    expect(shown).toContain("1 of 2");
  });

  it("is warned from the business's own limit on, and where people only leave", () => {
    const { businesses } = line.config;
    const row = (granted: number, revoked: number) => ({
      ...NOUGHT,
      businessId: "acme-dental",
      topic: "appointment-reminders",
      granted,
      revoked,
    });
    const limit = businesses[0]?.optOutWarning;
    expect(limit).toBe(0.05);
    expect(isWarning(businesses, row(100, 4))).toBe(false);
    expect(isWarning(businesses, row(100, 5))).toBe(true);
    expect(isWarning(businesses, row(0, 1))).toBe(true);
    expect(isWarning(businesses, row(0, 0))).toBe(false);
    expect(isWarning(businesses, { ...row(1, 1), businessId: "nobody" })).toBe(false);
  });
});
