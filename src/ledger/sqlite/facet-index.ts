import type { Database } from "better-sqlite3";
import type { CallFilter } from "../reading.ts";
import type { Facet } from "./facets.ts";
import { PROGRESS } from "./reading-schema.ts";

export type KnownFacet = Omit<Facet, "topics" | "simulated"> & {
  readonly id: number;
  readonly topics: readonly string[];
  readonly simulated: boolean;
};

/** Committed facets never change, so those once read stay in memory: some hundreds, whatever the number of calls. */
export function facetIndex(client: Database) {
  const facets = new Map<number, KnownFacet>();
  const newer = client.prepare<[number], Record<string, unknown>>(
    `SELECT id, business_id AS businessId, outcome, progress, topics, locale, jurisdiction, script, direction,
       attestation, simulated
     FROM call_facet WHERE id > ? ORDER BY id`,
  );
  let newestId = 0;

  function refresh(): void {
    for (const row of newer.all(newestId)) {
      const topics = JSON.parse(row["topics"] as string) as string[];
      const facet = { ...row, topics, simulated: row["simulated"] === 1 } as unknown as KnownFacet;
      facets.set(facet.id, facet);
      newestId = facet.id;
    }
  }

  return {
    /** Every facet there is. */
    all(): Iterable<KnownFacet> {
      refresh();
      return facets.values();
    },
    of(id: number): KnownFacet {
      if (!facets.has(id)) refresh();
      const facet = facets.get(id);
      if (facet === undefined) throw new Error(`There is no facet ${id}.`);
      return facet;
    },
    /** Ids of the facets that a filter allows; `whole` where it allows all. */
    matching(filter: CallFilter): { readonly ids: ReadonlySet<number>; readonly whole: boolean } {
      refresh();
      const ids = new Set<number>();
      for (const facet of facets.values()) if (allows(filter, facet)) ids.add(facet.id);
      return { ids, whole: ids.size === facets.size };
    },
  };
}

export type FacetIndex = ReturnType<typeof facetIndex>;

const SAME = [
  "outcome",
  "locale",
  "jurisdiction",
  "direction",
  "attestation",
  "script",
  "simulated",
] as const;

function allows(filter: CallFilter, facet: KnownFacet): boolean {
  if (filter.businessIds?.includes(facet.businessId) === false) return false;
  if (filter.topic !== undefined && !facet.topics.includes(filter.topic)) return false;
  if (filter.reach !== undefined && PROGRESS.indexOf(facet.progress) < PROGRESS.indexOf(filter.reach))
    return false;
  return SAME.every((name) => filter[name] === undefined || filter[name] === facet[name]);
}
