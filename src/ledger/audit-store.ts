import type { LeafRow, SealedLeaf, StoredCheckpoint } from "./proof-store.ts";

/**
 * The memory as whoever verifies it reads it: everything, page after page. Each page is one short look of its own, so
 * that calls do not wait, and shows the rows as they stand together.
 */
export type AuditStore = {
  /**
   * Leaves from an index on, in order, with what they are made of now, and entries that were passed over: older than
   * the page's last one, newer than `afterSeq`, and without a leaf.
   */
  readonly leaves: (from: number, afterSeq: number, limit: number) => Promise<LeafPage>;
  /** Roots of complete subtrees of 256^level leaves; null where it is not there. */
  readonly tile: (level: number, index: number) => Promise<Uint8Array | null>;
  /** Tiles in order of level and index. */
  readonly tiles: (after: TilePlace, limit: number) => Promise<readonly TilePlace[]>;
  /** In the order in which they were signed. */
  readonly checkpoints: (afterSeq: number, limit: number) => Promise<readonly NumberedCheckpoint[]>;
  /** Verbatim words, with their digests as they are stored. */
  readonly texts: (afterRow: number, limit: number) => Promise<readonly TextRow[]>;
  /** Events of calls. */
  readonly events: (afterSeq: number, limit: number) => Promise<readonly EventRow[]>;
  readonly messages: (afterSeq: number, limit: number) => Promise<readonly MessageRow[]>;
  /** People, and what of their rows does not fit together; their numbers stay inside. */
  readonly people: (afterRow: number, limit: number) => Promise<readonly PersonRow[]>;
  /** Entries that commit to the words of a reason, and whether these are there, as long as their person is. */
  readonly reasons: (afterSeq: number, limit: number) => Promise<readonly ReasonRow[]>;
  /** Everybody whom entries are about, with their entries and what was folded of them. */
  readonly histories: (after: HistoryPlace, limit: number) => Promise<readonly History[]>;
  /** Consents, and whether the entry that they name is of that person. */
  readonly consents: (afterRow: number, limit: number) => Promise<readonly ConsentRow[]>;
  /** What of the database's own guards, such as the triggers that refuse changes, is not as it was made. */
  readonly guards: () => Promise<readonly SchemaFault[]>;
  /** How far everything goes now; what comes later is the next verification's. */
  readonly extent: () => Promise<Extent>;
};

export type SchemaFault = {
  /** Which guard: `trigger entry_never_changes`. */
  readonly name: string;
  readonly what: string;
};

export type Extent = {
  readonly leaves: number;
  /** The newest entry's place in commit order. */
  readonly lastEntrySeq: number;
  readonly lastCheckpointSeq: number;
};

export type LeafPage = {
  readonly leaves: readonly SealedLeaf[];
  readonly passedOver: readonly Pick<LeafRow, "businessId" | "id" | "seq">[];
  /** Of the page's last entry: where the next page goes on. */
  readonly lastSeq: number;
};

export type TilePlace = { readonly level: number; readonly index: number };
export type NumberedCheckpoint = StoredCheckpoint & { readonly seq: number };

export type ReasonRow = {
  readonly seq: number;
  readonly id: string;
  /** Null where the person was erased: nobody can tell any more. */
  readonly isAsCommitted: boolean | null;
};

export type TextRow = {
  readonly row: number;
  readonly businessId: string;
  readonly digest: string;
  readonly wordsDigest: string;
  readonly twiml: string;
  readonly words: string;
  readonly at: number;
};

export type EventRow = {
  readonly seq: number;
  readonly businessId: string;
  readonly callSid: string;
  readonly step: string;
  readonly attempt: number;
  readonly kind: string;
  readonly key: string | null;
  readonly nextStep: string | null;
  readonly nextAttempt: number | null;
  readonly textDigest: string | null;
  readonly action: string | null;
  readonly subscriberId: string | null;
  readonly keypress: string | null;
  readonly at: number;
};

export type MessageRow = {
  readonly seq: number;
  readonly businessId: string;
  readonly id: string;
  readonly direction: string;
  readonly status: string;
  readonly textDigest: string | null;
  readonly contentSid: string | null;
  readonly entryId: string | null;
  readonly commitment: string | null;
  readonly payload: string | null;
  readonly repliesTo: string | null;
  readonly at: number;
  /** Whether a person's words are kept, sealed. */
  readonly hasWords: boolean;
  /** Whether the sealed words are those that the commitment is to; null where there are none, or no salt any more. */
  readonly isAsCommitted: boolean | null;
};

export type PersonRow = {
  readonly row: number;
  readonly businessId: string;
  readonly id: string;
  readonly faults: readonly string[];
};

export type HistoryPlace = { readonly businessId: string; readonly subscriberId: string };

export type History = HistoryPlace & {
  /** The commitment to the number, as it stands with the person; null after erasure. */
  readonly commitment: string | null;
  /** In commit order; topics as JSON text, as they stand. */
  readonly entries: readonly Pick<LeafRow, "id" | "kind" | "topics" | "simulated" | "commitment" | "at">[];
  readonly consents: readonly {
    readonly topic: string;
    readonly simulated: number;
    readonly state: string;
    readonly entryId: string;
    readonly at: number;
  }[];
};

export type ConsentRow = HistoryPlace & {
  readonly row: number;
  readonly topic: string;
  readonly entryId: string;
  readonly hasEntry: boolean;
};
