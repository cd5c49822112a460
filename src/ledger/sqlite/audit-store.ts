import type {
  AuditStore,
  ConsentRow,
  EventRow,
  Extent,
  History,
  MessageRow,
  NumberedCheckpoint,
  PersonRow,
  TextRow,
  TilePlace,
} from "../audit-store.ts";
import type { NumberVault } from "../numbers.ts";
import { MAX_LOG_PAGE, type ProofStore } from "../proof-store.ts";
import type { Connection } from "./connection.ts";
import { schemaAudit } from "./schema-audit.ts";
import { reasonPages } from "./reasons.ts";

/** One file, read a page at a time. */
export function sqliteAuditStore(
  { client }: Pick<Connection, "client">,
  { vault, proof }: { vault: NumberVault; proof: ProofStore },
): AuditStore {
  const passedOver = client.prepare<[number, number], { businessId: string; id: string; seq: number }>(
    `SELECT business_id AS businessId, id, seq FROM entry WHERE seq > ? AND seq <= ? AND NOT EXISTS
       (SELECT 1 FROM log_leaf WHERE log_leaf.entry_id = entry.id AND log_leaf.business_id = entry.business_id)
     ORDER BY seq LIMIT ${MAX_LOG_PAGE}`,
  );
  const entriesWithin = client
    .prepare<[number, number], number>("SELECT count(*) FROM entry WHERE seq > ? AND seq <= ?")
    .pluck();
  const tile = client
    .prepare<[number, number], Buffer>("SELECT hash FROM log_tile WHERE level = ? AND idx = ?")
    .pluck();
  const tiles = client.prepare<[number, number, number], TilePlace>(
    `SELECT level, idx AS "index" FROM log_tile WHERE (level, idx) > (?, ?) ORDER BY level, idx LIMIT ?`,
  );
  const checkpoints = client.prepare<[number, number], NumberedCheckpoint>(
    "SELECT seq, size, root, note, at FROM checkpoint WHERE seq > ? ORDER BY seq LIMIT ?",
  );
  const texts = client.prepare<[number, number], TextRow>(
    `SELECT rowid AS "row", business_id AS businessId, digest, words_digest AS wordsDigest, twiml, words, at
     FROM served_text WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const events = client.prepare<[number, number], EventRow>(
    `SELECT seq, business_id AS businessId, call_sid AS callSid, step, attempt, kind, key, next_step AS nextStep,
       next_attempt AS nextAttempt, text_digest AS textDigest, action, subscriber_id AS subscriberId, keypress, at
     FROM call_event WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const consents = client.prepare<[number, number], Omit<ConsentRow, "hasEntry"> & { hasEntry: number }>(
    `SELECT rowid AS "row", business_id AS businessId, subscriber_id AS subscriberId, topic, entry_id AS entryId,
       EXISTS (SELECT 1 FROM entry WHERE entry.business_id = consent.business_id AND entry.id = consent.entry_id
         AND entry.subscriber_id = consent.subscriber_id) AS hasEntry
     FROM consent WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const extent = client.prepare<[], Extent>(
    `SELECT (SELECT coalesce(max(leaf_index), -1) + 1 FROM log_leaf) AS leaves,
       (SELECT coalesce(max(seq), 0) FROM entry) AS lastEntrySeq,
       (SELECT coalesce(max(seq), 0) FROM checkpoint) AS lastCheckpointSeq`,
  );
  const history = histories({ client });
  const guards = schemaAudit({ client });

  return {
    async leaves(from, afterSeq, limit) {
      const leaves = await proof.sealed(from, limit);
      const seqs = new Set(leaves.flatMap(({ row }) => (row !== null && row.seq > afterSeq ? row.seq : [])));
      const lastSeq = Math.max(afterSeq, ...seqs);
      // Where there are as many entries as leaves, none was passed over, and nobody has to look for it.
      const isWhole = entriesWithin.get(afterSeq, lastSeq) === seqs.size;
      return { leaves, passedOver: isWhole ? [] : passedOver.all(afterSeq, lastSeq), lastSeq };
    },
    tile: async (level, index) => tile.get(level, index) ?? null,
    tiles: async ({ level, index }, limit) => tiles.all(level, index, limit),
    checkpoints: async (after, limit) => checkpoints.all(after, limit),
    texts: async (after, limit) => texts.all(after, limit),
    events: async (after, limit) => events.all(after, limit),
    messages: messagePages({ client }, vault),
    people: peoplePages({ client }, vault),
    reasons: reasonPages({ client }, vault),
    histories: async (after, limit) => history(after, limit),
    consents: async (after, limit) =>
      consents.all(after, limit).map((each) => ({ ...each, hasEntry: each.hasEntry === 1 })),
    guards: async () => guards(),
    extent: async () => extent.get() ?? { leaves: 0, lastEntrySeq: 0, lastCheckpointSeq: 0 },
  };
}

function messagePages({ client }: Pick<Connection, "client">, vault: NumberVault): AuditStore["messages"] {
  type Row = Omit<MessageRow, "hasWords" | "isAsCommitted"> & {
    sealed: Buffer | null;
    owner: string;
    sealedSalt: Buffer | null;
  };
  const page = client.prepare<[number, number], Row>(
    `SELECT message.seq, message.business_id AS businessId, message.id, direction, status, text_digest AS textDigest,
       content_sid AS contentSid, entry_id AS entryId, message.commitment, payload, replies_to AS repliesTo, message.at, sealed_body AS sealed,
       message.subscriber_id AS owner, salt AS sealedSalt
     FROM message LEFT JOIN subscriber
       ON subscriber.business_id = message.business_id AND subscriber.id = message.subscriber_id
     WHERE message.seq > ? ORDER BY message.seq LIMIT ?`,
  );
  function isAsCommitted({ sealed, owner, sealedSalt, commitment }: Row): boolean | null {
    if (sealed === null || sealedSalt === null) return null;
    const salt = read(() => vault.openSalt(owner, sealedSalt));
    const words = salt === null ? null : read(() => vault.unseal(salt, sealed));
    return salt !== null && words !== null && vault.commitTo(salt, words) === commitment;
  }
  return async (after, limit) =>
    page.all(after, limit).map((row) => {
      const { sealed: _, owner: __, sealedSalt: ___, ...shown } = row;
      return { ...shown, hasWords: row.sealed !== null, isAsCommitted: isAsCommitted(row) };
    });
}

function peoplePages({ client }: Pick<Connection, "client">, vault: NumberVault): AuditStore["people"] {
  type Row = {
    readonly row: number;
    readonly businessId: string;
    readonly id: string;
    readonly number: Buffer;
    readonly sealedSalt: Buffer;
    readonly commitment: string;
    readonly blindIndex: string;
    readonly lastFourIndex: string | null;
  };
  const page = client.prepare<[number, number], Row>(
    `SELECT rowid AS "row", business_id AS businessId, id, number, salt AS sealedSalt, commitment, blind_index AS blindIndex,
       last_four_index AS lastFourIndex
     FROM subscriber WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const vaults = [vault, ...vault.older];
  function faultsOf({ businessId, id, number: sealed, ...row }: Row): string[] {
    const number = read(() => vault.decrypt(id, sealed));
    if (number === null) return ["the number cannot be read with the line's secret"];
    const faults: string[] = [];
    const salt = read(() => vault.openSalt(id, row.sealedSalt));
    if (salt === null) faults.push("the salt cannot be read with the line's secret");
    else if (vault.commitTo(salt, number) !== row.commitment)
      faults.push("the commitment is not to this number");
    if (vaults.every((each) => each.blindIndex(businessId, number) !== row.blindIndex))
      faults.push("the blind index is not this number's");
    const digits = row.lastFourIndex;
    if (digits !== null && vaults.every((each) => each.lastFourIndex(businessId, number) !== digits))
      faults.push("the index of the last digits is not this number's");
    return faults;
  }
  return async (after, limit): Promise<readonly PersonRow[]> =>
    page.all(after, limit).map((row) => {
      const { row: place, businessId, id } = row;
      return { row: place, businessId, id, faults: faultsOf(row) };
    });
}

function histories({ client }: Pick<Connection, "client">) {
  type Whose = [businessId: string, subscriberId: string];
  const people = client.prepare<[...Whose, number], Pick<History, "businessId" | "subscriberId">>(
    `SELECT business_id AS businessId, subscriber_id AS subscriberId FROM entry INDEXED BY entry_of_subscriber
     WHERE (business_id, subscriber_id) > (?, ?) GROUP BY business_id, subscriber_id
     ORDER BY business_id, subscriber_id LIMIT ?`,
  );
  // To begin a statement takes far longer than to read a row: each is asked once for all people of a page.
  const range = "WHERE (business_id, subscriber_id) >= (?, ?) AND (business_id, subscriber_id) <= (?, ?)";
  type Range = [...Whose, ...Whose];
  // By the order the primary key is searched: without it SQLite would walk through everybody for each page.
  const commitments = client.prepare<Range, Person & { commitment: string }>(
    `SELECT business_id AS businessId, id AS subscriberId, commitment FROM subscriber
     WHERE (business_id, id) >= (?, ?) AND (business_id, id) <= (?, ?) ORDER BY business_id, id`,
  );
  const entries = client.prepare<Range, Person & History["entries"][number]>(
    `SELECT business_id AS businessId, subscriber_id AS subscriberId, id, kind, topics, simulated, commitment, at
     FROM entry INDEXED BY entry_of_subscriber ${range} ORDER BY business_id, subscriber_id, seq`,
  );
  const consents = client.prepare<Range, Person & History["consents"][number]>(
    `SELECT business_id AS businessId, subscriber_id AS subscriberId, topic, simulated, state, entry_id AS entryId, at
     FROM consent ${range} ORDER BY business_id, subscriber_id, topic, simulated`,
  );
  // Beside a server that writes, entries and what was folded of them are seen as of one moment.
  return client.transaction((after: Person, limit: number): readonly History[] => {
    const page = people.all(after.businessId, after.subscriberId, limit);
    const [first, last] = [page[0], page.at(-1)];
    if (first === undefined || last === undefined) return [];
    const within: Range = [first.businessId, first.subscriberId, last.businessId, last.subscriberId];
    const known = byPerson(commitments.all(...within));
    const said = byPerson(entries.all(...within));
    const folded = byPerson(consents.all(...within));
    return page.map((whose) => ({
      ...whose,
      commitment: known(whose)[0]?.commitment ?? null,
      entries: said(whose),
      consents: folded(whose),
    }));
  });
}

/** Whose rows are whose. The id alone is the key, for two strings take long to join; the business is looked at after. */
function byPerson<Row extends Person>(rows: readonly Row[]): (whose: Person) => readonly Row[] {
  const groups = Map.groupBy(rows, ({ subscriberId }) => subscriberId);
  return ({ businessId, subscriberId }) =>
    groups.get(subscriberId)?.filter((row) => row.businessId === businessId) ?? [];
}

type Person = Pick<History, "businessId" | "subscriberId">;

/** Null where nothing that was sealed with our secret stands there. */
function read<T>(unseal: () => T): T | null {
  try {
    return unseal();
  } catch {
    // Node says no more than "unable to authenticate"; whoever verifies is told which row it is.
    return null;
  }
}
