import type { Receipt } from "./receipt.ts";

/**
 * A receipt as JSON-LD, after the W3C DPV guide for ISO/IEC TS 27560: a receipt that has the record of a consent. The
 * context is part of the document: whoever reads it needs no network, and every key has a meaning.
 */
export function receiptJsonLd(receipt: Receipt): object {
  const record = receipt.record as Fields;
  const subject = record["subject"] as Fields;
  const notice = record["notice"] as Fields | null;
  return {
    "@context": RECEIPT_CONTEXT,
    "@type": "dpv:ConsentReceipt",
    conformsTo: `${PROFILE}receipt`,
    ...receipt,
    record: {
      "@id": `urn:uuid:${String(record["recordId"])}`,
      "@type": "dpv:ConsentRecord",
      conformsTo: `${PROFILE}record`,
      ...record,
      subject: { "@id": `urn:uuid:${String(subject["pseudonym"])}`, "@type": "dpv:DataSubject", ...subject },
      controller: { "@type": "dpv:DataController", ...(record["controller"] as Fields) },
      notice: notice === null ? null : { "@type": "dpv:ConsentNotice", ...notice },
      consentStatus: { "@type": `dpv:${String(record["eventState"])}`, indicatedAt: record["eventTime"] },
      process: {
        "@type": "dpv:Process",
        purpose: (record["topics"] as readonly Fields[]).map(({ id }) => id),
        hasPersonalData: record["personalData"],
        legalBasis: "dpv:Consent",
        storageCondition: { "@type": "dpv:StorageCondition", duration: record["retention"] },
        hasRecipient: (record["recipients"] as readonly Fields[]).map((recipient) => ({
          "@type": "dpv:Recipient",
          ...recipient,
        })),
        hasJurisdiction: `loc:${String(record["jurisdiction"])}`,
        consentControl: record["withdrawalMethods"],
      },
    },
  };
}

const PROFILE = "https://w3id.org/dpv/schema/dpv-27560#";

type Fields = Readonly<Record<string, unknown>>;

const ours = (name: string) => `urn:yesline:receipt:1#${name}`;
const time = (id: string) => ({ "@id": id, "@type": "xsd:dateTime" });
const list = (id: string) => ({ "@id": id, "@container": "@list" });
const set = (id: string) => ({ "@id": id, "@container": "@set" });

/** Every key of a receipt, and what it means. Values that are not linked data (the leaf) are kept as JSON. */
export const RECEIPT_CONTEXT: Readonly<Record<string, unknown>> = {
  "@version": 1.1,
  dpv: "https://w3id.org/dpv#",
  loc: "https://w3id.org/dpv/loc#",
  dct: "http://purl.org/dc/terms/",
  schema: "https://schema.org/",
  xsd: "http://www.w3.org/2001/XMLSchema#",
  conformsTo: { "@id": "dct:conformsTo", "@type": "@id" },
  record: "dpv:hasRecordOfActivity",
  consentStatus: "dpv:hasConsentStatus",
  indicatedAt: time("dpv:isIndicatedAtTime"),
  subject: "dpv:hasDataSubject",
  controller: "dpv:hasDataController",
  notice: "dpv:hasNotice",
  process: "dpv:hasProcess",
  purpose: set("dpv:hasPurpose"),
  topics: list(ours("topic")),
  hasPersonalData: set("dpv:hasPersonalData"),
  legalBasis: { "@id": "dpv:hasLegalBasis", "@type": "@id" },
  storageCondition: "dpv:hasStorageCondition",
  duration: { "@id": "dpv:hasDuration", "@type": "xsd:duration" },
  hasRecipient: set("dpv:hasRecipient"),
  hasJurisdiction: { "@id": "dpv:hasJurisdiction", "@type": "@id" },
  consentControl: set("dpv:hasConsentControl"),
  jurisdiction: ours("jurisdiction"),
  recipients: list(ours("recipient")),
  personalData: list(ours("personalData")),
  withdrawalMethods: list(ours("withdrawalMethod")),
  issuedAt: time("dct:issued"),
  eventTime: time("dct:date"),
  receivedAt: time(ours("receivedAt")),
  honouredAt: time(ours("honouredAt")),
  servedAt: time(ours("servedAt")),
  begunAt: time(ours("begunAt")),
  endedAt: time(ours("endedAt")),
  at: time(ours("at")),
  language: "dct:language",
  name: "schema:name",
  legalName: "schema:legalName",
  email: "schema:email",
  postalAddress: "schema:address",
  privacyUrl: "schema:url",
  contact: "schema:contactPoint",
  id: "dct:identifier",
  rights: set("dpv:hasRight"),
  // The leaf is bytes that were hashed: its keys are kept as they are.
  leaf: { "@id": ours("leaf"), "@type": "@json" },
  inclusion: list(ours("inclusion")),
  keys: list(ours("logKey")),
  scope: list(ours("scope")),
  ...Object.fromEntries(
    [
      "algorithm",
      "attempt",
      "attestation",
      "authority",
      "bytes",
      "call",
      "category",
      "channel",
      "checkpoint",
      "collectionMethod",
      "commitment",
      "confirms",
      "direction",
      "erased",
      "eventId",
      "eventState",
      "eventType",
      "key",
      "kind",
      "lawfulBasis",
      "leafHash",
      "leafIndex",
      "line",
      "locale",
      "messages",
      "number",
      "policyUrl",
      "pressed",
      "proof",
      "pseudonym",
      "question",
      "reason",
      "reasonCommitment",
      "recordId",
      "recording",
      "reply",
      "retention",
      "retentionUntil",
      "revocation",
      "role",
      "schemaVersion",
      "script",
      "seal",
      "seconds",
      "sequence",
      "servedEventId",
      "sha256",
      "sid",
      "simulated",
      "status",
      "storageLocation",
      "supersedes",
      "text",
      "treeSize",
      "validity",
      "version",
    ].map((name) => [name, ours(name)]),
  ),
};
