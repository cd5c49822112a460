import { afterAll, beforeAll, describe, expect } from "vitest";
import { sid } from "../support/line.ts";
import { someNumber } from "../support/memory.ts";
import { startServer, type Server } from "../support/server.ts";
import { fault } from "./rows.ts";
import { CHOICE, twilioOf, writtenIn, type Fields, type Twilio } from "./twilio.ts";

let server: Server;
let twilio: Twilio;
beforeAll(async () => {
  server = await startServer();
  twilio = twilioOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

const BOTH = new Set(["granted", "revoked"]);

const rowsOf = (table: string, callSid: string | undefined) =>
  server.rows(table).filter((row) => row["call_sid"] === callSid);

/** A call whose caller has heard the notice and is asked. @returns the answer's fields, for the key 1 */
async function asked(over: Fields = {}): Promise<Fields> {
  const fields = twilio.callFields(over);
  await twilio.post("/voice", fields);
  return { ...fields, CallStatus: "in-progress", Digits: "1" };
}

const ended = ({ Digits: _key, ...call }: Fields, sequence = "9"): Fields => ({
  ...call,
  CallStatus: "completed",
  CallDuration: "12",
  SequenceNumber: sequence,
});

/** The person writes it on WhatsApp. */
const writes = (from: string | undefined, body: string) =>
  twilio.messageFields({ From: `whatsapp:${from}`, Body: body });

/** Everything on record of whoever made the call, in the order of the commits, and where they stand. */
function recordOf(callSid: string | undefined) {
  const [first] = rowsOf("entry", callSid);
  const mine = (row: Record<string, unknown>) => row["subscriber_id"] === first?.["subscriber_id"];
  return {
    entries: server
      .rows("entry")
      .filter(mine)
      .map((row) => row["kind"]),
    stands: server
      .rows("consent")
      .filter((row) => mine(row) && row["simulated"] === 1)
      .map((row) => row["state"]),
  };
}

describe("a webhook that comes again", () => {
  fault(22, async () => {
    const earlier = server.rows("entry").length;
    for (const [path, fields] of await twilio.doors()) {
      const first = await twilio.post(path, fields);
      const before = writtenIn(server);
      const again = await twilio.post(path, fields);
      expect([path, again.status, again.text]).toEqual([path, first.status, first.text]);
      expect(writtenIn(server)).toEqual(before);
    }
    const added = server.rows("entry").slice(earlier);
    expect(added.map((row) => row["kind"])).toEqual(["granted", "revoked"]);
  });

  fault(23, async () => {
    const answer = await asked();
    const granted = await twilio.post(CHOICE, answer);
    await twilio.post("/voice/status", ended(answer));
    await twilio.post("/whatsapp", writes(answer["From"], "STOP"));
    const before = writtenIn(server);
    const replayed = await twilio.post(CHOICE, answer);
    expect([replayed.status, replayed.text]).toEqual([200, granted.text]);
    expect(writtenIn(server)).toEqual(before);
    expect(recordOf(answer["CallSid"])).toEqual({
      entries: ["granted", "revoked"],
      stands: ["revoked", "revoked"],
    });
  });

  fault(35, async () => {
    const call = twilio.callFields();
    const answer = { ...call, CallStatus: "in-progress", Digits: "1" };
    const stop = writes(call["From"], "STOP");
    const deliveries: [string, Fields][] = [
      ["/voice", call],
      [CHOICE, answer],
      ["/whatsapp", stop],
    ];
    for (const [path, fields] of deliveries) {
      const told = await Promise.all(Array.from({ length: 20 }, () => twilio.post(path, fields)));
      expect(new Set(told.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(told[0]?.status).toBe(200);
    }
    expect(rowsOf("call", call["CallSid"])).toHaveLength(1);
    expect(recordOf(call["CallSid"]).entries).toEqual(["granted", "revoked"]);
  });
});

describe("what comes in another order than it happened", () => {
  fault(36, async () => {
    const call = twilio.callFields();
    const status = (name: string, sequence: string): Fields => ({
      ...call,
      CallStatus: name,
      SequenceNumber: sequence,
    });
    const callbacks = [
      ended(call, "3"),
      status("ringing", "1"),
      status("in-progress", "2"),
      status("busy", "4"),
    ];
    for (const callback of callbacks) expect((await twilio.post("/voice/status", callback)).status).toBe(204);
    const late = await twilio.post("/voice", call);
    expect([late.status, late.text.includes("<Say")]).toEqual([200, false]);
    expect(rowsOf("call", call["CallSid"])).toMatchObject([{ status: "completed", duration_seconds: 12 }]);
    const kept = rowsOf("call_event", call["CallSid"]).filter((row) => row["kind"] === "status");
    expect(kept.map((row) => row["step"])).toEqual(["completed", "ringing", "in-progress", "busy"]);
  });

  fault(37, async () => {
    const answer = await asked();
    await twilio.post("/voice/status", ended(answer));
    const late = await twilio.post(CHOICE, answer);
    expect(late.status).toBe(200);
    expect(late.text).not.toContain("<Say");
    const key = rowsOf("call_event", answer["CallSid"]).find((row) => row["step"] === "choice");
    expect(key).toMatchObject({ kind: "key", key: "1" });
    expect(rowsOf("entry", answer["CallSid"])).toEqual([]);
    const withTheEnd = await asked();
    await twilio.post(CHOICE, { ...withTheEnd, CallStatus: "completed" });
    expect(rowsOf("entry", withTheEnd["CallSid"])).toEqual([]);
  });

  fault(41, async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => asked()));
    await Promise.all(
      people.map(async (answer, index) => {
        const grant = () => twilio.post(CHOICE, answer);
        const withdrawal = () => twilio.post("/whatsapp", writes(answer["From"], "STOP"));
        const [one, other] = index % 2 === 0 ? [grant, withdrawal] : [withdrawal, grant];
        // The first four are no race: each order is there for certain.
        if (index < 4) {
          await one();
          await other();
        } else await Promise.all([one(), other()]);
      }),
    );
    for (const [index, { CallSid: callSid }] of people.entries()) {
      const { entries, stands } = recordOf(callSid);
      const last = entries.at(-1);
      expect([index, new Set(entries), entries.length]).toEqual([index, BOTH, 2]);
      expect([index, stands]).toEqual([index, [last, last]]);
      if (index < 4) expect(last).toBe(index % 2 === 0 ? "revoked" : "granted");
    }
  });
});

describe("a caller who is hard to understand", () => {
  fault(38, async () => {
    const attempts = ["1".repeat(50), "#*", ""];
    for (const from of [someNumber(), "anonymous"]) {
      const call = server.call({ from });
      await call.begin();
      const told = [];
      for (const keys of attempts) told.push(await call.press(keys));
      expect(told.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(told.map(({ action }) => /try=\d/.exec(action ?? "")?.[0])).toEqual([
        "try=2",
        "try=3",
        undefined,
      ]);
      expect(told[2]?.hangsUp).toBe(true);
      expect(rowsOf("entry", call.callSid)).toEqual([]);
    }
    const more = await twilio.post(CHOICE.replace("try=1", "try=4"), await asked());
    expect(more.status).toBe(400);
  });

  fault(39, async () => {
    const nobodies = [
      "anonymous",
      "Restricted",
      "",
      "+266696687",
      "12345",
      "(415) 555-0123",
      "+12345678901234567",
      "+19005550123",
      "sip:someone@carrier.example",
    ];
    for (const from of nobodies) {
      const call = server.call({ from });
      const hello = await call.begin();
      expect([from, hello.action]).toEqual([from, expect.stringContaining("/other-number?")]);
      // A key that would agree, at the question that this caller was never asked.
      const forged = await call.post(CHOICE, { CallStatus: "in-progress", Digits: "1" });
      expect(forged.words).toMatch(/sorry/i);
      await call.press("1");
      expect(rowsOf("entry", call.callSid)).toEqual([]);
      expect(rowsOf("call", call.callSid)).toMatchObject([{ subscriber_id: null }]);
    }
  });

  fault(40, async () => {
    const verdicts: [Fields, string][] = [
      [{}, "unverified"],
      [{ StirVerstat: "" }, "unverified"],
      [{ StirVerstat: "passed-A" }, "unverified"],
      [{ StirVerstat: "TN-Validation-Passed-D" }, "unverified"],
      [{ StirVerstat: "TN-Validation-Passed-A\nx" }, "unverified"],
      [{ StirVerstat: "x".repeat(5_000) }, "unverified"],
      [{ StirVerstat: "TN-Validation-Passed-A" }, "passed-A"],
    ];
    for (const [fields, attestation] of verdicts) {
      const answer = await asked({ ...fields, CallSid: sid("CA") });
      await twilio.post(CHOICE, answer);
      expect(rowsOf("entry", answer["CallSid"])).toMatchObject([{ kind: "granted", attestation }]);
    }
  });
});
