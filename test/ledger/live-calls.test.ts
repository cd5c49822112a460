import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveCall } from "../../src/ledger/integration.ts";
import { openMemory, type Memory } from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

const CALL: LiveCall = {
  businessId: "acme-dental",
  callSid: `CA${"1".repeat(32)}`,
  returnUrl: "https://agents.example/back",
  requestedBy: "key-1",
  at: Date.UTC(2026, 10, 23, 9),
};

describe("an agent's call that is brought into the flow", () => {
  it("is found with the address that it goes back to", async () => {
    expect(await memory.liveCalls.find(CALL.businessId, CALL.callSid)).toBeNull();
    expect(await memory.liveCalls.add(CALL)).toBe(true);
    expect(await memory.liveCalls.find(CALL.businessId, CALL.callSid)).toEqual(CALL);
    expect(await memory.liveCalls.find("hotel-miramar", CALL.callSid)).toBeNull();
  });

  it("is brought in once, whoever asks, and the first one's address stands", async () => {
    const other = { ...CALL, returnUrl: null, requestedBy: "key-2" };
    const added = await Promise.all([memory.liveCalls.add(CALL), memory.liveCalls.add(other)]);
    expect(added).toEqual([true, false]);
    expect(await memory.liveCalls.find(CALL.businessId, CALL.callSid)).toEqual(CALL);
  });

  it("may be brought in again where Twilio did not take it over", async () => {
    await memory.liveCalls.add(CALL);
    await memory.liveCalls.remove(CALL.businessId, CALL.callSid);
    const again = { ...CALL, returnUrl: null };
    expect(await memory.liveCalls.add(again)).toBe(true);
    expect(await memory.liveCalls.find(CALL.businessId, CALL.callSid)).toEqual(again);
  });
});
