import type { Business } from "../call/business.ts";
import type { Certificate } from "./privacy.ts";

/** A certificate of erasure as an outsider gets it: JSON. It holds nothing of whom it is about. */
export function certificateRecord(certificate: Certificate, business: Business | undefined) {
  const { id, businessId, subscriberId, cause, by, byName, erased, revoked, suppressed } = certificate;
  return {
    schemaVersion: "yesline-erasure/1",
    certificateId: id,
    controller:
      business === undefined
        ? { id: businessId }
        : { id: business.id, name: business.name, legalName: business.legalName, contact: business.contact },
    /** The random id that stands in what is left; null where nothing was kept of the number. */
    pseudonym: subscriberId,
    erasedAt: iso(certificate.at),
    cause,
    by: { id: by, name: byName },
    erased,
    revoked,
    remaining: certificate.remaining.map(({ at, ...entry }) => ({ ...entry, at: iso(at) })),
    suppressed,
    checkpoint: certificate.checkpoint,
    traces:
      certificate.tracesGoneAt === null
        ? ({ state: "left", goneAt: null } as const)
        : ({ state: "gone", goneAt: iso(certificate.tracesGoneAt) } as const),
    backups: BACKUPS,
  };
}

/** The same for people. */
export function certificateText(certificate: Certificate, business: Business | undefined): string {
  const { id, businessId, subscriberId, cause, byName, at, erased, revoked, remaining, suppressed } =
    certificate;
  const lines = [
    `Certificate of erasure ${id}`,
    `  business      ${business?.legalName ?? businessId} (${businessId})`,
    `  erased        ${iso(at)} by ${byName}, ${CAUSES[cause]}`,
    `  known as      ${subscriberId ?? "nobody: nothing was kept of the number"}`,
    ...Object.entries(erased)
      .filter(([, rows]) => rows > 0)
      .map(([what, rows]) => `  ${`${rows}`.padStart(12)}  ${COUNTED[what as keyof typeof erased]}`),
    ...revoked.map((entry) => `  ended first   ${entry}`),
    ...remaining.map(
      (entry) =>
        `  remains       ${entry.id}  ${entry.kind}  ${iso(entry.at)}  place ${entry.leafIndex ?? "not yet"}  commitment ${entry.commitment}${entry.reasonStays ? REASON_STAYS : ""}`,
    ),
    `  stays withdrawn  ${suppressed ? "yes, by a keyed hash of the number" : "no: the number is forgotten altogether"}`,
    certificate.tracesGoneAt === null
      ? "  old pages     may be left in the write-ahead log"
      : `  old pages     gone since ${iso(certificate.tracesGoneAt)}`,
    `  backups       ${BACKUPS}`,
    ...(certificate.checkpoint === null
      ? []
      : [
          "  checkpoint of the log:",
          ...certificate.checkpoint
            .trimEnd()
            .split("\n")
            .map((each) => `    ${each}`),
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

const CAUSES = { request: "on request", retention: "because the retention had ended" } as const;

const COUNTED = {
  subscriber: "number, with its salt and its indexes",
  noteTexts: "texts of notes",
  messageBodies: "words of messages",
  idempotencyAnswers: "answers to other systems that led to the person",
  liveCalls: "return addresses of live calls",
  recordings: "recordings of calls, which Twilio is told to delete until it has",
  outboxPayloads: "contents of what was sent or waited",
  cancelledMessages: "messages that waited, cancelled",
  cancelledCalls: "calls that waited, cancelled",
} as const satisfies Record<keyof Certificate["erased"], string>;

const REASON_STAYS = "  with a reason in clear, which was typed before reasons could be erased";
const BACKUPS = "Copies made before the erasure still hold the data until they expire; a restore repeats it.";

function iso(at: number): string {
  return new Date(at).toISOString();
}
