import { openPaper } from "./paper.ts";
import type { Receipt } from "./receipt.ts";

/** What a receipt on paper needs besides: the public address, under which anybody finds the page that verifies. */
export type PdfOptions = { readonly publicUrl: string };

/**
 * A receipt for people, in A4. Paper proves nothing: the receipt itself is in the file as an attachment, and the page
 * that verifies is named. The same receipt gives the same bytes.
 */
export async function receiptPdf(receipt: Receipt, { publicUrl }: PdfOptions): Promise<Uint8Array> {
  const record = receipt.record as Said;
  const controller = record.controller.legalName ?? record.controller.name ?? record.controller.id;
  const paper = await openPaper({
    title: `Receipt ${record.recordId}`,
    subject: `Receipt: ${record.eventType}, ${record.eventTime}`,
    author: controller,
    at: Date.parse(receipt.issuedAt),
  });
  paper.heading(`Receipt: ${record.eventType}`, 1);
  if (record.simulated)
    paper.paragraph("SIMULATED: it was made by a simulator, and is no consent.", { bold: true });
  if (record.subject.erased)
    paper.paragraph("ERASED: the person was forgotten; the entry is nobody's any more.", { bold: true });
  paper.facts(factsOf(record));
  for (const [title, words] of wordsOf(record)) {
    paper.heading(title, 2);
    paper.quote(words, record.locale);
  }
  paper.heading("Leaving, and the person's rights", 2);
  paper.facts(rightsOf(record));
  paper.heading("Proof", 2);
  paper.facts(proofOf(receipt));
  paper.heading("How to verify it", 2);
  for (const step of stepsOf(receipt, publicUrl)) paper.paragraph(step);
  if (paper.missing.size > 0)
    paper.paragraph(
      `Some characters have no letters in this file's fonts and stand as [U+…]; the attachment has them as they are.`,
      { bold: true },
    );
  paper.attach(ATTACHMENT, `${JSON.stringify(receipt, undefined, 2)}\n`, "The receipt, to be verified");
  return paper.end();
}

const ATTACHMENT = "receipt.json";

/** What of a record is shown; see `receiptRecord`. */
type Said = {
  readonly recordId: string;
  readonly eventType: string;
  readonly eventTime: string;
  readonly subject: { readonly pseudonym: string; readonly number: string | null; readonly erased: boolean };
  readonly controller: {
    readonly id: string;
    readonly name?: string;
    readonly legalName?: string;
    readonly contact?: {
      readonly email: string;
      readonly postalAddress: string;
      readonly privacyUrl: string;
    };
  };
  readonly topics: readonly { readonly id: string; readonly name?: string; readonly category?: string }[];
  readonly jurisdiction: string;
  readonly locale: string;
  readonly script: string;
  readonly notice: Words | null;
  readonly question: Words | null;
  readonly collectionMethod: string;
  readonly call: {
    readonly sid: string;
    readonly line: string;
    readonly direction: string;
    readonly begunAt: string;
    readonly endedAt: string | null;
  } | null;
  readonly attestation: string | null;
  readonly key: { readonly pressed: string; readonly attempt: number; readonly at: string } | null;
  readonly reason: string | null;
  readonly recording?: { readonly sid: string; readonly seconds: number; readonly sha256: string } | null;
  readonly simulated: boolean;
  readonly lawfulBasis: string | null;
  readonly personalData: readonly string[];
  readonly withdrawalMethods: readonly string[];
  readonly validity: string | null;
  readonly retentionUntil: string | null;
  readonly storageLocation: string | null;
  readonly recipients: readonly { readonly name: string; readonly role: string }[];
  readonly rights: readonly string[];
  readonly authority: string | null;
};
type Words = { readonly text: string; readonly sha256: string; readonly servedAt: string };
type Facts = readonly (readonly [term: string, value: string])[];

function factsOf(record: Said): Facts {
  const { controller, subject, call, key, recording = null } = record;
  const { contact } = controller;
  return said([
    [
      "To whom",
      [controller.legalName, controller.name].filter((each) => each !== undefined).join(", known as "),
    ],
    ["Business", controller.id],
    ["Address", contact && `${contact.postalAddress}; ${contact.email}; ${contact.privacyUrl}`],
    ["About", record.topics.map(topicWords).join("; ")],
    ["Channel", "WhatsApp"],
    ["When", utc(record.eventTime)],
    ["Who", subject.number ?? "erased"],
    ["Known as", subject.pseudonym],
    ["How", METHODS[record.collectionMethod] ?? record.collectionMethod],
    ["Key pressed", key && `${key.pressed}, at ${utc(key.at)}, attempt ${key.attempt}`],
    [
      "Call",
      call &&
        `${call.direction}, on ${call.line}, ${utc(call.begunAt)} to ${call.endedAt === null ? "its end" : utc(call.endedAt)}`,
    ],
    ["Call's name", call?.sid],
    ["Attestation", record.attestation],
    ["Reason given", record.reason],
    ["Recording", recording && `${recording.sid}, ${recording.seconds} s, SHA-256 ${recording.sha256}`],
    ["Law of the notice", record.jurisdiction],
    ["Basis", record.lawfulBasis],
    ["Entry", record.recordId],
  ]);
}

/** A question that came with the notice stands in its words. */
function wordsOf({ notice, question, script, locale }: Said): [title: string, words: string][] {
  const which = (words: Words) => `${utc(words.servedAt)}, script ${script}, ${locale}`;
  const both: [string, Words | null][] = [
    ["The words of the notice", notice],
    ["The question", question?.text === notice?.text ? null : question],
  ];
  return both.flatMap(([title, words]): [string, string][] =>
    words === null ? [] : [[`${title}, as served ${which(words)}`, words.text]],
  );
}

function rightsOf(record: Said): Facts {
  return said([
    ["Valid", record.validity],
    ["To withdraw", record.withdrawalMethods.join("; ")],
    ["Rights", record.rights.join("; ")],
    ["Authority", record.authority],
    ["Data", record.personalData.join("; ")],
    ["Recipients", record.recipients.map(({ name, role }) => `${name} (${role})`).join("; ")],
    ["Kept at", record.storageLocation],
    ["Kept until", record.retentionUntil && `${record.retentionUntil} at least`],
  ]);
}

function proofOf({ proof, issuedAt }: Receipt): Facts {
  if (proof === null)
    return [["Place in the log", "none yet: get the receipt again some seconds after the entry"]];
  return [
    ["Place in the log", `leaf ${proof.leafIndex} of ${proof.treeSize}`],
    ["Leaf's hash", proof.leafHash],
    ["Checkpoint", proof.checkpoint.trimEnd()],
    ["Log's keys", proof.keys.join("\n")],
    ["Issued", utc(issuedAt)],
  ];
}

function stepsOf({ proof }: Receipt, publicUrl: string): readonly string[] {
  if (proof === null) return ["There is nothing to verify yet."];
  return [
    "Paper proves nothing, and neither does a picture of it. The receipt itself is attached to this file.",
    `1. Save the attachment ${ATTACHMENT}.`,
    `2. Open ${publicUrl}/.well-known/yesline/verify, or a copy of that page that you kept: it needs no network.`,
    "3. Give it the attachment, and the log's key as you were given it on another way: not the one printed here.",
    "4. Compare what the page shows with this paper.",
  ];
}

const METHODS: Readonly<Record<string, string>> = {
  ivr_dtmf: "a key pressed in a phone call",
  whatsapp: "a message on WhatsApp",
  api: "a request of the business's own systems",
  console: "a supervisor, at the console",
  cli: "an operator, at the command line",
  erasure: "an erasure",
  expiry: "time: the number's owner did not answer",
};

function topicWords({ id, name, category }: Said["topics"][number]): string {
  return name === undefined ? id : `${name} (${category ?? id})`;
}

/** What is not known is left out. */
function said(rows: readonly (readonly [string, string | null | undefined])[]): Facts {
  return rows.flatMap(([term, value]) =>
    value === null || value === undefined || value === "" ? [] : [[term, value] as const],
  );
}

function utc(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}
