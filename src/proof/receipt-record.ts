import type { Business } from "../call/business.ts";
import type { EntryView } from "../ledger/ledger.ts";

/**
 * What a receipt says beyond the exported record (ISO/IEC TS 27560:2023, as the W3C DPV guide lays it out): how to
 * leave, which data, who gets it, how long it is kept.
 */
export function receiptRecord<R extends object>(
  record: R,
  { entry }: EntryView,
  business: Business | undefined,
) {
  const isWithdrawal = entry.kind === "revoked";
  const at = new Date(entry.at).toISOString();
  return {
    ...record,
    eventId: entry.id,
    eventType: EVENT_TYPES[entry.kind],
    lawfulBasis: "consent",
    personalData: [
      "phone number",
      ...(entry.source === "call" ? ["time and keys of the call"] : []),
      ...(entry.kind === "recorded" ? ["audio of the call"] : []),
    ],
    withdrawalMethods: [
      "calling the line and pressing 2",
      "answering any WhatsApp message of the business with STOP",
      ...(business === undefined ? [] : [`writing to ${business.contact.email}`]),
    ],
    validity: "until it is withdrawn",
    retention: business?.retention ?? null,
    retentionUntil: business === undefined ? null : later(business.retention, entry.at),
    storageLocation:
      entry.kind === "recorded"
        ? "the embedded database of the line; the audio at Twilio Inc."
        : "the embedded database of the line; no copy outside it",
    recipients: [
      { name: "Twilio Inc.", role: "carries calls and messages" },
      { name: "Meta Platforms (WhatsApp)", role: "delivers messages" },
    ],
    policyUrl: business?.contact.privacyUrl ?? null,
    rights: ["access", "erasure", "withdrawal at any time", "complaint to the authority"],
    revocation: isWithdrawal
      ? { channel: entry.source, scope: [...entry.topics], receivedAt: at, honouredAt: at }
      : null,
  };
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
