import type { Jurisdiction } from "../call/business.ts";

/** What the law of a notice says of the person's part. Not legal advice: counsel reads it as they read the prompts. */
export type LawOfReceipt = {
  /** What messages rest on while consent stands. */
  readonly basis: string;
  readonly rights: readonly string[];
  /** Whom a person may complain to; null where it is another one in each country. */
  readonly authority: string | null;
};

const GDPR_RIGHTS = [
  "access (Art. 15)",
  "rectification (Art. 16)",
  "erasure (Art. 17)",
  "restriction (Art. 18)",
  "portability (Art. 20)",
  "withdrawal at any time (Art. 7(3))",
  "complaint to a supervisory authority (Art. 77)",
];

export function lawOf(jurisdiction: Jurisdiction): LawOfReceipt {
  switch (jurisdiction) {
    case "US":
      return {
        basis: "prior express consent (TCPA, 47 CFR 64.1200; FTC Telemarketing Sales Rule, 16 CFR 310)",
        rights: ["withdrawal by any reasonable means", "complaint to the authority"],
        authority: "Federal Communications Commission; Federal Trade Commission",
      };
    case "EU":
      return {
        basis: "consent (GDPR Art. 6(1)(a) and Art. 7; ePrivacy Directive Art. 13)",
        rights: GDPR_RIGHTS,
        authority: null,
      };
    case "GB":
      return {
        basis: "consent (UK GDPR Art. 6(1)(a) and Art. 7; PECR reg. 22)",
        rights: GDPR_RIGHTS,
        authority: "Information Commissioner's Office",
      };
    case "CA":
      return {
        basis: "express consent (CASL s. 6)",
        rights: ["access and correction (PIPEDA)", "withdrawal at any time (CASL s. 11)", "complaint"],
        authority:
          "Canadian Radio-television and Telecommunications Commission; Office of the Privacy Commissioner",
      };
    case "BR":
      return {
        basis: "consent (LGPD Art. 7, I, and Art. 8)",
        rights: [
          "access, correction, portability and erasure (Art. 18)",
          "withdrawal at any time (Art. 8 § 5)",
        ],
        authority: "Autoridade Nacional de Proteção de Dados",
      };
    case "IN":
      return {
        basis: "consent (DPDP Act 2023, s. 6)",
        rights: [
          "access (s. 11)",
          "correction and erasure (s. 12)",
          "grievance redressal (s. 13)",
          "withdrawal at any time (s. 6(4))",
        ],
        authority: "Data Protection Board of India",
      };
    case "ZA":
      return {
        basis: "consent (POPIA s. 11 and s. 69)",
        rights: [
          "access (s. 23)",
          "correction and deletion (s. 24)",
          "withdrawal and objection at any time (s. 11)",
          "the recording of the call, free of charge",
          "complaint (s. 74)",
        ],
        authority: "Information Regulator (South Africa)",
      };
    case "AU":
      return {
        basis: "consent (Spam Act 2003, s. 16 and Schedule 2)",
        rights: [
          "access and correction (Privacy Act 1988, APP 12 and 13)",
          "withdrawal at any time",
          "complaint",
        ],
        authority:
          "Australian Communications and Media Authority; Office of the Australian Information Commissioner",
      };
  }
}
