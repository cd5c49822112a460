import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import type { ProofStore } from "../../src/ledger/proof-store.ts";
import { openCheckpoint, signCheckpoint } from "../../src/proof/checkpoint.ts";
import { leafHashOf } from "../../src/proof/leaf.ts";
import { signersNamed } from "../../src/proof/note.ts";
import { SEAL_BATCH } from "../../src/proof/sealer.ts";
import { inclusionProof, rootAt } from "../../src/proof/tree.ts";
import { verifyInclusion } from "../../src/proof/verify.ts";
import { driver } from "../support/by-hand.ts";
import { agree, callOf, openMemory, someNumber, type Memory } from "../support/memory.ts";
import { agreements, KEY, NAME, NEXT_KEY, sealerOn } from "./sealing.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

/** Entries with their places, in the order of the log. */
function places(): readonly { place: number; seq: number }[] {
  return memory.connection.client
    .prepare(
      "SELECT leaf_index AS place, seq FROM log_leaf JOIN entry ON entry.id = log_leaf.entry_id ORDER BY leaf_index",
    )
    .all() as { place: number; seq: number }[];
}

describe("a sealer", () => {
  it("gives every entry its place in commit order, without gaps, and signs what the log is then", async () => {
    await agreements(memory, 5);
    const { seal, told } = sealerOn(memory.proof);
    expect(await seal()).toBe(5);
    expect(await seal()).toBe(0);
    await agreements(memory, 2);
    expect(await seal()).toBe(2);
    expect(places()).toEqual([0, 1, 2, 3, 4, 5, 6].map((place) => ({ place, seq: place + 1 })));
    expect(told.map(({ size }) => size)).toEqual([0, 5, 7]);
    const newest = await memory.proof.newestCheckpoint();
    expect(openCheckpoint(newest?.note ?? "", [KEY.verifier])).toMatchObject({
      kind: "signed",
      checkpoint: { origin: NAME, size: 7, root: Buffer.from(await rootAt(memory.proof.hashes, 7)) },
    });
  });

  it("does not mind a gap in the sequence", async () => {
    await agreements(memory, 1);
    driver(memory.file, "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'entry'");
    await agreements(memory, 2);
    const { seal } = sealerOn(memory.proof);
    expect(await seal()).toBe(3);
    expect(places()).toEqual([
      { place: 0, seq: 1 },
      { place: 1, seq: 41 },
      { place: 2, seq: 42 },
    ]);
    expect(await seal()).toBe(0);
  });

  it("proves each entry, what was simulated as well, from the rows as they are", async () => {
    await agreements(memory, 9);
    const { seal } = sealerOn(memory.proof);
    await seal();
    const { size, root } = (await memory.proof.newestCheckpoint()) ?? { size: 0, root: new Uint8Array() };
    for (const { businessId, entryId, index, row } of await memory.proof.sealed(0, 100)) {
      if (row === null) throw new Error("An entry is gone.");
      const proof = await inclusionProof(memory.proof.hashes, index, size);
      expect(verifyInclusion({ leaf: leafHashOf(row), index, size, root, proof })).toBe(true);
      expect(await memory.proof.placeOf(businessId, entryId)).toMatchObject({ index });
    }
    expect(await memory.proof.sealed(9, 100)).toEqual([]);
  });

  it("places many entries as it places one, whether they lie together or far apart, sealed or not", async () => {
    const { proof } = memory;
    await agreements(memory, 40);
    await sealerOn(proof).seal();
    await agreements(memory, 2);
    const all = await proof.unsealed(1).then(async ([first]) => {
      const sealed = await proof.sealed(0, 100);
      return [...sealed.flatMap(({ row }) => row ?? []), ...(first === undefined ? [] : [first])];
    });
    const gone = { businessId: "acme-dental", id: "gone", seq: 99 };
    for (const some of [all, all.slice(3, 5), [...all.slice(0, 1), ...all.slice(-1)], [gone], []]) {
      const one = some.map(async ({ businessId, id }) => ({
        row: await proof.leafRow(businessId, id),
        index: (await proof.placeOf(businessId, id))?.index ?? null,
      }));
      expect(await proof.placed(some)).toEqual(await Promise.all(one));
    }
  });

  it("seals an old ledger of thousands batch by batch while calls go on", async () => {
    await agreements(memory, 3_000);
    const stop = new AbortController();
    const { run, finish, told, errors } = sealerOn(memory.proof);
    const running = run(stop.signal);
    let during = 0;
    for (; (await memory.proof.size()) < 3_000; during++) {
      await agree(memory.ledger, callOf({ caller: someNumber() }));
    }
    stop.abort();
    await running;
    await finish();
    expect(errors).toEqual([]);
    expect(during).toBeGreaterThan(10);
    const sealed = places();
    expect(sealed.map(({ place }) => place)).toEqual(sealed.map((_, index) => index));
    expect(sealed.map(({ seq }) => seq)).toEqual(sealed.map((_, index) => index + 1));
    expect(sealed.length).toBe(3_000 + during);
    const steps = told.map(({ size }, at) => size - (told[at - 1]?.size ?? 0));
    expect(Math.max(...steps)).toBe(SEAL_BATCH);
    expect(memory.count("log_tile")).toBe(Math.floor(sealed.length / 256));
  });

  it("beside a second one makes one log", async () => {
    await agreements(memory, 1_000);
    const both = [sealerOn(memory.proof), sealerOn(memory.proof)] as const;
    for (let round = 0; round < 200 && (await memory.proof.backlog()).entries > 0; round++) {
      await Promise.all(both.map(({ seal }) => seal()));
    }
    const sealed = places();
    expect(sealed).toEqual(Array.from({ length: 1_000 }, (_, place) => ({ place, seq: place + 1 })));
    // Both knew of the other's work only from the store: each has sealed something.
    for (const { told } of both) expect(told.length).toBeGreaterThan(1);
    const newest = await memory.proof.newestCheckpoint();
    expect(newest?.root).toEqual(Buffer.from(await rootAt(memory.proof.hashes, 1_000)));
  });

  it("that was killed before the commit leaves nothing, and after it everything: the next one goes on", async () => {
    await agreements(memory, 10);
    const refusing = sealerOn({
      ...memory.proof,
      append: () => Promise.reject(new LedgerUnavailable("full")),
    });
    await expect(refusing.seal()).rejects.toThrow("full");
    expect([memory.count("log_leaf"), memory.count("checkpoint")]).toEqual([0, 0]);
    const unheard: ProofStore["append"] = async (batch) => {
      await memory.proof.append(batch);
      throw new LedgerUnavailable("It was written, but nobody was told.");
    };
    const first = sealerOn({ ...memory.proof, append: unheard });
    await expect(first.seal()).rejects.toThrow("nobody was told");
    await expect(first.seal()).rejects.toThrow("nobody was told");
    expect([memory.count("log_leaf"), memory.count("checkpoint")]).toEqual([10, 2]);
    expect(first.told.map(({ size }) => size)).toEqual([0]);
    await agreements(memory, 1);
    const next = sealerOn(memory.proof);
    expect(await next.seal()).toBe(1);
    expect(next.told.map(({ size }) => size)).toEqual([10, 11]);
    expect(first.status().failures).toBe(2);
  });

  it("signs leaves that have no checkpoint", async () => {
    await agreements(memory, 3);
    await sealerOn(memory.proof).seal();
    driver(memory.file, "DROP TRIGGER checkpoint_never_vanishes; DELETE FROM checkpoint");
    expect(await memory.proof.newestCheckpoint()).toBeNull();
    await sealerOn(memory.proof).seal();
    expect(await memory.proof.newestCheckpoint()).toMatchObject({ size: 3 });
  });

  it("signs with every key of a rotation, and the same log again where a key is new", async () => {
    await agreements(memory, 3);
    await sealerOn(memory.proof).seal();
    await sealerOn(memory.proof, { signers: [NEXT_KEY, KEY] }).seal();
    const newest = await memory.proof.newestCheckpoint();
    expect(newest?.size).toBe(3);
    for (const { verifier } of [KEY, NEXT_KEY])
      expect(openCheckpoint(newest?.note ?? "", [verifier]).kind).toBe("signed");
    await sealerOn(memory.proof, { signers: [NEXT_KEY, KEY] }).seal();
    expect(memory.count("checkpoint")).toBe(3);
    await sealerOn(memory.proof, { signers: [NEXT_KEY] }).seal();
    // A key that has gone is not missed.
    expect(memory.count("checkpoint")).toBe(3);
    await agreements(memory, 1);
    await sealerOn(memory.proof, { signers: [NEXT_KEY] }).seal();
    const last = await memory.proof.newestCheckpoint();
    const { id, timed } = NEXT_KEY.verifier;
    expect(signersNamed(last?.note ?? "")).toMatchObject([
      { name: NAME, id },
      { name: NAME, id: timed?.id },
    ]);
  });

  it("takes what is left at the end, and leaves what is too much to the next start", async () => {
    await agreements(memory, 2 * SEAL_BATCH + 5);
    const clock = { ms: 0 };
    const slow = sealerOn(memory.proof, { monotonicMs: () => (clock.ms += 2_000) });
    await slow.finish();
    const first = memory.count("log_leaf");
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(2 * SEAL_BATCH + 5);
    await sealerOn(memory.proof).finish();
    expect(memory.count("log_leaf")).toBe(2 * SEAL_BATCH + 5);
    expect(await memory.proof.backlog()).toEqual({ entries: 0, oldestAt: null });
  });

  it("tries again after an error, later and later, and the line goes on", async () => {
    await agreements(memory, 2);
    const waits: number[] = [];
    const stop = new AbortController();
    const failing = sealerOn(
      { ...memory.proof, unsealed: () => Promise.reject(new Error("no")) },
      {
        async wait(milliseconds) {
          waits.push(milliseconds);
          if (waits.length === 8) stop.abort();
        },
      },
    );
    await failing.run(stop.signal);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(failing.errors).toHaveLength(8);
    await agree(memory.ledger, callOf({ caller: someNumber() }));
    expect(memory.count("entry")).toBe(3);
  });
});

describe("a sealer signs nothing more, and says why,", () => {
  beforeEach(async () => {
    await agreements(memory, 6);
    await sealerOn(memory.proof).seal();
    await agreements(memory, 1);
  });

  const BY_HAND: readonly [string, string, string][] = [
    [
      "where the last leaves were dropped",
      "DROP TRIGGER log_leaf_never_vanishes; DELETE FROM log_leaf WHERE leaf_index > 3",
      "the newest checkpoint has 6 entries, the log only 4: the last ones were dropped, or an old file was put back.",
    ],
    [
      "where a leaf was changed",
      "DROP TRIGGER log_leaf_never_changes; UPDATE log_leaf SET hash = zeroblob(32) WHERE leaf_index = 2",
      "The first 6 entries of the log are not those of the newest checkpoint.",
    ],
    [
      "where a leaf was taken out of the middle",
      "DROP TRIGGER log_leaf_never_vanishes; DELETE FROM log_leaf WHERE leaf_index = 2",
      "Leaf 3 is missing.",
    ],
  ];
  it.each(BY_HAND)("%s", async (_what, sql, reason) => {
    expect(driver(memory.file, sql).refused).toBeNull();
    const before = memory.count("checkpoint");
    const broken = sealerOn(memory.proof);
    await broken.run(new AbortController().signal);
    expect(broken.errors.map(({ message }) => message)).toEqual([reason]);
    expect(broken.status()).toMatchObject({ broken: reason });
    await broken.finish();
    await expect(broken.seal()).rejects.toThrow(reason);
    expect(memory.count("checkpoint")).toBe(before);
    await agree(memory.ledger, callOf({ caller: someNumber() }));
  });

  it("where an old file was put back, of which a checkpoint elsewhere knows more", async () => {
    const elsewhere = { origin: NAME, size: 9, root: Buffer.alloc(32, 1) };
    const outside = async () => [{ where: "file:/mnt/log", note: signCheckpoint(elsewhere, [KEY]) }];
    const { seal, status } = sealerOn(memory.proof, { outside });
    await expect(seal()).rejects.toThrow("file:/mnt/log has 9 entries, the log only 6");
    expect(status().broken).not.toBeNull();
  });

  it("where the log was rebuilt with the key, and a checkpoint elsewhere has another root", async () => {
    const elsewhere = { origin: NAME, size: 5, root: Buffer.alloc(32, 1) };
    const outside = async () => [{ where: "file:/mnt/log", note: signCheckpoint(elsewhere, [KEY]) }];
    await expect(sealerOn(memory.proof, { outside }).seal()).rejects.toThrow("not those of file:/mnt/log");
  });

  it("but not for a checkpoint elsewhere that nobody known has signed: it is told, and passed over", async () => {
    const elsewhere = { origin: NAME, size: 9, root: Buffer.alloc(32, 1) };
    const outside = async () => [{ where: "file:/mnt/log", note: signCheckpoint(elsewhere, [NEXT_KEY]) }];
    const { seal, errors } = sealerOn(memory.proof, { outside });
    expect(await seal()).toBe(1);
    expect(errors.map(({ message }) => message)).toEqual([
      "file:/mnt/log says nothing: No key that is known has signed.",
    ]);
  });
});
