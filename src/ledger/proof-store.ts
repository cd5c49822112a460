/**
 * Where the log over the entries is kept. It only ever grows: each entry has one leaf, in commit order, without gaps.
 * The leaf itself is never stored, only its hash: whoever wants it makes it anew from the rows.
 */
export type ProofStore = {
  /** Leaves in the log. */
  size(): Promise<number>;

  /** Entries that have no leaf yet, in commit order. */
  unsealed(limit: number): Promise<readonly LeafRow[]>;

  /** How many have none, at most, and since when the oldest of them waits. */
  backlog(): Promise<{ readonly entries: number; readonly oldestAt: number | null }>;

  /**
   * Leaves, tiles and checkpoint in one durable transaction: all of it is there, or nothing.
   *
   * @returns "behind" where the log is longer than the batch believes: somebody else has sealed
   */
  append(batch: LogBatch): Promise<"appended" | "behind">;

  /** Hashes from `from` on and before `to`; level 0: leaves, level n: roots of complete subtrees of 256^n leaves. */
  readonly hashes: (level: number, from: number, to: number) => Promise<readonly Uint8Array[]>;

  newestCheckpoint(): Promise<StoredCheckpoint | null>;
  /** The newest one of that very size. */
  checkpointAt(size: number): Promise<StoredCheckpoint | null>;

  /** Where an entry stands in the log; null where it has no leaf yet, or there is no such entry. */
  placeOf(
    businessId: string,
    entryId: string,
  ): Promise<{ readonly index: number; readonly hash: Uint8Array } | null>;
  /** What an entry's leaf is made of; null where there is no such entry. */
  leafRow(businessId: string, entryId: string): Promise<LeafRow | null>;
  /** What the leaves of these entries are made of, and where they stand: the same as one by one, and far faster. */
  placed(
    entries: readonly Pick<LeafRow, "businessId" | "id" | "seq">[],
  ): Promise<readonly { readonly row: LeafRow | null; readonly index: number | null }[]>;
  /** Leaves from an index on, in order, with what they are made of now; null where the entry is gone. */
  sealed(from: number, limit: number): Promise<readonly SealedLeaf[]>;
};

/** So many rows or hashes are asked for at once at most. */
export const MAX_LOG_PAGE = 1_000;

export type LogBatch = {
  /** The log's size before. */
  readonly size: number;
  /** Which entries, in order, and their leaves' hashes. */
  readonly leaves: readonly {
    readonly businessId: string;
    readonly entryId: string;
    readonly hash: Uint8Array;
  }[];
  readonly tiles: readonly { readonly level: number; readonly index: number; readonly hash: Uint8Array }[];
  /** Of the log after this batch. */
  readonly checkpoint: StoredCheckpoint;
};

export type StoredCheckpoint = {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note. */
  readonly note: string;
  readonly at: number;
};

export type SealedLeaf = {
  readonly index: number;
  readonly hash: Uint8Array;
  readonly businessId: string;
  readonly entryId: string;
  readonly row: LeafRow | null;
};

/**
 * Everything that an entry's leaf says, as it is in the rows: the entry's own columns, and those of what it refers to
 * that never change. No number is among them.
 */
export type LeafRow = {
  readonly seq: number;
  readonly id: string;
  readonly businessId: string;
  readonly subscriberId: string;
  readonly kind: string;
  /** JSON text. */
  readonly topics: string;
  readonly locale: string;
  readonly jurisdiction: string;
  readonly script: string;
  readonly source: string;
  readonly sourceId: string;
  readonly step: string;
  readonly attempt: number;
  readonly key: string | null;
  readonly callSid: string | null;
  readonly noticeStep: string | null;
  readonly noticeAttempt: number | null;
  readonly noticeKind: string | null;
  readonly noticeMessageId: string | null;
  readonly noticePurpose: string | null;
  readonly messageId: string | null;
  readonly confirms: string | null;
  readonly supersedes: string | null;
  readonly attestation: string | null;
  /** 0 or 1. */
  readonly simulated: number;
  readonly commitment: string;
  readonly reason: string | null;
  /** Of a `recorded` entry. */
  readonly recordingSid: string | null;
  readonly recordingSeconds: number | null;
  readonly recordingBytes: number | null;
  readonly recordingSha256: string | null;
  readonly at: number;
  /** The call; null for what did not come by phone. */
  readonly callAccount: string | null;
  readonly callLine: string | null;
  readonly callDirection: string | null;
  readonly callSubscriber: string | null;
  readonly callAttestation: string | null;
  readonly callSimulated: number | null;
  readonly callBegunAt: number | null;
  /** The notice: the call's event, or the message that carried it. */
  readonly noticeSeq: number | null;
  readonly noticeAt: number | null;
  readonly noticeAction: string | null;
  readonly noticeSubscriber: string | null;
  readonly noticeDigest: string | null;
  readonly noticeWordsDigest: string | null;
  readonly noticeTopics: string | null;
  readonly noticeTemplate: string | null;
  readonly noticeLocale: string | null;
  readonly noticeJurisdiction: string | null;
  readonly noticeScript: string | null;
  readonly noticeEntry: string | null;
  /** The question that the key answered; the notice's event where the question came with it. */
  readonly questionSeq: number | null;
  readonly questionStep: string | null;
  readonly questionAttempt: number | null;
  readonly questionAt: number | null;
  readonly questionAction: string | null;
  readonly questionSubscriber: string | null;
  readonly questionDigest: string | null;
  readonly questionWordsDigest: string | null;
  /** The event of the key. */
  readonly pressSeq: number | null;
  readonly pressAt: number | null;
  readonly pressKind: string | null;
  readonly pressKey: string | null;
  readonly pressNextStep: string | null;
  readonly pressNextAttempt: number | null;
  /** The message that answered. */
  readonly replySeq: number | null;
  readonly replyAt: number | null;
  readonly replyPurpose: string | null;
  readonly replyDirection: string | null;
  readonly replySubscriber: string | null;
  readonly replySimulated: number | null;
  readonly replySid: string | null;
  readonly replyTo: string | null;
  readonly replyCommitment: string | null;
  readonly replyPayload: string | null;
  readonly replyLocale: string | null;
  readonly replyJurisdiction: string | null;
  readonly replyScript: string | null;
  readonly replyTopics: string | null;
};
