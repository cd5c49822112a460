import type { Config } from "./config.ts";
import { recordOf } from "./ledger/record.ts";
import type { EntryView } from "./ledger/ledger.ts";
import type { Memory } from "./ledger/sqlite/memory.ts";
import { issueReceipt, type Receipt } from "./proof/receipt.ts";
import { receiptRecord } from "./proof/receipt-record.ts";
import { signersOf } from "./sealing.ts";

/** Receipts for whoever asks: the command, other systems, supervisors. */
export type ReceiptDesk = (
  businessIds: readonly string[],
  entryId: string,
  /** Where the number is to be in it, and shown to be the one that the entry commits to. */
  saltOf?: Memory["privacy"]["saltOf"],
) => Promise<Receipt | null>;

/** @returns null where these businesses have no such entry */
export function receiptsWith(
  config: Pick<Config, "log" | "businesses">,
  { entries, proof }: Pick<Memory, "entries" | "proof">,
  now: () => number,
): ReceiptDesk {
  const signers = signersOf(config);
  return async (businessIds, entryId, saltOf) => {
    const view = await entries.get(businessIds, entryId);
    if (view === null) return null;
    const business = config.businesses.find(({ id }) => id === view.entry.businessId);
    const masked = receiptRecord(recordOf(view, business), view, business);
    const record = saltOf === undefined ? masked : await withNumber(masked, view, saltOf);
    return issueReceipt(record, view.entry, { proof, signers, now: now() });
  };
}

/** Once erased, there is neither number nor salt, and nothing to show. */
async function withNumber(
  record: ReturnType<typeof receiptRecord<ReturnType<typeof recordOf>>>,
  { number, entry: { businessId, subscriberId } }: EntryView,
  saltOf: Memory["privacy"]["saltOf"],
) {
  const salt = await saltOf(businessId, subscriberId);
  if (number === null || salt === null) return record;
  return { ...record, subject: { ...record.subject, number, salt: Buffer.from(salt).toString("base64") } };
}
