import { standingJurisdiction, type Business } from "../call/business.ts";
import type { EntryKind } from "../call/consent.ts";
import type { Entry, Ledger, Subscriber, Withdrawal } from "./ledger.ts";

/**
 * Where a withdrawal by a person, at the console or in a shell, counts.
 * - `real`: whatever stands, for leaving must work for whoever never joined (law 8); what simulated calls left of it
 *   ends with it.
 * - `simulated`: what simulated calls left ends, and nothing real is written (law 6).
 */
export const WORLDS = ["real", "simulated"] as const;
export type World = (typeof WORLDS)[number];

/** In which worlds something stands that can be withdrawn. */
export type Standing = { readonly real: boolean; readonly simulated: boolean };

export function standingOf(consents: Subscriber["consents"], topics: readonly string[]): Standing {
  const open = consents.filter(
    ({ topic, state }) => topics.includes(topic) && (state === "granted" || state === "pending"),
  );
  return {
    real: open.some(({ simulated }) => !simulated),
    simulated: open.some(({ simulated }) => simulated),
  };
}

/**
 * The world that is meant where nobody named one.
 *
 * @param demo only simulated calls are accepted here: unless something real stands, the simulated is meant
 */
export function worldMeant({ real, simulated }: Standing, demo: boolean): World {
  return demo && simulated && !real ? "simulated" : "real";
}

/** What a withdrawal will write, and why, for whoever is about to make it. */
export function worldWords(world: World, { real, simulated }: Standing): string {
  if (world === "simulated") {
    return simulated
      ? "Simulated: it ends what simulated calls left, and writes nothing real."
      : "Simulated: no simulated consent stands, so it writes nothing.";
  }
  if (real && simulated)
    return "Real: consent stands, so it ends for good in the log; what simulated calls left ends as well.";
  if (real) return "Real: consent stands, so it ends for good in the log.";
  return simulated
    ? "Real: only simulated consent stands, but whoever wants no messages may say so without ever having agreed; what simulated calls left ends as well."
    : "Real: no consent stands, but whoever wants no messages may say so without ever having agreed.";
}

/** How the consent that is withdrawn came to be: its language, its law, its script. */
export type Ground = Pick<Withdrawal, "locale" | "jurisdiction" | "script">;

/**
 * Those of the consent that is withdrawn, whose notice the person heard; for whoever heard none, the business's own
 * and its first language.
 *
 * @param business undefined where the configuration no longer has it
 */
export function groundOf(
  entries: readonly Entry[],
  topics: readonly string[],
  world: World,
  business: Business | undefined,
): Ground {
  const found = openedBy(entries, topics, world === "simulated");
  if (found !== null) {
    const { locale, jurisdiction, script } = found;
    return { locale, jurisdiction, script };
  }
  if (business === undefined) return NO_GROUND;
  const { locales, script } = business;
  return { locale: locales[0], jurisdiction: standingJurisdiction(business), script };
}

/** The entry that opened what a withdrawal of these topics ends: the latest in its world, else in the other one. */
export function openedBy(
  entries: readonly Entry[],
  topics: readonly string[],
  inSimulated: boolean,
): Entry | null {
  const opened = entries.filter(
    ({ kind, topics: theirs }) => OPENING.has(kind) && theirs.some((topic) => topics.includes(topic)),
  );
  return opened.findLast(({ simulated }) => simulated === inSimulated) ?? opened.at(-1) ?? null;
}

const OPENING: ReadonlySet<EntryKind> = new Set(["granted", "pending", "confirmed"]);
const NO_GROUND: Ground = { locale: "en-US", jurisdiction: "EU", script: "" };

/** @returns the entries made; none where the simulated was to end and nothing of it stood */
export function withdraw(
  ledger: Pick<Ledger, "revoke">,
  withdrawal: Withdrawal,
  world: World,
): Promise<readonly Entry[]> {
  return ledger.revoke(world === "simulated" ? { ...withdrawal, simulated: true } : withdrawal);
}
