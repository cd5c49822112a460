import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBLIC_URL, startSending, type SendingLine } from "./sending-line.ts";
import { someNumber } from "../support/memory.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PAYLOAD = { kind: "call", line: "+14155550100", locale: null } as const;

let line: SendingLine;
beforeEach(() => (line = startSending()));
afterEach(() => line.stop());

/** A call that somebody asked for. */
async function asked(to = someNumber()) {
  const subscriberId = await line.ledger.register("acme-dental", to, line.clock.now);
  return { to, id: await line.queue({ payload: PAYLOAD, subscriberId }) };
}

describe("someone who is called", () => {
  it("is called once, from the line, and a machine that answers is found out before the first word", async () => {
    const { to, id } = await asked();
    await line.later(HOUR_MS);
    expect(line.twilio.posted).toEqual([
      {
        From: "+14155550100",
        To: to,
        Url: `${PUBLIC_URL}/voice`,
        Method: "POST",
        StatusCallback: `${PUBLIC_URL}/voice/status`,
        StatusCallbackMethod: "POST",
        MachineDetection: "Enable",
        MachineDetectionTimeout: "30",
      },
    ]);
    expect(await line.row(id)).toMatchObject({ state: "sent", providerSid: line.twilio.calls[0]?.sid });
  });

  it.each(["lost", "broken"] as const)("(row 43, %s answer) is not called a second time", async (fault) => {
    line.twilio.state.faults = [fault];
    const { id } = await asked();
    await line.later(HOUR_MS);
    expect(line.twilio.calls).toHaveLength(1);
    expect(await line.row(id)).toMatchObject({ state: "sent", providerSid: line.twilio.calls[0]?.sid });
  });

  it("(row 43) is called where Twilio failed and had not placed the call", async () => {
    line.twilio.state.faults = [500];
    const { id } = await asked();
    await line.later(5 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(1);
    expect(await line.row(id)).toMatchObject({ state: "sent", attempts: 2 });
  });

  it("(row 43) is called though another system called before, and though they called us", async () => {
    const { to, id } = await asked();
    const between = { From: "+14155550100", To: to };
    line.twilio.calledElsewhere(between, { date_created: "Mon, 23 Nov 2026 08:00:00 +0000" });
    line.twilio.calledElsewhere(between, { direction: "inbound" });
    line.twilio.state.faults = [500];
    await line.settle();
    await line.later(5 * MINUTE_MS);
    expect(line.twilio.posted).toHaveLength(1);
    expect(await line.row(id)).toMatchObject({ state: "sent", attempts: 2 });
  });

  it("(row 43) is called though whoever had the number before was called, and was forgotten", async () => {
    const { to } = await asked();
    await line.settle();
    const by = { keepSuppression: false, by: "cli", byName: "cli", at: line.clock.now } as const;
    await line.privacy.erase({ businessId: "acme-dental", who: { number: to }, ...by });
    line.clock.now += 10_000;
    line.twilio.state.faults = [500];
    const { id } = await asked(to);
    await line.settle();
    await line.later(5 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(2);
    expect(await line.row(id)).toMatchObject({ state: "sent", attempts: 2 });
  });

  it("(row 43) is called again only because somebody asked again", async () => {
    const { to } = await asked();
    await line.settle();
    line.twilio.state.faults = [500];
    line.clock.now += 10_000;
    const { id } = await asked(to);
    await line.settle();
    await line.later(5 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(2);
    expect(await line.row(id)).toMatchObject({ state: "sent" });
  });

  it("(row 47) is not called in a quiet hour: the call is held, and its guard is asked again", async () => {
    const { id } = await asked();
    line.guard.verdict = { kind: "hold", until: line.clock.now + 10 * MINUTE_MS };
    await line.settle();
    expect(await line.row(id)).toMatchObject({
      state: "waiting",
      attempts: 0,
      dueAt: line.guard.verdict.until,
    });
    await line.later(9 * MINUTE_MS);
    expect(line.twilio.state.requests).toBe(0);
    line.guard.verdict = { kind: "go" };
    await line.later(2 * MINUTE_MS);
    expect(line.twilio.calls).toHaveLength(1);
    expect(line.guard.asked).toBe(2);
  });

  it("(row 47) is not called where the quiet hour lasts longer than the call may wait", async () => {
    const { id } = await asked();
    line.guard.verdict = { kind: "hold", until: line.clock.now + 11 * HOUR_MS };
    await line.later(12 * HOUR_MS);
    expect(await line.row(id)).toMatchObject({ state: "expired" });
    expect(line.twilio.state.requests).toBe(0);
  });

  it("(row 47) is not called after having said no meanwhile", async () => {
    const { id } = await asked();
    line.guard.verdict = { kind: "cancel", reason: "The person refused." };
    await line.later(HOUR_MS);
    expect(await line.row(id)).toMatchObject({ state: "cancelled", errorMessage: "The person refused." });
    expect(line.twilio.state.requests).toBe(0);
  });

  it("is one of many: at most one call is placed a second, and messages do not wait for them", async () => {
    for (let count = 0; count < 5; count++) await asked();
    await line.agrees();
    await line.settle();
    expect(line.twilio.calls).toHaveLength(1);
    expect(line.twilio.messages).toHaveLength(1);
    await line.later(500, 500);
    expect(line.twilio.calls).toHaveLength(1);
    await line.later(500, 500);
    expect(line.twilio.calls).toHaveLength(2);
    await line.later(3_000, 1_000);
    expect(line.twilio.calls).toHaveLength(5);
  });
});
