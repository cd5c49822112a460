import type { Database } from "better-sqlite3";
import type { NumberVault } from "../numbers.ts";
import type { FoundSubscriber, NumberSearch } from "../reading.ts";

/** People with the same last four digits in one business that are looked at. */
export const MAX_PEOPLE = 1_000;
/** Fewer digits than this would list half the town. */
const LAST_DIGITS = 4;

/** Subscribers by a whole number or by its last digits, through the blind indexes. */
export function peopleSearch(client: Database, vault: NumberVault) {
  type Row = {
    readonly businessId: string;
    readonly id: string;
    readonly number: Buffer;
    readonly called: 0 | 1;
  };
  const columns = `SELECT business_id AS businessId, id, number, EXISTS (
      SELECT 1 FROM call INDEXED BY call_of_subscriber
      WHERE call.business_id = subscriber.business_id AND call.subscriber_id = subscriber.id
    ) AS called FROM subscriber`;
  const whole = client.prepare<[string, string], Row>(`${columns} WHERE business_id = ? AND blind_index = ?`);
  const lastFour = client.prepare<[string, string], Row>(
    `${columns} WHERE business_id = ? AND last_four_index = ? ORDER BY rowid DESC LIMIT ${MAX_PEOPLE}`,
  );
  // Skips from one business to the next; a DISTINCT would walk through every subscriber.
  const businesses = client.prepare<[], { id: string }>(
    `WITH RECURSIVE business(id) AS (
       SELECT min(business_id) FROM subscriber
       UNION ALL SELECT (SELECT min(business_id) FROM subscriber WHERE business_id > business.id)
       FROM business WHERE business.id IS NOT NULL
     ) SELECT id FROM business WHERE id IS NOT NULL`,
  );

  const vaults = [vault, ...vault.older];

  function rowsOf(search: NumberSearch, businessId: string): readonly Row[] {
    switch (search.kind) {
      case "number":
        return vaults.flatMap((each) => whole.all(businessId, each.blindIndex(businessId, search.number)));
      case "last-digits":
        return search.digits.length < LAST_DIGITS
          ? []
          : vaults.flatMap((each) => lastFour.all(businessId, each.lastFourIndex(businessId, search.digits)));
    }
  }

  return (search: NumberSearch, limit: number, businessIds?: readonly string[]): FoundSubscriber[] => {
    const found: FoundSubscriber[] = [];
    for (const businessId of businessIds ?? businesses.all().map(({ id }) => id)) {
      for (const { id, number, called } of rowsOf(search, businessId)) {
        if (found.length >= limit) return found;
        const person = { id, businessId, number: vault.decrypt(id, number), called: called === 1 };
        if (search.kind === "number" || person.number.endsWith(search.digits)) found.push(person);
      }
    }
    return found;
  };
}
