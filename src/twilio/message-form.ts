import { z } from "zod";
import type { E164 } from "../call/phone-number.ts";
import { read, type Fields, type Refusal } from "./form.ts";

/** What a webhook about a WhatsApp message carries. Parameter boundaries are not signed: each pattern is whole and strict. */

/** "whatsapp:+14155550123". Whoever writes can be reached, whatever kind of number it is. */
const party = z
  .string()
  .regex(/^whatsapp:\+[1-9]\d{6,14}$/, "not a WhatsApp number")
  .transform((address) => inPlan(address.slice("whatsapp:".length)));
const messageSid = z.string().regex(/^(?:SM|MM)[0-9a-f]{32}$/, "not a message SID");

/** Characters; WhatsApp's own bound on a text. */
const MAX_BODY = 4_096;
const MAX_BUTTON = 256;
const buttonText = z.string().max(MAX_BUTTON, "too long");

const messageForm = z.object({
  MessageSid: messageSid,
  From: party,
  To: party,
  Body: z.string().max(MAX_BODY, `over ${MAX_BODY} characters`).default(""),
  ButtonText: buttonText.optional(),
  ButtonPayload: buttonText.optional(),
  OptOutType: z.enum(["STOP", "START", "HELP"]).optional(),
  OriginalRepliedMessageSid: messageSid.optional(),
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

const statusForm = z.object({
  MessageSid: messageSid,
  From: party,
  MessageStatus: z.enum(Object.keys(STATUSES) as (keyof typeof STATUSES)[]),
  ErrorCode: z
    .string()
    .regex(/^\d{0,6}$/, "not an error code")
    .default(""),
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
export function messageInput(fields: Fields): MessageInput | Refusal {
  const form = read(messageForm, fields);
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
export function messageStatusInput(fields: Fields): MessageStatusInput | Refusal {
  const form = read(statusForm, fields);
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
