import { readFileSync } from "node:fs";
import type { ConsentState } from "../../src/call/consent.ts";
import { notesOf } from "../../src/proof/checkpoint.ts";
import { audit } from "../../src/proof/audit.ts";
import { faultText } from "../../src/proof/faults.ts";
import { signersOf } from "../../src/sealing.ts";
import { rootByDefinition } from "../proof/tree-of.ts";
import type { Disk } from "./disk.ts";
import type { House } from "./house.ts";
import type { Accepted } from "./provider.ts";
import type { Setting } from "./setting.ts";
import { follows, type EntryRow, type Row, type Witness } from "./witness.ts";

export type LawParts = {
  readonly setting: Setting;
  readonly witness: Witness;
  readonly breach: (law: string, what: string) => void;
};

/** Law 5: what was once committed is there for good, byte for byte, whatever dies. */
export function rememberedEntries({ witness, breach }: LawParts) {
  const seen = new Map<string, string>();
  let last = 0;
  return {
    /** Looks at what is new. */
    look(): void {
      for (const row of witness.all("SELECT * FROM entry WHERE seq > ? ORDER BY seq", last)) {
        seen.set(String(row["id"]), JSON.stringify(row));
        last = Number(row["seq"]);
      }
    },
    check(): void {
      const now = new Map(
        witness.all("SELECT * FROM entry").map((row) => [String(row["id"]), JSON.stringify(row)]),
      );
      for (const [id, text] of seen) {
        if (!now.has(id)) breach("5", `entry ${id} was committed, and has vanished`);
        else if (now.get(id) !== text) breach("5", `entry ${id} has changed`);
      }
    },
  };
}

/** The projection is the fold of the entries, no more and no less. */
export function checkProjection({ witness, breach }: LawParts, entries: readonly EntryRow[]): void {
  const folded = new Map<string, ConsentState>();
  for (const { businessId, subscriberId, topics, simulated, kind } of entries) {
    for (const topic of topics) {
      const key = `${businessId} ${subscriberId} ${topic} ${simulated}`;
      folded.set(key, follows(folded.get(key) ?? "none", kind));
    }
  }
  const stored = new Map(
    witness
      .all("SELECT * FROM consent")
      .map((row) => [
        `${String(row["business_id"])} ${String(row["subscriber_id"])} ${String(row["topic"])} ${row["simulated"] === 1}`,
        row["state"],
      ]),
  );
  for (const [key, state] of folded)
    if (stored.get(key) !== state)
      breach("5", `${key} is stored as ${String(stored.get(key))}, not ${state}`);
  for (const key of stored.keys()) if (!folded.has(key)) breach("5", `${key} is stored, and nobody said so`);
}

/** What is to leave is tried until it is done, or ends where somebody sees it. */
export function checkQueue({ witness, breach }: LawParts, accepted: readonly Accepted[]): void {
  for (const job of witness.all("SELECT * FROM outbox WHERE state IN ('waiting', 'sending')"))
    breach("8", `${told(job)} is left in the queue, due at ${String(job["due_at"])}`);
  // Of whoever was erased, the words of a failure are erased as well.
  const reasonless = `SELECT * FROM outbox WHERE state IN ('failed', 'expired') AND error_message IS NULL
    AND EXISTS (SELECT 1 FROM subscriber WHERE subscriber.id = outbox.subscriber_id)`;
  for (const job of witness.all(reasonless)) breach("8", `${told(job)} ended, and nothing says why`);
  const placed = new Set(accepted.filter(({ kind }) => kind === "Calls").map(({ sid }) => sid));
  const calls = witness.all("SELECT * FROM outbox WHERE kind = 'call'");
  for (const call of calls) {
    const { state, provider_sid: sid } = call;
    if (state === "sent" && !placed.has(String(sid))) breach("8", `${told(call)} counts as placed`);
  }
  if (placed.size > calls.length) breach("4", `${placed.size} calls are placed for ${calls.length} orders`);
  const untold = witness.all(`SELECT * FROM entry WHERE kind IN ('granted', 'confirmed') AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE outbox.kind = 'message' AND outbox.business_id = entry.business_id
      AND outbox.subscriber_id = entry.subscriber_id AND outbox.simulated = entry.simulated
      AND outbox.cause GLOB 'confirmation:' || entry.source_id || '*')`);
  for (const entry of untold) breach("4", `${String(entry["id"])} is confirmed to nobody`);
}

function told({ kind, id, cause, attempts, state }: Row): string {
  return `${String(kind)} ${String(id)} (${String(cause)}, ${String(attempts)} attempts, ${String(state)})`;
}

/** The log verifies, goes on from all that was signed, and holds each entry once, in commit order. */
export async function checkLog(
  { setting, witness, breach }: LawParts,
  { memory }: House,
  shipped: readonly string[],
): Promise<void> {
  const report = await audit({
    // The schema is each seed's same template; to hold it against the migrations takes longer than all the rest.
    store: { ...memory.audit, guards: async () => [] },
    verifiers: signersOf(setting.config).map(({ verifier }) => verifier),
    outside: shipped.flatMap(notesOf).map((note) => ({ where: "elsewhere", note })),
    page: 500,
    locate: false,
    rest: async () => undefined,
    progress: () => undefined,
  });
  for (const fault of report.faults) breach("5", `the log does not verify: ${faultText(fault)}`);
  if (report.unsealed > 0) breach("5", `${report.unsealed} entries are never sealed`);
  const leaves = witness.all("SELECT * FROM log_leaf ORDER BY leaf_index");
  const order = witness.all("SELECT id FROM entry ORDER BY seq").map(({ id }) => id);
  if (leaves.map((leaf) => leaf["entry_id"]).join() !== order.join())
    breach("5", "the log's leaves are not the entries in commit order");
  const root = Buffer.from(rootByDefinition(leaves.map((leaf) => leaf["hash"] as Buffer)));
  const signed = witness.one("SELECT * FROM checkpoint ORDER BY seq DESC LIMIT 1")?.["root"];
  if (!Buffer.isBuffer(signed) || !root.equals(signed)) breach("5", "the newest checkpoint has another root");
}

/** Law 10: no number in clear, in the log or at rest. */
export function checkPrivacy(
  { witness, breach }: LawParts,
  disk: Disk,
  log: readonly string[],
  numbers: readonly string[],
): void {
  const lines = log.join("");
  const file = readFileSync(disk.path());
  const paths = witness.all("SELECT action FROM call_event WHERE action IS NOT NULL");
  const addresses = paths.map(({ action }) => String(action)).join("\n");
  for (const number of numbers) {
    const digits = number.slice(1);
    if (lines.includes(digits)) breach("10", "a number is in the log");
    if (addresses.includes(digits)) breach("10", "a number is in an address");
    if (file.includes(digits)) breach("10", "a number is in the file in clear");
  }
}

/** The file is whole, and everything refers to what is there. */
export function checkFile({ witness, breach }: LawParts): void {
  const [whole] = witness.all("PRAGMA quick_check");
  if (Object.values(whole ?? {})[0] !== "ok") breach("5", "the file is damaged");
  if (witness.all("PRAGMA foreign_key_check").length > 0)
    breach("5", "something refers to what is not there");
}
