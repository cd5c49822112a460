import { answering, given } from "../asking-thread.ts";
import { numberVault } from "../numbers.ts";
import { openToRead } from "./connection.ts";
import { READ_BESIDE, type ReaderAsked, type ReaderData } from "./reading-beside.ts";
import { sqliteReading } from "./reading.ts";

const { file, secret, olderSecrets } = given() as ReaderData;
const refuse = () => Promise.reject(new Error("A reader does not write."));
const reading = sqliteReading(openToRead(file), {
  vault: numberVault(secret, olderSecrets),
  write: refuse,
  newId: () => "",
  monotonicMs: () => performance.now(),
});

/** The thread that reads for supervisors; see `readingBeside`. It can write nothing: its connection only reads. */
answering(({ read, args }: ReaderAsked) => {
  if (!READ_BESIDE.includes(read)) throw new Error(`Nobody reads ${read} here.`);
  const act = reading[read] as (...given: readonly unknown[]) => Promise<unknown>;
  return act(...args);
});
