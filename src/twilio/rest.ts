import type { CallInstance } from "twilio/lib/rest/api/v2010/account/call.js";
import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { mediaReader } from "./media.ts";
import { recordingRest, type RecordingRest } from "./recordings.ts";
import { REST_TIMEOUT_MS, restHttp } from "./rest-http.ts";
import { found, notAccepted, sent, type Found, type NotAccepted, type Sent } from "./rest-outcome.ts";

export type { Found, Sent } from "./rest-outcome.ts";

/**
 * What the line asks of Twilio's REST API, as one account. Nothing here throws or repeats: what came of a request is
 * its value, and whoever asked decides whether it is safe to ask again.
 */
export type TwilioRest = RecordingRest & {
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

export type Fetched = { readonly kind: "call"; readonly call: PlacedCall } | NotAccepted;

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
    ...recordingRest(api, mediaReader({ accountSid, authToken, baseUrl: baseUrl ?? TWILIO_URL })),
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
