/** What one entry of the ledger says. `recorded`: that its call was, and which audio it is. */
export const ENTRY_KINDS = ["granted", "refused", "pending", "confirmed", "revoked", "recorded"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Where a subscriber stands on one topic of one business. */
export type ConsentState = "granted" | "refused" | "pending" | "revoked" | "none";

/**
 * One step of the fold: the state after an entry. Commit order decides, clocks never do.
 * - Someone else naming a number cannot take away what its owner granted, so `pending` leaves a grant alone.
 * - `confirmed` speaks for its pending entry only: it cannot revive what was refused or revoked meanwhile.
 * - `recorded` changes nothing, and is about no topic.
 */
export function after(state: ConsentState, kind: EntryKind): ConsentState {
  switch (kind) {
    case "granted":
      return "granted";
    case "refused":
      return "refused";
    case "revoked":
      return "revoked";
    case "pending":
      return state === "granted" ? "granted" : "pending";
    case "confirmed":
      return state === "pending" ? "granted" : state;
    case "recorded":
      return state;
  }
}

/**
 * Where a person stands by their own word: a no of theirs counts on, also where somebody else has named their number
 * since. For what must never reach who said no.
 */
export function ownWord(
  entries: Iterable<{ kind: EntryKind; topics: readonly string[] }>,
): readonly { readonly topic: string; readonly state: ConsentState }[] {
  const states = new Map<string, ConsentState>();
  const own = new Map<string, ConsentState>();
  for (const { kind, topics } of entries) {
    for (const topic of topics) {
      const state = after(states.get(topic) ?? "none", kind);
      states.set(topic, state);
      const said = own.get(topic);
      if (kind !== "pending" || (said !== "refused" && said !== "revoked")) own.set(topic, state);
    }
  }
  return Array.from(own, ([topic, state]) => ({ topic, state }));
}

/** The present state of each topic, from the entries in commit order. The stored projection must equal this. */
export function fold(
  entries: Iterable<{ kind: EntryKind; topics: readonly string[] }>,
): ReadonlyMap<string, ConsentState> {
  const states = new Map<string, ConsentState>();
  for (const entry of entries) {
    for (const topic of entry.topics) states.set(topic, after(states.get(topic) ?? "none", entry.kind));
  }
  return states;
}
