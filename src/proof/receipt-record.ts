import type { Business } from "../call/business.ts";
import { retentionFor } from "../call/retention.ts";
import type { EntryView } from "../ledger/ledger.ts";
import { lawOf } from "./receipt-law.ts";

/**
 * What a receipt says beyond the exported record (ISO/IEC TS 27560:2023, as the W3C DPV guide lays it out): how to
 * leave, which data, who gets it, how long it is kept. It comes from the business file, from the law of the notice and
 * from what the line does; what nobody has said is null.
 */
export function receiptRecord<R extends object>(
  record: R,
  { entry, number }: EntryView,
  business: Business | undefined,
) {
  const at = new Date(entry.at).toISOString();
  const law = lawOf(entry.jurisdiction);
  const retention =
    business === undefined ? null : retentionFor(business.retention, [entry.jurisdiction], number);
  return {
    ...record,
    eventId: entry.id,
    eventType: EVENT_TYPES[entry.kind],
    lawfulBasis: RESTS_ON_CONSENT.has(entry.kind) ? law.basis : null,
    personalData: personalDataOf(entry),
    withdrawalMethods: business === undefined ? [] : withdrawalMethodsOf(business),
    validity: RESTS_ON_CONSENT.has(entry.kind) ? "until it is withdrawn" : null,
    retention,
    retentionUntil: retention === null ? null : later(retention, entry.at),
    storageLocation: business?.privacy.storageLocation ?? null,
    recipients: [...carriersOf(entry), ...(business?.privacy.recipients ?? [])],
    policyUrl: business?.contact.privacyUrl ?? null,
    rights: law.rights,
    authority: business?.privacy.authority ?? law.authority,
    revocation:
      entry.kind === "revoked"
        ? { channel: entry.source, scope: [...entry.topics], receivedAt: at, honouredAt: at }
        : null,
  };
}

const RESTS_ON_CONSENT: ReadonlySet<EntryView["entry"]["kind"]> = new Set(["granted", "confirmed"]);

function personalDataOf({ source, messageId, kind }: EntryView["entry"]): readonly string[] {
  return [
    "phone number",
    ...(source === "call" ? ["time and keys of the call"] : []),
    ...(messageId === null ? [] : ["words of a message"]),
    ...(kind === "recorded" ? ["audio of the call"] : []),
  ];
}

function withdrawalMethodsOf({ lines, whatsapp, contact }: Business): readonly string[] {
  return [
    `calling ${lines.join(" or ")} and pressing 2`,
    `writing STOP to ${whatsapp.sender} on WhatsApp`,
    `writing to ${contact.email}`,
  ];
}

/** A simulated call goes through nobody. */
function carriersOf({ simulated, kind }: EntryView["entry"]) {
  if (simulated) return [];
  const audio = kind === "recorded" ? ", and keeps the audio" : "";
  return [
    { name: "Twilio Inc.", role: `carries calls and messages${audio}` },
    { name: "WhatsApp (Meta Platforms)", role: "delivers messages" },
  ];
}

const EVENT_TYPES = {
  granted: "consent given",
  confirmed: "consent confirmed by the number's owner",
  refused: "consent refused",
  pending: "consent requested",
  revoked: "consent withdrawn",
  recorded: "call recorded",
} as const satisfies Record<EntryView["entry"]["kind"], string>;

/** The earliest day on which evidence of it may go (ISO 8601), by the calendar, in UTC. */
function later(duration: string, at: number): string {
  const [, years = "0", months = "0", days = "0"] =
    /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/.exec(duration) ?? [];
  const date = new Date(at);
  const [year, month, day] = [
    date.getUTCFullYear() + Number(years),
    date.getUTCMonth() + Number(months),
    date.getUTCDate(),
  ];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(day, lastDay) + Number(days))).toISOString().slice(0, 10);
}
