import { expect, it, describe } from "vitest";
import { JURISDICTIONS } from "../../src/call/business.ts";
import type { EntryView } from "../../src/ledger/ledger.ts";
import { lawOf } from "../../src/proof/receipt-law.ts";
import { receiptRecord } from "../../src/proof/receipt-record.ts";
import { clinic } from "../call/clinic.ts";

const BUSINESS = clinic({
  retention: "P1Y",
  privacy: {
    storageLocation: "Frankfurt, Germany",
    authority: "Der Landesbeauftragte für den Datenschutz",
    recipients: [{ name: "Booking GmbH", role: "keeps the calendar" }],
  },
});

/** Only what a receipt looks at. */
function viewOf(entry: Partial<EntryView["entry"]>, number: EntryView["number"] = null): EntryView {
  const told = { id: "1", kind: "granted", source: "call", messageId: null, simulated: false, topics: [] };
  return { entry: { ...told, jurisdiction: "EU", at: Date.UTC(2026, 1, 28), ...entry }, number } as never;
}

describe("what a receipt says of the law", () => {
  it("is the business's own where it has said it", () => {
    expect(receiptRecord({}, viewOf({}), BUSINESS)).toMatchObject({
      storageLocation: "Frankfurt, Germany",
      authority: "Der Landesbeauftragte für den Datenschutz",
      recipients: [{ name: "Twilio Inc." }, { name: "WhatsApp (Meta Platforms)" }, { name: "Booking GmbH" }],
      withdrawalMethods: [
        "calling +14155550100 and pressing 2",
        "writing STOP to +14155550110 on WhatsApp",
        `writing to ${BUSINESS.contact.email}`,
      ],
    });
  });

  it("is left out where nobody has said it", () => {
    expect(receiptRecord({}, viewOf({}), clinic())).toMatchObject({ storageLocation: null, authority: null });
    expect(receiptRecord({}, viewOf({}), undefined)).toMatchObject({
      retention: null,
      retentionUntil: null,
      withdrawalMethods: [],
      policyUrl: null,
    });
  });

  it.each([
    ["granted", true],
    ["confirmed", true],
    ["refused", false],
    ["pending", false],
    ["revoked", false],
    ["recorded", false],
  ] as const)("claims a basis for messages for what is %s: %s", (kind, rests) => {
    const { lawfulBasis, validity } = receiptRecord({}, viewOf({ kind }), BUSINESS);
    expect([lawfulBasis !== null, validity !== null]).toEqual([rests, rests]);
  });

  it("keeps evidence as long as the notice's law and the number's country want it, not only as the business does", () => {
    const until = (...view: Parameters<typeof viewOf>) =>
      receiptRecord({}, viewOf(...view), BUSINESS).retentionUntil;
    expect(until({})).toBe("2027-02-28");
    expect(until({ jurisdiction: "CA" })).toBe("2029-02-28");
    expect(until({ at: Date.UTC(2028, 1, 29, 23) })).toBe("2029-02-28");
    expect(until({}, "+4915123456789")).toBe("2031-02-28");
  });

  it("names the law of each jurisdiction that has a notice", () => {
    for (const jurisdiction of JURISDICTIONS) {
      const { basis, rights } = lawOf(jurisdiction);
      expect([jurisdiction, basis]).toEqual([jurisdiction, expect.stringContaining("consent (")]);
      expect(rights.join("; ")).toMatch(/withdrawal/);
    }
  });
});
