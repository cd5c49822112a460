import { randomBytes } from "node:crypto";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";

export type CallerOptions = {
  readonly publicUrl?: string;
  readonly accountSid?: string;
  readonly authToken?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callSid?: string;
  readonly fields?: Readonly<Record<string, string>>;
};

type Send = (request: Request) => Response | Promise<Response>;

/** What the line answered, taken apart. */
export type Heard = {
  readonly status: number;
  readonly twiml: string;
  /** Everything spoken, one Say a line. */
  readonly words: string;
  /** What is spoken before the question: no key can cut it short. */
  readonly beforeGather: string;
  /** Where the answer goes; null where the call ends. */
  readonly action: string | null;
  readonly hangsUp: boolean;
};

export type Caller = ReturnType<typeof caller>;

/** Signs and posts as Twilio does, with the SDK's own signature, and follows the actions. */
export function caller(send: Send, options: CallerOptions) {
  const publicUrl = options.publicUrl ?? "https://line.test";
  const base = {
    AccountSid: options.accountSid ?? "",
    ApiVersion: "2010-04-01",
    CallSid: options.callSid ?? `CA${randomBytes(16).toString("hex")}`,
    Direction: "inbound",
    From: options.from ?? "+14155550123",
    To: options.to ?? "+14155550100",
    ...options.fields,
  };
  let next: string | null = "/voice";

  async function post(path: string, fields: Record<string, string>): Promise<Heard> {
    const response = await send(
      signedRequest(publicUrl, path, { ...base, ...fields }, options.authToken ?? ""),
    );
    return heard(response);
  }

  return {
    callSid: base.CallSid,
    post,
    /** Rings. */
    async begin(path = "/voice"): Promise<Heard> {
      const answer = await post(path, { CallStatus: "ringing" });
      next = answer.action;
      return answer;
    },
    /** Presses keys at the present question; "" is silence. */
    async press(keys: string): Promise<Heard> {
      if (next === null) throw new Error("The call has ended: there is no question to answer.");
      const answer = await post(next, { CallStatus: "in-progress", Digits: keys });
      next = answer.action;
      return answer;
    },
    /** Where the next answer goes. */
    action: () => next ?? "",
  };
}

export function signedRequest(
  publicUrl: string,
  path: string,
  fields: Readonly<Record<string, string>>,
  authToken: string,
  body: string = new URLSearchParams(fields).toString(),
): Request {
  return new Request(publicUrl + path, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      "X-Twilio-Signature": getExpectedTwilioSignature(authToken, publicUrl + path, { ...fields }),
      "User-Agent": "TwilioProxy/1.1",
    },
    body,
  });
}

export async function heard(response: Response): Promise<Heard> {
  const twiml = await response.text();
  const said = (part: string) =>
    [...part.matchAll(/<Say[^>]*>([^<]*)<\/Say>/g)].map((match) => unescape(match[1] ?? "")).join("\n");
  return {
    status: response.status,
    twiml,
    words: said(twiml),
    beforeGather: said(twiml.split("<Gather")[0] ?? ""),
    action: unescape(/<Gather[^>]* action="([^"]*)"/.exec(twiml)?.[1] ?? "") || null,
    hangsUp: twiml.includes("<Hangup"),
  };
}

function unescape(text: string): string {
  return text
    .replaceAll(/&#x([0-9a-fA-F]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
