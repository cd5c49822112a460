import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { assert, property, string, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { numberVault } from "../../src/ledger/numbers.ts";
import { agree, callOf, openMemory, SECRET, withdrawalOf } from "../support/memory.ts";

const vault = numberVault(SECRET);
const NUMBER = "+14155550123";

describe("a subscriber's number at rest", () => {
  it("comes back with the secret that hid it", () => {
    expect(vault.decrypt("owner", vault.encrypt("owner", NUMBER))).toBe(NUMBER);
  });

  it("cannot be moved to another subscriber's row", () => {
    const sealed = vault.encrypt("owner", NUMBER);
    expect(() => vault.decrypt("another", sealed)).toThrow("authenticate");
  });

  it("cannot be read with another secret", () => {
    const other = numberVault(new Uint8Array(32).fill(8));
    expect(() => other.decrypt("owner", vault.encrypt("owner", NUMBER))).toThrow("authenticate");
  });

  it("cannot be changed by a single bit, wherever it is", () => {
    const sealed = vault.encrypt("owner", NUMBER);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(() => vault.decrypt("owner", changed)).toThrow("authenticate");
    }
  });

  it("looks different each time, so equal rows do not show equal numbers", () => {
    const seen = Array.from({ length: 50 }, () => vault.encrypt("owner", NUMBER).toString("hex"));
    expect(new Set(seen).size).toBe(50);
    expect(seen.join("")).not.toContain(Buffer.from("4155550123").toString("hex"));
  });

  it("is found by its blind index, which differs between businesses, numbers and secrets", () => {
    const other = numberVault(new Uint8Array(32).fill(8));
    const index = vault.blindIndex("acme-dental", NUMBER);
    expect(vault.blindIndex("acme-dental", NUMBER)).toBe(index);
    const others = [
      vault.blindIndex("hotel-miramar", NUMBER),
      vault.blindIndex("acme-dental", "+14155550124"),
      other.blindIndex("acme-dental", NUMBER),
    ];
    expect(new Set([index, ...others]).size).toBe(4);
  });

  it("stands in an entry only as a commitment that its own random salt opens", () => {
    const first = vault.commit(NUMBER);
    const second = vault.commit(NUMBER);
    expect(first.commitment).not.toBe(second.commitment);
    expect(first.salt).toHaveLength(32);
    expect(createHmac("sha256", first.salt).update(NUMBER).digest("hex")).toBe(first.commitment);
  });

  it("and a person's words, are committed to as Node's own HMAC-SHA256 does it, whatever words and salt", () => {
    const salts = uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    const same = property(salts, string({ unit: "grapheme", maxLength: 200 }), (salt, words) => {
      expect(vault.commitTo(salt, words)).toBe(createHmac("sha256", salt).update(words).digest("hex"));
    });
    assert(same, { numRuns: 300 });
  });

  it("never appears in the database file or its write-ahead log, not even in part", async () => {
    const memory = openMemory();
    const call = callOf({ caller: "+14155557391" });
    await agree(memory.ledger, call);
    await memory.ledger.register("acme-dental", "+34655558264", call.at);
    await memory.ledger.recordStatus(call, {
      status: "completed",
      terminal: true,
      sequence: 1,
      durationSeconds: 30,
      at: call.at,
    });
    await memory.ledger.revoke(withdrawalOf("+447400129375"));
    const written = [memory.file, `${memory.file}-wal`].map((file) => readFileSync(file).toString("latin1"));
    const bytes = written.join("");
    // The line's own number is no secret: it shows that the search finds what is there.
    expect(bytes).toContain("+14155550100");
    for (const digits of ["4155557391", "5557391", "34655558264", "5558264", "447400129375", "0129375"]) {
      expect(bytes).not.toContain(digits);
    }
    const kept = await memory.ledger.subscriber("acme-dental", "+34655558264");
    expect(await memory.ledger.numberOf("acme-dental", kept?.id ?? "")).toBe("+34655558264");
    await memory.close();
  });

  it("is one subscriber for each business, however often and however fast it calls", async () => {
    const memory = openMemory();
    await Promise.all(Array.from({ length: 10 }, () => agree(memory.ledger, callOf())));
    await agree(memory.ledger, callOf({ businessId: "hotel-miramar" }));
    const ids = memory.rows("subscriber").map((row) => [row["business_id"], row["id"]]);
    expect(ids.map(([business]) => business)).toEqual(["acme-dental", "hotel-miramar"]);
    expect(await memory.ledger.numberOf("hotel-miramar", String(ids[0]?.[1]))).toBeNull();
    await memory.close();
  });
});
