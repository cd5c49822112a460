import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { ask, type Told } from "../support/http.ts";
import { sid } from "../support/line.ts";
import { someNumber } from "../support/memory.ts";
import type { Server } from "../support/server.ts";

export type Fields = Readonly<Record<string, string>>;

/** What somebody has changed in a request that was right. */
export type Meddling = {
  readonly method?: string;
  /** Null: the header is left out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Pieces: sent as chunks. */
  readonly body?: string | Uint8Array | readonly string[];
  readonly authToken?: string;
  /** What was signed, where that is not what is sent. */
  readonly signed?: Readonly<Record<string, string | readonly string[]>>;
  readonly signedUrl?: string;
};

const FORM = "application/x-www-form-urlencoded; charset=utf-8";

export const CHOICE = "/voice/2026-11-22/en-US/choice?try=1";

/** Twilio's requests to a real server, over real HTTP; each is right until a test says what is wrong with it. */
export function twilioOf(server: Pick<Server, "url" | "account">) {
  const { accountSid, authToken } = server.account;

  const callFields = (over: Fields = {}): Fields => ({
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    CallSid: sid("CA"),
    CallStatus: "ringing",
    Direction: "inbound",
    From: someNumber(),
    To: "+14155550100",
    ...over,
  });

  const messageFields = (over: Fields = {}): Fields => ({
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    Body: "Is there a table free?",
    From: `whatsapp:${someNumber()}`,
    MessageSid: sid("SM"),
    NumMedia: "0",
    To: "whatsapp:+14155550110",
    ...over,
  });

  function post(path: string, fields: Fields, meddling: Meddling = {}): Promise<Told> {
    const { method = "POST", body = new URLSearchParams(fields).toString() } = meddling;
    const url = (meddling.signedUrl ?? server.url) + path;
    const signature = getExpectedTwilioSignature(meddling.authToken ?? authToken, url, {
      ...(meddling.signed ?? fields),
    });
    const headers = {
      "Content-Type": FORM,
      "User-Agent": "TwilioProxy/1.1",
      "X-Twilio-Signature": signature,
      ...meddling.headers,
    };
    const sent = Object.entries(headers).filter((each): each is [string, string] => each[1] !== null);
    return ask(server.url, path, { method, headers: sent, body });
  }

  /** Every address that Twilio calls, with a request that it would take. */
  async function doors(): Promise<readonly (readonly [path: string, fields: Fields])[]> {
    const begun = callFields();
    await post("/voice", begun);
    const outgoing = { From: "whatsapp:+14155550110", To: `whatsapp:${someNumber()}` };
    return [
      ["/voice", callFields()],
      [CHOICE, { ...begun, CallStatus: "in-progress", Digits: "1" }],
      ["/voice/status", callFields({ CallStatus: "completed", SequenceNumber: "3", CallDuration: "9" })],
      ["/whatsapp", messageFields({ Body: "STOP" })],
      ["/whatsapp/status", messageFields({ ...outgoing, MessageStatus: "delivered" })],
    ];
  }

  return { callFields, messageFields, post, doors };
}

export type Twilio = ReturnType<typeof twilioOf>;

/** What a webhook can leave behind, as another process sees it in the file. */
export function writtenIn(server: Server) {
  const tables = ["call", "call_event", "entry", "consent", "subscriber"].map((table) => server.rows(table));
  // Ours leave whenever they are due.
  return [...tables, server.rows("message").filter((row) => row["direction"] === "in")];
}
