import type { E164 } from "../../call/phone-number.ts";
import { lookUp, type NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";

export type PeopleOptions = {
  readonly vault: NumberVault;
  /** UUIDv7. */
  readonly newId: () => string;
};

/** A person as far as what is kept about them needs it. `save` writes the row where there is none yet. */
export type Person = { readonly id: string; readonly salt: () => Buffer; readonly save: () => void };

export type PeopleBook = ReturnType<typeof peopleBook>;

/** Subscribers by number: the same number of a business is the same person. */
export function peopleBook({ client }: Connection, { vault, newId }: PeopleOptions) {
  const byIndex = client.prepare<[string, string], { id: string; sealedSalt: Buffer }>(
    "SELECT id, salt AS sealedSalt FROM subscriber WHERE business_id = ? AND blind_index = ?",
  );
  const add = client.prepare<[string, string, string, string, Buffer, Buffer, string, number]>(
    `INSERT INTO subscriber
       (business_id, id, blind_index, last_four_index, number, salt, commitment, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );

  const known = (businessId: string, number: E164, blindIndex = vault.blindIndex(businessId, number)) =>
    lookUp(vault, (each) =>
      byIndex.get(businessId, each === vault ? blindIndex : each.blindIndex(businessId, number)),
    );

  /** Who has this number, also where nobody has heard of it yet. */
  function person(businessId: string, number: E164, at: number): Person {
    const blindIndex = vault.blindIndex(businessId, number);
    const found = known(businessId, number, blindIndex);
    if (found !== undefined) {
      const { id, sealedSalt } = found;
      return { id, salt: () => vault.openSalt(id, sealedSalt), save: () => undefined };
    }
    const id = newId();
    const { salt, commitment } = vault.commit(number);
    const lastFour = vault.lastFourIndex(businessId, number);
    const sealed = vault.encrypt(id, number);
    const sealedSalt = vault.sealSalt(id, salt);
    return {
      id,
      salt: () => salt,
      save: () => add.run(businessId, id, blindIndex, lastFour, sealed, sealedSalt, commitment, at),
    };
  }

  return {
    person,
    find: (businessId: string, number: E164): string | null => known(businessId, number)?.id ?? null,
    findOrAdd(businessId: string, number: E164, at: number): string {
      const found = person(businessId, number, at);
      found.save();
      return found.id;
    },
    saltOf: saltReader({ client }, vault),
  };
}

/** Null once the person was erased: what was sealed with their salt is lost. */
export function saltReader(
  { client }: Pick<Connection, "client">,
  vault: NumberVault,
): (businessId: string, id: string) => Buffer | null {
  const find = client
    .prepare<[string, string], Buffer>("SELECT salt FROM subscriber WHERE business_id = ? AND id = ?")
    .pluck();
  return (businessId, id) => {
    const kept = find.get(businessId, id);
    return kept === undefined ? null : vault.openSalt(id, kept);
  };
}
