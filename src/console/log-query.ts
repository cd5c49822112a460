import { z } from "zod";
import { JURISDICTIONS, LOCALES } from "../call/business.ts";
import { OUTCOMES, REACHES, type CallFilter, type PageRequest } from "../ledger/reading.ts";
import {
  DAYS,
  momentsOf,
  readAddress,
  readCarried,
  worldOf,
  WORLDS,
  writeAddress,
  type Asked,
  type Mistake,
} from "./address.ts";
import type { ConsoleParts } from "./parts.ts";

export const SORTS = ["newest", "oldest", "longest"] as const;

const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/);

/** What the log's address may say. No whole number ever stands in it (law 10). */
const FIELDS = {
  /** `BUSINESS/SUBSCRIBER`: whoever has that subscriber's number, in any business; `nobody` where a number is unknown. */
  who: {
    label: "Number",
    takes: z.string().regex(/^(?:nobody|[a-z0-9-]{1,63}\/[A-Za-z0-9-]{1,64})$/),
    fix: "Type the number into the search field above.",
  },
  digits: { label: "Last digits", takes: z.string().regex(/^\d{4}$/), fix: "Write four digits, as 0123." },
  reference: { label: "Reference", takes: z.string().regex(/^\d{6}$/), fix: "Write six digits, as 123456." },
  business: { label: "Business", takes: word, fix: "Choose a business from the list." },
  outcome: oneOf("Outcome", OUTCOMES),
  reach: oneOf("Came as far as", REACHES),
  topic: { label: "Topic", takes: word, fix: "Choose a topic from the list." },
  locale: oneOf("Language", LOCALES),
  jurisdiction: oneOf("Law", JURISDICTIONS),
  direction: oneOf("Direction", ["inbound", "outbound"]),
  attestation: { label: "Attested", takes: word, fix: "Choose an attestation from the list." },
  script: { label: "Script", takes: word, fix: "Choose a script from the list." },
  world: oneOf("Calls", WORLDS),
  ...DAYS,
  sort: oneOf("Order", SORTS),
} as const;

/** The log's address, read: every filter is in it, so that an address is a view. */
export type LogQuery = Asked<typeof FIELDS>;
export type LogAsked = { readonly query: LogQuery; readonly mistakes: readonly Mistake[] };

/** Where a page of the list begins: no filter. */
const PLACE = ["cursor", "page"];

const pageQuery = z.object({
  cursor: z
    .string()
    .regex(/^[\w.~:-]{1,200}$/)
    .optional()
    .catch(undefined),
  page: z.enum(["next", "previous", "last"]).optional().catch(undefined),
});

/** `beside` are names of an address that are no filters: where a page of the list begins, or the live tail. */
export function readLogQuery(
  typed: Readonly<Record<string, string>>,
  beside: readonly string[] = PLACE,
): LogAsked {
  const { asked, mistakes } = readAddress(FIELDS, typed, beside);
  return { query: asked, mistakes };
}

/** The same from what a form of ours carries along. */
export function readLogAddress(address: string): LogAsked {
  const { asked, mistakes } = readCarried(FIELDS, address, PLACE);
  return { query: asked, mistakes };
}

/** What is not a place of ours shows the first page. */
export function readPage(query: Readonly<Record<string, string>>, limit: number): PageRequest {
  const { cursor, page } = pageQuery.parse(query);
  return { cursor: cursor ?? null, direction: page ?? "next", limit };
}

/** The address's query, in a settled order, without what is not set. */
export function writeLogQuery(query: LogQuery): string {
  return writeAddress(FIELDS, query);
}

/** Where the log lists this and nothing else. */
export function logAddress(query: LogQuery): string {
  const address = writeLogQuery(query);
  return `/console/log${address === "" ? "" : `?${address}`}`;
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

/** What the memory is asked; null where the query names a person who is not there. */
export async function filterOf(
  query: LogQuery,
  { ledger, showSimulated }: ConsoleParts,
  utcOffsetMinutes: number,
): Promise<CallFilter | null> {
  const search = await searchOf(query, ledger);
  if (search === null) return null;
  const { who: _who, digits: _digits, business, world, since, until, ...same } = query;
  return {
    ...same,
    search,
    businessIds: business === undefined ? undefined : [business],
    simulated: worldOf(world ?? (showSimulated ? "all" : "real")),
    ...momentsOf({ since, until }, utcOffsetMinutes),
  };
}

async function searchOf({ who, digits }: LogQuery, ledger: ConsoleParts["ledger"]) {
  if (digits !== undefined) return { kind: "last-digits", digits } as const;
  if (who === undefined) return undefined;
  const [businessId = "", subscriberId = ""] = who.split("/");
  const number = await ledger.numberOf(businessId, subscriberId);
  return number === null ? null : ({ kind: "number", number } as const);
}

function oneOf<const T extends readonly [string, ...string[]]>(label: string, values: T) {
  return { label, takes: z.enum(values), fix: `Choose one of: ${values.join(", ")}.` };
}
