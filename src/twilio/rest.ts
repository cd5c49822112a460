import type { CallInstance } from "twilio/lib/rest/api/v2010/account/call.js";
import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { NoAnswer, REST_TIMEOUT_MS, restHttp } from "./rest-http.ts";

/**
 * What the line asks of Twilio's REST API, as one account. Nothing here throws or repeats: what came of a request is
 * its value, and whoever asked decides whether it is safe to ask again.
 */
export type TwilioRest = {
  sendMessage(message: NewMessage): Promise<Sent>;
  /** The newest messages between two addresses, whatever became of them; bounded. */
  findMessages(between: { readonly from: string; readonly to: string }): Promise<Found<SentMessage>>;
  placeCall(call: NewCall): Promise<Sent>;
  /** The newest calls from one number to another, also those that wait or have ended; bounded. */
  findCalls(between: { readonly from: string; readonly to: string }): Promise<Found<PlacedCall>>;
  /** A call that is under way goes on with what this address answers. */
  redirectCall(callSid: string, url: string): Promise<Sent>;
  fetchCall(callSid: string): Promise<Fetched>;
};

/** What came of a request that changes something. */
export type Sent =
  | { readonly kind: "accepted"; readonly sid: string }
  /** Twilio said no, with its code (HTTP's status where it gave none); the message holds no number. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** Too many requests: safe to repeat after a wait. */
  | { readonly kind: "busy"; readonly retryAfterSeconds: number | null }
  /** It may have been done or not: look before it is asked again. */
  | { readonly kind: "unclear"; readonly reason: string }
  /** Nothing has left: safe to repeat. */
  | { readonly kind: "unreachable"; readonly reason: string };

export type Found<T> =
  | { readonly kind: "found"; readonly items: readonly T[] }
  | { readonly kind: "unknown"; readonly reason: string };

export type Fetched = { readonly kind: "call"; readonly call: PlacedCall } | NotAccepted;

type NotAccepted = Exclude<Sent, { kind: "accepted" }>;

/** `from` and `to` are Twilio's addresses: `whatsapp:+14155550110`. */
export type NewMessage = {
  readonly from: string;
  readonly to: string;
  readonly statusCallback: string;
  readonly content:
    | { readonly contentSid: string; readonly variables: Readonly<Record<string, string>> }
    | { readonly body: string };
};

export type NewCall = {
  readonly from: string;
  readonly to: string;
  /** Asked for what to say when the call is answered. */
  readonly url: string;
  /** Told of the call's end, whatever it is: Twilio's default, and all that the ledger needs. */
  readonly statusCallback: string;
  /** Null: whoever answers counts as a person. */
  readonly machineDetectionTimeoutSeconds: number | null;
};

export type SentMessage = {
  readonly sid: string;
  /** Null where Twilio keeps none. */
  readonly body: string | null;
  readonly direction: string;
  readonly createdAt: number;
};

export type PlacedCall = {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly direction: string;
  readonly status: string;
  readonly createdAt: number;
};

export type RestOptions = {
  readonly accountSid: string;
  readonly authToken: string;
  /** Null: Twilio's own. */
  readonly baseUrl: string | null;
  readonly timeoutMs?: number;
};

const TWILIO_URL = "https://api.twilio.com";
/** Of one list: the newest come first, and those between two numbers within a few days are far fewer. */
const MAX_FOUND = 100;
/** Said in the body of an answer of another status: 20429 too many requests, 63018 too many on WhatsApp. */
const BUSY_CODES: ReadonlySet<string> = new Set(["20429", "63018"]);
const MAX_MESSAGE_LENGTH = 200;

/** The SDK is loaded with the first request: it costs a fifth of a second and 40 MB. */
export function twilioRest({
  accountSid,
  authToken,
  baseUrl,
  timeoutMs = REST_TIMEOUT_MS,
}: RestOptions): TwilioRest {
  const http = restHttp(baseUrl ?? TWILIO_URL, timeoutMs);
  const load = async () => {
    const { default: Twilio } = await import("twilio/lib/rest/Twilio.js");
    // Empty rather than absent, so that the SDK does not look into the environment.
    const client = new Twilio(accountSid, authToken, {
      httpClient: http,
      edge: "",
      region: "",
      logLevel: "",
    });
    return client.api.v2010.account;
  };
  let account: ReturnType<typeof load> | undefined;
  const api = () => (account ??= load());

  return {
    sendMessage: ({ from, to, statusCallback, content }) =>
      sent(async () =>
        (await api()).messages.create({
          from,
          to,
          statusCallback,
          ...("body" in content
            ? { body: content.body }
            : { contentSid: content.contentSid, contentVariables: JSON.stringify(content.variables) }),
        }),
      ),
    findMessages: (between) =>
      found(async () =>
        (await (await api()).messages.page({ ...between, pageSize: MAX_FOUND })).instances.map(sentMessage),
      ),
    placeCall: ({ from, to, url, statusCallback, machineDetectionTimeoutSeconds }) =>
      sent(async () =>
        (await api()).calls.create({
          from,
          to,
          url,
          method: "POST",
          statusCallback,
          statusCallbackMethod: "POST",
          ...(machineDetectionTimeoutSeconds === null
            ? {}
            : { machineDetection: "Enable", machineDetectionTimeout: machineDetectionTimeoutSeconds }),
        }),
      ),
    findCalls: (between) =>
      found(async () =>
        (await (await api()).calls.page({ ...between, pageSize: MAX_FOUND })).instances.map(placedCall),
      ),
    redirectCall: (callSid, url) =>
      sent(async () => (await api()).calls(callSid).update({ url, method: "POST" })),
    async fetchCall(callSid) {
      try {
        return { kind: "call", call: placedCall(await (await api()).calls(callSid).fetch()) };
      } catch (error) {
        return notAccepted(error);
      }
    },
  };
}

async function sent(ask: () => Promise<{ readonly sid: string | null }>): Promise<Sent> {
  try {
    const { sid } = await ask();
    // Without a name of it, nobody can tell what it is that was accepted.
    return typeof sid === "string"
      ? { kind: "accepted", sid }
      : { kind: "unclear", reason: "the answer names nothing" };
  } catch (error) {
    return notAccepted(error);
  }
}

async function found<T>(ask: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    return { kind: "found", items: await ask() };
  } catch (error) {
    const { kind, ...why } = notAccepted(error);
    return { kind: "unknown", reason: "reason" in why ? why.reason : "message" in why ? why.message : kind };
  }
}

function notAccepted(error: unknown): NotAccepted {
  if (error instanceof NoAnswer) return error.outcome;
  const answer = refusalOf(error);
  // Neither a refusal nor a failure of the connection: an answer that is not what Twilio's description says.
  if (answer === null) return { kind: "unclear", reason: "the answer cannot be read" };
  return BUSY_CODES.has(answer.code)
    ? { kind: "busy", retryAfterSeconds: null }
    : { kind: "refused", ...answer };
}

/** The SDK throws a status with Twilio's code and message (or, in the newer form of errors, a title). */
function refusalOf(error: unknown): { readonly code: string; readonly message: string } | null {
  if (!(error instanceof Error) || !("status" in error)) return null;
  const { status, code, message } = error as { status: unknown; code?: unknown; message: unknown };
  return {
    code: String(typeof code === "number" && code > 0 ? code : status),
    message: withoutNumbers(typeof message === "string" ? message : `HTTP ${String(status)}`),
  };
}

/** Law 10: Twilio's messages quote the number. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\+?\d(?:[\s().-]{0,3}\d){5,}/g, "…").slice(0, MAX_MESSAGE_LENGTH);
}

function sentMessage({ sid, body, direction, dateCreated }: MessageInstance): SentMessage {
  return { sid, body: body ?? null, direction, createdAt: timeOf(dateCreated) };
}

function placedCall({ sid, from, to, direction, status, dateCreated }: CallInstance): PlacedCall {
  return { sid, from, to, direction, status, createdAt: timeOf(dateCreated) };
}

/** What has no time yet has only just been made. The SDK leaves what it cannot read as it came. */
function timeOf(date: Date | string | null): number {
  const time = new Date(date ?? Number.NaN).getTime();
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}
