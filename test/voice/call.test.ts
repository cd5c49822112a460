import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLine, type Line } from "../support/line.ts";

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

const WITHHELD = "anonymous";

describe("a caller of Acme Dental", () => {
  it("hears who asks, that it is WhatsApp, what for and whose duty the law is, before any key counts", async () => {
    const { beforeGather, twiml, status } = await line.call().begin();
    expect(status).toBe(200);
    for (const said of ["Acme Dental", "WhatsApp", "appointment reminders", "policy updates", "law"]) {
      expect(beforeGather).toContain(said);
    }
    expect(twiml).toMatch(/<Gather[^>]*><Say[^>]*>[^<]*0 1 2 3/);
  });

  it("presses 1 once and is opted in", async () => {
    const call = line.call({ fields: { StirVerstat: "TN-Validation-Passed-A" } });
    await call.begin();
    const answer = await call.press("1");
    expect(answer.words).toContain("recorded");
    expect(answer.hangsUp).toBe(true);
    expect(line.rows("entry")).toMatchObject([
      {
        kind: "granted",
        topics: '["appointment-reminders","policy-updates"]',
        locale: "en-US",
        jurisdiction: "US",
        script: "2026-11-22",
        key: "1",
        call_sid: call.callSid,
        attestation: "passed-A",
        simulated: 1,
        at: line.clock.now,
      },
    ]);
    expect(states()).toEqual({ "appointment-reminders": "granted", "policy-updates": "granted" });
  });

  it("leaves the verbatim notice behind, found by its digest, with nothing personal in it", async () => {
    const call = line.call();
    const { beforeGather } = await call.begin();
    await call.press("1");
    const notice = line.rows("served_text").find((row) => String(row["words"]).startsWith(beforeGather));
    expect(notice?.["words_digest"]).toBe(
      createHash("sha256").update(String(notice?.["words"])).digest("hex"),
    );
    expect(JSON.stringify(line.rows("served_text"))).not.toContain("0 1 2 3");
    expect(JSON.stringify([line.rows("call"), line.rows("call_event"), line.rows("entry")])).not.toContain(
      "4155550123",
    );
  });

  it("presses 2 and is on record as refusing", async () => {
    const call = line.call();
    await call.begin();
    const answer = await call.press("2");
    expect(answer.words).toContain("recorded");
    expect(line.rows("entry")).toMatchObject([{ kind: "refused" }]);
    expect(states()).toEqual({ "appointment-reminders": "refused", "policy-updates": "refused" });
  });

  it("says nothing three times: is asked three times, and has agreed to nothing", async () => {
    const call = line.call();
    await call.begin();
    const second = await call.press("");
    expect(second.action).toContain("try=2");
    const third = await call.press("");
    expect(third.action).toContain("try=3");
    const last = await call.press("");
    expect(last.hangsUp).toBe(true);
    expect(last.action).toBeNull();
    expect(line.rows("entry")).toEqual([]);
  });

  it("presses a key that means nothing, is told so, and can still agree", async () => {
    const call = line.call();
    await call.begin();
    const again = await call.press("7");
    expect(again.words).toContain("not one of the choices");
    await call.press("1");
    expect(line.rows("entry")).toMatchObject([{ kind: "granted", attempt: 2 }]);
  });

  it("presses 9 and hears the whole notice again", async () => {
    const call = line.call();
    const first = await call.begin();
    const again = await call.press("9");
    expect(again.beforeGather).toBe(first.beforeGather);
  });

  it("presses 0 and is connected to a person", async () => {
    const call = line.call();
    await call.begin();
    expect((await call.press("0")).twiml).toContain("<Dial>+14155550190</Dial>");
    expect(line.rows("entry")).toEqual([]);
  });

  it("hears a reference that is the same each time and six digits long", async () => {
    const call = line.call();
    await call.begin();
    expect((await call.press("1")).words).toMatch(/(?:\d ){5}\d/);
  });
});

describe("a returning caller", () => {
  it("is recognised and withdraws with one key", async () => {
    await agree();
    const call = line.call();
    const hello = await call.begin();
    expect(hello.action).toContain("/welcome-back?");
    const answer = await call.press("2");
    expect(answer.words).toContain("recorded");
    expect(line.rows("entry").map((row) => row["kind"])).toEqual(["granted", "revoked"]);
    expect(states()).toEqual({ "appointment-reminders": "revoked", "policy-updates": "revoked" });
  });

  it("keeps everything as it is with one key, and nothing is written down as new consent", async () => {
    await agree();
    const call = line.call();
    await call.begin();
    expect((await call.press("1")).hangsUp).toBe(true);
    expect(line.rows("entry")).toHaveLength(1);
  });

  it("moves to another number: the old consent ends and the new one waits for its owner", async () => {
    await agree();
    const call = line.call();
    await call.begin();
    const ask = await call.press("3");
    expect(ask.beforeGather).toContain("WhatsApp");
    const confirm = await call.press("14155550177");
    expect(confirm.words).toContain("1 4 1 5 5 5 5 0 1 7 7");
    expect(confirm.words).toContain("messages to your old number stop");
    const ended = await call.press("1");
    expect(ended.words).toContain("your old number's consent has ended");
    expect(ended.hangsUp).toBe(true);
    expect(line.rows("entry").map((row) => row["kind"])).toEqual(["granted", "revoked", "pending"]);
    const [granted, revoked, pending] = line.rows("entry");
    expect(revoked?.["subscriber_id"]).toBe(granted?.["subscriber_id"]);
    expect(pending?.["subscriber_id"]).not.toBe(granted?.["subscriber_id"]);
  });

  it("who withdrew is asked anew", async () => {
    await agree();
    const call = line.call();
    await call.begin();
    await call.press("2");
    expect((await line.call().begin()).action).toContain("/choice?");
  });

  it("withdraws, the webhook comes twice: the same answer, one entry", async () => {
    await agree();
    const call = line.call();
    await call.begin();
    const path = call.action();
    const first = await call.press("2");
    const second = await call.post(path, { Digits: "2" });
    expect(second.twiml).toBe(first.twiml);
    expect(line.rows("entry")).toHaveLength(2);
  });
});

describe("a caller whose number is withheld", () => {
  it("hears the notice, keys in a number, hears it back, and the consent waits for that number's owner", async () => {
    const call = line.call({ from: WITHHELD });
    const first = await call.begin();
    expect(first.beforeGather).toContain("Acme Dental");
    expect(first.action).toContain("/other-number?");
    const confirm = await call.press("14155550199");
    expect(confirm.words).toContain("1 4 1 5 5 5 5 0 1 9 9");
    expect(confirm.action).not.toContain("0199");
    const answer = await call.press("1");
    expect(answer.words).toContain("WhatsApp");
    expect(line.rows("entry")).toMatchObject([{ kind: "pending", key: "1" }]);
    expect(states()).toEqual({ "appointment-reminders": "pending", "policy-updates": "pending" });
  });

  it.each([
    "",
    "+266696687",
    "Restricted",
    "12345",
    "+19005550123",
    "*67",
    "(415) 555-0123",
    "Ünknown",
    "+12345678901234567",
  ])("is asked for a number where From is %j, and nothing is bound to nobody", async (from) => {
    const call = line.call({ from });
    expect((await call.begin()).action).toContain("/other-number?");
    await call.press("2");
    expect(line.rows("entry")).toEqual([]);
    expect(line.rows("call")).toMatchObject([{ subscriber_id: null }]);
  });

  it("keys in nonsense three times and the call ends without an entry", async () => {
    const call = line.call({ from: WITHHELD });
    await call.begin();
    await call.press("12345678901234567890123456789012345678901234567890");
    await call.press("*#*#");
    expect((await call.press("")).hangsUp).toBe(true);
    expect(line.rows("entry")).toEqual([]);
  });

  it("corrects a wrongly keyed number", async () => {
    const call = line.call({ from: WITHHELD });
    await call.begin();
    await call.press("14155550198");
    expect((await call.press("2")).action).toContain("/other-number?try=2");
    await call.press("14155550199");
    await call.press("1");
    expect(line.rows("entry")).toMatchObject([{ kind: "pending" }]);
  });
});

describe("a guest of Hotel Miramar", () => {
  const guest = () => line.call({ to: "+34915550100", from: "+34600000123" });

  it.each([
    ["1", "es-ES", "avisos de reserva", "ofertas"],
    ["2", "en-US", "reservation updates", "offers"],
    ["3", "fr-FR", "suivi de réservation", "offres"],
    ["4", "de-DE", "Buchungsinfos", "Angebote"],
  ])(
    "chooses language %s (%s), wants one kind of update and refuses the other",
    async (key, locale, wanted, unwanted) => {
      const call = guest();
      const offers = await call.begin();
      expect(offers.twiml.match(/<Gather/g)).toHaveLength(1);
      expect(new Set([...offers.twiml.matchAll(/language="([^"]+)"/g)].map((match) => match[1]))).toEqual(
        new Set(["es-ES", "en-US", "fr-FR", "de-DE"]),
      );
      const notice = await call.press(key);
      for (const said of ["Hotel Miramar", "WhatsApp", wanted, unwanted])
        expect(notice.beforeGather).toContain(said);
      expect(notice.twiml).toContain(`language="${locale}"`);
      await call.press("1");
      const ending = await call.press("2");
      expect(ending.hangsUp).toBe(true);
      expect(ending.words).toContain(wanted);
      expect(ending.words).not.toContain(unwanted);
      expect(line.rows("entry")).toMatchObject([
        { kind: "granted", topics: '["reservation-updates"]', locale, jurisdiction: "EU" },
        { kind: "refused", topics: '["offers"]', locale, jurisdiction: "EU" },
      ]);
    },
  );

  it("agrees to one kind and falls silent at the next: what was agreed stays, and is said", async () => {
    const call = guest();
    await call.begin();
    await call.press("2");
    await call.press("1");
    await call.press("");
    await call.press("");
    const ending = await call.press("");
    expect(ending.words).toContain("reservation updates");
    expect(line.rows("entry")).toMatchObject([{ kind: "granted", topics: '["reservation-updates"]' }]);
  });

  it("gives another number first, and every yes waits for its owner", async () => {
    const call = guest();
    await call.begin();
    await call.press("2");
    await call.press("3");
    await call.press("34600000456");
    await call.press("1");
    await call.press("1");
    await call.press("2");
    expect(line.rows("entry")).toMatchObject([{ kind: "pending", topics: '["reservation-updates"]' }]);
  });
});

describe("a webhook that comes again", () => {
  it("is answered the same, byte for byte, and writes nothing", async () => {
    const call = line.call();
    const hello = await call.begin();
    const path = call.action();
    const answer = await call.press("1");
    const before = [line.rows("entry"), line.rows("call_event"), line.rows("consent")];
    line.clock.now += 60_000;
    expect((await call.post(path, { CallStatus: "in-progress", Digits: "1" })).twiml).toBe(answer.twiml);
    expect((await call.post("/voice", { CallStatus: "ringing" })).twiml).toBe(hello.twiml);
    expect([line.rows("entry"), line.rows("call_event"), line.rows("consent")]).toEqual(before);
  });

  it("comes twenty times at once and makes one entry", async () => {
    const call = line.call();
    await call.begin();
    const path = call.action();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call.post(path, { Digits: "1" })));
    expect(new Set(answers.map((answer) => answer.twiml)).size).toBe(1);
    expect(line.rows("entry")).toHaveLength(1);
  });

  it("brings another key for a question that was answered: the first answer stands", async () => {
    const call = line.call();
    await call.begin();
    const path = call.action();
    const first = await call.press("1");
    const second = await call.post(path, { Digits: "2" });
    expect(second.twiml).toBe(first.twiml);
    expect(line.rows("entry")).toMatchObject([{ kind: "granted" }]);
  });

  it("of a number being confirmed is answered the same", async () => {
    const call = line.call({ from: WITHHELD });
    await call.begin();
    const path = call.action();
    const first = await call.press("14155550199");
    expect((await call.post(path, { Digits: "14155550199" })).twiml).toBe(first.twiml);
    expect(line.rows("subscriber")).toHaveLength(1);
  });
});

describe("the call's status", () => {
  it("ends with completed, and a key that comes later is kept as an event and is no consent", async () => {
    const call = line.call();
    await call.begin();
    await call.post("/voice/status", { CallStatus: "completed", CallDuration: "12", SequenceNumber: "3" });
    const late = await call.press("1");
    expect(late.words).toBe("");
    expect(late.hangsUp).toBe(true);
    expect(line.rows("entry")).toEqual([]);
    expect(line.rows("call_event").filter((row) => row["kind"] === "key" && row["key"] === "1")).toHaveLength(
      1,
    );
    expect(line.rows("call")).toMatchObject([{ status: "completed", duration_seconds: 12 }]);
  });

  it("never goes back when callbacks come in any order, or twice", async () => {
    const call = line.call();
    for (const [status, sequence] of [
      ["completed", "3"],
      ["ringing", "1"],
      ["in-progress", "2"],
      ["completed", "3"],
    ] as const) {
      const answer = await call.post("/voice/status", { CallStatus: status, SequenceNumber: sequence });
      expect(answer.status).toBe(204);
    }
    expect(line.rows("call")).toMatchObject([{ status: "completed" }]);
    expect(line.rows("call_event")).toHaveLength(3);
  });

  it("of a key that arrives with the hang-up is a hang-up", async () => {
    const call = line.call();
    await call.begin();
    await call.post(call.action(), { CallStatus: "completed", Digits: "1" });
    expect(line.rows("entry")).toEqual([]);
  });
});

async function agree(): Promise<void> {
  const call = line.call();
  await call.begin();
  await call.press("1");
}

function states(): Record<string, unknown> {
  return Object.fromEntries(line.rows("consent").map((row) => [String(row["topic"]), row["state"]]));
}
