import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pdfPress, PressBusy } from "../../src/proof/pdf-press.ts";
import type { Receipt } from "../../src/proof/receipt.ts";
import { receiptPdf } from "../../src/proof/receipt-pdf.ts";
import { sfntOf } from "../../src/proof/sfnt.ts";
import { readPdf } from "../support/pdf.ts";
import { audited } from "./auditors.ts";

const PUBLIC_URL = "https://line.example";

let line: Awaited<ReturnType<typeof audited>>;
let receipt: Receipt;
beforeAll(async () => {
  line = await audited([3]);
  const id = String(line.memory.rows("entry")[1]?.["id"]);
  receipt = JSON.parse((await line.ledger("receipt", id)).out) as Receipt;
});
afterAll(() => line.close());

type Changes = Readonly<Record<string, unknown>>;
const changed = (changes: Changes): Receipt => ({ ...receipt, record: { ...receipt.record, ...changes } });
const printed = async (of: Receipt) => readPdf(await receiptPdf(of, { publicUrl: PUBLIC_URL }));

describe("a receipt on paper", () => {
  it("says what was agreed, with whom, when, in which words, where it stands in the log, and how to verify it", async () => {
    const { text, pages } = await printed(receipt);
    const record = receipt.record as {
      recordId: string;
      notice: { text: string };
      subject: { number: string };
      withdrawalMethods: string[];
    };
    expect(text).toContain("Receipt: consent given");
    expect(text).toContain("Acme Dental Ltd., known as Acme Dental");
    expect(text).toContain(record.subject.number);
    expect(text).toContain(record.recordId);
    expect(text).toContain("2026-11-23 09:00:00 UTC");
    expect(squeezed(text)).toContain(squeezed(record.notice.text));
    for (const method of record.withdrawalMethods) expect(squeezed(text)).toContain(squeezed(method));
    expect(text).toContain("leaf 1 of 3");
    expect(squeezed(text)).toContain(squeezed(receipt.proof?.checkpoint ?? "none"));
    expect(squeezed(text)).toContain(`${PUBLIC_URL}/.well-known/yesline/verify`);
    expect(text).toContain(`page ${pages} of ${pages}`);
    expect(text).not.toContain("\uFFFD");
  });

  it("carries the receipt itself, because paper proves nothing", async () => {
    const { attachments } = await printed(receipt);
    expect(attachments.map((each) => JSON.parse(each) as unknown)).toEqual([receipt]);
  });

  it("can be read aloud: it has a title, a language, headings, and a table with its terms", async () => {
    const { source, tags } = await printed(receipt);
    expect(source).toContain("/Marked true");
    expect(source).toContain("/Lang (en)");
    expect(source).toContain("/DisplayDocTitle true");
    expect([...tags]).toEqual(
      expect.arrayContaining(["Document", "H1", "H2", "Table", "TR", "TH", "TD", "BlockQuote", "P"]),
    );
    expect(source).toMatch(/\/MediaBox \[0 0 595\.28 841\.89\]/);
  });

  it("joins the letters of Hindi as they are written, and tells whoever listens the very words", async () => {
    const words = "क्षत्रिय";
    const { actualTexts, glyphs, source, text } = await printed(
      changed({ locale: "hi-IN", notice: { text: words, servedAt: "2026-11-23T09:00:00.000Z" } }),
    );
    expect(actualTexts).toContain(words);
    expect(source).toContain("/Lang (hi-IN)");
    // Eight characters; ksha and tra are one sign each, and tra's i stands before it.
    expect([Array.from(words).length, glyphs(/Devanagari/)]).toEqual([8, 4]);
    expect(text).not.toContain("[U+");
  });

  it("writes Latin, Greek and Cyrillic names, and says so where it has no letters for one", async () => {
    const controller = { id: "many", name: "株式会社 ☎", legalName: "Łódź Żółć Ωμέγα Север Đặng S.L." };
    const { text } = await printed(changed({ controller }));
    expect(squeezed(text)).toContain(squeezed(controller.legalName));
    expect(squeezed(text)).toContain("[U+682A][U+5F0F][U+4F1A][U+793E][U+260E]");
    expect(text).toContain("Some characters have no letters in this file's fonts");
    expect((await printed(receipt)).text).not.toContain("Some characters");
  });

  it("marks what is simulated, and whoever was erased, and claims no place in the log before there is one", async () => {
    const subject = { pseudonym: "01a206fd", number: null, erased: true };
    const { text } = await printed({ ...changed({ simulated: true, subject }), proof: null });
    expect(text).toContain("SIMULATED: it was made by a simulator, and is no consent.");
    expect(text).toContain("ERASED: the person was forgotten");
    expect(text).toContain("There is nothing to verify yet.");
  });

  it("goes on to other pages where the words are long, and loses none of them", async () => {
    const words = Array.from({ length: 900 }, (_, index) => `word${index}`).join(" ");
    const { text, pages } = await printed(
      changed({ notice: { text: words, servedAt: "2026-11-23T09:00:00.000Z" } }),
    );
    expect(pages).toBeGreaterThan(2);
    for (const index of [0, 450, 899]) expect(text).toContain(`word${index}`);
  });

  it("is the same file for the same receipt, in a thread of its own as well", async () => {
    const [one, two] = [
      await receiptPdf(receipt, { publicUrl: PUBLIC_URL }),
      await pdfPress({ publicUrl: PUBLIC_URL })(receipt),
    ];
    expect(Buffer.compare(one, two)).toBe(0);
  });

  it("is written by the command; where the file cannot be, that is said", async () => {
    const file = line.keep("receipt.pdf", "");
    const { recordId } = receipt.record as { recordId: string };
    const { code, out, err } = await line.ledger("receipt", recordId, "--pdf", file);
    expect([code, out, err]).toEqual([0, "", `${file} is written.\n`]);
    expect(readPdf(readFileSync(file)).text).toContain(recordId);
    const nowhere = await line.ledger("receipt", recordId, "--pdf", join(file, "no", "folder.pdf"));
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining("cannot be written")]);
  });
});

describe("the press", () => {
  it("takes so many orders and no more", async () => {
    const print = pdfPress({ publicUrl: PUBLIC_URL });
    // None can be printed: a receipt without a record.
    const orders = Array.from({ length: 20 }, () => print({ ...receipt, record: {} }));
    await expect(print(receipt)).rejects.toBeInstanceOf(PressBusy);
    const [first] = orders;
    await expect(first).rejects.toThrow("undefined");
    for (const order of orders) order.catch(() => undefined);
  });
});

describe("a font out of its WOFF", () => {
  it("has the tables that the format says, each at its place and whole", () => {
    const file = createRequire(import.meta.url).resolve(
      "@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff",
    );
    const woff = readFileSync(file);
    const font = sfntOf(woff);
    const count = font.readUInt16BE(4);
    expect(count).toBe(woff.readUInt16BE(12));
    const tables = Array.from({ length: count }, (_, index) => {
      const entry = 12 + index * 16;
      const [sum, at, length] = [4, 8, 12].map((field) => font.readUInt32BE(entry + field)) as [
        number,
        number,
        number,
      ];
      const tag = font.toString("latin1", entry, entry + 4);
      return { tag, sum, found: sumOf(font.subarray(at, at + length)) };
    });
    // The head's own sum leaves out one field, which is the sum of all.
    const wrong = tables.filter(({ tag, sum, found }) => tag !== "head" && sum !== found);
    expect([wrong, tables.length]).toEqual([[], count]);
    expect(() => sfntOf(font)).toThrow("It is no WOFF file.");
  });
});

/** As the format counts: 32 bits at a time. */
function sumOf(table: Buffer): number {
  const padded = Buffer.concat([table, Buffer.alloc(-table.length & 3)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 4) sum = (sum + padded.readUInt32BE(at)) >>> 0;
  return sum;
}

/** Lines are broken where the paper ends. */
function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, "");
}
