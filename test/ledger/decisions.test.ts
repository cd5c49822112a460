import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import type { Decision } from "../../src/ledger/integration.ts";
import { fullestWindow } from "../../src/ledger/sqlite/decisions.ts";
import { agree, callOf, openMemory, withdrawalOf, type Memory } from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

const NUMBER: E164 = "+14155550123";
const NOW = Date.UTC(2026, 10, 23, 18);
const DAY_MS = 24 * 60 * 60 * 1000;
const QUESTION = {
  businessId: "acme-dental",
  number: NUMBER,
  topic: "policy-updates",
  simulated: false,
  sendAt: NOW,
  windowMs: 7 * DAY_MS,
};
const standing = (over: Partial<typeof QUESTION> = {}) => memory.decisions.standing({ ...QUESTION, ...over });

function decisionOf(over: Partial<Decision> = {}): Decision {
  return {
    businessId: "acme-dental",
    subscriberId: standing().subscriberId,
    topic: "policy-updates",
    simulated: false,
    sendAt: NOW,
    capped: true,
    allowed: true,
    reason: "granted",
    entryId: standing().entryId,
    keyId: "key-1",
    at: NOW,
    ...over,
  };
}

describe("what a decision stands on", () => {
  it("is nothing where nobody knows the number", () => {
    expect(standing()).toEqual({ subscriberId: null, state: "none", entryId: null, allowedBefore: 0 });
    expect(memory.count("subscriber")).toBe(0);
  });

  it("is the grant, with the entry that shows it", async () => {
    await agree(memory.ledger, callOf());
    const [person] = memory.rows("subscriber");
    const [entry] = memory.rows("entry");
    expect(standing()).toEqual({
      subscriberId: person?.["id"],
      state: "granted",
      entryId: entry?.["id"],
      allowedBefore: 0,
    });
  });

  it("is the withdrawal, from the moment it is recorded", async () => {
    await agree(memory.ledger, callOf());
    const [withdrawn] = await memory.ledger.revoke(withdrawalOf(NUMBER));
    expect(standing()).toMatchObject({ state: "revoked", entryId: withdrawn?.id });
  });

  it("is never another topic's, another business's or another number's consent", async () => {
    await agree(memory.ledger, callOf(), { topics: ["appointment-reminders"] });
    expect(standing()).toMatchObject({ state: "none", entryId: null });
    expect(standing().subscriberId).not.toBeNull();
    expect(standing({ topic: "appointment-reminders", businessId: "hotel-miramar" }).state).toBe("none");
    expect(standing({ topic: "appointment-reminders", number: "+14155550124" }).state).toBe("none");
  });

  it("is never a simulated consent in the real world, nor the other way round", async () => {
    await agree(memory.ledger, callOf({ simulated: true }));
    expect(standing().state).toBe("none");
    expect(standing({ simulated: true }).state).toBe("granted");
  });

  it("forgets a person who was erased", async () => {
    await agree(memory.ledger, callOf());
    memory.connection.client.exec("DELETE FROM subscriber");
    expect(standing()).toEqual({ subscriberId: null, state: "none", entryId: null, allowedBefore: 0 });
  });
});

describe("a decision that is kept", () => {
  it("stays as it was made, and cannot be changed or taken away", async () => {
    await agree(memory.ledger, callOf());
    const id = await memory.decisions.keep(
      decisionOf({ reason: "quiet_hours", allowed: false, at: NOW - 5 }),
    );
    expect(memory.rows("decision")).toMatchObject([
      {
        id,
        business_id: "acme-dental",
        topic: "policy-updates",
        simulated: 0,
        send_at: NOW,
        allowed: 0,
        reason: "quiet_hours",
        entry_id: standing().entryId,
        key_id: "key-1",
        at: NOW - 5,
      },
    ]);
    const { client } = memory.connection;
    expect(() => client.exec("UPDATE decision SET allowed = 1")).toThrow("decisions never change");
    expect(() => client.exec("DELETE FROM decision")).toThrow("decisions never vanish");
  });

  it("is kept of a stranger too", async () => {
    await memory.decisions.keep(decisionOf({ reason: "no_consent", allowed: false }));
    expect(memory.rows("decision")).toMatchObject([{ subscriber_id: null, entry_id: null, allowed: 0 }]);
  });
});

describe("the cap on messages", () => {
  beforeEach(() => agree(memory.ledger, callOf()));
  const allow = (sendAt: number, over: Partial<Decision> = {}) =>
    memory.decisions.keep(decisionOf({ sendAt, ...over }));
  const counted = (over: Partial<typeof QUESTION> = {}) => standing(over).allowedBefore;

  it("counts what was allowed in the window, and not what lies a whole window away", async () => {
    await allow(NOW - 7 * DAY_MS);
    expect(counted()).toBe(0);
    await allow(NOW - 7 * DAY_MS + 1);
    expect(counted()).toBe(1);
    await allow(NOW);
    expect(counted()).toBe(2);
    await allow(NOW + 7 * DAY_MS);
    expect(counted()).toBe(2);
  });

  it("counts what was allowed for later: whoever asks for tomorrow first does not get a second today", async () => {
    await allow(NOW + DAY_MS);
    expect(counted()).toBe(1);
  });

  it("does not count two that no window holds together", async () => {
    await allow(NOW - 4 * DAY_MS);
    await allow(NOW + 4 * DAY_MS);
    expect(counted()).toBe(1);
  });

  it("counts neither refusals, nor other topics, other people and the other world", async () => {
    await allow(NOW, { allowed: false, reason: "quiet_hours" });
    await allow(NOW, { topic: "appointment-reminders" });
    await allow(NOW, { subscriberId: "somebody else" });
    await allow(NOW, { simulated: true });
    await allow(NOW, { businessId: "hotel-miramar" });
    expect(counted()).toBe(0);
  });

  it("counts nothing where there is no cap, or no consent", async () => {
    await allow(NOW);
    expect(counted({ windowMs: 0 })).toBe(0);
    await memory.ledger.revoke(withdrawalOf(NUMBER));
    expect(counted()).toBe(0);
  });

  it("counts what is still on its way to the disk: of two requests at once, one is the last", async () => {
    const first = allow(NOW);
    expect(memory.count("decision")).toBe(0);
    expect(counted()).toBe(1);
    await first;
    expect(memory.count("decision")).toBe(1);
    expect(counted()).toBe(1);
  });

  it("does not count what the disk refused", async () => {
    memory.connection.client.exec(
      "CREATE TRIGGER refused BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    const refused = allow(NOW);
    expect(counted()).toBe(1);
    await expect(refused).rejects.toThrow("refused");
    expect(counted()).toBe(0);
  });

  it("finds the fullest window whatever was asked in whatever order", () => {
    const times = fc.array(fc.integer({ min: -99, max: 99 }), { maxLength: 12 });
    fc.assert(
      fc.property(times, (given) => {
        const ordered = given.toSorted((one, two) => one - two);
        const windows = Array.from({ length: 100 }, (_, at) => at - 99);
        const held = windows.map(
          (from) => ordered.filter((time) => from <= time && time < from + 100).length,
        );
        expect(fullestWindow(ordered, 0, 100)).toBe(Math.max(...held));
      }),
      { numRuns: 2_000 },
    );
  });
});
