import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withdrawalOf } from "../support/memory.ts";
import {
  messagePayload,
  PUBLIC_URL,
  startSending,
  TEMPLATE,
  whatsapp,
  type SendingLine,
} from "./sending-line.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let line: SendingLine;
beforeEach(() => (line = startSending()));
afterEach(() => line.stop());

describe("someone who agreed on the phone", () => {
  it("gets one confirmation, from the approved template, with the topics", async () => {
    const { caller, entry } = await line.agrees();
    await line.settle();
    const [job] = await line.all();
    expect(line.twilio.posted).toEqual([
      {
        From: "whatsapp:+14155550110",
        To: whatsapp(caller),
        ContentSid: TEMPLATE,
        ContentVariables: JSON.stringify({
          "1": "Acme Dental",
          "2": "appointment reminders and policy updates",
          "3": job?.id,
        }),
        StatusCallback: `${PUBLIC_URL}/whatsapp/status?outgoing=${job?.id}`,
      },
    ]);
    const [message] = line.twilio.messages;
    expect(job).toMatchObject({ state: "sent", providerSid: message?.sid, entryId: entry.id });
    await line.later(2 * HOUR_MS);
    expect(line.twilio.posted).toHaveLength(1);
  });

  it("finds what was sent kept word for word, under the id that its status comes back with", async () => {
    await line.agrees();
    await line.settle();
    const [job] = await line.all();
    const [message] = line.rows("message");
    const text = line.rows("served_text").find((row) => row["digest"] === message?.["text_digest"]);
    expect(message).toMatchObject({ id: job?.id, sid: job?.providerSid, content_sid: TEMPLATE });
    expect(text?.["words"]).toContain("appointment reminders and policy updates");
  });

  it("and withdrew before it left is not told of a consent that has ended", async () => {
    line.twilio.state.down = 429;
    const { caller } = await line.agrees();
    await line.settle();
    await line.ledger.revoke({ ...withdrawalOf(caller), at: line.clock.now });
    line.twilio.state.down = null;
    await line.later(5 * MINUTE_MS);
    const states = (await line.all()).map(({ cause, state }) => [cause.split(":")[0], state]);
    expect(states).toEqual([
      ["withdrawn", "sent"],
      ["confirmation", "cancelled"],
    ]);
    expect(line.twilio.posted).toHaveLength(1);
  });

  it("and had asked to join once more is not asked where they stopped before the notice left", async () => {
    const { caller, entry } = await line.agrees();
    await line.settle();
    line.twilio.state.down = 429;
    const { subscriberId } = entry;
    const id = await line.queue({
      subscriberId,
      payload: messagePayload({ purpose: "notice" }),
    });
    await line.settle();
    line.clock.now += 1;
    await line.ledger.revoke({ ...withdrawalOf(caller), at: line.clock.now });
    line.twilio.state.down = null;
    await line.later(5 * MINUTE_MS);
    expect(await line.row(id)).toMatchObject({ state: "cancelled", providerSid: null });
  });

  it("and was erased before it left is not written to", async () => {
    const { entry } = await line.agrees();
    line.connection.client.prepare("DELETE FROM subscriber WHERE id = ?").run(entry.subscriberId);
    await line.settle();
    expect(await line.all()).toMatchObject([
      { state: "cancelled", errorMessage: "The number has been erased." },
    ]);
    expect(line.twilio.state.requests).toBe(0);
  });
});

describe("row 42: Twilio says too many requests", () => {
  it("and is asked again when it allows it, once", async () => {
    line.twilio.state.faults = [429];
    line.twilio.state.retryAfter = "90";
    await line.agrees();
    await line.settle();
    expect(await line.all()).toMatchObject([
      { state: "waiting", errorCode: "429", dueAt: line.clock.now + 90_000, unclearSince: null },
    ]);
    await line.later(89_000, 1_000);
    expect(line.twilio.posted).toHaveLength(0);
    await line.later(2_000, 1_000);
    expect(line.twilio.posted).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent", attempts: 2, errorCode: null }]);
  });
});

describe("row 43: Twilio accepted it and the answer was lost", () => {
  it.each(["lost", "broken"] as const)("(%s): nobody gets a second message", async (fault) => {
    line.twilio.state.faults = [fault];
    await line.agrees();
    await line.settle();
    expect(await line.all()).toMatchObject([{ state: "waiting", unclearSince: line.clock.now }]);
    await line.later(HOUR_MS);
    const [message, ...others] = line.twilio.messages;
    expect(others).toEqual([]);
    expect(await line.all()).toMatchObject([{ state: "sent", providerSid: message?.sid }]);
    expect(line.seen.map(({ outcome }) => outcome)).toEqual(["unclear", "found"]);
  });

  it("and as long as nobody can look, nothing is sent", async () => {
    line.twilio.state.faults = ["broken"];
    await line.agrees();
    await line.settle();
    line.twilio.state.blind = 503;
    await line.later(HOUR_MS);
    expect(line.twilio.messages).toHaveLength(1);
    line.twilio.state.blind = null;
    await line.later(HOUR_MS);
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });

  it("but what was not accepted is sent, whatever else was written to that person before", async () => {
    const { caller } = await line.agrees();
    const between = { From: "whatsapp:+14155550110", To: whatsapp(caller), Body: "See you at nine." };
    line.twilio.elsewhere(between, { date_created: "Mon, 23 Nov 2026 08:00:00 +0000" });
    line.twilio.elsewhere(between, { direction: "inbound" });
    line.twilio.state.faults = [500];
    await line.settle();
    expect(await line.all()).toMatchObject([{ state: "waiting", unclearSince: line.clock.now }]);
    await line.later(HOUR_MS);
    expect(line.twilio.posted).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });

  it("and a message of ours that went there just before is not taken for it", async () => {
    const { caller } = await line.agrees();
    await line.settle();
    line.clock.now += 10_000;
    line.twilio.state.faults = [500];
    await line.ledger.revoke({ ...withdrawalOf(caller), at: line.clock.now });
    await line.settle();
    await line.later(10 * MINUTE_MS);
    expect(line.twilio.posted).toHaveLength(2);
    expect((await line.all()).map(({ state }) => state)).toEqual(["sent", "sent"]);
  });

  it("and what went to whoever had the number before, who was forgotten, is not taken for it", async () => {
    const { caller } = await line.agrees();
    await line.settle();
    const who = { number: caller };
    const by = { keepSuppression: false, by: "cli", byName: "cli", at: line.clock.now } as const;
    await line.privacy.erase({ businessId: "acme-dental", who, ...by });
    line.clock.now += 10_000;
    line.twilio.state.faults = [500];
    await line.agrees({ caller });
    await line.settle();
    await line.later(10 * MINUTE_MS);
    expect(line.twilio.messages).toHaveLength(2);
    const sids = line.twilio.messages.map(({ sid }) => sid);
    expect((await line.all()).map(({ state, providerSid }) => [state, providerSid])).toEqual(
      sids.map((sid) => ["sent", sid]),
    );
  });

  it("and free text is told from another system's by its words", async () => {
    const { caller, entry } = await line.agrees();
    await line.settle();
    line.twilio.state.faults = [500];
    const payload = messagePayload({ purpose: "help", sessionUntil: line.clock.now + HOUR_MS });
    const id = await line.queue({
      payload,
      subscriberId: entry.subscriberId,
      expiresAt: line.clock.now + HOUR_MS,
    });
    await line.settle();
    line.twilio.elsewhere({ From: "whatsapp:+14155550110", To: whatsapp(caller), Body: "See you at nine." });
    await line.later(10 * MINUTE_MS);
    expect(line.twilio.posted).toHaveLength(2);
    expect(await line.row(id)).toMatchObject({ state: "sent" });
  });
});

describe("a worker that died", () => {
  it("after Twilio had accepted the message leaves nothing that is sent twice", async () => {
    await line.agrees();
    const refusing = { ...line.outgoing, accepted: () => Promise.reject(new Error("killed")) };
    const { worker } = line.start({ outgoing: refusing });
    await worker.tick(line.clock.now);
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sending" }]);
    await line.later(HOUR_MS);
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent", providerSid: line.twilio.messages[0]?.sid }]);
  });

  it("before it had put anything into words leaves a message that is sent", async () => {
    await line.agrees();
    await line.outgoing.claim({ now: line.clock.now, leaseMs: 1_000, limit: 1, kinds: ["message"] });
    await line.later(HOUR_MS);
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });
});

describe("row 44: Twilio fails", () => {
  it("for an hour: what is to be sent is kept, and sent once", async () => {
    line.twilio.state.down = 503;
    await line.agrees();
    await line.later(HOUR_MS);
    expect(await line.all()).toMatchObject([{ state: "waiting" }]);
    line.twilio.state.down = null;
    await line.later(30 * MINUTE_MS);
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });

  it("for longer than it matters: it expires where everybody can see it, and may be asked for again", async () => {
    line.twilio.state.down = 503;
    const { caller } = await line.agrees();
    await line.later(25 * HOUR_MS, 10 * MINUTE_MS);
    const [expired] = await line.all();
    expect(expired).toMatchObject({ state: "expired", errorMessage: expect.stringContaining("HTTP 503") });
    expect(await line.ledger.granted("acme-dental", caller, false)).toHaveLength(2);
    line.twilio.state.down = null;
    await line.outgoing.retry(expired?.id ?? "", line.clock.now, line.clock.now + HOUR_MS);
    await line.settle();
    expect(line.twilio.messages).toHaveLength(1);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });

  it("for an hour, while people call: every call is recorded, and everyone is written to once", async () => {
    const callers: string[] = [];
    const faults = [503, "broken", 429] as const;
    for (let minute = 0; minute < 60; minute += 5) {
      line.twilio.state.down = faults[(minute / 5) % 3] ?? 503;
      callers.push(whatsapp((await line.agrees()).caller));
      await line.later(5 * MINUTE_MS);
    }
    expect(line.count("entry")).toBe(12);
    expect(line.twilio.messages).toEqual([]);
    line.twilio.state.down = null;
    await line.later(HOUR_MS);
    const reached = line.twilio.messages.map(({ to }) => to);
    expect(new Set(reached)).toEqual(new Set(callers));
    expect(reached).toHaveLength(12);
    expect(await line.all("sent")).toHaveLength(12);
  });
});

describe("row 48: WhatsApp refuses", () => {
  it.each([
    [63_024, "Invalid message recipient"],
    [63_016, "Failed to send freeform message because you are outside the allowed window"],
    [21_610, "Attempt to send to unsubscribed recipient +14155552000"],
  ])("%i: consent is unchanged, and the failure is shown with its code", async (code, message) => {
    line.twilio.state.faults = [{ status: 400, code, message }];
    const { caller } = await line.agrees();
    await line.later(HOUR_MS);
    const [job] = await line.all();
    expect(job).toMatchObject({ state: "failed", errorCode: String(code), attempts: 1 });
    expect(job?.errorMessage).not.toMatch(/\d{7}/);
    expect(await line.ledger.granted("acme-dental", caller, false)).toHaveLength(2);
    expect(line.twilio.messages).toEqual([]);
    expect(line.lines.some((each) => each.includes("not sent"))).toBe(true);
    expect(line.rows("message")).toMatchObject([{ status: "failed", error_code: code, sid: null }]);
  });

  it("and what somebody asks for again is queued again, without a word of the failure", async () => {
    line.twilio.state.faults = [{ status: 400, code: 63_024, message: "Invalid message recipient" }];
    await line.agrees();
    await line.settle();
    const [job] = await line.all();
    await line.outgoing.retry(job?.id ?? "", line.clock.now, line.clock.now + HOUR_MS);
    await line.settle();
    const [message] = line.twilio.messages;
    expect(line.rows("message")).toMatchObject([{ status: "queued", error_code: null, sid: message?.sid }]);
  });

  it("and a wrong token fails nothing: it waits until somebody has set it right", async () => {
    line.twilio.state.faults = [{ status: 401, code: 20_003, message: "Authenticate" }];
    await line.agrees();
    await line.settle();
    expect(await line.all()).toMatchObject([{ state: "waiting", errorCode: "20003" }]);
    await line.later(HOUR_MS);
    expect(await line.all()).toMatchObject([{ state: "sent" }]);
  });
});

describe("without an approved template", () => {
  beforeEach(async () => {
    await line.stop();
    line = startSending({ templates: false });
  });

  it("a confirmation is not sent, and the failure says what to set; consent is unchanged", async () => {
    const { caller } = await line.agrees();
    await line.settle();
    expect(await line.all()).toMatchObject([
      { state: "failed", errorMessage: expect.stringContaining("whatsapp.templates.confirmation") },
    ]);
    expect(line.twilio.state.requests).toBe(0);
    expect(await line.ledger.granted("acme-dental", caller, false)).toHaveLength(2);
  });

  it("someone who has just written is answered in words; a minute past the window, no more", async () => {
    const { entry } = await line.agrees();
    await line.settle();
    const until = line.clock.now + MINUTE_MS;
    const about = { subscriberId: entry.subscriberId, expiresAt: line.clock.now + HOUR_MS };
    const inside = await line.queue({ ...about, payload: messagePayload({ sessionUntil: until }) });
    const outside = { ...about, dueAt: until, payload: messagePayload({ sessionUntil: until }) };
    const late = await line.queue(outside);
    await line.settle();
    await line.later(2 * MINUTE_MS);
    expect(await line.row(inside)).toMatchObject({ state: "sent" });
    expect(await line.row(late)).toMatchObject({ state: "failed" });
    expect(line.twilio.posted).toMatchObject([{ Body: expect.stringContaining("appointment reminders") }]);
  });
});

describe("law 6", () => {
  it("what is simulated never reaches the real account, nor the other way round", async () => {
    const played = await line.agrees({ simulated: true });
    const real = await line.agrees();
    await line.settle();
    expect(line.simulated.posted).toMatchObject([{ To: whatsapp(played.caller) }]);
    expect(line.twilio.posted).toMatchObject([{ To: whatsapp(real.caller) }]);
  });

  it("and where the line has no account, what is simulated goes to the mock, and what is real waits, visibly", async () => {
    await line.stop();
    line = startSending({ account: false });
    const played = await line.agrees({ simulated: true });
    await line.agrees();
    await line.settle();
    expect(line.simulated.posted).toMatchObject([{ To: whatsapp(played.caller) }]);
    expect(await line.all("waiting")).toMatchObject([
      { simulated: false, errorMessage: expect.stringContaining("set TWILIO_ACCOUNT_SID") },
    ]);
  });
});
