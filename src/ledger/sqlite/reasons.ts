import type { AuditStore } from "../audit-store.ts";
import type { NumberVault } from "../numbers.ts";
import { committedIn, reasonOf } from "../reason.ts";
import type { Connection } from "./connection.ts";
import { saltReader } from "./people.ts";

export type ReasonBook = ReturnType<typeof reasonBook>;

type Said = {
  readonly businessId: string;
  readonly subscriberId: string;
  readonly source: string;
  readonly reason?: string | null | undefined;
  readonly at: number;
};

/** What an entry keeps of the words in which somebody gave a reason, and the note that has the words themselves. */
export function reasonBook({ client }: Pick<Connection, "client">, vault: NumberVault) {
  const saltOf = saltReader({ client }, vault);
  const add = client.prepare<[string, string, string, string, Buffer, number]>(
    `INSERT INTO note (id, business_id, subscriber_id, author, "text", at) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const find = client.prepare<[string, string], { sealed: Buffer; owner: string; sealedSalt: Buffer }>(
    `SELECT note."text" AS sealed, subscriber.id AS owner, salt AS sealedSalt FROM note JOIN subscriber
       ON subscriber.business_id = note.business_id AND subscriber.id = note.subscriber_id
     WHERE note.business_id = ? AND note.id = ?`,
  );

  return {
    /** In the transaction that writes the entry. @returns what stands in it */
    keep(entryId: string, { businessId, subscriberId, source, reason = null, at }: Said): string | null {
      if (reason === null || source === OWN_SOURCE) return reason;
      const theirs = saltOf(businessId, subscriberId);
      if (theirs === null) throw new Error(`Subscriber ${subscriberId} was erased.`);
      add.run(entryId, businessId, subscriberId, source, vault.seal(theirs, reason), at);
      return reasonOf(vault.commitTo(theirs, reason));
    },
    /** The words of a reason that an entry commits to; null where they were erased, or there are none. */
    wordsOf({
      businessId,
      id,
      reason,
    }: {
      businessId: string;
      id: string;
      reason: string | null;
    }): string | null {
      if (committedIn(reason) === null) return null;
      const found = find.get(businessId, id);
      if (found === undefined) return null;
      return vault.unseal(vault.openSalt(found.owner, found.sealedSalt), found.sealed);
    },
  };
}

/** Only what nobody typed stands in an entry in clear: that a number's owner did not answer. A trigger says so, too. */
const OWN_SOURCE = "expiry";

/** Whether an entry holds words that somebody typed: only those do that are older than the trigger. */
export function standsInClear(source: string, reason: string | null): boolean {
  return reason !== null && source !== OWN_SOURCE && committedIn(reason) === null;
}

/** For whoever verifies: the words against what their entries commit to. */
export function reasonPages(
  { client }: Pick<Connection, "client">,
  vault: NumberVault,
): AuditStore["reasons"] {
  type Row = {
    readonly seq: number;
    readonly id: string;
    readonly reason: string;
    readonly owner: string;
    readonly sealedSalt: Buffer | null;
    readonly sealed: Buffer | null;
  };
  const page = client.prepare<[number, number], Row>(
    `SELECT entry.seq, entry.id, entry.reason, entry.subscriber_id AS owner, subscriber.salt AS sealedSalt, note."text" AS sealed
     FROM entry INDEXED BY entry_reasoned
     LEFT JOIN subscriber ON subscriber.business_id = entry.business_id AND subscriber.id = entry.subscriber_id
     LEFT JOIN note ON note.business_id = entry.business_id AND note.id = entry.id
     WHERE entry.reason IS NOT NULL AND entry.seq > ? ORDER BY entry.seq LIMIT ?`,
  );
  function isAsCommitted({ reason, owner, sealedSalt, sealed }: Row): boolean | null {
    const commitment = committedIn(reason);
    if (commitment === null || sealedSalt === null) return null;
    if (sealed === null) return false;
    try {
      const salt = vault.openSalt(owner, sealedSalt);
      return vault.commitTo(salt, vault.unseal(salt, sealed)) === commitment;
    } catch {
      // Node says no more than "unable to authenticate"; whoever verifies is told which entry it is.
      return false;
    }
  }
  return async (after, limit) =>
    page.all(after, limit).map((row) => ({ seq: row.seq, id: row.id, isAsCommitted: isAsCommitted(row) }));
}
