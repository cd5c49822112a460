import type { Privacy, RESEALED, ResealPlace } from "./privacy.ts";

/** Rows in one transaction: some milliseconds, so that calls are not delayed. */
const AT_ONCE = 25;

export type Resealed = Readonly<Record<(typeof RESEALED)[number], number>>;

/**
 * Seals everything anew that older secrets have sealed, a few rows at a time, and strikes those secrets off the record.
 * Broken off, it begins anew: what is sealed with the present secret is left as it is.
 *
 * @param stopped true: no further step; the older secrets stay on record
 * @returns rows that were sealed anew; null where it was stopped
 */
export async function resealAll(
  privacy: Pick<Privacy, "resealStep" | "endResealing">,
  stopped: () => boolean = () => false,
): Promise<Resealed | null> {
  const counts = { numbers: 0, notes: 0, messages: 0, secrets: 0 };
  let place: ResealPlace | null = null;
  do {
    if (stopped()) return null;
    const step: Awaited<ReturnType<Privacy["resealStep"]>> = await privacy.resealStep(place, AT_ONCE);
    counts[step.kind] += step.resealed;
    place = step.next;
  } while (place !== null);
  await privacy.endResealing();
  return counts;
}
