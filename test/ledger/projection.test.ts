import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fold, type EntryKind } from "../../src/call/consent.ts";
import { answers, begins, callOf, entryOf, openMemory, someNumber, type Memory } from "../support/memory.ts";

let memory: Memory;
beforeAll(() => {
  memory = openMemory();
});
afterAll(() => memory.close());

const TOPICS = ["reminders", "offers", "news"];
const PEOPLE = [someNumber(), someNumber(), someNumber()] as const;

const act = fc.record({
  who: fc.constantFrom(...PEOPLE),
  what: fc.constantFrom("granted", "refused", "revoked", "pending", "withdrawn"),
  simulated: fc.boolean(),
  topics: fc.subarray(TOPICS, { minLength: 1 }),
  /** Whom a pending entry names. */
  other: fc.constantFrom(...PEOPLE),
  /** How often Twilio delivers the webhook. */
  deliveries: fc.integer({ min: 1, max: 2 }),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

async function perform(
  businessId: string,
  { who, what, simulated, topics, other, deliveries }: Act,
  nth: number,
) {
  const { ledger } = memory;
  const call = callOf({ businessId, caller: who, simulated });
  if (what === "withdrawn") {
    const withdrawal = {
      businessId,
      number: who,
      topics,
      source: "cli",
      sourceId: `request-${nth}`,
    } as const;
    const rest = { reason: null, locale: "en-US", jurisdiction: "US", script: "2026-11-22" } as const;
    for (let i = 0; i < deliveries; i++) await ledger.revoke({ ...withdrawal, ...rest, at: call.at });
    return;
  }
  await ledger.record(begins(call));
  const subscriberId = what === "pending" ? await ledger.register(businessId, other, call.at) : null;
  const turn = answers(call, [entryOf({ kind: what, topics, subscriberId })]);
  await Promise.all(Array.from({ length: deliveries }, () => ledger.record(turn)));
}

/** The projection, as the entries alone give it: one line for each subscriber, world and topic. */
function rebuilt(entries: readonly Record<string, unknown>[]): string[] {
  const whose = (row: Record<string, unknown>) =>
    `${String(row["subscriber_id"])} ${String(row["simulated"])}`;
  return [...new Set(entries.map(whose))].flatMap((owner) => {
    const own = entries.filter((row) => whose(row) === owner);
    const said = own.map((row) => ({
      kind: row["kind"] as EntryKind,
      topics: JSON.parse(String(row["topics"])) as string[],
    }));
    return [...fold(said)].map(([topic, state]) => `${owner} ${topic} ${state}`);
  });
}

describe("present consent", () => {
  it("is always what the entries add up to, for every person, topic and world", async () => {
    let businesses = 0;
    const property = fc.asyncProperty(
      fc.array(act, { minLength: 1, maxLength: 25, size: "max" }),
      async (acts) => {
        const businessId = `business-${businesses++}`;
        for (const [nth, each] of acts.entries()) await perform(businessId, each, nth);
        const own = (table: string) => memory.rows(table).filter((row) => row["business_id"] === businessId);
        const stored = own("consent").map(
          (row) =>
            `${String(row["subscriber_id"])} ${String(row["simulated"])} ${String(row["topic"])} ${String(row["state"])}`,
        );
        expect(stored.toSorted()).toEqual(rebuilt(own("entry")).toSorted());
        for (const [who, simulated] of PEOPLE.flatMap((each) => [
          [each, true] as const,
          [each, false] as const,
        ])) {
          const id = (await memory.ledger.subscriber(businessId, who))?.id;
          const granted = stored.filter((line) => line.startsWith(`${id} ${Number(simulated)} `));
          const topics = granted
            .filter((line) => line.endsWith(" granted"))
            .map((line) => line.split(" ")[2]);
          const answered = await memory.ledger.granted(businessId, who, simulated);
          expect(new Set(answered)).toEqual(new Set(topics));
          expect(answered).toHaveLength(topics.length);
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
    expect(memory.count("entry")).toBeGreaterThan(60);
  });

  it("is not taken away by someone else who names the number, in this world or the other", async () => {
    const businessId = "named-by-another";
    const [owner, other] = PEOPLE;
    const rest = { other: owner, topics: ["offers"], deliveries: 1 };
    const state = () =>
      memory
        .rows("consent")
        .filter((row) => row["business_id"] === businessId)
        .map((row) => [row["simulated"], row["state"]]);
    await perform(businessId, { ...rest, who: owner, simulated: false, what: "granted" }, 1);
    await perform(businessId, { ...rest, who: other, simulated: false, what: "pending" }, 2);
    await perform(businessId, { ...rest, who: other, simulated: true, what: "pending" }, 3);
    expect(state()).toEqual([
      [0, "granted"],
      [1, "pending"],
    ]);
    await perform(businessId, { ...rest, who: owner, simulated: false, what: "refused" }, 4);
    await perform(businessId, { ...rest, who: other, simulated: false, what: "pending" }, 5);
    expect(state()).toEqual([
      [0, "pending"],
      [1, "pending"],
    ]);
  });

  it("names the entry that it comes from", async () => {
    const businessId = "names-its-entry";
    const who = PEOPLE[0];
    const rest = { who, other: who, simulated: false, topics: TOPICS, deliveries: 1 };
    await perform(businessId, { ...rest, what: "granted" }, 1);
    await perform(businessId, { ...rest, what: "withdrawn", topics: ["offers"] }, 2);
    const own = (table: string) => memory.rows(table).filter((row) => row["business_id"] === businessId);
    const [granted, revoked] = own("entry").map((row) => row["id"]);
    const sources = own("consent").map((row) => [row["topic"], row["entry_id"]]);
    expect(Object.fromEntries(sources)).toEqual({ reminders: granted, offers: revoked, news: granted });
  });
});
