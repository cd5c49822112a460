import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepUp } from "../src/upkeep.ts";
import { startLine, type Line } from "./support/line.ts";

const HOUR_MS = 60 * 60 * 1000;

let line: Line;

beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

function round(): Promise<void> {
  return keepUp({
    ledger: line.ledger,
    messages: line.memory.messages,
    businesses: line.config.businesses,
    log: pino({ level: "silent" }),
    now: () => line.clock.now,
  });
}

describe("as time goes by", () => {
  it("a call that never said goodbye is closed after four hours, and not before", async () => {
    await line.call().begin();
    line.clock.now += 4 * HOUR_MS - 1;
    await round();
    expect(line.rows("call")).toMatchObject([{ ended_at: null }]);
    line.clock.now += 2;
    await round();
    expect(line.rows("call")).toMatchObject([{ ended_by: "sweep" }]);
  });

  it("a number that somebody named and that stayed silent is not asked for ever", async () => {
    const caller = line.call();
    await caller.begin();
    for (const digits of ["3", "14155550177", "1"]) await caller.press(digits);
    const states = () => line.rows("consent").map(({ state }) => state);
    expect(states()).toEqual(["pending", "pending"]);
    line.clock.now += 72 * HOUR_MS;
    await round();
    expect(states()).toEqual(["pending", "pending"]);
    line.clock.now += 1;
    await round();
    expect(states()).toEqual(["revoked", "revoked"]);
  });
});
