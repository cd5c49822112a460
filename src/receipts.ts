import type { Config } from "./config.ts";
import { recordOf } from "./ledger/record.ts";
import type { Memory } from "./ledger/sqlite/memory.ts";
import { issueReceipt, type Receipt } from "./proof/receipt.ts";
import { receiptRecord } from "./proof/receipt-record.ts";
import { signersOf } from "./sealing.ts";

/** Receipts for whoever asks: the command, other systems, supervisors. */
export type ReceiptDesk = (businessIds: readonly string[], entryId: string) => Promise<Receipt | null>;

/** @returns null where these businesses have no such entry */
export function receiptsWith(
  config: Pick<Config, "log" | "businesses">,
  { entries, proof }: Pick<Memory, "entries" | "proof">,
  now: () => number,
): ReceiptDesk {
  const signers = signersOf(config);
  return async (businessIds, entryId) => {
    const view = await entries.get(businessIds, entryId);
    if (view === null) return null;
    const business = config.businesses.find(({ id }) => id === view.entry.businessId);
    const record = receiptRecord(recordOf(view, business), view, business);
    return issueReceipt(record, view.entry, { proof, signers, now: now() });
  };
}
