import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { numberVault } from "../../src/ledger/numbers.ts";
import { resealAll } from "../../src/ledger/resealing.ts";
import { checkSecret, open, type Connection } from "../../src/ledger/sqlite/connection.ts";
import { operatorKey } from "../../src/ledger/sqlite/sealed-keys.ts";
import { clinic } from "../call/clinic.ts";
import { driver } from "../support/by-hand.ts";
import { agree, ledgerOn, openMemory, SECRET, someNumber, type Memory } from "../support/memory.ts";
import { clinicCall, joined, NOW, TOPICS, writes } from "./correspondence.ts";

const FRESH = new Uint8Array(32).fill(9);
const NUMBER: E164 = "+14155557391";

let before: Memory;
let connection: Connection;
beforeEach(async () => {
  before = openMemory({ businesses: [clinic()] });
  checkSecret(before.connection, numberVault(SECRET), true);
  connection = open(before.file, { busyTimeoutMs: 5_000 });
});
afterEach(async () => {
  connection.client.close();
  await before.close();
});

/** The line as it starts with these secrets. */
function startedWith(secret: Uint8Array, older: readonly Uint8Array[] = [], isServer = true) {
  checkSecret(connection, numberVault(secret, older), isServer);
  return ledgerOn(connection, secret, [clinic()], older);
}

async function somebody(number: E164 = NUMBER) {
  await joined(before, { caller: number });
  await writes(before, number, { kind: "unclear" }, { body: "Is this Ms Kowalski's clinic?" }).answered;
  const id = (await before.ledger.subscriber("clinic", number))?.id ?? "";
  await before.reading.addNote({
    businessId: "clinic",
    subscriberId: id,
    author: "eve",
    text: "by letter",
    at: NOW,
  });
  return id;
}

/** Everything of a person that a secret hides, as it is read. */
async function known({ reading, messages, ledger }: ReturnType<typeof startedWith>, id: string) {
  const found = await reading.subscriber("clinic", id);
  const incoming = (await messages.withSubscriber("clinic", id, 10)).find((each) => each.direction === "in");
  return {
    number: found?.number,
    id: (await ledger.subscriber("clinic", NUMBER))?.id,
    notes: found?.notes.map(({ text }) => text),
    words: await messages.words("clinic", incoming?.id ?? ""),
    byLastDigits: (await reading.findSubscribers({ kind: "last-digits", digits: "7391" }, 5)).map(
      (each) => each.id,
    ),
  };
}
const expected = (id: string) => ({
  number: NUMBER,
  id,
  notes: ["by letter"],
  words: "Is this Ms Kowalski's clinic?",
  byLastDigits: [id],
});

describe("while the secret is changed", () => {
  it("a person is known as before: with both secrets, during, and with the new one alone afterwards", async () => {
    const id = await somebody();
    const during = startedWith(FRESH, [SECRET]);
    expect(await known(during, id)).toEqual(expected(id));
    expect(await during.privacy.isResealing()).toBe(true);
    expect(await resealAll(during.privacy)).toEqual({ numbers: 1, notes: 1, messages: 1, secrets: 0 });
    expect(await during.privacy.isResealing()).toBe(false);
    const afterwards = startedWith(FRESH);
    expect(await known(afterwards, id)).toEqual(expected(id));
    const [row] = before.rows("subscriber");
    expect(() => numberVault(SECRET).decrypt(id, row?.["number"] as Buffer)).toThrow("authenticate");
    expect(row?.["blind_index"]).toBe(numberVault(FRESH).blindIndex("clinic", NUMBER));
    expect(row?.["last_four_index"]).toBe(numberVault(FRESH).lastFourIndex("clinic", NUMBER));
  });

  it("callers go on being known and are never two people, whichever secret their row is under", async () => {
    const old = await Promise.all(Array.from({ length: 120 }, () => joined(before)));
    const during = startedWith(FRESH, [SECRET]);
    const resealed = resealAll(during.privacy);
    const again = old.map(({ number }, place) =>
      agree(during.ledger, clinicCall({ caller: number, at: NOW + place }), { topics: TOPICS }),
    );
    const strangers = Array.from({ length: 30 }, () =>
      agree(during.ledger, clinicCall({ caller: someNumber() }), { topics: TOPICS }),
    );
    await Promise.all([...again, ...strangers]);
    expect((await resealed)?.numbers).toBe(120);
    expect(before.count("subscriber")).toBe(150);
    const alone = startedWith(FRESH);
    for (const { number } of old) expect(await alone.ledger.granted("clinic", number, false)).toHaveLength(2);
  });

  it("what was broken off begins anew, and seals nothing twice", async () => {
    await Promise.all(Array.from({ length: 120 }, () => joined(before)));
    const during = startedWith(FRESH, [SECRET]);
    let steps = 0;
    expect(await resealAll(during.privacy, () => ++steps > 2)).toBeNull();
    expect(() => startedWith(FRESH)).toThrow("one of its values is missing");
    const again = startedWith(FRESH, [SECRET]);
    expect((await resealAll(again.privacy))?.numbers).toBe(70);
    expect(await resealAll(again.privacy)).toMatchObject({ numbers: 0 });
  });

  it("secrets of endpoints, withdrawn numbers and operators' sessions outlive it", async () => {
    const endpoint = {
      businessId: "clinic",
      id: "crm",
      url: "https://crm.example/",
      kinds: ["revoked"],
    } as const;
    await before.endpoints.add({ ...endpoint, description: "", createdAt: NOW, createdBy: "cli" }, "whsec_x");
    const sessions = operatorKey(connection, { secret: SECRET, olderSecrets: [] });
    const by = { by: "cli", byName: "command line", at: NOW };
    await before.privacy.erase({
      businessId: "clinic",
      who: { number: NUMBER },
      keepSuppression: true,
      ...by,
    });
    const during = startedWith(FRESH, [SECRET]);
    expect((await resealAll(during.privacy))?.secrets).toBe(3);
    const alone = startedWith(FRESH);
    expect(await alone.endpoints.secret("clinic", "crm")).toBe("whsec_x");
    expect(await alone.privacy.isSuppressed("clinic", NUMBER)).toBe(true);
    expect(operatorKey(connection, { secret: FRESH, olderSecrets: [] })).toEqual(sessions);
  });

  it("a command whose line does not know the new secret yet is refused, and writes nothing", async () => {
    await somebody();
    expect(() => startedWith(FRESH, [SECRET], false)).toThrow("restart the line with it first");
    expect(before.rows("secret_check")).toHaveLength(1);
    expect(() => startedWith(FRESH)).toThrow("not the one that this database's numbers are encrypted with");
  });

  it("going back is possible as long as both are there", async () => {
    const id = await somebody();
    await resealAll(startedWith(FRESH, [SECRET]).privacy);
    const back = startedWith(SECRET, [FRESH]);
    await resealAll(back.privacy);
    expect(await known(startedWith(SECRET), id)).toEqual(expected(id));
  });

  it("by hand, nobody rewrites a note with what is no note of the same length", async () => {
    await somebody();
    startedWith(FRESH, [SECRET]);
    expect(driver(before.file, "UPDATE note SET text = x'00'").refused).toContain("notes never change");
    expect(driver(before.file, "UPDATE message SET sealed_body = x'00'").refused).toContain(
      "words never change",
    );
    expect(driver(before.file, "UPDATE note SET author = 'eve'").refused).toContain("notes never change");
  });
});
