import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SCOPES, TooManyKeys, type ApiKey } from "../../src/ledger/integration.ts";
import { open } from "../../src/ledger/sqlite/connection.ts";
import { ledgerOn, openMemory, sha256, type Memory } from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

const NOW = Date.UTC(2026, 10, 23, 9);
const MINUTE_MS = 60_000;

function keyOf(name: string, over: Partial<ApiKey> = {}) {
  return {
    id: `id-of-${name}`,
    name,
    prefix: `yl_${name}`,
    scopes: SCOPES,
    businesses: null,
    createdAt: NOW,
    createdBy: "cli",
    expiresAt: null,
    ...over,
  };
}

async function add(name: string, over: Partial<ApiKey> = {}): Promise<string> {
  await memory.keys.add(keyOf(name, over), sha256(name));
  return sha256(name);
}

/** Another process beside this one, on the same file. */
async function beside(act: (other: ReturnType<typeof ledgerOn>) => Promise<unknown>): Promise<void> {
  const other = ledgerOn(open(memory.file, { busyTimeoutMs: 5_000 }));
  await act(other);
  await other.ledger.close();
}

/** How many reads of keys a piece of work makes: whoever takes the table away finds out who still answers. */
async function withoutTable<T>(act: () => Promise<T>): Promise<T> {
  memory.connection.client.exec("ALTER TABLE api_key RENAME TO taken_away");
  try {
    return await act();
  } finally {
    memory.connection.client.exec("ALTER TABLE taken_away RENAME TO api_key");
  }
}

describe("another system's key", () => {
  it("is known by its digest, as it was made, from the moment it is made", async () => {
    expect(await memory.keys.find(sha256("shop"), NOW)).toBeNull();
    const digest = await add("shop", { scopes: ["permissions"], businesses: ["acme-dental"] });
    expect(await memory.keys.find(digest, NOW)).toEqual({
      ...keyOf("shop", { scopes: ["permissions"], businesses: ["acme-dental"] }),
      revokedAt: null,
      lastUsedAt: null,
    });
  });

  it("works from the moment another process has made it", async () => {
    expect(await memory.keys.find(sha256("shop"), NOW)).toBeNull();
    await beside(({ keys }) => keys.add(keyOf("shop"), sha256("shop")));
    expect(await memory.keys.find(sha256("shop"), NOW)).toMatchObject({ name: "shop" });
  });

  it("costs one read a second, however often it is used", async () => {
    const digest = await add("shop");
    await memory.keys.find(digest, NOW);
    await withoutTable(async () => {
      expect(await memory.keys.find(digest, NOW + 999)).toMatchObject({ name: "shop" });
      await expect(memory.keys.find(digest, NOW + 1_000)).rejects.toThrow("no such table");
    });
  });

  it("opens nothing once it is revoked", async () => {
    const digest = await add("shop");
    await memory.keys.find(digest, NOW);
    expect(await memory.keys.revoke("id-of-shop", NOW)).toBe(true);
    expect(await memory.keys.find(digest, NOW)).toBeNull();
  });

  it("opens nothing one second after another process has revoked it", async () => {
    const digest = await add("shop");
    await memory.keys.find(digest, NOW);
    await beside(({ keys }) => keys.revoke("id-of-shop", NOW));
    expect(await memory.keys.find(digest, NOW + 1_000)).toBeNull();
  });

  it("opens nothing from the moment it expires, also where it has just been read", async () => {
    const digest = await add("shop", { expiresAt: NOW + 10 });
    expect(await memory.keys.find(digest, NOW + 9)).toMatchObject({ name: "shop" });
    expect(await memory.keys.find(digest, NOW + 10)).toBeNull();
  });

  it("is read anew where the clock was put back", async () => {
    const digest = await add("shop");
    await memory.keys.find(digest, NOW);
    await beside(({ keys }) => keys.revoke("id-of-shop", NOW));
    expect(await memory.keys.find(digest, NOW - 5_000)).toBeNull();
  });

  it("tells when it was last used, to the minute, with one write a minute", async () => {
    const digest = await add("shop");
    const lastUsed = async () => (await memory.keys.list())[0]?.lastUsedAt;
    const written = () => memory.commits.length;
    for (const later of [0, 1, MINUTE_MS - 1]) await memory.keys.find(digest, NOW + later);
    await memory.ledger.probe();
    expect(await lastUsed()).toBe(NOW);
    const before = written();
    await memory.keys.find(digest, NOW + MINUTE_MS - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toBe(before);
    await memory.keys.find(digest, NOW + MINUTE_MS);
    await memory.ledger.probe();
    expect(await lastUsed()).toBe(NOW + MINUTE_MS);
  });

  it("is found while another process holds the disk's lock, and its use is noted later", async () => {
    const digest = await add("shop");
    const other = open(memory.file, { busyTimeoutMs: 0 });
    other.client.exec("BEGIN IMMEDIATE");
    expect(await memory.keys.find(digest, NOW)).toMatchObject({ name: "shop" });
    expect((await memory.keys.list())[0]?.lastUsedAt).toBeNull();
    other.client.exec("ROLLBACK");
    other.client.close();
    await memory.ledger.probe();
    expect((await memory.keys.list())[0]?.lastUsedAt).toBe(NOW);
  });

  it("whose use the disk refused to note is noted at the next use", async () => {
    const digest = await add("shop");
    memory.connection.client.exec(
      "CREATE TRIGGER refused BEFORE UPDATE ON api_key BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    expect(await memory.keys.find(digest, NOW)).toMatchObject({ name: "shop" });
    await memory.ledger.probe();
    memory.connection.client.exec("DROP TRIGGER refused");
    await memory.keys.find(digest, NOW + 1);
    await memory.ledger.probe();
    expect((await memory.keys.list())[0]?.lastUsedAt).toBe(NOW + 1);
  });

  it("is one of at most a thousand that stand; a revoked one makes room", async () => {
    memory.connection.db.transaction(() => {
      const insert = memory.connection.client.prepare(
        `INSERT INTO api_key (id, digest, name, prefix, scopes, created_at, created_by)
         VALUES (?, ?, 'one of many', ?, '[]', ?, 'cli')`,
      );
      for (let each = 0; each < 1_000; each++)
        insert.run(`many-${each}`, `digest-${each}`, `yl_${each}`, NOW);
    });
    await expect(add("shop")).rejects.toThrow(TooManyKeys);
    expect(await memory.keys.revoke("many-7", NOW)).toBe(true);
    const digest = await add("shop");
    expect(await memory.keys.find(digest, NOW)).toMatchObject({ name: "shop" });
    for (let each = 0; each < 1_000; each++) await memory.keys.find(`digest-${each}`, NOW);
    expect(await memory.keys.find("digest-7", NOW)).toBeNull();
    expect(await memory.keys.find("digest-999", NOW)).toMatchObject({ id: "many-999" });
  });
});

describe("whoever looks after the keys", () => {
  it("sees those that stand before those that are revoked, the newest first, and never a digest", async () => {
    await add("oldest", { createdAt: NOW - 2 });
    await add("gone", { createdAt: NOW - 1 });
    await add("newest", { createdAt: NOW });
    await memory.keys.revoke("yl_gone", NOW + 5);
    const listed = await memory.keys.list();
    expect(listed.map(({ name, revokedAt }) => [name, revokedAt])).toEqual([
      ["newest", null],
      ["oldest", null],
      ["gone", NOW + 5],
    ]);
    expect(JSON.stringify(listed)).not.toContain(sha256("newest"));
  });

  it("revokes by id, by prefix, or by a name that only one has", async () => {
    for (const name of ["one", "two", "three"]) await add(name);
    expect(await memory.keys.revoke("id-of-one", NOW)).toBe(true);
    expect(await memory.keys.revoke("yl_two", NOW)).toBe(true);
    expect(await memory.keys.revoke("three", NOW)).toBe(true);
    expect((await memory.keys.list()).filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
  });

  it("revokes nothing where it is not clear which one is meant, and nothing twice", async () => {
    await add("shop", { id: "first", prefix: "yl_first" });
    await memory.keys.add(keyOf("shop", { id: "second", prefix: "yl_second" }), sha256("another"));
    expect(await memory.keys.revoke("shop", NOW)).toBe(false);
    expect(await memory.keys.revoke("nobody", NOW)).toBe(false);
    expect(await memory.keys.revoke("first", NOW)).toBe(true);
    expect(await memory.keys.revoke("first", NOW + 1)).toBe(false);
    // Now only one that stands has the name.
    expect(await memory.keys.revoke("shop", NOW)).toBe(true);
    expect(memory.rows("api_key").map((row) => row["revoked_at"])).toEqual([NOW, NOW]);
  });

  it("revokes the key that has this id, though another one has it for a name", async () => {
    await add("shop", { id: "first" });
    await add("first", { id: "second" });
    await memory.keys.revoke("first", NOW);
    expect(memory.rows("api_key").map((row) => [row["id"], row["revoked_at"]])).toEqual([
      ["first", NOW],
      ["second", null],
    ]);
  });
});
