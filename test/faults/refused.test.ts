import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { sid } from "../support/line.ts";
import { startServer, type Server } from "../support/server.ts";
import { fault } from "./rows.ts";
import { CHOICE, twilioOf, writtenIn, type Fields, type Meddling, type Twilio } from "./twilio.ts";

let server: Server;
let twilio: Twilio;
let dripping: ReturnType<typeof drip>;
beforeAll(async () => {
  server = await startServer();
  twilio = twilioOf(server);
  // It takes ten seconds, in which all the others are answered.
  dripping = drip(twilio);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Every door for Twilio answers so, and not one row is written. */
async function everyDoor(status: number, meddling: Meddling): Promise<void> {
  const doors = await twilio.doors();
  const before = writtenIn(server);
  for (const [path, fields] of doors) {
    const { status: told } = await twilio.post(path, fields, meddling);
    expect([path, told]).toEqual([path, status]);
  }
  expect(writtenIn(server)).toEqual(before);
}

/** Signed as whoever reads it carelessly would see it: only a careful reading can refuse it. */
async function malformed(path: string, pair: string, seen: Readonly<Record<string, string>>): Promise<void> {
  const fields = path === "/whatsapp" ? twilio.messageFields() : twilio.callFields();
  const { Body: _body, ...rest } = fields;
  const body = `${new URLSearchParams(rest).toString()}&${pair}`;
  const before = writtenIn(server);
  const sent = { body: Buffer.from(body, "latin1"), signed: { ...rest, ...seen } };
  const { status } = await twilio.post(path, rest, sent);
  expect([pair, status]).toEqual([pair, 400]);
  expect(writtenIn(server)).toEqual(before);
}

/** Begins to send a body, and goes on with a letter now and then for as long as it is let. */
async function drip({ callFields }: Twilio) {
  const fields = callFields();
  const body = new URLSearchParams(fields).toString();
  const socket = connect(server.port, "127.0.0.1");
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let answer = "";
  socket.on("data", (data: Buffer) => (answer += data.toString()));
  // A reset is one way to be cut off.
  socket.on("error", () => undefined);
  socket.on("close", () => resolve());
  const head = ["POST /voice HTTP/1.1", "Host: line", "Content-Type: application/x-www-form-urlencoded"];
  socket.write([...head, `Content-Length: ${body.length}`, "", ""].join("\r\n"));
  let sent = 0;
  const letters = setInterval(() => sent < body.length && socket.write(body.charAt(sent++)), 300);
  await closed;
  clearInterval(letters);
  return { answer, sent, whole: body.length, callSid: fields["CallSid"] };
}

describe("a request that is not Twilio's", () => {
  fault(20, async () => {
    await everyDoor(403, { headers: { "X-Twilio-Signature": null } });
    await everyDoor(403, { headers: { "X-Twilio-Signature": "" } });
  });

  fault(21, async () => {
    await everyDoor(403, { authToken: "0".repeat(32) });
  });

  fault(34, async () => {
    const other = sid("AC");
    for (const [path, fields] of await twilio.doors()) {
      const before = writtenIn(server);
      const told = await twilio.post(path, { ...fields, AccountSid: other });
      const both = new URLSearchParams({ ...fields }).toString() + `&AccountSid=${other}`;
      const twice = await twilio.post(path, fields, {
        body: both,
        signed: { ...fields, AccountSid: [fields["AccountSid"] ?? "", other] },
      });
      expect([path, told.status, twice.status]).toEqual([path, 403, 403]);
      expect(writtenIn(server)).toEqual(before);
    }
  });

  fault(32, async () => {
    const evil = "https://evil.example";
    const forged = {
      Host: "evil.example",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-For": "203.0.113.7",
      Forwarded: "for=203.0.113.7;host=evil.example;proto=https",
      "X-Original-URL": "/voice/status",
      "X-HTTP-Method-Override": "DELETE",
    };
    await everyDoor(403, { headers: forged, signedUrl: evil });
    const fields = twilio.callFields();
    const plain = await twilio.post("/voice", fields);
    const answer = await twilio.post("/voice", fields, { headers: forged });
    expect([answer.status, answer.text]).toEqual([200, plain.text]);
    expect(server.err()).not.toContain("evil.example");
  });

  fault(33, async () => {
    for (const [path, fields] of await twilio.doors()) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const told = await twilio.post(path, fields, { method, body: "" });
        expect([method, path, told.status]).toEqual([method, path, 405]);
        expect(told.headers.allow).toBe("POST");
      }
    }
  });
});

describe("a body that Twilio does not send", () => {
  fault(24, async () => {
    const call = twilio.callFields();
    await twilio.post("/voice", call);
    const answer: Fields = { ...call, CallStatus: "in-progress", CallerZip: "94105", Digits: "1" };
    const { Direction: _direction, Digits: _digits, ...rest } = answer;
    // The same letters in the same order, hence the same signature; only the borders between them have moved.
    const shifted: Record<string, string>[] = [
      { ...rest, Digits: "1Directioninbound" },
      { ...rest, Direction: "inbound", Digit: "s1" },
      { ...rest, Direction: "inbound", Digits1: "" },
      { ...rest, Direction: "inbound", CallerZip: "94105Digits1" },
      { ...rest, Direction: "inbound", From: `${call["From"]}To+14155550100`, Digits: "1" },
    ];
    delete shifted[4]?.["To"];
    const before = writtenIn(server);
    for (const fields of shifted) {
      const { status } = await twilio.post(CHOICE, fields, { signed: answer });
      expect([JSON.stringify(fields), status]).toEqual([JSON.stringify(fields), 400]);
    }
    const machine = twilio.callFields({ Direction: "outbound-api", AnsweredBy: "machine_start" });
    const { AnsweredBy: _machine, ...unanswered } = machine;
    const hidden = await twilio.post(
      "/voice",
      { ...unanswered, Answered: "Bymachine_start" },
      { signed: machine },
    );
    expect(hidden.status).toBe(400);
    expect(writtenIn(server)).toEqual(before);
    expect((await twilio.post(CHOICE, answer)).status).toBe(200);
  });

  fault(25, async () => {
    const call = twilio.callFields();
    await twilio.post("/voice", call);
    const answer = { ...call, CallStatus: "in-progress", Digits: "1" };
    const before = writtenIn(server);
    for (const second of ["1", "2", ""]) {
      const { status } = await twilio.post(CHOICE, answer, {
        body: `${new URLSearchParams(answer).toString()}&Digits=${second}`,
        signed: { ...answer, Digits: second === "1" ? "1" : ["1", second] },
      });
      expect([second, status]).toEqual([second, 400]);
    }
    expect(writtenIn(server)).toEqual(before);
  });

  fault(26, async () => {
    await everyDoor(415, { headers: { "Content-Type": "application/json" } });
    await everyDoor(415, { headers: { "Content-Type": "multipart/form-data; boundary=x" } });
    await everyDoor(415, { headers: { "Content-Type": "text/plain" } });
    await everyDoor(415, { headers: { "Content-Type": null } });
  });

  fault(27, async () => {
    const megabyte = "Padding=".padEnd(1_000_000, "1");
    await everyDoor(413, { body: megabyte });
    await everyDoor(413, { body: Array.from({ length: 64 }, () => "&Padding=".padEnd(16_384, "1")) });
    expect((await twilio.post("/voice", twilio.callFields())).status).toBe(200);
  });

  fault(28, async () => {
    const { answer, sent, whole, callSid } = await dripping;
    expect(sent).toBeLessThan(whole);
    expect(answer).not.toContain(" 200 ");
    expect(server.rows("call").map((row) => row["call_sid"])).not.toContain(callSid);
  });

  fault(29, async () => {
    for (const path of ["/voice", "/whatsapp"]) {
      await malformed(path, "Body=a%00b", { Body: "a\0b" });
      await malformed(path, "Body=a%zzb", { Body: "a%zzb" });
      await malformed(path, "Body=a%", { Body: "a%" });
      await malformed(path, "Body=a%ED%A0%80b", { Body: "a\uFFFD\uFFFD\uFFFDb" });
      await malformed(path, "Body=a\xED\xA0\x80b", { Body: "a\uFFFD\uFFFD\uFFFDb" });
      await malformed(path, "Body=a\xFFb", { Body: "a\uFFFDb" });
    }
    for (const place of ["%00", "%zz", "%ED%A0%80"]) {
      const path = CHOICE.replace("en-US", place);
      const { status } = await twilio.post(path, twilio.callFields());
      expect([path, status]).toEqual([path, 400]);
    }
  });
});

describe("a body that is only unusual", () => {
  fault(30, async () => {
    const fields = twilio.callFields();
    // Parsed, because a literal's __proto__ would be no field.
    const odd = JSON.parse('{ "__proto__": "polluted", "constructor": "x", "toString": "y" }') as Fields;
    const plain = await twilio.post("/voice", fields);
    const answer = await twilio.post("/voice", { ...fields, ...odd });
    expect([answer.status, answer.text]).toEqual([200, plain.text]);
    expect((await twilio.post("/voice", twilio.callFields())).status).toBe(200);
  });

  fault(31, async () => {
    const fields = twilio.callFields({
      BrandNewField: "something",
      "Another.One[]": "größer als ein Feld",
      CallToken: "x".repeat(4_000),
      Empty: "",
    });
    const answer = await twilio.post("/voice", fields);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("Acme Dental");
    expect(server.rows("call").map((row) => row["call_sid"])).toContain(fields["CallSid"]);
  });
});
