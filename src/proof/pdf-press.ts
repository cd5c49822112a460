import { Worker } from "node:worker_threads";
import type { PdfOptions } from "./receipt-pdf.ts";
import type { Receipt } from "./receipt.ts";

/** Prints a receipt. @throws {PressBusy} */
export type PdfPress = (receipt: Receipt) => Promise<Uint8Array>;

/** So many receipts wait already that this one is not printed. */
export class PressBusy extends Error {}

/** What the press is given, and what it says. */
export type PrintOrder = PdfOptions & { readonly receipt: Receipt };

const MAX_WAITING = 20;
/** Fonts and one receipt take some 60 MB. */
const MAX_HEAP_MB = 256;

/**
 * Prints in a thread, one receipt after the other: it takes tenths of a second, and callers must not wait for paper.
 * The thread ends with the receipt, and the library with it.
 */
export function pdfPress(options: PdfOptions): PdfPress {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (receipt) => {
    if (waiting >= MAX_WAITING) throw new PressBusy(`${MAX_WAITING} receipts are waiting to be printed.`);
    waiting += 1;
    const printed = last.then(() => print({ ...options, receipt })).finally(() => (waiting -= 1));
    last = printed.catch(() => undefined);
    return printed;
  };
}

function print(workerData: PrintOrder): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("pdf-worker.ts", import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`The printing ended with ${code}.`)));
  });
}
