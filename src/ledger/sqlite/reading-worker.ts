import { parentPort, workerData } from "node:worker_threads";
import { giveWay } from "../giving-way.ts";
import { numberVault } from "../numbers.ts";
import { openToRead } from "./connection.ts";
import { READ_BESIDE, type ReaderAsked, type ReaderData, type ReaderSays } from "./reading-beside.ts";
import { sqliteReading } from "./reading.ts";

/** The thread that reads for supervisors; see `readingBeside`. It can write nothing: its connection only reads. */
giveWay();

const { file, secret, olderSecrets } = workerData as ReaderData;
const refuse = () => Promise.reject(new Error("A reader does not write."));
const reading = sqliteReading(openToRead(file), {
  vault: numberVault(secret, olderSecrets),
  write: refuse,
  newId: () => "",
  monotonicMs: () => performance.now(),
});
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
const say = (said: ReaderSays) => parentPort?.postMessage(said);

parentPort?.on("message", ({ id, read, args }: ReaderAsked) => {
  if (!READ_BESIDE.includes(read)) throw new Error(`Nobody reads ${read} here.`);
  const act = reading[read] as (...given: readonly unknown[]) => Promise<unknown>;
  act(...args).then(
    (value) => say({ id, value }),
    (error: unknown) => say({ id, failed: error instanceof Error ? error.message : String(error) }),
  );
});
