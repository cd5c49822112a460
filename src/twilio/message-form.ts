import type { E164 } from "../call/phone-number.ts";
import {
  formOf,
  matching,
  oneOf,
  optional,
  turned,
  upTo,
  usually,
  type Fields,
  type Refusal,
} from "./fields.ts";

/** What a webhook about a WhatsApp message carries. Parameter boundaries are not signed: each pattern is whole and strict. */

/** "whatsapp:+14155550123". Whoever writes can be reached, whatever kind of number it is. */
const PARTY = turned(matching(/^whatsapp:\+[1-9]\d{6,14}$/, "not a WhatsApp number"), (address) =>
  inPlan(address.slice("whatsapp:".length)),
);
const MESSAGE_SID = matching(/^(?:SM|MM)[0-9a-f]{32}$/, "not a message SID");

/** Characters; WhatsApp's own bound on a text. */
const MAX_BODY = 4_096;
const MAX_BUTTON = 256;
const BUTTON_TEXT = optional(upTo(MAX_BUTTON, "too long"));

const readMessage = formOf({
  MessageSid: MESSAGE_SID,
  From: PARTY,
  To: PARTY,
  Body: usually(upTo(MAX_BODY, `over ${MAX_BODY} characters`), ""),
  ButtonText: BUTTON_TEXT,
  ButtonPayload: BUTTON_TEXT,
  OptOutType: optional(oneOf(["STOP", "START", "HELP"])),
  OriginalRepliedMessageSid: optional(MESSAGE_SID),
});

/** Twilio's names of how far a message came. */
const STATUSES = {
  accepted: "queued",
  scheduled: "queued",
  queued: "queued",
  sending: "queued",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  undelivered: "undelivered",
  failed: "failed",
  canceled: "failed",
} as const;

const readStatus = formOf({
  MessageSid: MESSAGE_SID,
  From: PARTY,
  MessageStatus: oneOf(Object.keys(STATUSES) as (keyof typeof STATUSES)[]),
  ErrorCode: usually(matching(/^\d{0,6}$/, "not an error code"), ""),
});

/** A message that came, in our words. */
export type MessageInput = {
  readonly sid: string;
  readonly from: E164;
  /** Our sender that it was written to: it names the business. */
  readonly to: E164;
  readonly body: string;
  readonly buttonText: string | null;
  readonly payload: string | null;
  readonly optOutType: "STOP" | "START" | "HELP" | null;
  readonly repliedSid: string | null;
};

/** How far a message of ours came. */
export type MessageStatusInput = {
  readonly sid: string;
  /** Our sender. */
  readonly from: E164;
  readonly status: (typeof STATUSES)[keyof typeof STATUSES];
  readonly errorCode: number | null;
};

/** A message came. */
export function messageInput(fields: Fields, signed?: string): MessageInput | Refusal {
  const form = readMessage(fields, signed);
  if ("refused" in form) return form;
  return {
    sid: form.MessageSid,
    from: form.From,
    to: form.To,
    body: form.Body,
    buttonText: form.ButtonText ?? null,
    payload: form.ButtonPayload ?? null,
    optOutType: form.OptOutType ?? null,
    repliedSid: form.OriginalRepliedMessageSid ?? null,
  };
}

/** The status callback of a message. */
export function messageStatusInput(fields: Fields, signed?: string): MessageStatusInput | Refusal {
  const form = readStatus(fields, signed);
  if ("refused" in form) return form;
  const code = Number(form.ErrorCode);
  return {
    sid: form.MessageSid,
    from: form.From,
    status: STATUSES[form.MessageStatus],
    errorCode: code === 0 ? null : code,
  };
}

/** WhatsApp still writes Mexican mobiles with the 1 that the numbering plan has dropped; callers come without it. */
function inPlan(number: string): E164 {
  return number.replace(/^\+521(\d{10})$/, "+52$1") as E164;
}
