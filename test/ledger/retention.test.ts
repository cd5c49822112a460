import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_AHEAD_MS } from "../../src/call/permission.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import { expiredPeople, forgetExpired } from "../../src/ledger/retention.ts";
import { clinic } from "../call/clinic.ts";
import { agree, callOf, openMemory, someNumber, withdrawalOf, type Memory } from "../support/memory.ts";

const THEN = Date.UTC(2020, 0, 10, 9);
const BUSINESS = { id: "acme-dental", retention: "P5Y" };
/** Five years and a month later, and a day. */
const NOW = Date.UTC(2025, 1, 11, 9);
const BY = { by: "cli", byName: "command line" };

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

/** Somebody who agreed, and withdrew in the same hour. */
async function left(number: E164 = someNumber(), at = THEN) {
  await agree(memory.ledger, callOf({ caller: number, at }));
  const id = (await memory.ledger.subscriber("acme-dental", number))?.id ?? "";
  await memory.ledger.revoke({ ...withdrawalOf(number), sourceId: id, at });
  memory.connection.client.exec("UPDATE outbox SET state = 'sent', finished_at = 1");
  return { number, id };
}

async function expired(now = NOW, business = BUSINESS): Promise<string[]> {
  const found: string[] = [];
  for await (const { subscriberId } of expiredPeople(memory.privacy, business, now)) found.push(subscriberId);
  return found;
}

describe("the retention of a person's data", () => {
  it("ends where nothing stands and nothing was used for as long as the business says", async () => {
    const { id } = await left();
    expect(await expired()).toEqual([id]);
    expect(await expired(Date.UTC(2025, 0, 10, 9))).toEqual([]);
  });

  it("does not end while a consent stands, or a question waits for its answer", async () => {
    await agree(memory.ledger, callOf({ at: THEN }));
    const subscriberId = await memory.ledger.register("acme-dental", someNumber(), THEN);
    await agree(memory.ledger, callOf({ at: THEN, caller: someNumber() }), { kind: "pending", subscriberId });
    memory.connection.client.exec("UPDATE outbox SET state = 'sent', finished_at = 1");
    const withoutConsent = await expired();
    expect(withoutConsent).not.toContain(subscriberId);
    expect(withoutConsent).toHaveLength(1);
  });

  it("does not end while something is still to leave for them", async () => {
    const { id } = await left();
    memory.connection.client.exec("UPDATE outbox SET state = 'waiting', finished_at = NULL");
    expect(await expired()).toEqual([]);
    memory.connection.client.exec("UPDATE outbox SET state = 'sent', finished_at = 1");
    expect(await expired()).toEqual([id]);
  });

  it("is no wish of theirs: a number that never answered may be named again", async () => {
    const silent = someNumber();
    const subscriberId = await memory.ledger.register("acme-dental", silent, THEN);
    await agree(memory.ledger, callOf({ at: THEN, caller: null }), { kind: "pending", subscriberId });
    await memory.messages.expirePending("acme-dental", THEN + 1, THEN + 2);
    memory.connection.client.exec("UPDATE outbox SET state = 'sent', finished_at = 1");
    expect(await forgetExpired(memory.privacy, BUSINESS, NOW, BY)).toBe(1);
    expect(await memory.privacy.isSuppressed("acme-dental", silent)).toBe(false);
  });

  it("begins anew with a call", async () => {
    const { number } = await left();
    await agree(memory.ledger, callOf({ caller: number, at: NOW }), { kind: "refused" });
    expect(await expired()).toEqual([]);
  });

  it("counts from a month after the last word: so far ahead a message may have been allowed while the yes stood", async () => {
    const { id } = await left();
    const end = Date.UTC(2025, 0, 10, 9) + MAX_AHEAD_MS;
    expect(await expired(end - 1)).toEqual([]);
    expect(await expired(end + 24 * 60 * 60 * 1000)).toEqual([id]);
  });

  it("is longer for whoever heard a notice of a law that wants it so", async () => {
    const { id } = await left();
    const short = { ...BUSINESS, retention: "P1M" };
    expect(await expired(Date.UTC(2024, 0, 10), short)).toEqual([]);
    expect(await expired(NOW, short)).toEqual([id]);
  });

  it("ends in being forgotten, with a certificate; who had withdrawn stays withdrawn", async () => {
    const { number, id } = await left();
    const neverAnswered = someNumber();
    const silent = await memory.ledger.register("acme-dental", neverAnswered, THEN);
    expect(await forgetExpired(memory.privacy, BUSINESS, NOW, BY)).toBe(2);
    expect(memory.rows("subscriber")).toEqual([]);
    expect(await memory.privacy.certificateOf("acme-dental", id)).toMatchObject({
      cause: "retention",
      suppressed: true,
    });
    expect(await memory.privacy.certificateOf("acme-dental", silent)).toMatchObject({ suppressed: false });
    expect(await memory.privacy.isSuppressed("acme-dental", number)).toBe(true);
    expect(await memory.privacy.isSuppressed("acme-dental", neverAnswered)).toBe(false);
    expect(await forgetExpired(memory.privacy, BUSINESS, NOW, BY)).toBe(0);
  });

  it("spares whoever calls between the look and the forgetting", async () => {
    const { number, id } = await left();
    await agree(memory.ledger, callOf({ caller: number, at: NOW }));
    const order = { businessId: "acme-dental", retention: "P5Y", now: NOW, ...BY, subscriberIds: [id] };
    expect(await memory.privacy.forget(order)).toBe(0);
    expect(await memory.ledger.granted("acme-dental", number, false)).toHaveLength(2);
  });

  it("ends for many, batch by batch, and for the businesses one by one", async () => {
    for (let person = 0; person < 130; person++)
      await memory.ledger.register(person < 125 ? "acme-dental" : "clinic", someNumber(), THEN + person);
    expect(await expired()).toHaveLength(125);
    expect(await forgetExpired(memory.privacy, BUSINESS, NOW, BY)).toBe(125);
    expect(memory.count("subscriber")).toBe(5);
  });
});
