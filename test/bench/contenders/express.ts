import { parseArgs } from "node:util";
import type { AddressInfo } from "node:net";
import express from "express";
import twilio from "twilio";
import { openDurable } from "./durable.ts";

/**
 * The opt-in line as Twilio's documentation builds one: Express, `twilio.webhook()`, VoiceResponse, and a row for each
 * request, each in a durable commit of its own. It takes the token from TWILIO_AUTH_TOKEN.
 */
const { values } = parseArgs({ options: { file: { type: "string" } } });
const database = openDurable(values.file ?? "");
database.exec(`
  CREATE TABLE call (sid TEXT PRIMARY KEY, caller TEXT NOT NULL, line TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE consent (sid TEXT PRIMARY KEY, caller TEXT NOT NULL, granted INTEGER NOT NULL, at INTEGER NOT NULL);
`);
const addCall = database.prepare("INSERT OR IGNORE INTO call VALUES (?, ?, ?, ?, ?)");
const addConsent = database.prepare("INSERT OR IGNORE INTO consent VALUES (?, ?, ?, ?)");
const setStatus = database.prepare("UPDATE call SET status = ? WHERE sid = ?");

type Fields = Readonly<Record<"CallSid" | "From" | "To" | "CallStatus" | "Digits", string>>;

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook());

app.post("/voice", (request, response) => {
  const { CallSid, From, To, CallStatus } = request.body as Fields;
  addCall.run(CallSid, From, To, CallStatus, Date.now());
  const answer = new twilio.twiml.VoiceResponse();
  answer.say(
    "This is Acme Dental. We would like to send you appointment reminders and policy updates on WhatsApp. Acme Dental is responsible for complying with the law that applies. You can opt out at any time by replying STOP.",
  );
  const gather = answer.gather({ numDigits: 1, action: "/voice/choice", timeout: 10 });
  gather.say(
    `Press 1 to agree for the number that ends in ${From.slice(-4).split("").join(" ")}. Press 2 to refuse.`,
  );
  answer.redirect("/voice");
  response.type("text/xml").send(answer.toString());
});

app.post("/voice/choice", (request, response) => {
  const { CallSid, From, Digits } = request.body as Fields;
  addConsent.run(CallSid, From, Digits === "1" ? 1 : 0, Date.now());
  const answer = new twilio.twiml.VoiceResponse();
  answer.say(
    Digits === "1"
      ? "Thank you. Your choice is recorded. Reply STOP on WhatsApp at any time to opt out. Goodbye."
      : "Thank you. We will not write to you. Goodbye.",
  );
  answer.hangup();
  response.type("text/xml").send(answer.toString());
});

app.post("/voice/status", (request, response) => {
  const { CallSid, CallStatus } = request.body as Fields;
  setStatus.run(CallStatus, CallSid);
  response.status(204).end();
});

const server = app.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`Express answers at http://127.0.0.1:${port}\n`);
});
process.once("SIGTERM", () => process.exit());
