import type { Receipt } from "../../src/proof/receipt.ts";
import { clinicCall, leaves, NOW, writes } from "../ledger/correspondence.ts";
import { answers, begins, entryOf, someNumber, withdrawalOf } from "../support/memory.ts";
import type { audited } from "./auditors.ts";
import { sealerOn } from "./sealing.ts";

type Line = Awaited<ReturnType<typeof audited>>;

/** Receipts of what a phone, WhatsApp and the shell bring: with a question, with an answer in writing, with a reason. */
export async function receiptsOfKinds(line: Line): Promise<readonly Receipt[]> {
  const { memory } = line;
  const other = someNumber();
  const call = clinicCall({ caller: someNumber() });
  const subscriberId = await memory.ledger.register(call.businessId, other, NOW);
  await memory.ledger.record(begins(call));
  await memory.ledger.record(answers(call, [entryOf({ kind: "pending", topics: ["visits"], subscriberId })]));
  await leaves(memory, NOW + 60_000);
  await writes(memory, other, { kind: "yes" }, { at: NOW + 120_000 }).answered;
  await writes(memory, other, { kind: "stop", topics: null }, { at: NOW + 180_000 }).answered;
  await memory.ledger.revoke({ ...withdrawalOf(someNumber()), reason: "asked by letter" });
  await sealerOn(memory.proof, { signers: line.signers }).seal();
  const receipts: Receipt[] = [];
  for (const { id, kind, source, business_id: business } of memory.rows("entry").slice(-4)) {
    const { out } = await line.ledger("receipt", String(id), "--business", String(business));
    const receipt = JSON.parse(out) as Receipt;
    if (receipt.proof === null) throw new Error(`The ${String(kind)} of ${String(source)} has no proof.`);
    receipts.push(receipt);
  }
  return receipts;
}

/** Where a record says something that its leaf bears out, or should. */
export function provenPaths(record: object): readonly (readonly string[])[] {
  const isReasonKept = "reasonCommitment" in record && record.reasonCommitment !== null;
  return paths(record).filter((path) => {
    const name = path.join(".");
    return !UNPROVEN.test(name) && !(isReasonKept && name === "reason");
  });
}

/** What the log cannot bear out: names and rules of the business file, masked digits, how a call ended. */
const UNPROVEN =
  /^(?:schemaVersion|subject\.(?:number|erased)|controller\.(?!id)|topics\.\d+\.(?!id)|call\.(?:status|endedAt)|notice\.voice|lawfulBasis|personalData|withdrawalMethods|validity|retention|storageLocation|recipients|policyUrl|rights|authority)/;

export function paths(value: unknown, before: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [before];
  return Object.entries(value).flatMap(([key, each]) => paths(each, [...before, key]));
}

/** The same with one value another: a letter, a number by one, yes for no, something for nothing. */
export function replaced(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) {
    if (typeof value === "number") return value + 1;
    if (typeof value === "boolean") return !value;
    return typeof value === "string" ? flipped(value) : "x";
  }
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest);
  return copy;
}

/** One letter in the middle is another. */
function flipped(text: string): string {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
}
