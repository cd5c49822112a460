import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLine, type Line } from "../support/line.ts";

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

describe("a caller of Acme Dental", () => {
  it("hears who asks, that it is WhatsApp, what for and whose duty the law is, before any key counts", async () => {
    const { beforeGather, twiml } = await line.call().begin();
    for (const said of ["Acme Dental", "WhatsApp", "appointment reminders", "policy updates", "law"]) {
      expect(beforeGather).toContain(said);
    }
    expect(twiml).toMatch(/<Gather[^>]*><Say[^>]*>[^<]*0 1 2 3/);
  });

  it("presses 1 once and is opted in", async () => {
    const call = line.call();
    await call.begin();
    const answer = await call.press("1");
    expect(answer.words).toContain("recorded");
    expect(answer.hangsUp).toBe(true);
    expect(line.rows("entry")).toMatchObject([
      { kind: "granted", locale: "en-US", jurisdiction: "US", script: "2026-11-22", key: "1", call_sid: call.callSid },
    ]);
    expect(line.rows("consent").map((row) => [row["topic"], row["state"], row["simulated"]])).toEqual([
      ["appointment-reminders", "granted", 1],
      ["policy-updates", "granted", 1],
    ]);
  });
});
