import { capWindowMs, decide } from "../../call/permission.ts";
import type { Decision, DecisionBook, Decisions, Standing } from "../integration.ts";
import { lookUp, type NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";
import type { SuppressionBook } from "./suppressions.ts";

/** The highest cap there is, on either side of the asked time: more would not change the answer. */
const MAX_COUNTED = 2_001;

type OfPerson = Pick<Decision, "businessId" | "topic" | "simulated"> & {
  readonly subscriberId: string | null;
};

/**
 * Decisions on "may I send this?". They only ever grow: each one that said yes is the evidence of a use of the consent
 * (UWG § 7a wants it for five years).
 */
export function sqliteDecisions(
  { client }: Pick<Connection, "client">,
  {
    vault,
    write,
    newId,
    suppressions,
  }: { vault: NumberVault; write: Write; newId: () => string; suppressions: SuppressionBook },
): Decisions & DecisionBook {
  // Two look-ups, because SQLite takes four times as long to join them.
  const person = client
    .prepare<[string, string], string>("SELECT id FROM subscriber WHERE business_id = ? AND blind_index = ?")
    .pluck();
  const consent = client.prepare<[string, string, string, 0 | 1], Pick<Standing, "state" | "entryId">>(
    `SELECT state, entry_id AS entryId FROM consent
     WHERE business_id = ? AND subscriber_id = ? AND topic = ? AND simulated = ?`,
  );
  const sends = client
    .prepare<[string, string, string, 0 | 1, number, number], number>(
      `SELECT send_at FROM decision
       WHERE business_id = ? AND subscriber_id = ? AND topic = ? AND simulated = ? AND capped = 1
         AND send_at > ? AND send_at < ?
       ORDER BY send_at LIMIT ${MAX_COUNTED}`,
    )
    .pluck();
  const add = client.prepare<AddedValues>(
    `INSERT INTO decision (business_id, id, subscriber_id, topic, simulated, send_at, allowed, capped, reason, entry_id, key_id, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  /** What was allowed and is on its way to the disk: two requests at once must not both be the last one of the cap. */
  const unwritten = new Map<string, number[]>();

  function insert(decision: Decision, id: string): void {
    const { businessId, subscriberId, topic, simulated, sendAt, allowed, reason, entryId, keyId, at } =
      decision;
    const [world, yes, counts] = [simulated ? 1 : 0, allowed ? 1 : 0, counted(decision) ? 1 : 0] as const;
    add.run(businessId, id, subscriberId, topic, world, sendAt, yes, counts, reason, entryId, keyId, at);
  }

  const book: DecisionBook = {
    standing({ businessId, number, topic, simulated, sendAt, windowMs }) {
      const world = simulated ? 1 : 0;
      const subscriberId = lookUp(vault, (each) =>
        person.get(businessId, each.blindIndex(businessId, number)),
      );
      const stands =
        subscriberId === undefined ? undefined : consent.get(businessId, subscriberId, topic, world);
      const { state, entryId } = stands ?? (suppressions.has(businessId, number) ? WITHDRAWN : NOTHING);
      const known = { subscriberId: subscriberId ?? null, state, entryId };
      if (subscriberId === undefined) return { ...known, allowedBefore: 0 };
      if (windowMs === 0 || state !== "granted") return { ...known, allowedBefore: 0 };
      const [after, before] = [sendAt - windowMs, sendAt + windowMs];
      const written = sends.all(businessId, subscriberId, topic, world, after, before);
      const others = unwritten
        .get(placeOf({ businessId, subscriberId, topic, simulated }))
        ?.filter((time) => after < time && time < before);
      const times =
        others === undefined ? written : [...written, ...others].toSorted((one, two) => one - two);
      return { ...known, allowedBefore: fullestWindow(times, sendAt, windowMs) };
    },

    async keep(decision) {
      const id = newId();
      const writing = write(() => insert(decision, id));
      if (!counted(decision)) {
        await writing;
        return id;
      }
      const place = placeOf(decision);
      unwritten.set(place, [...(unwritten.get(place) ?? []), decision.sendAt]);
      try {
        await writing;
      } finally {
        forgetOne(unwritten, place, decision.sendAt);
      }
      return id;
    },
  };

  return {
    ...book,
    async ask({ business, number, topic, sendAt, simulated, keyId, at }) {
      const { id: businessId } = business;
      const windowMs = capWindowMs(business);
      const known = book.standing({ businessId, number, topic, simulated, sendAt, windowMs });
      const { subscriberId, entryId } = known;
      const verdict = decide({ business, number, topic, sendAt }, known);
      const which = { businessId, subscriberId, topic, simulated, sendAt, entryId, capped: windowMs > 0 };
      return { ...verdict, entryId, id: await book.keep({ ...which, ...verdict, keyId, at }) };
    },
  };
}

const NOTHING = { state: "none", entryId: null } as const;
/** Of a number that stays withdrawn, though the ledger has forgotten whose it is. */
const WITHDRAWN = { state: "revoked", entryId: null } as const;

/**
 * How many of these sends share a window with `sendAt`, in the window that holds most of them. Requests need not come
 * in the order of sending, so a window may end after `sendAt`, too.
 *
 * @param times in order, less than a window away from `sendAt`
 */
export function fullestWindow(times: readonly number[], sendAt: number, windowMs: number): number {
  const earlier = times.filter((time) => time <= sendAt).length;
  let fullest = earlier;
  let first = 0;
  for (let last = earlier; last < times.length; last++) {
    while ((times[first] ?? 0) <= (times[last] ?? 0) - windowMs) first += 1;
    fullest = Math.max(fullest, last - first + 1);
  }
  return fullest;
}

function counted({ allowed, capped }: Decision): boolean {
  return allowed && capped;
}

function placeOf({ businessId, subscriberId, topic, simulated }: OfPerson): string {
  return JSON.stringify([businessId, subscriberId, topic, simulated]);
}

function forgetOne(unwritten: Map<string, number[]>, place: string, sendAt: number): void {
  const times = unwritten.get(place) ?? [];
  const at = times.indexOf(sendAt);
  const rest = times.toSpliced(at, at === -1 ? 0 : 1);
  if (rest.length === 0) unwritten.delete(place);
  else unwritten.set(place, rest);
}

type AddedValues = [
  businessId: string,
  id: string,
  subscriberId: string | null,
  topic: string,
  simulated: 0 | 1,
  sendAt: number,
  allowed: 0 | 1,
  capped: 0 | 1,
  reason: string,
  entryId: string | null,
  keyId: string,
  at: number,
];
