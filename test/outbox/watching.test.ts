import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMetrics } from "../../src/metrics.ts";
import { startSending, type SendingLine } from "./sending-line.ts";

let line: SendingLine;
beforeEach(() => (line = startSending()));
afterEach(() => line.stop());

describe("an operator who watches what leaves", () => {
  it("sees what came of each attempt, how much waits, and for how long", async () => {
    const metrics = createMetrics();
    metrics.watchOutgoing(line.outgoing, () => line.clock.now);
    line.twilio.state.faults = [{ status: 400, code: 63_024, message: "Invalid message recipient" }, 429];
    for (let person = 0; person < 2; person++) await line.agrees();
    await line.agrees({ simulated: true });
    await line.settle();
    line.seen.forEach(metrics.outgoing);
    line.clock.now += 1_000;
    const text = await metrics.text();
    expect(text).toContain('yesline_outgoing_total{kind="message",outcome="failed",simulated="false"} 1');
    expect(text).toContain('yesline_outgoing_total{kind="message",outcome="again",simulated="false"} 1');
    expect(text).toContain('yesline_outgoing_total{kind="message",outcome="accepted",simulated="true"} 1');
    expect(text).toContain('yesline_outgoing_rows{state="waiting"} 1');
    expect(text).toContain('yesline_outgoing_rows{state="failed"} 1');
    expect(text).toContain("yesline_outgoing_oldest_seconds 1\n");
  });

  it("reads in the log what was not sent and why, and no number", async () => {
    const message = "Attempt to send to unsubscribed recipient +14155552000";
    line.twilio.state.faults = [{ status: 400, code: 21_610, message }];
    const { entry } = await line.agrees();
    await line.settle();
    const [told] = line.lines.map((each) => JSON.parse(each) as Record<string, unknown>);
    const [job] = await line.all();
    expect(told).toMatchObject({
      level: 40,
      msg: "not sent",
      kind: "message",
      outcome: "failed",
      id: job?.id,
      businessId: entry.businessId,
      attempt: 1,
      code: "21610",
      reason: "Attempt to send to unsubscribed recipient …",
    });
  });
});
