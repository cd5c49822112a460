import { parentPort } from "node:worker_threads";
import { readLines } from "../proof/export-line.ts";

/** The other end of `exportLines`: lines in, what they say out, in order. */
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
parentPort?.on("message", (chunk: Uint8Array) => parentPort?.postMessage(readLines(chunk)));
