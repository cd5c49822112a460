import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { CallIdentity, Turn } from "../ledger.ts";
import { OUTCOMES, type CallOutcome } from "../reading.ts";
import type { Connection } from "./connection.ts";
import { callFacet, type Progress } from "./reading-schema.ts";
import { call, callEvent, entry } from "./schema.ts";

/** What the log filters calls by, see `callFacet`. */
export type Facet = Omit<typeof callFacet.$inferSelect, "id">;

/** The turn in which a caller hung up: its webhook says nothing of what was heard. */
type HungUp = { readonly step: string; readonly attempt: number } | null;
type Which = { readonly businessId: string; readonly callSid: string };

/** Twilio's words for a call that nobody took. */
const NOT_REACHED: ReadonlySet<string> = new Set(["busy", "no-answer", "failed", "canceled"]);

/** Steps that come before the notice. */
const BEFORE_NOTICE: ReadonlySet<string> = new Set(["begin", "language"]);

const $ = sql.placeholder;

/**
 * Keeps each call in the right facet, inside the transaction of the webhook that moved it: set when the call is
 * inserted, moved at its ending, and once more where a caller chose a language.
 */
export function facetBook(db: Connection["db"]) {
  const { id: _id, ...columns } = getTableColumns(callFacet);
  const names = Object.keys(columns) as (keyof Facet)[];
  const statements = {
    byId: db
      .select(columns)
      .from(callFacet)
      .where(eq(callFacet.id, $("id")))
      .prepare(),
    find: db
      .select({ id: callFacet.id })
      .from(callFacet)
      .where(and(...names.map((name) => eq(callFacet[name], sql.param($(name), callFacet[name])))))
      .prepare(),
    add: db
      .insert(callFacet)
      .values(Object.fromEntries(names.map((name) => [name, $(name)])) as never)
      .returning({ id: callFacet.id })
      .prepare(),
    move: db
      .update(call)
      .set({ facetId: sql`${$("facetId")}`, reference: sql`coalesce(reference, ${$("reference")})` })
      .where(and(eq(call.businessId, $("businessId")), eq(call.callSid, $("callSid"))))
      .prepare(),
    eventsOf: db
      .select({
        kind: callEvent.kind,
        step: callEvent.step,
        attempt: callEvent.attempt,
        key: callEvent.key,
        nextStep: callEvent.nextStep,
      })
      .from(callEvent)
      .where(and(eq(callEvent.businessId, $("businessId")), eq(callEvent.callSid, $("callSid"))))
      .orderBy(callEvent.seq)
      .prepare(),
    entriesOf: db
      .select({ kind: entry.kind, topics: entry.topics })
      .from(entry)
      .where(and(eq(entry.businessId, $("businessId")), eq(entry.sourceId, $("callSid"))))
      .prepare(),
  };

  function byId(id: number): Facet {
    const found = statements.byId.get({ id });
    if (found === undefined) throw new Error(`There is no facet ${id}.`);
    return found;
  }

  function idOf(facet: Facet): number {
    return (statements.find.get(facet) ?? statements.add.get(facet)).id;
  }

  /** What the call came to, from what is recorded of it. */
  function ended(facet: Facet, which: Which, outcome: CallOutcome, hungUp: HungUp): Facet {
    const entries = statements.entriesOf.all(which);
    const topics = [...new Set(entries.flatMap((each) => each.topics))].toSorted();
    return {
      ...facet,
      outcome: outcome === "hung-up" ? agreedBefore(entries) : outcome,
      progress: facet.progress === "none" ? "none" : progressOf(statements.eventsOf.all(which), hungUp),
      topics: JSON.stringify(topics),
    };
  }

  return {
    byId,
    idOf,
    move: statements.move,
    ended,
    eventsOf: (which: Which) => statements.eventsOf.all(which),
    /** The facet a call is born into; `turn` where it is the first webhook of the call. */
    born: (identity: CallIdentity, turn: Turn | null): number => idOf(heard(unheard(identity), turn)),

    /** After a turn was recorded. Writes only where the call moved. */
    follow(turn: Turn, facetId: number | null, reference: string): void {
      const { businessId, callSid } = turn.call;
      const before = facetId === null ? unheard(turn.call) : byId(facetId);
      const outcome = endingOf(turn);
      const now = heard(before, turn);
      const hungUp = turn.hungUp ? { step: turn.step, attempt: turn.attempt } : null;
      const after = outcome === null ? now : ended(now, { businessId, callSid }, outcome, hungUp);
      if (facetId !== null && names.every((name) => before[name] === after[name])) return;
      statements.move.run({ businessId, callSid, facetId: idOf(after), reference });
    },

    /** The facet of a call that Twilio (or the sweep) says is over. */
    closed(which: Which, facetId: number | null, status: string): number | null {
      if (facetId === null) return null;
      const facet = byId(facetId);
      if (facet.outcome !== "in-progress") return facetId;
      const unreached = facet.progress === "none" && NOT_REACHED.has(status);
      return idOf(ended(facet, which, unreached ? "no-answer" : "hung-up", null));
    },
  };
}

/** What is known of a call before anything is heard in it. */
export function unheard(identity: Omit<CallIdentity, "caller" | "at" | "accountSid" | "line">): Facet {
  const { businessId, direction, attestation, simulated } = identity;
  const nothing = { progress: "none", topics: "[]", locale: "", jurisdiction: "", script: "" } as const;
  return { ...nothing, businessId, outcome: "in-progress", direction, attestation, simulated };
}

/** How far a caller came, from the events in order. Law 3: a served notice is heard once its question is answered. */
export function progressOf(
  events: readonly {
    kind: string;
    step: string;
    attempt: number;
    key: string | null;
    nextStep: string | null;
  }[],
  hungUp: HungUp,
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
  return OUTCOMES.find((outcome) => outcome === step) ?? null;
}

function endingOf({ served, hungUp }: Turn): CallOutcome | null {
  if (served.action !== null) return null;
  return hungUp ? "hung-up" : (outcomeOf(served.step) ?? "hung-up");
}

/** What someone agreed to before they hung up stands. */
function agreedBefore(entries: readonly { kind: string }[]): CallOutcome {
  return (["granted", "pending"] as const).find((kind) => entries.some((e) => e.kind === kind)) ?? "hung-up";
}

/** While the language is asked for, each language is heard and none is chosen. Who hung up hears no more. */
function heard(facet: Facet, turn: Turn | null): Facet {
  if (turn === null || turn.hungUp) return facet;
  const { served, jurisdiction, script } = turn;
  const progress = facet.progress === "none" ? "reached" : facet.progress;
  if (served.step === "language") return { ...facet, progress, script };
  return { ...facet, progress, locale: served.locale, jurisdiction, script };
}
