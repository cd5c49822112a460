import type { Fields } from "../signature.ts";
import { API_VERSION, type Button, type Message } from "./resources.ts";

/** What Twilio tells a service about messages, sorted by name. */

/** A button that somebody pressed, and the message below which it stood. */
export type Pressed = { readonly button: Button; readonly message: Message };

/** A message's status callback (twilio.com/docs/messaging/guides/track-outbound-message-status). */
export function statusFields({ sid, status, from, to, error }: Message, accountSid: string): Fields {
  const fields: [string, string][] = [
    ["AccountSid", accountSid],
    ["ApiVersion", API_VERSION],
    ["ChannelPrefix", "whatsapp"],
    ["ChannelToAddress", to],
    ...(error === null
      ? []
      : ([
          ["ErrorCode", String(error.code)],
          ["ErrorMessage", error.message],
        ] as [string, string][])),
    ["From", from],
    ["MessageSid", sid],
    ["MessageStatus", status],
    ["SmsSid", sid],
    ["SmsStatus", status],
    ["StructuredMessage", "false"],
    ["To", to],
  ];
  return fields;
}

/** An inbound message's webhook (twilio.com/docs/messaging/twiml, "Request parameters"; WhatsApp's own come with it). */
export function inboundFields(
  { sid, from, to, body }: Message,
  pressed: Pressed | undefined,
  accountSid: string,
): Fields {
  const fields: [string, string][] = [
    ["AccountSid", accountSid],
    ["ApiVersion", API_VERSION],
    ["Body", body],
    ...(pressed === undefined
      ? []
      : ([
          ["ButtonPayload", pressed.button.payload],
          ["ButtonText", pressed.button.text],
        ] as [string, string][])),
    ["From", from],
    ["MessageSid", sid],
    ["MessageType", pressed === undefined ? "text" : "button"],
    ["NumMedia", "0"],
    ["NumSegments", "1"],
    ...(pressed === undefined
      ? []
      : ([
          ["OriginalRepliedMessageSender", pressed.message.from],
          ["OriginalRepliedMessageSid", pressed.message.sid],
        ] as [string, string][])),
    ["ProfileName", "Simulated"],
    ["ReferralNumMedia", "0"],
    ["SmsMessageSid", sid],
    ["SmsSid", sid],
    ["SmsStatus", "received"],
    ["To", to],
    ["WaId", from.replace("whatsapp:+", "")],
  ];
  return fields;
}
