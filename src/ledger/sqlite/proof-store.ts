import type { Statement } from "better-sqlite3";
import {
  MAX_LOG_PAGE,
  type LeafRow,
  type LogBatch,
  type ProofStore,
  type SealedLeaf,
  type StoredCheckpoint,
} from "../proof-store.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";

/** The log on one SQLite file. Commit order is the order of `seq`, for there is one writer; it may have gaps. */
export function sqliteProofStore(
  { client }: Pick<Connection, "client">,
  { write }: { write: Write },
): ProofStore {
  const newest = client.prepare<[], number>("SELECT coalesce(max(leaf_index), -1) FROM log_leaf").pluck();
  const lastSealed = client
    .prepare<[], number>(
      `SELECT entry.seq FROM log_leaf JOIN entry
       ON entry.business_id = log_leaf.business_id AND entry.id = log_leaf.entry_id
       WHERE leaf_index = (SELECT max(leaf_index) FROM log_leaf)`,
    )
    .pluck();
  const rowsAfter = client.prepare<[number, number], LeafRow>(
    `${LEAF_ROWS} WHERE entry.seq > ? ORDER BY entry.seq LIMIT ?`,
  );
  const rowOf = client.prepare<[string, string], LeafRow>(
    `${LEAF_ROWS} WHERE entry.business_id = ? AND entry.id = ?`,
  );
  const lastEntry = client.prepare<[], number | null>("SELECT max(seq) FROM entry").pluck();
  const firstAfter = client
    .prepare<[number], number>("SELECT at FROM entry WHERE seq > ? ORDER BY seq LIMIT 1")
    .pluck();
  const leaves = client
    .prepare<[number, number], Buffer>(
      "SELECT hash FROM log_leaf WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index",
    )
    .pluck();
  const tiles = client
    .prepare<[number, number, number], Buffer>(
      "SELECT hash FROM log_tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
    )
    .pluck();
  const place = client.prepare<[string, string], { index: number; hash: Buffer }>(
    'SELECT leaf_index AS "index", hash FROM log_leaf WHERE business_id = ? AND entry_id = ?',
  );
  const leavesFrom = sealedPages({ client }, rowOf);
  const placed = placedRows({ client }, { rowOf, place });
  const append = appender({ client }, () => (newest.get() ?? -1) + 1);

  return {
    size: async () => (newest.get() ?? -1) + 1,
    async unsealed(limit) {
      const sealed = lastSealed.get() ?? 0;
      // The sealer asks each second: the statement that joins all that a leaf rests on is begun where there is a row for it.
      return (lastEntry.get() ?? 0) > sealed ? rowsAfter.all(sealed, bounded(limit)) : [];
    },
    async backlog() {
      const sealed = lastSealed.get() ?? 0;
      const oldestAt = firstAfter.get(sealed) ?? null;
      return { entries: oldestAt === null ? 0 : (lastEntry.get() ?? 0) - sealed, oldestAt };
    },
    append: (batch) => write(() => append(batch)),
    async hashes(level, from, to) {
      const end = from + bounded(to - from);
      return level === 0 ? leaves.all(from, end) : tiles.all(level, from, end);
    },
    ...checkpointShelf({ client }),
    placeOf: async (businessId, entryId) => place.get(businessId, entryId) ?? null,
    leafRow: async (businessId, entryId) => rowOf.get(businessId, entryId) ?? null,
    placed: async (entries) => placed(entries),
    sealed: async (from, limit) => leavesFrom(from, bounded(limit)),
  };
}

/**
 * Leaves with their rows. One statement for all rows of a page: to begin one takes twenty times as long as to read a row
 * with all that it refers to.
 */
function sealedPages(
  { client }: Pick<Connection, "client">,
  rowOf: Statement<[string, string], LeafRow>,
): (from: number, limit: number) => readonly SealedLeaf[] {
  const page = client.prepare<[number, number], Omit<SealedLeaf, "row">>(
    `SELECT leaf_index AS "index", hash, business_id AS businessId, entry_id AS entryId
     FROM log_leaf WHERE leaf_index >= ? ORDER BY leaf_index LIMIT ?`,
  );
  const following = client.prepare<[number, number], LeafRow>(
    `${LEAF_ROWS} WHERE entry.seq >= ? ORDER BY entry.seq LIMIT ?`,
  );
  return (from, limit) => {
    const leaves = page.all(from, limit);
    const [first] = leaves;
    const firstRow = first === undefined ? undefined : rowOf.get(first.businessId, first.entryId);
    // Leaves in commit order lie together; what somebody has moved away is looked up by itself.
    const together = firstRow === undefined ? [] : following.all(firstRow.seq, leaves.length);
    const rows = new Map(together.map((row) => [row.id, row]));
    return leaves.map((leaf) => {
      const row = rows.get(leaf.entryId);
      const found = row?.businessId === leaf.businessId ? row : rowOf.get(leaf.businessId, leaf.entryId);
      return { ...leaf, row: found ?? null };
    });
  };
}

type Place = { readonly index: number; readonly hash: Buffer };

/** Entries of a list, in commit order: one statement for all that lie together, as in `sealedPages`. */
function placedRows(
  { client }: Pick<Connection, "client">,
  { rowOf, place }: { rowOf: Statement<Whose, LeafRow>; place: Statement<Whose, Place> },
): (entries: Parameters<ProofStore["placed"]>[0]) => Awaited<ReturnType<ProofStore["placed"]>> {
  const rowsWithin = client.prepare<[number, number], LeafRow>(
    `${LEAF_ROWS} WHERE entry.seq >= ? AND entry.seq <= ? ORDER BY entry.seq`,
  );
  const placesWithin = client.prepare<[number, number], { seq: number; index: number }>(
    `SELECT entry.seq, leaf_index AS "index" FROM entry JOIN log_leaf
       ON log_leaf.entry_id = entry.id AND log_leaf.business_id = entry.business_id
     WHERE entry.seq >= ? AND entry.seq <= ?`,
  );
  return (entries) => {
    const [first, last] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
    // A filter that takes one in a hundred is better served one by one.
    if (last - first >= entries.length * MAX_SPREAD)
      return entries.map(({ businessId, id }) => ({
        row: rowOf.get(businessId, id) ?? null,
        index: place.get(businessId, id)?.index ?? null,
      }));
    const rows = new Map(rowsWithin.all(first, last).map((row) => [row.seq, row]));
    const places = new Map(placesWithin.all(first, last).map(({ seq, index }) => [seq, index]));
    return entries.map(({ seq }) => ({ row: rows.get(seq) ?? null, index: places.get(seq) ?? null }));
  };
}

type Whose = [businessId: string, entryId: string];

/** So many rows may be read for one that is wanted. */
const MAX_SPREAD = 8;

/** In the transaction of whoever calls: the primary key and the triggers hold what is promised here. */
function appender({ client }: Pick<Connection, "client">, size: () => number) {
  const addLeaf = client.prepare<[number, string, string, Uint8Array]>(
    "INSERT INTO log_leaf (leaf_index, business_id, entry_id, hash) VALUES (?, ?, ?, ?)",
  );
  const addTile = client.prepare<[number, number, Uint8Array]>(
    "INSERT INTO log_tile (level, idx, hash) VALUES (?, ?, ?)",
  );
  const addCheckpoint = client.prepare<[number, Uint8Array, string, number]>(
    "INSERT INTO checkpoint (size, root, note, at) VALUES (?, ?, ?, ?)",
  );
  return ({ size: before, leaves, tiles, checkpoint }: LogBatch): "appended" | "behind" => {
    if (size() !== before) return "behind";
    leaves.forEach(({ businessId, entryId, hash }, offset) =>
      addLeaf.run(before + offset, businessId, entryId, hash),
    );
    for (const { level, index, hash } of tiles) addTile.run(level, index, hash);
    addCheckpoint.run(checkpoint.size, checkpoint.root, checkpoint.note, checkpoint.at);
    return "appended";
  };
}

function checkpointShelf({ client }: Pick<Connection, "client">) {
  const newest = client.prepare<[], StoredCheckpoint>(
    "SELECT size, root, note, at FROM checkpoint ORDER BY seq DESC LIMIT 1",
  );
  const ofSize = client.prepare<[number], StoredCheckpoint>(
    "SELECT size, root, note, at FROM checkpoint WHERE size = ? ORDER BY seq DESC LIMIT 1",
  );
  return {
    newestCheckpoint: async () => newest.get() ?? null,
    checkpointAt: async (size: number) => ofSize.get(size) ?? null,
  };
}

function bounded(count: number): number {
  return Math.max(0, Math.min(count, MAX_LOG_PAGE));
}

/**
 * Entries with what they refer to. Each join is one look into a unique index, by all that law 3's foreign
 * keys ask for: what does not fit any more is as good as gone, and shows. Words belong to a digest, so their
 * digest is looked up by it; a question that came with the notice is that notice.
 */
const LEAF_ROWS = `
  SELECT entry.seq, entry.id, entry.business_id AS businessId, entry.subscriber_id AS subscriberId, entry.kind,
    entry.topics, entry.locale, entry.jurisdiction, entry.script, entry.source, entry.source_id AS sourceId, entry.step,
    entry.attempt, entry.key, entry.call_sid AS callSid, entry.notice_step AS noticeStep,
    entry.notice_attempt AS noticeAttempt, entry.notice_kind AS noticeKind,
    entry.notice_message_id AS noticeMessageId, entry.notice_purpose AS noticePurpose, entry.message_id AS messageId,
    entry.confirms, entry.supersedes, entry.attestation, entry.simulated, entry.commitment, entry.reason, entry.at,
    entry.recording_sid AS recordingSid, entry.recording_seconds AS recordingSeconds,
    entry.recording_bytes AS recordingBytes, entry.recording_sha256 AS recordingSha256,
    call.account_sid AS callAccount, call.line AS callLine, call.direction AS callDirection,
    call.subscriber_id AS callSubscriber, call.attestation AS callAttestation, call.simulated AS callSimulated,
    call.begun_at AS callBegunAt,
    coalesce(heard.seq, carried.seq) AS noticeSeq, coalesce(heard.at, carried.at) AS noticeAt, heard.action AS noticeAction,
    heard.subscriber_id AS noticeSubscriber, coalesce(heard.text_digest, carried.text_digest) AS noticeDigest,
    heard_text.words_digest AS noticeWordsDigest, carried.topics AS noticeTopics, carried.content_sid AS noticeTemplate,
    carried.locale AS noticeLocale, carried.jurisdiction AS noticeJurisdiction, carried.script AS noticeScript,
    carried.entry_id AS noticeEntry,
    coalesce(asked.seq, with_notice.seq) AS questionSeq, coalesce(asked.step, with_notice.step) AS questionStep,
    coalesce(asked.attempt, with_notice.attempt) AS questionAttempt,
    coalesce(asked.at, with_notice.at) AS questionAt,
    iif(asked.seq IS NULL, with_notice.action, asked.action) AS questionAction,
    iif(asked.seq IS NULL, with_notice.subscriber_id, asked.subscriber_id) AS questionSubscriber,
    coalesce(asked.text_digest, with_notice.text_digest) AS questionDigest,
    asked_text.words_digest AS questionWordsDigest,
    press.seq AS pressSeq, press.at AS pressAt, press.keypress AS pressKind, press.key AS pressKey, press.next_step AS pressNextStep,
    press.next_attempt AS pressNextAttempt,
    reply.seq AS replySeq, reply.at AS replyAt, reply.purpose AS replyPurpose, reply.direction AS replyDirection,
    reply.subscriber_id AS replySubscriber, reply.simulated AS replySimulated, reply.sid AS replySid,
    reply.replies_to AS replyTo, reply.commitment AS replyCommitment, reply.payload AS replyPayload,
    reply.locale AS replyLocale, reply.jurisdiction AS replyJurisdiction, reply.script AS replyScript,
    reply.topics AS replyTopics
  FROM entry
  LEFT JOIN call ON call.business_id = entry.business_id AND call.call_sid = entry.call_sid
  LEFT JOIN call_event heard ON heard.business_id = entry.business_id AND heard.call_sid = entry.call_sid
    AND heard.step = entry.notice_step AND heard.attempt = entry.notice_attempt AND heard.kind = entry.notice_kind
    AND heard.locale = entry.locale
  LEFT JOIN message carried ON carried.business_id = entry.business_id AND carried.id = entry.notice_message_id
    AND carried.purpose = entry.notice_purpose AND carried.locale = entry.locale
    AND carried.subscriber_id = entry.subscriber_id AND carried.simulated = entry.simulated
    AND carried.direction = 'out'
  LEFT JOIN served_text heard_text ON heard_text.business_id = entry.business_id
    AND heard_text.digest = coalesce(heard.text_digest, carried.text_digest)
  LEFT JOIN call_event asked ON asked.business_id = entry.business_id AND asked.call_sid = entry.call_sid
    AND asked.step = entry.step AND asked.attempt = entry.attempt AND asked.kind = 'served'
    AND asked.locale = entry.locale
  LEFT JOIN call_event with_notice ON asked.seq IS NULL AND with_notice.business_id = entry.business_id
    AND with_notice.call_sid = entry.call_sid AND with_notice.step = 'notice' AND with_notice.attempt = entry.attempt
    AND with_notice.kind = 'served' AND with_notice.locale = entry.locale
  LEFT JOIN served_text asked_text ON asked_text.business_id = entry.business_id
    AND asked_text.digest = coalesce(asked.text_digest, with_notice.text_digest)
  LEFT JOIN call_event press ON press.business_id = entry.business_id AND press.call_sid = entry.call_sid
    AND press.step = entry.step AND press.attempt = entry.attempt AND press.kind = 'key' AND press.locale = entry.locale
  LEFT JOIN message reply ON reply.business_id = entry.business_id AND reply.id = entry.message_id`;
