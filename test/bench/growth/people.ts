import type { Database } from "better-sqlite3";
import { after, type ConsentState } from "../../../src/call/consent.ts";
import { numberVault } from "../../../src/ledger/numbers.ts";
import { BUSINESSES, inventNumber, type SeededBusiness } from "../console-seed-calls.ts";
import { SECRET } from "../yesline.ts";

/** Everybody calls so often. */
export const CALLS_A_PERSON = 4;

/** What a caller decides. */
export type Kind = "granted" | "refused" | "revoked";

export type Person = ReturnType<ReturnType<typeof peopleOf>["known"]>;

/** Everybody who calls, as few bytes each: there are millions. */
export function peopleOf(
  client: Database,
  {
    count,
    timeOf,
    random,
  }: { readonly count: number; readonly timeOf: (n: number) => number; readonly random: () => number },
) {
  const vault = numberVault(SECRET);
  const commitments = Buffer.alloc(count * COMMITMENT_BYTES);
  const states = new Uint8Array(count);
  const decidedBy = new Uint32Array(count);
  const add = client.prepare(
    `INSERT INTO subscriber (business_id, id, blind_index, last_four_index, number, salt, commitment, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addConsent = client.prepare(
    `INSERT INTO consent (business_id, subscriber_id, topic, simulated, state, entry_id, at)
     VALUES (?, ?, ?, 0, ?, ?, ?)`,
  );
  const idOf = (person: number) => uuid(timeOf(person * CALLS_A_PERSON), person);
  const known = (person: number) => ({
    person,
    business: businessOf(person),
    subscriberId: idOf(person),
    commitment: commitments.toString("hex", person * COMMITMENT_BYTES, (person + 1) * COMMITMENT_BYTES),
    state: STATES[states[person] ?? 0] ?? "none",
  });
  return {
    known,
    add(person: number) {
      const business = businessOf(person);
      const number = inventNumber(business, placeOf(person), random);
      const id = idOf(person);
      const { salt, commitment } = vault.commit(number);
      commitments.write(commitment, person * COMMITMENT_BYTES, "hex");
      add.run(
        business.id,
        id,
        vault.blindIndex(business.id, number),
        vault.lastFourIndex(business.id, number),
        vault.encrypt(id, number),
        vault.sealSalt(id, salt),
        commitment,
        timeOf(person * CALLS_A_PERSON),
      );
      return known(person);
    },
    decided(person: number, kind: Kind, n: number): void {
      states[person] = STATES.indexOf(after(STATES[states[person] ?? 0] ?? "none", kind));
      decidedBy[person] = n;
    },
    writeConsents(entryOf: (n: number) => { readonly id: string; readonly at: number }): void {
      for (let person = 0; person < count; person++) {
        const { business, subscriberId, state } = known(person);
        const { id, at } = entryOf(decidedBy[person] ?? 0);
        for (const topic of business.topics) addConsent.run(business.id, subscriberId, topic, state, id, at);
      }
    },
  };
}

const COMMITMENT_BYTES = 32;
const STATES: readonly ConsentState[] = ["none", "granted", "refused", "revoked"];

/** Three of five call the first one. */
function businessOf(person: number): SeededBusiness {
  return BUSINESSES[person % 5 < 3 ? 0 : 1] as SeededBusiness;
}

/** Among those who call the same one. */
function placeOf(person: number): number {
  const [fives, rest] = [Math.floor(person / 5), person % 5];
  return rest < 3 ? fives * 3 + rest : fives * 2 + rest - 3;
}

/** So many of the first business's callers there are at the least: `knownNumber` of 0 and up. */
export function knownPeople(entries: number): number {
  return Math.max(1, Math.floor(entries / CALLS_A_PERSON / 5) * 3);
}

/** A UUIDv7 that is the same for the same seed, and later than those of earlier ones. */
export function uuid(at: number, n: number): string {
  const time = at.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, "0")}`;
}
