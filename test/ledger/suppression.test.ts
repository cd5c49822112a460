import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { clinic } from "../call/clinic.ts";
import { agree, answers, begins, entryOf, openMemory, someNumber, type Memory } from "../support/memory.ts";
import { clinicCall, DAY_MS, HOUR_MS, joined, outbox, TOPICS, writes } from "./correspondence.ts";

const NUMBER: E164 = "+14155557391";
const AT = Date.UTC(2026, 10, 24, 18);

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

function erase(keepSuppression: boolean) {
  const by = { by: "cli", byName: "command line" };
  return memory.privacy.erase({
    businessId: "clinic",
    who: { number: NUMBER },
    keepSuppression,
    ...by,
    at: AT,
  });
}

function permission(simulated = false) {
  const question = {
    businessId: "clinic",
    number: NUMBER,
    topic: "visits",
    simulated,
    sendAt: AT,
    windowMs: 0,
  };
  return memory.decisions.standing(question).state;
}

async function called() {
  const payload = { kind: "call", line: "+14155550100", locale: null } as const;
  const order = {
    businessId: "clinic",
    to: NUMBER,
    cause: "c",
    simulated: false,
    payload,
    requestedBy: "key",
  };
  const business = clinic({ calls: { ...clinic().calls, countries: ["US"] } });
  return memory.outgoing.addCall({ ...order, expiresAt: AT + HOUR_MS, at: AT }, business);
}

describe("a number that stays withdrawn when its person is forgotten", () => {
  it("is kept as a hash that is nobody's without the key, and says whether they had withdrawn", async () => {
    await joined(memory, { caller: NUMBER });
    await writes(memory, NUMBER, { kind: "stop", topics: null }).answered;
    const { suppressed } = await erase(true);
    expect(suppressed).toBe(true);
    expect(memory.rows("suppression")).toEqual([
      { business_id: "clinic", hash: expect.stringMatching(/^[0-9a-f]{64}$/), reason: "withdrawn", at: AT },
    ]);
    expect(await memory.privacy.isSuppressed("clinic", NUMBER)).toBe(true);
    expect(await memory.privacy.isSuppressed("clinic", someNumber())).toBe(false);
    expect(await memory.privacy.isSuppressed("acme-dental", NUMBER)).toBe(false);
  });

  it("may not be written to, in either world", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    expect([permission(), permission(true)]).toEqual(["revoked", "revoked"]);
  });

  it("is not called by the line, and the request leaves no number behind", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    expect(await called()).toMatchObject({ kind: "refused", reason: "withdrawn" });
    expect(memory.rows("subscriber")).toEqual([]);
  });

  it("is not asked on WhatsApp because another caller names it", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    const subscriberId = await memory.ledger.register("clinic", NUMBER, AT);
    const other = clinicCall();
    await memory.ledger.record(begins(other));
    await memory.ledger.record(answers(other, [entryOf({ kind: "pending", topics: TOPICS, subscriberId })]));
    expect((await outbox(memory)).filter((each) => each.startsWith("verification"))).toEqual([]);
  });

  it("takes no consent from another number", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    const { number: from } = await joined(memory);
    const change = {
      businessId: "clinic",
      from,
      to: NUMBER,
      simulated: false,
      source: "api",
      sourceId: "c1",
    } as const;
    const ground = {
      reason: null,
      locale: "en-US",
      jurisdiction: "US",
      script: "2026-11-22",
      at: AT,
    } as const;
    expect(await memory.messages.changeNumber({ ...change, ...ground })).toEqual([]);
    expect(await memory.ledger.granted("clinic", from, false)).toHaveLength(2);
  });

  it("is free again once its own person agrees with a key, and is told so", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    await agree(memory.ledger, clinicCall({ caller: NUMBER, at: AT }), { topics: TOPICS });
    expect(memory.rows("suppression")).toEqual([]);
    expect(permission()).toBe("granted");
    expect((await outbox(memory)).at(-1)).toBe("confirmation offers+visits");
  });

  it("is not freed by a simulated yes", async () => {
    await joined(memory, { caller: NUMBER });
    await erase(true);
    await agree(memory.ledger, clinicCall({ caller: NUMBER, simulated: true }), { topics: TOPICS });
    expect(memory.count("suppression")).toBe(1);
    expect([permission(), permission(true)]).toEqual(["revoked", "granted"]);
  });

  it("is not freed by a caller who only listens, refuses or leaves", async () => {
    await erase(true);
    const call = clinicCall({ caller: NUMBER, at: AT });
    await memory.ledger.record(begins(call));
    await memory.ledger.record(answers(call, [entryOf({ kind: "refused", topics: TOPICS })]));
    expect(memory.count("suppression")).toBe(1);
  });

  it("is kept for a stranger, too, who wants nothing kept but that", async () => {
    expect((await erase(true)).subscriberId).toBeNull();
    expect(memory.rows("suppression")).toMatchObject([{ reason: "erased" }]);
    expect(permission()).toBe("revoked");
  });

  it("is forgotten altogether where nobody asked to keep it", async () => {
    await erase(true);
    const { suppressed } = await erase(false);
    expect(suppressed).toBe(false);
    expect(memory.rows("suppression")).toEqual([]);
    expect(permission()).toBe("none");
    await joined(memory, { caller: NUMBER, at: AT + DAY_MS });
  });
});
