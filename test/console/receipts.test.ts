import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pdfPress, PressBusy } from "../../src/proof/pdf-press.ts";
import { receiptsWith } from "../../src/receipts.ts";
import { readPdf } from "../support/pdf.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

const print = pdfPress({ publicUrl: "https://line.test" });
let isBusy: boolean;
let line: ConsoleLine;
beforeEach(async () => {
  isBusy = false;
  line = await startConsoleLine({
    parts: {
      async printReceipt(businessId, entryId) {
        if (isBusy) throw new PressBusy("20 receipts are waiting to be printed.");
        const found = await receiptsWith(
          line.config,
          line.memory,
          () => line.clock.now,
        )([businessId], entryId);
        return found === null ? null : print(found);
      },
    },
  });
});
afterEach(() => line.stop());

describe("a supervisor who is asked for a proof on paper", () => {
  it("finds it beside the evidence, and it is on record who took it", async () => {
    await line.granted();
    const id = String(line.rows("entry")[0]?.["id"]);
    const supervisor = await line.operator("supervisor");
    const [, link = ""] =
      /href="([^"]+receipt\.pdf)"/.exec(await supervisor.page(`/console/evidence/acme-dental/${id}`)) ?? [];
    const answer = await supervisor.get(link);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="receipt-${id}.pdf"`);
    const { text } = readPdf(new Uint8Array(await answer.arrayBuffer()));
    expect(text).toContain(id);
    expect(text).toContain("+1••••••0123");
    const [last] = await line.accesses();
    expect(last).toMatchObject({ action: "evidence", subject: id, detail: "a receipt, as PDF" });
  });

  it("is told to wait where too many are being printed, and that there is none where there is no entry", async () => {
    await line.granted();
    const supervisor = await line.operator("supervisor");
    isBusy = true;
    const path = `/console/evidence/acme-dental/${String(line.rows("entry")[0]?.["id"])}/receipt.pdf`;
    const busy = await supervisor.get(path);
    expect([busy.status, await busy.text()]).toEqual([503, expect.stringContaining("Try again in a minute")]);
    expect((await supervisor.get("/console/evidence/acme-dental/none/receipt.pdf")).status).toBe(404);
    const viewer = await line.operator("viewer");
    expect((await viewer.get(path)).status).toBe(403);
  });
});
