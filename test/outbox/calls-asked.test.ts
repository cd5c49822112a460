import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import type { CallRequest } from "../../src/outbox/calls.ts";
import { agree, answers, begins, callOf, entryOf, someNumber, withdrawalOf } from "../support/memory.ts";
import { PUBLIC_URL, startSending, type SendingLine, type SendingOptions } from "./sending-line.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** An hour for all of the United States: 11 in Honolulu, 16 in New York. */
const AFTERNOON = Date.UTC(2026, 10, 23, 21);
/** The last minute before it is 21 o'clock in New York. */
const LAST_MINUTE = Date.UTC(2026, 10, 24, 1, 59);
const NEXT_MORNING = Date.UTC(2026, 10, 24, 18);

let line: SendingLine;
function start(calls: SendingOptions["calls"] = {}): void {
  line = startSending({ guarded: true, calls: { perNumber: 1, ...calls } });
  line.clock.now = AFTERNOON;
}
beforeEach(() => start());
afterEach(() => line.stop());

async function restart(calls: SendingOptions["calls"]): Promise<void> {
  await line.stop();
  start(calls);
}

let causes = 0;
function ask(to: string, over: Partial<CallRequest> = {}) {
  return line.dispatch.calls.placeCall({
    businessId: "acme-dental",
    to,
    locale: null,
    simulated: false,
    requestedBy: "key-1",
    cause: `asked:${causes++}`,
    at: line.clock.now,
    ...over,
  });
}

async function queued(to: string, over: Partial<CallRequest> = {}): Promise<string> {
  const placed = await ask(to, over);
  if (placed.kind !== "queued") throw new Error(placed.explanation);
  return placed.id;
}

const reasonOf = async (to: string, over: Partial<CallRequest> = {}) => {
  const placed = await ask(to, over);
  return placed.kind === "queued" ? "queued" : placed.reason;
};

/** The call rings, is taken, and ends. */
async function isOver(id: string, to: E164): Promise<void> {
  const { providerSid } = await line.row(id);
  const call = callOf({ callSid: providerSid ?? "", direction: "outbound", caller: to, at: line.clock.now });
  const status = { status: "no-answer", sequence: 0, durationSeconds: 0, terminal: true, at: line.clock.now };
  await line.ledger.recordStatus(call, status);
}

describe("a call that somebody asks for", () => {
  it("is placed from the business's line, in the language that was named", async () => {
    const to = someNumber();
    await queued(to, { locale: "en-US" });
    await line.settle();
    expect(line.twilio.posted).toMatchObject([
      { From: "+14155550100", To: to, Url: `${PUBLIC_URL}/voice?locale=en-US`, MachineDetection: "Enable" },
    ]);
  });

  it("asked for once more under the same name, is one call", async () => {
    const to = someNumber();
    const first = await queued(to, { cause: "the same" });
    await line.settle();
    expect(await queued(to, { cause: "the same" })).toBe(first);
    await line.later(HOUR_MS);
    expect(line.twilio.calls).toHaveLength(1);
  });

  it("that nobody took is not repeated by itself", async () => {
    const to = someNumber();
    const id = await queued(to);
    await line.settle();
    await isOver(id, to);
    await line.later(24 * HOUR_MS, HOUR_MS);
    expect(line.twilio.calls).toHaveLength(1);
    expect(await reasonOf(to)).toBe("queued");
  });

  it("in the simulated world reaches the simulator's account alone, and is counted apart", async () => {
    const to = someNumber();
    await queued(to, { simulated: true });
    await queued(to);
    await line.later(2_000, 1_000);
    expect([line.simulated.calls.length, line.twilio.calls.length]).toEqual([1, 1]);
  });
});

describe("(row 45) before any request and any row, the line refuses", () => {
  it.each([
    ["a premium number", "+19005550123", "unreachable_number"],
    ["a country that is not allowed", "+447911123456", "country_not_allowed"],
    ["what is no number", "5550123", "malformed_number"],
    ["its own line", "+14155550100", "own_number"],
  ])("%s", async (_, to, reason) => {
    expect(await reasonOf(to)).toBe(reason);
    await nothingIsLeft();
  });

  it("a business that is not there, a language that it does not speak, a call that would wait for days", async () => {
    expect(await reasonOf(someNumber(), { businessId: "nobody" })).toBe("unknown_business");
    expect(await reasonOf(someNumber(), { locale: "hi-IN" })).toBe("unknown_language");
    expect(await reasonOf(someNumber(), { expiresInMinutes: 10_000 })).toBe("expiry_out_of_range");
    await nothingIsLeft();
  });

  async function nothingIsLeft() {
    await line.settle();
    expect(line.twilio.state.requests).toBe(0);
    expect([line.count("outbox"), line.count("subscriber")]).toEqual([0, 0]);
  }
});

describe("nobody is called", () => {
  it("who refused on the phone", async () => {
    const to = someNumber();
    const call = callOf({ caller: to, at: line.clock.now });
    await line.ledger.record(begins(call));
    await line.ledger.record(answers(call, [entryOf({ kind: "refused" })]));
    expect(await reasonOf(to)).toBe("refused");
  });

  it("who withdrew, though they had never agreed", async () => {
    const to = someNumber();
    await line.ledger.revoke(withdrawalOf(to));
    expect(await reasonOf(to)).toBe("withdrawn");
  });

  it("who said no, though somebody else has named their number since", async () => {
    const [refused, withdrawn] = [someNumber(), someNumber()];
    const call = callOf({ caller: refused, at: line.clock.now });
    await line.ledger.record(begins(call));
    await line.ledger.record(answers(call, [entryOf({ kind: "refused" })]));
    await line.ledger.revoke(withdrawalOf(withdrawn));
    for (const to of [refused, withdrawn]) {
      const another = callOf({ at: line.clock.now });
      await line.ledger.record(begins(another));
      const subscriberId = await line.ledger.register("acme-dental", to, line.clock.now);
      const pending = entryOf({ kind: "pending", subscriberId });
      await line.ledger.record(answers(another, [pending], { step: "confirm-number" }));
    }
    expect(await reasonOf(refused)).toBe("refused");
    expect(await reasonOf(withdrawn)).toBe("withdrawn");
  });

  it("who has agreed to everything; who agreed in the simulated world only, is", async () => {
    const [real, played] = [someNumber(), someNumber()];
    await agree(line.ledger, callOf({ caller: real }));
    await agree(line.ledger, callOf({ caller: played, simulated: true }));
    expect(await reasonOf(real)).toBe("granted");
    expect(await reasonOf(played)).toBe("queued");
  });

  it("who is on the phone with the line at that moment", async () => {
    const to = someNumber();
    await line.ledger.record(begins(callOf({ caller: to, at: line.clock.now })));
    expect(await reasonOf(to)).toBe("under_way");
  });

  it("whose call waits, rings or goes on, whatever the cap", async () => {
    await restart({ perNumber: 9 });
    const to = someNumber();
    const id = await queued(to);
    expect(await reasonOf(to)).toBe("under_way");
    await line.settle();
    expect(await reasonOf(to)).toBe("under_way");
    await isOver(id, to);
    expect(await reasonOf(to)).toBe("queued");
  });
});

describe("(row 46) caps hold", () => {
  it("for one number that is asked for a hundred times, one after the other and all at once", async () => {
    await restart({ perNumber: 3, perHour: 1_000, perOperator: 1_000 });
    const to = someNumber();
    const reasons: string[] = [];
    for (let time = 0; time < 100; time++) {
      const placed = await ask(to);
      reasons.push(placed.kind === "refused" ? placed.reason : "queued");
      if (placed.kind === "refused") continue;
      await line.settle();
      await isOver(placed.id, to);
      line.clock.now += MINUTE_MS;
    }
    expect(line.twilio.calls).toHaveLength(3);
    expect(reasons.slice(0, 4)).toEqual(["queued", "queued", "queued", "number_cap"]);
    expect(line.count("outbox")).toBe(3);
    const at = await Promise.all(Array.from({ length: 100 }, () => reasonOf(someoneElse)));
    expect(at.filter((reason) => reason === "queued")).toHaveLength(1);
  });
  const someoneElse = someNumber();

  it("for a business, of many requests at once", async () => {
    await restart({ perHour: 5 });
    const reasons = await Promise.all(
      Array.from({ length: 20 }, (_, one) => reasonOf(someNumber(), { requestedBy: `key-${one}` })),
    );
    expect(reasons.filter((reason) => reason === "queued")).toHaveLength(5);
    expect(new Set(reasons)).toEqual(new Set(["queued", "business_cap"]));
    expect(line.count("subscriber")).toBe(5);
    line.clock.now += HOUR_MS;
    expect(await reasonOf(someNumber())).toBe("queued");
  });

  it("for whoever asks, of many requests at once; another one may still ask", async () => {
    await restart({ perOperator: 2 });
    const reasons = await Promise.all(Array.from({ length: 10 }, () => reasonOf(someNumber())));
    expect(reasons.filter((reason) => reason === "queued")).toHaveLength(2);
    expect(reasons).toContain("requester_cap");
    expect(await reasonOf(someNumber(), { requestedBy: "key-2" })).toBe("queued");
  });

  it("where an old failure is tried again after a newer call has rung", async () => {
    const to = someNumber();
    line.twilio.state.faults = [{ status: 400, code: 21_211, message: "Invalid" }];
    const failed = await queued(to);
    await line.settle();
    expect(await line.row(failed)).toMatchObject({ state: "failed" });
    line.clock.now += 24 * HOUR_MS;
    const rung = await queued(to);
    await line.settle();
    await isOver(rung, to);
    await line.outgoing.retry(failed, line.clock.now, line.clock.now + HOUR_MS);
    await line.later(2_000, 1_000);
    expect(await line.row(failed)).toMatchObject({
      state: "cancelled",
      errorMessage: expect.stringContaining("as often"),
    });
    expect(line.twilio.calls).toHaveLength(1);
  });
});

describe("(row 47) the queue crosses the quiet hour", () => {
  /** Twilio is down until it is too late. */
  async function delayed(over: Partial<CallRequest> = {}) {
    line.clock.now = LAST_MINUTE;
    const to = someNumber();
    const id = await queued(to, over);
    line.twilio.state.down = 429;
    await line.settle();
    line.twilio.state.down = null;
    line.clock.now = LAST_MINUTE + MINUTE_MS;
    return { to, id };
  }

  it("and the call is given up, where it would end before the morning", async () => {
    const { id, to } = await delayed();
    await line.later(10 * MINUTE_MS);
    expect(line.twilio.calls).toEqual([]);
    expect(await line.row(id)).toMatchObject({
      state: "cancelled",
      errorMessage: expect.stringContaining("outside"),
    });
    // It never rang: it counts for no cap.
    line.clock.now = NEXT_MORNING;
    expect(await reasonOf(to)).toBe("queued");
  });

  it("and the call is held until the morning, where it lives so long", async () => {
    const { id } = await delayed({ expiresInMinutes: 20 * 60 });
    await line.later(10 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toEqual([]);
    await line.later(7 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(1);
    const { state, finishedAt } = await line.row(id);
    expect([state, finishedAt]).toEqual(["sent", NEXT_MORNING]);
  });

  it("a call asked for at night waits for the morning, if it may wait so long", async () => {
    line.clock.now = LAST_MINUTE + MINUTE_MS;
    expect(await reasonOf(someNumber())).toBe("outside_hours");
    await queued(someNumber(), { expiresInMinutes: 24 * 60 });
    await line.later(15 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toEqual([]);
    await line.later(2 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(1);
  });

  it("and who withdrew while the call was held is not called", async () => {
    const { id, to } = await delayed({ expiresInMinutes: 20 * 60 });
    await line.ledger.revoke(withdrawalOf(to));
    await line.later(20 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toEqual([]);
    expect(await line.row(id)).toMatchObject({
      state: "cancelled",
      errorMessage: expect.stringContaining("withdrawn"),
    });
  });

  it("and a number that was erased meanwhile is not called", async () => {
    const { id } = await delayed({ expiresInMinutes: 20 * 60 });
    line.connection.client.exec("DELETE FROM subscriber");
    await line.later(20 * HOUR_MS, 15 * MINUTE_MS);
    expect(line.twilio.calls).toEqual([]);
    expect(await line.row(id)).toMatchObject({ state: "cancelled" });
  });
});
