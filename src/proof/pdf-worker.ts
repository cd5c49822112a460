import { parentPort, workerData } from "node:worker_threads";
import type { PrintOrder } from "./pdf-press.ts";
import { receiptPdf } from "./receipt-pdf.ts";

// The thread of `pdf-press.ts`.
const { receipt, ...options } = workerData as PrintOrder;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await receiptPdf(receipt, options));
