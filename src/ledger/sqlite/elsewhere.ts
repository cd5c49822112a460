import type { Database } from "better-sqlite3";
import type { EntryKind } from "../../call/consent.ts";
import type { NumberVault } from "../numbers.ts";
import {
  OTHER_SOURCES,
  type ElsewhereFilter,
  type ElsewherePage,
  type OtherSource,
  type Quality,
} from "../quality.ts";

/** So many are listed at once. */
const MAX_LISTED = 200;
/** Rows of the index that one count looks at. */
const MAX_COUNTED = 100_000;

type Row = Omit<ElsewherePage["rows"][number], "topics" | "simulated" | "number"> & {
  readonly topics: string;
  readonly simulated: 0 | 1;
  readonly number: Buffer | null;
};

/** Entries that came another way than by phone. Each way has its entries by time in an index. */
export function elsewhere(client: Database, vault: NumberVault): Pick<Quality, "elsewhere" | "onWhatsApp"> {
  const counted = client.prepare<[number, number | null], { kind: EntryKind; count: number }>(
    `SELECT kind, count(*) AS count FROM (
       SELECT kind FROM entry INDEXED BY entry_elsewhere
       WHERE source = 'whatsapp' AND source <> 'call' AND at >= ? AND simulated = coalesce(?, simulated)
       LIMIT ${MAX_COUNTED})
     GROUP BY kind`,
  );
  const page = client.prepare<Asked, Row>(
    `SELECT entry.seq, entry.id, entry.business_id AS businessId, entry.subscriber_id AS subscriberId, entry.kind,
       entry.topics, entry.source, entry.simulated, entry.at, subscriber.number
     FROM entry INDEXED BY entry_elsewhere LEFT JOIN subscriber
       ON subscriber.business_id = entry.business_id AND subscriber.id = entry.subscriber_id
     WHERE entry.source = :source AND entry.source <> 'call' AND entry.at <= :at AND entry.at >= :since
       AND (entry.at < :at OR entry.seq < :seq)
       AND (:kind IS NULL OR entry.kind = :kind) AND (:businessId IS NULL OR entry.business_id = :businessId)
       AND (:simulated IS NULL OR entry.simulated = :simulated)
     ORDER BY entry.at DESC, entry.seq DESC LIMIT :limit`,
  );

  function shown({ topics, simulated, number, ...row }: Row): ElsewherePage["rows"][number] {
    return {
      ...row,
      topics: JSON.parse(topics) as string[],
      simulated: simulated === 1,
      number: number === null ? null : vault.decrypt(row.subscriberId, number),
    };
  }

  return {
    async elsewhere({ source, before, limit: wanted, since = 0, until, ...filter }) {
      const limit = Math.min(wanted, MAX_LISTED);
      const sources: readonly OtherSource[] = source === undefined ? OTHER_SOURCES : [source];
      const asked = { ...placeOf(before, until), ...given(filter), since, limit: limit + 1 };
      const found = sources
        .flatMap((each) => page.all({ ...asked, source: each }))
        .toSorted((one, other) => other.at - one.at || other.seq - one.seq);
      const rows = found.slice(0, limit).map(shown);
      const last = rows.at(-1);
      return { rows, next: found.length > limit && last !== undefined ? `${last.at}.${last.seq}` : null };
    },
    async onWhatsApp(since, simulated) {
      const rows = counted.all(since, simulated === undefined ? null : Number(simulated));
      return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
    },
  };
}

type Asked = {
  readonly source: OtherSource;
  readonly at: number;
  readonly seq: number;
  readonly since: number;
  readonly kind: EntryKind | null;
  readonly businessId: string | null;
  readonly simulated: number | null;
  readonly limit: number;
};

function given({ kind, businessId, simulated }: Pick<ElsewhereFilter, "kind" | "businessId" | "simulated">) {
  return {
    kind: kind ?? null,
    businessId: businessId ?? null,
    simulated: simulated === undefined ? null : Number(simulated),
  };
}

const MAX = Number.MAX_SAFE_INTEGER;

/** What is none of ours begins at the first page. */
function placeOf(cursor: string | null, until = MAX): { readonly at: number; readonly seq: number } {
  const [, at, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor ?? "") ?? [];
  return at === undefined || seq === undefined ? { at: until, seq: 0 } : { at: Number(at), seq: Number(seq) };
}
