import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { keepErasureList } from "../../src/erasure-file.ts";
import { resealAll } from "../../src/ledger/resealing.ts";
import { clinic } from "../call/clinic.ts";
import { ledgerOn, openMemory, SECRET, type Memory } from "../support/memory.ts";
import { DAY_MS, joined, NOW, TOPICS } from "./correspondence.ts";

const ANNA: E164 = "+14155557391";
const BERT: E164 = "+14155558264";
const CARL: E164 = "+14155550987";

let memory: Memory;
let list: string;
let others: Memory[];
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
  list = join(memory.folder, "erasures.ndjson");
  others = [];
});
afterEach(async () => {
  for (const each of [...others, memory]) await each.close();
});

function erase(on: Memory, number: E164, keepSuppression = false, at = NOW + DAY_MS) {
  const order = { businessId: "clinic", who: { number }, keepSuppression, by: "cli", byName: "command line" };
  return on.privacy.erase({ ...order, at });
}

/** The database as it was, in another place. */
function backup(): () => Memory {
  const copy = join(memory.folder, "backup.db");
  memory.connection.client.exec(`VACUUM INTO '${copy}'`);
  return () => {
    const file = join(memory.folder, `restored-${others.length}.db`);
    copyFileSync(copy, file);
    const restored = openMemory({ file, businesses: [clinic()] });
    others.push(restored);
    return restored;
  };
}

const keep = (on: Memory, at = NOW + 2 * DAY_MS) => keepErasureList(on.privacy, list, at);
const lines = () =>
  readFileSync(list, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("the list of erasures", () => {
  it("names nobody: ids, times and keyed hashes, and neither numbers nor anything that leads to one", async () => {
    await joined(memory, { caller: ANNA });
    const { id, subscriberId } = await erase(memory, ANNA, true);
    await keep(memory);
    const [person] = memory.rows("suppression");
    expect(lines()).toMatchObject([
      { schemaVersion: "yesline-erasures/1", newest: { businessId: "clinic", id } },
      { kind: "suppression", businessId: "clinic", hash: person?.["hash"], reason: "erased" },
      { kind: "erasure", id, businessId: "clinic", subscriberId, cause: "request", suppressed: true },
    ]);
    expect(readFileSync(list, "utf8")).not.toMatch(/5557391|7391/);
  });

  it("whoever was forgotten after the backup is forgotten again where it is restored, and others are not", async () => {
    await joined(memory, { caller: ANNA });
    await joined(memory, { caller: BERT });
    await erase(memory, BERT, false, NOW);
    const restore = backup();
    await joined(memory, { caller: CARL });
    const certificate = await erase(memory, ANNA);
    await erase(memory, CARL);
    await keep(memory);
    const restored = restore();
    expect(await restored.ledger.granted("clinic", ANNA, false)).toEqual(TOPICS.toSorted());
    expect(await keep(restored)).toMatchObject({ repeated: 2, known: 1, suppressed: 0, lost: 0 });
    expect(await restored.ledger.subscriber("clinic", ANNA)).toBeNull();
    expect(restored.rows("entry").map(({ kind }) => kind)).toEqual([
      "granted",
      "granted",
      "revoked",
      "revoked",
    ]);
    const again = await restored.privacy.certificateOf("clinic", String(certificate.subscriberId));
    expect(again).toMatchObject({ id: certificate.id, at: certificate.at, byName: "command line" });
    expect(again?.erased.subscriber).toBe(1);
    expect(await keep(restored)).toBeNull();
  });

  it("a number that stays withdrawn does so after a restore, whether or not the backup knew it", async () => {
    await joined(memory, { caller: ANNA });
    const restore = backup();
    await erase(memory, ANNA, true, NOW + 1);
    await erase(memory, CARL, true, NOW + 2).then(({ suppressed }) => expect(suppressed).toBe(true));
    await keep(memory);
    const restored = restore();
    expect(await keep(restored)).toMatchObject({ repeated: 2, suppressed: 2, lost: 0 });
    const silent = [ANNA, BERT, CARL].map((number) => restored.privacy.isSuppressed("clinic", number));
    expect(await Promise.all(silent)).toEqual([true, false, true]);
  });

  it("who has said yes again since is not silenced by an old list", async () => {
    await erase(memory, ANNA, true);
    await keep(memory);
    await joined(memory, { caller: ANNA });
    const restore = backup();
    await erase(memory, BERT);
    await keep(memory);
    const restored = restore();
    await keep(restored);
    expect(await restored.privacy.isSuppressed("clinic", ANNA)).toBe(false);
    expect(await restored.ledger.granted("clinic", ANNA, false)).toEqual(TOPICS.toSorted());
  });

  it("is read with the new secret after a change of it", async () => {
    await erase(memory, ANNA, true);
    await keep(memory);
    const written = lines()[0]?.["key"];
    const restore = backup();
    const fresh = new Uint8Array(32).fill(9);
    const changed = ledgerOn(memory.connection, fresh, [clinic()], [SECRET]);
    await resealAll(changed.privacy, () => false);
    await keepErasureList(changed.privacy, list, NOW + 2 * DAY_MS);
    expect(lines()[0]?.["key"]).not.toBe(written);
    expect(await restore().privacy.isSuppressed("clinic", ANNA)).toBe(true);
  });

  it("whom the backup knows stays withdrawn, though their hash was made under another key", async () => {
    await joined(memory, { caller: ANNA });
    const restore = backup();
    await erase(memory, ANNA, true);
    await keep(memory);
    const restored = restore();
    await erase(restored, BERT, true);
    expect(await keep(restored)).toMatchObject({ repeated: 1, suppressed: 0, lost: 1 });
    expect(await restored.privacy.isSuppressed("clinic", ANNA)).toBe(true);
  });

  it("hashes of another key are counted as lost, and never taken for ours", async () => {
    const restore = backup();
    await erase(memory, ANNA, true);
    await keep(memory);
    const restored = restore();
    await erase(restored, BERT, true);
    expect(await keep(restored)).toMatchObject({ repeated: 1, suppressed: 0, lost: 1 });
    expect(await restored.privacy.isSuppressed("clinic", BERT)).toBe(true);
  });

  it("half a repetition is finished by the next one", async () => {
    await joined(memory, { caller: ANNA });
    await joined(memory, { caller: BERT });
    const restore = backup();
    await erase(memory, ANNA);
    await erase(memory, BERT);
    await keep(memory);
    const restored = restore();
    const client = restored.connection.client;
    client.exec(
      "CREATE TEMP TRIGGER power_cut BEFORE INSERT ON erasure WHEN (SELECT count(*) FROM erasure) = 1 BEGIN SELECT RAISE(ABORT, 'cut'); END",
    );
    const before = readFileSync(list, "utf8");
    await expect(keep(restored)).rejects.toThrow("cut");
    expect(readFileSync(list, "utf8")).toBe(before);
    client.exec("DROP TRIGGER power_cut");
    expect(await keep(restored)).toMatchObject({ repeated: 1, known: 1 });
    expect(restored.count("subscriber")).toBe(0);
  });

  it("a file that is no list is left alone, and named", async () => {
    writeFileSync(list, "secret recipe\n");
    await expect(keep(memory)).rejects.toThrow(`${list} is no list of erasures`);
    expect(readFileSync(list, "utf8")).toBe("secret recipe\n");
  });

  it("half a line of a list erases nobody", async () => {
    await joined(memory, { caller: ANNA });
    const restore = backup();
    await erase(memory, ANNA);
    await keep(memory);
    writeFileSync(list, readFileSync(list, "utf8").slice(0, -20));
    const restored = restore();
    await expect(keep(restored)).rejects.toThrow(`${list}: line 2 is no erasure`);
    expect(restored.count("subscriber")).toBe(1);
  });

  it("is there before anybody is erased, so that a lost one can be told from an empty one", async () => {
    expect(existsSync(list)).toBe(false);
    expect(await keep(memory)).toBeNull();
    expect(lines()).toMatchObject([{ newest: null, key: null }]);
  });
});
