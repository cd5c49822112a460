import { describe, expect, it } from "vitest";
import { before, brokenMinimum, retentionFor } from "../../src/call/retention.ts";

const day = (text: string) => Date.parse(`${text}T12:00:00Z`);

describe("a duration before a time", () => {
  it.each([
    ["P5Y", "2026-11-23", "2021-11-23"],
    ["P18M", "2026-11-23", "2025-05-23"],
    ["P30D", "2026-03-01", "2026-01-30"],
    ["P1M", "2026-03-31", "2026-02-28"],
    ["P1Y", "2028-02-29", "2027-02-28"],
    ["P1Y2M3D", "2026-03-05", "2025-01-02"],
  ])("%s before %s is %s", (duration, at, expected) => {
    expect(before(duration, day(at))).toBe(day(expected));
  });
});

describe("a business that would keep evidence too short", () => {
  const acme = { jurisdiction: "US", lines: ["+14155550100"], retention: "P5Y" } as const;
  it("is told the law that it would break", () => {
    expect(brokenMinimum({ ...acme, retention: "P4Y11M" })).toMatchObject({ duration: "P5Y" });
    expect(brokenMinimum({ ...acme, retention: "P1825D" })).toMatchObject({ duration: "P5Y" });
    expect(brokenMinimum({ ...acme, jurisdiction: "CA", retention: "P2Y" })).toMatchObject({
      duration: "P3Y",
    });
    const german = { jurisdiction: "EU", lines: ["+4930901820"], retention: "P3Y" } as const;
    expect(brokenMinimum(german)?.law).toContain("UWG");
  });
  it("is told nothing where it keeps it long enough, or no law says how long", () => {
    expect(brokenMinimum(acme)).toBeNull();
    expect(brokenMinimum({ ...acme, retention: "P60M" })).toBeNull();
    expect(brokenMinimum({ jurisdiction: "EU", lines: ["+34915550100"], retention: "P1M" })).toBeNull();
    expect(brokenMinimum({ ...acme, jurisdiction: "caller", retention: "P18M" })).toBeNull();
  });
});

describe("a person's evidence", () => {
  it("is kept as long as the law of the notice they heard, or of their country, wants", () => {
    expect(retentionFor("P18M", ["EU", "US"], "+34655558264")).toBe("P5Y");
    expect(retentionFor("P18M", ["CA"], "+14165550123")).toBe("P3Y");
    expect(retentionFor("P18M", ["EU"], "+4915123456789")).toBe("P5Y");
  });
  it("is kept as long as the business says where that is longer", () => {
    expect(retentionFor("P7Y", ["US"], "+14155550123")).toBe("P7Y");
    expect(retentionFor("P18M", ["EU"], "+34655558264")).toBe("P18M");
  });
});
