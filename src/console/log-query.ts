import { z } from "zod";
import { JURISDICTIONS, LOCALES } from "../call/business.ts";
import { OUTCOMES, type CallFilter, type PageRequest } from "../ledger/reading.ts";
import type { ConsoleParts } from "./parts.ts";

/** The log's address, read: every filter is in it, so that an address is a view. No whole number ever is (law 10). */
export type LogQuery = z.infer<typeof logQuery>;

export const SORTS = ["newest", "oldest", "longest"] as const;
export const WORLDS = ["real", "simulated", "all"] as const;

/** What does not fit its pattern is left out: an old bookmark still opens. */
const field = <T extends z.ZodType>(schema: T) =>
  z.union([schema, z.any().transform(() => undefined)]).optional();
const word = field(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/));
const day = field(z.iso.date());

const logQuery = z.object({
  /** `BUSINESS/SUBSCRIBER`: whoever has that subscriber's number, in any business; `nobody` where a number is unknown. */
  who: field(z.string().regex(/^(?:nobody|[a-z0-9-]{1,63}\/[A-Za-z0-9-]{1,64})$/)),
  digits: field(z.string().regex(/^\d{4}$/)),
  reference: field(z.string().regex(/^\d{6}$/)),
  business: word,
  outcome: field(z.enum(OUTCOMES)),
  topic: word,
  locale: field(z.enum(LOCALES)),
  jurisdiction: field(z.enum(JURISDICTIONS)),
  direction: field(z.enum(["inbound", "outbound"])),
  attestation: word,
  script: word,
  world: field(z.enum(WORLDS)),
  since: day,
  until: day,
  sort: field(z.enum(SORTS)),
});

const pageQuery = z.object({
  cursor: field(z.string().regex(/^[\w.~:-]{1,200}$/)),
  page: field(z.enum(["next", "previous", "last"])),
});

export function readLogQuery(query: Readonly<Record<string, string>>): LogQuery {
  return logQuery.parse(query);
}

export function readPage(query: Readonly<Record<string, string>>, limit: number): PageRequest {
  const { cursor, page } = pageQuery.parse(query);
  return { cursor: cursor ?? null, direction: page ?? "next", limit };
}

/** The address's query, in a settled order, without what is not set. */
export function writeLogQuery(query: LogQuery): string {
  const names = Object.keys(logQuery.shape) as (keyof LogQuery)[];
  const set = names.flatMap((name): [string, string][] => {
    const value = query[name];
    return value === undefined ? [] : [[name, value]];
  });
  return new URLSearchParams(set).toString();
}

/** How many filters narrow the list, beside what was searched for. */
export function countFilters({
  who: _who,
  digits: _digits,
  reference: _reference,
  sort: _sort,
  ...rest
}: LogQuery): number {
  return Object.values(rest).filter((value) => value !== undefined).length;
}

const A_DAY_MS = 24 * 60 * 60 * 1000;

/** What the memory is asked; null where the query names a person who is not there. */
export async function filterOf(
  query: LogQuery,
  { ledger, showSimulated }: ConsoleParts,
  utcOffsetMinutes: number,
): Promise<CallFilter | null> {
  const search = await searchOf(query, ledger);
  if (search === null) return null;
  const { business, outcome, topic, locale, jurisdiction, direction, attestation, script, reference, sort } =
    query;
  return {
    search,
    reference,
    outcome,
    topic,
    locale,
    jurisdiction,
    direction,
    attestation,
    script,
    sort,
    businessIds: business === undefined ? undefined : [business],
    simulated: worldOf(query.world ?? (showSimulated ? "all" : "real")),
    since: query.since === undefined ? undefined : dayStart(query.since, utcOffsetMinutes),
    until: query.until === undefined ? undefined : dayStart(query.until, utcOffsetMinutes) + A_DAY_MS,
  };
}

async function searchOf({ who, digits }: LogQuery, ledger: ConsoleParts["ledger"]) {
  if (digits !== undefined) return { kind: "last-digits", digits } as const;
  if (who === undefined) return undefined;
  const [businessId = "", subscriberId = ""] = who.split("/");
  const number = await ledger.numberOf(businessId, subscriberId);
  return number === null ? null : ({ kind: "number", number } as const);
}

function worldOf(world: (typeof WORLDS)[number]): boolean | undefined {
  switch (world) {
    case "real":
      return false;
    case "simulated":
      return true;
    case "all":
      return undefined;
  }
}

/** The day's first moment where the reader is. */
function dayStart(date: string, utcOffsetMinutes: number): number {
  return Date.parse(`${date}T00:00:00Z`) - utcOffsetMinutes * 60_000;
}
