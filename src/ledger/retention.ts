import type { Business } from "../call/business.ts";
import type { ExpiredPage, Privacy } from "./privacy.ts";

/** People that one page looks at; calls have their turn between pages. */
const LOOKED_AT_ONCE = 25;
/** Forgotten in one transaction. */
const FORGOTTEN_AT_ONCE = 20;
/** Of one business in one run; the next day's takes the others. */
export const MAX_FORGOTTEN = 10_000;

type Kept = Pick<Business, "id" | "retention">;
type By = { readonly by: string; readonly byName: string };

/** Everybody whose retention has ended, the earliest first; at most `MAX_FORGOTTEN`. Nothing is changed. */
export async function* expiredPeople(
  privacy: Pick<Privacy, "expired">,
  { id: businessId, retention }: Kept,
  now: number,
): AsyncGenerator<ExpiredPage["people"][number]> {
  let left = MAX_FORGOTTEN;
  for (let after: string | null = ""; after !== null && left > 0;) {
    const page: ExpiredPage = await privacy.expired({
      businessId,
      retention,
      now,
      after,
      limit: LOOKED_AT_ONCE,
    });
    for (const person of page.people.slice(0, left)) yield person;
    left -= page.people.length;
    after = page.next;
    // Whoever waits for the line goes first.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** So many people are looked at for one page of the console. */
const MAX_LOOKED_AT = 2_000;

/**
 * The first of those whose retention has ended: a short look, for a page.
 *
 * @returns whether there may be more, which nobody has looked for
 */
export async function firstExpired(
  privacy: Pick<Privacy, "expired">,
  { id: businessId, retention }: Kept,
  now: number,
  most: number,
): Promise<{ readonly people: ExpiredPage["people"]; readonly more: boolean }> {
  const people: ExpiredPage["people"][number][] = [];
  let after: string | null = "";
  for (let looked = 0; after !== null && looked < MAX_LOOKED_AT && people.length < most;) {
    const search = { businessId, retention, now, after, limit: LOOKED_AT_ONCE };
    const page: ExpiredPage = await privacy.expired(search);
    people.push(...page.people);
    looked += LOOKED_AT_ONCE;
    after = page.next;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { people: people.slice(0, most), more: after !== null || people.length > most };
}

/** Forgets everybody whose retention has ended. @returns how many */
export async function forgetExpired(
  privacy: Pick<Privacy, "expired" | "forget">,
  business: Kept,
  now: number,
  who: By,
): Promise<number> {
  const { id: businessId, retention } = business;
  const order = { businessId, retention, now, ...who };
  let forgotten = 0;
  let batch: string[] = [];
  for await (const { subscriberId } of expiredPeople(privacy, business, now)) {
    batch.push(subscriberId);
    if (batch.length < FORGOTTEN_AT_ONCE) continue;
    forgotten += await privacy.forget({ ...order, subscriberIds: batch });
    batch = [];
  }
  if (batch.length > 0) forgotten += await privacy.forget({ ...order, subscriberIds: batch });
  return forgotten;
}
