import { createHmac } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import jsonld from "jsonld";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiptSchema } from "../../src/api/receipt.ts";
import { openCheckpoint } from "../../src/proof/checkpoint.ts";
import { canonical } from "../../src/proof/canonical.ts";
import { parseVerifier } from "../../src/proof/note.ts";
import { issueReceipt, sealText, type Receipt } from "../../src/proof/receipt.ts";
import { RECEIPT_CONTEXT } from "../../src/proof/receipt-jsonld.ts";
import { leafHash } from "../../src/proof/tree.ts";
import { verifyInclusion } from "../../src/proof/verify.ts";
import { clinicCall, leaves, NOW, writes } from "../ledger/correspondence.ts";
import { agree, answers, begins, entryOf, sha256, someNumber } from "../support/memory.ts";
import { audited } from "./auditors.ts";
import { sealerOn } from "./sealing.ts";

let line: Awaited<ReturnType<typeof audited>>;
let ids: readonly string[];

beforeAll(async () => {
  line = await audited([5]);
  const { memory } = line;
  const other = someNumber();
  const call = clinicCall({ caller: someNumber() });
  const subscriberId = await memory.ledger.register(call.businessId, other, NOW);
  await memory.ledger.record(begins(call));
  await memory.ledger.record(answers(call, [entryOf({ kind: "pending", topics: ["visits"], subscriberId })]));
  await leaves(memory, NOW + 60_000);
  await writes(memory, other, { kind: "yes" }, { at: NOW + 120_000 }).answered;
  await writes(memory, other, { kind: "stop", topics: null }, { at: NOW + 180_000 }).answered;
  await sealerOn(memory.proof, { signers: line.signers }).seal();
  ids = memory.rows("entry").map(({ id }) => String(id));
});
afterAll(() => line.close());

async function receiptOf(id: string, format = "json"): Promise<Receipt> {
  const { code, out, err } = await line.ledger("receipt", id, "--format", format);
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out) as Receipt;
}

describe("a receipt", () => {
  it("proves its entry with nothing but the log's key", async () => {
    const receipt = await receiptOf(ids[2] ?? "");
    const { proof } = receipt;
    if (proof === null) throw new Error("no proof");
    const [key] = line.signers;
    expect(proof.keys).toEqual([key.verifier.text]);
    const opened = openCheckpoint(proof.checkpoint, proof.keys.map(parseVerifier));
    if (opened.kind !== "signed") throw new Error(opened.reason);
    const leaf = leafHash(Buffer.from(canonical(proof.leaf)));
    expect(Buffer.from(leaf).toString("base64")).toBe(proof.leafHash);
    const path = proof.inclusion.map((hash) => Buffer.from(hash, "base64"));
    const { size, root } = opened.checkpoint;
    expect([size, proof.leafIndex]).toEqual([proof.treeSize, 2]);
    expect(verifyInclusion({ leaf, index: 2, size, root, proof: path })).toBe(true);
  });

  it("says who asked whom for what, in the very words, how to leave, and for how long it is kept", async () => {
    const { record, proof } = await receiptOf(ids[0] ?? "");
    expect(record).toMatchObject({
      eventId: ids[0],
      eventState: "ConsentGiven",
      eventType: "consent given",
      controller: { id: "acme-dental", legalName: "Acme Dental Ltd." },
      channel: "whatsapp",
      notice: { id: "2026-11-22/en-US/notice", language: "en-US", voice: null },
      call: { from: line.memory.rows("entry")[0]?.["subscriber_id"], line: "+14155550100" },
      key: { pressed: "1" },
      subject: { erased: false, number: expect.stringContaining("•") },
      retention: expect.stringMatching(/^P/),
      retentionUntil: expect.stringMatching(/^20\d\d-/),
      withdrawalMethods: expect.arrayContaining([expect.stringContaining("STOP")]),
      recipients: [{ name: "Twilio Inc." }, { name: "WhatsApp (Meta Platforms)" }],
      lawfulBasis: expect.stringContaining("TCPA"),
      authority: expect.stringContaining("Federal Communications Commission"),
      storageLocation: null,
    });
    const { notice } = record as { notice: { text: string; sha256: string } };
    expect(notice.sha256).toBe(sha256(notice.text));
    expect(proof?.leaf).toMatchObject({ notice: { wordsDigest: notice.sha256 } });
  });

  it("says of a withdrawal how it came and when it was honoured, and marks what is simulated", async () => {
    const clinics = await line.ledger("receipt", ids.at(-1) ?? "", "--business", "clinic");
    // Of a business that the configuration has no more, and of a yes that has ended, receipts claim nothing.
    expect(JSON.parse(clinics.out)).toMatchObject({
      record: {
        lawfulBasis: null,
        validity: null,
        retention: null,
        withdrawalMethods: [],
        eventState: "ConsentWithdrawn",
        revocation: {
          channel: "whatsapp",
          scope: ["visits", "offers"],
          receivedAt: "2026-11-23T09:03:00.000Z",
        },
        messages: { reply: expect.any(String) },
      },
    });
    const { memory } = line;
    const call = clinicCall({ caller: someNumber(), businessId: "acme-dental", simulated: true });
    await agree(memory.ledger, call);
    const id = String(memory.rows("entry").at(-1)?.["id"]);
    const receipt = await line.ledger("receipt", id);
    expect(receipt.err).toContain("no place in the log yet");
    // It went through nobody.
    expect(JSON.parse(receipt.out)).toMatchObject({
      proof: null,
      record: { simulated: true, recipients: [] },
    });
  });

  it("shows that its person was erased, and proves the same", async () => {
    const id = ids[3] ?? "";
    const before = await receiptOf(id);
    const subscriberId = (before.record as { subject: { pseudonym: string } }).subject.pseudonym;
    await line.memory.privacy.erase({
      businessId: "acme-dental",
      who: { subscriberId },
      keepSuppression: false,
      by: "cli",
      byName: "cli",
      at: NOW,
    });
    const after = await receiptOf(id);
    expect(after.record).toMatchObject({ subject: { erased: true, number: null } });
    expect(after.proof?.leaf).toEqual(before.proof?.leaf);
    expect((await line.ledger("verify")).code).toBe(0);
  });

  it("is sealed: whatever is changed in it shows", async () => {
    const { seal, ...rest } = await receiptOf(ids[1] ?? "");
    expect(seal.startsWith(sealText(rest))).toBe(true);
    expect(sealText({ ...rest, issuedAt: "2026-01-01T00:00:00.000Z" })).not.toBe(sealText(rest));
  });

  it("is what its published schema says, for entries of every kind", async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(receiptSchema("https://line.test"));
    for (const id of ids.slice(0, 5)) {
      validate(await receiptOf(id));
      expect([id, validate.errors]).toEqual([id, null]);
    }
    const receipt = await receiptOf(ids[0] ?? "");
    for (const id of ids.slice(5)) {
      const { out } = await line.ledger("receipt", id, "--business", "clinic");
      validate(JSON.parse(out));
      expect([id, validate.errors]).toEqual([id, null]);
    }
    expect(validate({ ...receipt, seal: 1 })).toBe(false);
    expect(validate({ ...receipt, more: 1 })).toBe(false);
  });

  it("has no proof yet where its entry is sealed just after the checkpoint that it would be proved by", async () => {
    const { proof, rows } = line.memory;
    const [first, last] = [rows("entry")[0], rows("entry")[4]].map((row) => String(row?.["id"]));
    const older = rows("checkpoint").find(({ size }) => size === 0);
    const earlier = { ...proof, newestCheckpoint: async () => older as never };
    const sources = { signers: line.signers, now: NOW };
    for (const id of [first, last]) {
      const which = { businessId: "acme-dental", id: String(id) };
      expect((await issueReceipt({}, which, { ...sources, proof: earlier })).proof).toBeNull();
      expect((await issueReceipt({}, which, { ...sources, proof })).proof).not.toBeNull();
    }
  });

  it("shows whose it is to somebody who may know: the number, and that the entry commits to it, on record", async () => {
    const id = ids[0] ?? "";
    const { code, out } = await line.ledger("receipt", id, "--reveal");
    expect(code).toBe(0);
    const { record, proof } = JSON.parse(out) as Receipt;
    const { number, salt, commitment } = (record as { subject: Record<string, string> }).subject;
    expect(number).toMatch(/^\+\d{11}$/);
    const committed = createHmac("sha256", Buffer.from(salt ?? "", "base64")).update(number ?? "");
    expect(committed.digest("hex")).toBe(commitment);
    expect(proof?.leaf).toMatchObject({ subject: commitment });
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    expect(ajv.validate(receiptSchema("https://line.test"), JSON.parse(out))).toBe(true);
    expect(line.memory.rows("access_log").at(-1)).toMatchObject({
      action: "revealed",
      actor: "cli",
      subject: id,
      detail: "a receipt with the number",
    });
    // Whoever was erased, as above, has neither.
    const { record: erased } = JSON.parse(
      (await line.ledger("receipt", ids[3] ?? "", "--reveal")).out,
    ) as Receipt;
    expect(erased).toMatchObject({ subject: { erased: true, number: null } });
    expect(JSON.stringify(erased)).not.toContain('"salt"');
  });

  it("names no entry that is not there", async () => {
    const none = await line.ledger("receipt", "01a20640-be81-73e4-9d40-ec4ea8502155");
    expect([none.code, none.out, none.err]).toEqual([1, "", expect.stringContaining("There is no entry")]);
  });
});

describe("a receipt as JSON-LD", () => {
  it("has a meaning for every key, in the document itself", async () => {
    for (const id of ids.slice(0, 5)) {
      const document = (await receiptOf(id, "jsonld")) as unknown as Record<string, unknown>;
      expect(document).toMatchObject({
        "@type": "dpv:ConsentReceipt",
        "@context": { dpv: "https://w3id.org/dpv#" },
      });
      const unknown = keysOf({ ...document, "@context": null }).filter((key) => !(key in RECEIPT_CONTEXT));
      expect(unknown).toEqual([]);
    }
    for (const [term, meaning] of Object.entries(RECEIPT_CONTEXT)) {
      const iri =
        typeof meaning === "object" && meaning !== null && "@id" in meaning ? meaning["@id"] : meaning;
      expect([term, String(iri)]).toEqual([
        term,
        expect.stringMatching(/^(?:1\.1|https?:|urn:|(?:dpv|dct|schema):)/),
      ]);
    }
  });

  it("says the same as the receipt", async () => {
    const receipt = await receiptOf(ids[0] ?? "");
    const document = await receiptOf(ids[0] ?? "", "jsonld");
    expect(document.proof).toEqual(receipt.proof);
    expect(document.record).toMatchObject({ ...receipt.record });
    expect(document.record).toMatchObject({
      "@type": "dpv:ConsentRecord",
      consentStatus: { "@type": "dpv:ConsentGiven" },
      notice: { "@type": "dpv:ConsentNotice" },
      process: { "@type": "dpv:Process", legalBasis: "dpv:Consent" },
    });
  });

  it("expands without loss, and is the same again when it is compacted, all without a network", async () => {
    for (const id of ids) {
      const business = line.memory.rows("entry").find((row) => row["id"] === id)?.["business_id"];
      const { out } = await line.ledger("receipt", id, "--format", "jsonld", "--business", String(business));
      const document = JSON.parse(out) as Record<string, unknown>;
      // Whatever had no meaning would be dropped, and `safe` refuses that.
      const expanded = await processor.expand(document, { safe: true, documentLoader: NO_NETWORK });
      const { "@context": context, ...rest } = document;
      const said = leavesOf(rest);
      expect(said.length).toBeGreaterThan(40);
      expect(leavesOf(expanded)).toEqual(expect.arrayContaining(said));
      const { "@context": _, ...again } = await processor.compact(expanded, context, {
        documentLoader: NO_NETWORK,
      });
      expect(again).toEqual(withoutNulls(rest));
    }
  });

  it("is refused where one key has no meaning", async () => {
    const document = await receiptOf(ids[0] ?? "", "jsonld");
    await expect(
      processor.expand({ ...document, extra: "words" }, { safe: true, documentLoader: NO_NETWORK }),
    ).rejects.toThrow("Safe mode");
  });

  it("is exported for every entry", async () => {
    const { code, out } = await line.ledger("export", "--format", "jsonld");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toHaveLength(line.memory.count("entry"));
  });
});

/** Keys of linked data: of the leaf, which is one value, none. */
function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key.startsWith("@") ? [] : key === "leaf" ? [key] : [key, ...keysOf(each)],
  );
}

/** As it is called; its types are those of an earlier version, without safe mode. */
const processor = jsonld as unknown as {
  expand(document: object, options: { safe: boolean; documentLoader: typeof NO_NETWORK }): Promise<unknown[]>;
  compact(
    expanded: unknown,
    context: unknown,
    options: { documentLoader: typeof NO_NETWORK },
  ): Promise<Record<string, unknown>>;
};

/** A context that is not in the document would be asked for here. */
const NO_NETWORK = async (url: string): Promise<never> => {
  throw new Error(`${url} is asked for.`);
};

/** Everything that is said, as it is said: an IRI may be shortened, a null says nothing, a leaf is one value. */
function leavesOf(value: unknown): unknown[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (typeof value !== "object") return [typeof value === "string" ? long(value) : value];
  const { "@type": type, "@value": json } = value as Record<string, unknown>;
  if (type === "@json") return [JSON.stringify(json)];
  return Object.entries(value).flatMap(([key, each]) =>
    key === "leaf" ? [JSON.stringify(each)] : leavesOf(each),
  );
}

function long(text: string): string {
  const [prefix = "", rest] = text.split(/:(?!\/\/)(.*)/s);
  const iri = prefix === "dpv" || prefix === "loc" ? RECEIPT_CONTEXT[prefix] : undefined;
  return typeof iri === "string" ? `${iri}${rest ?? ""}` : text;
}

/** In linked data what is null is not said. The leaf is one value. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) =>
      each === null ? [] : [[key, key === "leaf" ? each : withoutNulls(each)] as const],
    ),
  );
}
