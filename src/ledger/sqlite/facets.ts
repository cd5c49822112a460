import type { CallIdentity, Turn } from "../ledger.ts";
import { OUTCOMES, type CallOutcome } from "../reading.ts";
import { getTableColumns } from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import { callFacet, type Progress } from "./reading-schema.ts";
import { snakeCase } from "./row-inserter.ts";

/** What the log filters calls by, see `callFacet`. */
export type Facet = Omit<typeof callFacet.$inferSelect, "id">;

type Stored = Omit<Facet, "simulated"> & { readonly simulated: 0 | 1 };

/** The turn that ended the call. Where the caller hung up, its webhook says nothing of what was heard. */
type Last = Pick<Turn, "step" | "attempt" | "key" | "keypress">;
const NO_TURN: Last = { step: "", attempt: 0, key: null, keypress: null };

type Event = {
  readonly kind: string;
  readonly step: string;
  readonly attempt: number;
  readonly key: string | null;
  readonly nextStep: string | null;
};
type Which = { readonly businessId: string; readonly callSid: string };

/** Twilio's words for a call that nobody took. */
const NOT_REACHED: ReadonlySet<string> = new Set(["busy", "no-answer", "failed", "canceled"]);

/** Steps that come before the notice. */
const BEFORE_NOTICE: ReadonlySet<string> = new Set(["begin", "language"]);

/** Columns that make a facet, as they are named in the row and in SQL. */
const COLUMNS = Object.entries(getTableColumns(callFacet))
  .filter(([name]) => name !== "id")
  .map(([name]) => ({
    name: name as keyof Facet,
    sql: snakeCase(name),
  }));

/**
 * Keeps each call in the right facet, inside the transaction of the webhook that moved it: set when the call is
 * inserted, moved at its ending, and once more where a caller chose a language.
 */
export function facetBook({ client }: Connection) {
  const move = client.prepare<[number, string, string]>(
    "UPDATE call SET facet_id = ? WHERE business_id = ? AND call_sid = ?",
  );
  const eventsOf = client.prepare<[string, string], Event>(
    `SELECT kind, step, attempt, key, next_step AS nextStep FROM call_event
     WHERE business_id = ? AND call_sid = ? ORDER BY seq`,
  );
  const entriesOf = client.prepare<[string, string], { kind: string; topics: string }>(
    "SELECT kind, topics FROM entry WHERE business_id = ? AND source_id = ?",
  );
  const known = knownFacets(client);
  const byId = (id: number) => known.byId(id);
  const idOf = (facet: Facet) => known.idOf(facet);

  /** What the call came to, from what is recorded of it; `last` is the turn that ended it. */
  function ended(facet: Facet, which: Which, outcome: CallOutcome, last: Last): Facet {
    const entries = entriesOf.all(which.businessId, which.callSid);
    const topics = new Set(entries.flatMap((each) => JSON.parse(each.topics) as string[]));
    const progress = (): Progress => {
      if (facet.progress === "none") return "none";
      if (last.key !== null && !BEFORE_NOTICE.has(last.step)) return "answered";
      return progressOf(
        eventsOf.all(which.businessId, which.callSid),
        last.keypress === "hang-up" ? last : null,
      );
    };
    return {
      ...facet,
      outcome: outcome === "hung-up" ? agreedBefore(entries) : outcome,
      progress: progress(),
      topics: JSON.stringify([...topics].toSorted()),
    };
  }

  return {
    idOf,
    /** To be called outside of transactions: what is committed need not be looked up again. */
    refresh: () => known.refresh(),
    /** What a call came to whose last turn is long past. */
    ended: (facet: Facet, which: Which, outcome: CallOutcome) => ended(facet, which, outcome, NO_TURN),
    /** The facet a call is born into; `turn` where it is the first webhook of the call. */
    born: (identity: CallIdentity, turn: Turn | null): number => idOf(heard(unheard(identity), turn)),

    /** After a turn was recorded. Writes only where the call moved; a call from before there were facets waits. */
    follow(turn: Turn, facetId: number | null): void {
      if (facetId === null) return;
      const before = byId(facetId);
      const outcome = endingOf(turn);
      const now = heard(before, turn);
      const after = outcome === null ? now : ended(now, turn.call, outcome, turn);
      if (COLUMNS.every(({ name }) => before[name] === after[name])) return;
      move.run(idOf(after), turn.call.businessId, turn.call.callSid);
    },

    /** A machine answered: nobody was reached, and the call is hung up. */
    answeredByMachine({ businessId, callSid }: Which, facetId: number | null): void {
      if (facetId === null) return;
      const facet = byId(facetId);
      if (facet.outcome !== "in-progress" || facet.progress !== "none") return;
      move.run(idOf({ ...facet, outcome: "machine" }), businessId, callSid);
    },

    /** The facet of a call that Twilio (or the sweep) says is over. */
    closed(which: Which, facetId: number | null, status: string): number | null {
      if (facetId === null) return null;
      const facet = byId(facetId);
      if (facet.outcome !== "in-progress") return facetId;
      const unreached = facet.progress === "none" && NOT_REACHED.has(status);
      return idOf(ended(facet, which, unreached ? "no-answer" : "hung-up", NO_TURN));
    },
  };
}

/** Facets by content and by id. A facet that a rolled-back transaction added is never taken for known. */
function knownFacets(client: Connection["client"]) {
  const names = COLUMNS.map((column) => column.sql).join(", ");
  const selected = COLUMNS.map((column) => `${column.sql} AS ${column.name}`).join(", ");
  const values = COLUMNS.map(({ name }) => `:${name}`).join(", ");
  const find = client
    .prepare<[Stored], number>(
      `SELECT id FROM call_facet WHERE ${COLUMNS.map((column) => `${column.sql} = :${column.name}`).join(" AND ")}`,
    )
    .pluck();
  const add = client.prepare<[Stored]>(`INSERT INTO call_facet (${names}) VALUES (${values})`);
  const get = client.prepare<[number], Stored>(`SELECT ${selected} FROM call_facet WHERE id = ?`);
  const newer = client.prepare<[number], Stored & { id: number }>(
    `SELECT id, ${selected} FROM call_facet WHERE id > ? ORDER BY id`,
  );
  const ids = new Map<string, number>();
  const facets = new Map<number, Facet>();
  let newestId = 0;
  let missed = true;

  return {
    byId(id: number): Facet {
      const known = facets.get(id);
      if (known !== undefined) return known;
      missed = true;
      const found = get.get(id);
      if (found === undefined) throw new Error(`There is no facet ${id}.`);
      return { ...found, simulated: found.simulated === 1 };
    },
    idOf(facet: Facet): number {
      const known = ids.get(keyOf(facet));
      if (known !== undefined) return known;
      missed = true;
      const stored = { ...facet, simulated: facet.simulated ? 1 : 0 } as const;
      return find.get(stored) ?? Number(add.run(stored).lastInsertRowid);
    },
    refresh(): void {
      if (!missed || client.inTransaction) return;
      for (const { id, ...stored } of newer.all(newestId)) {
        const facet = { ...stored, simulated: stored.simulated === 1 };
        ids.set(keyOf(facet), id);
        facets.set(id, facet);
        newestId = id;
      }
      missed = false;
    },
  };
}

function keyOf(facet: Facet): string {
  return COLUMNS.map(({ name }) => facet[name]).join("\0");
}

/** What is known of a call before anything is heard in it. */
export function unheard(identity: Omit<CallIdentity, "caller" | "at" | "accountSid" | "line">): Facet {
  const { businessId, direction, attestation, simulated } = identity;
  const nothing = { progress: "none", topics: "[]", locale: "", jurisdiction: "", script: "" } as const;
  return { ...nothing, businessId, outcome: "in-progress", direction, attestation, simulated };
}

/** How far a caller came, from the events in order. Law 3: a served notice is heard once its question is answered. */
export function progressOf(
  events: readonly Event[],
  hungUp: Pick<Last, "step" | "attempt"> | null,
): Progress {
  const notice = events.findIndex(({ kind, step }) => kind === "served" && step === "notice");
  const answers = events.filter(
    ({ kind, step, attempt }) =>
      kind === "key" && !BEFORE_NOTICE.has(step) && !(step === hungUp?.step && attempt === hungUp.attempt),
  );
  // A number that was keyed in is not kept as a key, but leads to the question whether it is right.
  if (answers.some(({ key, nextStep }) => key !== null || nextStep === "confirm-number")) return "answered";
  if (notice !== -1 && answers.some((answer) => events.indexOf(answer) > notice)) return "heard";
  return events.some(({ kind }) => kind === "served") ? "reached" : "none";
}

/** The outcome that a spoken ending stands for; null while the call goes on. */
export function outcomeOf(step: string): CallOutcome | null {
  // Who changed the number waits for the new one's owner, like everyone who named another number.
  if (step === "changed") return "pending";
  return OUTCOMES.find((outcome) => outcome === step) ?? null;
}

function endingOf({ served, keypress }: Turn): CallOutcome | null {
  if (served.action !== null) return null;
  return keypress === "hang-up" ? "hung-up" : (outcomeOf(served.step) ?? "hung-up");
}

/** What someone agreed to before they hung up stands. */
function agreedBefore(entries: readonly { kind: string }[]): CallOutcome {
  return (["granted", "pending"] as const).find((kind) => entries.some((e) => e.kind === kind)) ?? "hung-up";
}

/** While the language is asked for, each language is heard and none is chosen. Who hung up hears no more. */
function heard(facet: Facet, turn: Turn | null): Facet {
  if (turn === null || turn.keypress === "hang-up") return facet;
  const { served, jurisdiction, script } = turn;
  const progress = facet.progress === "none" ? "reached" : facet.progress;
  if (served.step === "language") return { ...facet, progress, script };
  return { ...facet, progress, locale: served.locale, jurisdiction, script };
}
