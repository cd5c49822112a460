import { hash } from "node:crypto";
import type { LeafRow, ProofStore } from "../ledger/proof-store.ts";
import { canonical, type Json } from "./canonical.ts";
import { leafHashOf, leafOf } from "./leaf.ts";
import { signNote, type Signer } from "./note.ts";
import { inclusionProof } from "./tree.ts";

/** What an outsider is given of one entry: the record, the words, and all that it takes to check them offline. */
export type Receipt = {
  readonly schemaVersion: typeof RECEIPT_VERSION;
  /** ISO 8601, UTC. */
  readonly issuedAt: string;
  readonly record: object;
  /** Where the entry stands in the log; null until it has its place there, some seconds after it was made. */
  readonly proof: ReceiptProof | null;
  /** A signed note over the SHA-256 of all the rest, as canonical JSON: what no leaf holds (names, a call's end), too. */
  readonly seal: string;
};

export type ReceiptProof = {
  /** RFC 6962, SHA-256. */
  readonly algorithm: "rfc6962-sha256";
  readonly leaf: Json;
  /** Base64, like every hash here. */
  readonly leafHash: string;
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly inclusion: readonly string[];
  /** The signed note, in C2SP's form. */
  readonly checkpoint: string;
  /** The log's keys. An auditor compares them with those that were given another way. */
  readonly keys: readonly string[];
};

export const RECEIPT_VERSION = "yesline-receipt/1";

export type ReceiptSources = {
  readonly proof: Pick<ProofStore, "placeOf" | "newestCheckpoint" | "hashes" | "leafRow">;
  readonly signers: readonly [Signer, ...Signer[]];
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** @param record as it is exported; the leaf is made anew from the rows, as they are now */
export async function issueReceipt(
  record: object,
  { businessId, id }: Pick<LeafRow, "businessId" | "id">,
  { proof: store, signers, now }: ReceiptSources,
): Promise<Receipt> {
  const row = await store.leafRow(businessId, id);
  if (row === null) throw new Error(`Entry ${id} has no row.`);
  const proof = await proofOf(row, { store, signers });
  const issuedAt = new Date(now).toISOString();
  const unsealed = { schemaVersion: RECEIPT_VERSION, issuedAt, record, proof } as const;
  return { ...unsealed, seal: signNote(sealText(unsealed), signers) };
}

/** What the seal signs. It can be taken for no checkpoint: that one's second line is a size. */
export function sealText(unsealed: Omit<Receipt, "seal">): string {
  return `${RECEIPT_VERSION}\n${hash("sha256", canonical(unsealed))}\n`;
}

async function proofOf(
  row: LeafRow,
  { store, signers }: { store: ReceiptSources["proof"]; signers: readonly Signer[] },
): Promise<ReceiptProof | null> {
  const checkpoint = await store.newestCheckpoint();
  const place = await store.placeOf(row.businessId, row.id);
  if (checkpoint === null || place === null || place.index >= checkpoint.size) return null;
  const inclusion = await inclusionProof(store.hashes, place.index, checkpoint.size);
  return {
    algorithm: "rfc6962-sha256",
    leaf: leafOf(row),
    leafHash: base64(leafHashOf(row)),
    leafIndex: place.index,
    treeSize: checkpoint.size,
    inclusion: inclusion.map(base64),
    checkpoint: checkpoint.note,
    keys: signers.map(({ verifier }) => verifier.text),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
