import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { USUAL_SCOPES } from "../../src/ledger/integration.ts";
import { keyText, digestOfKey } from "../../src/ledger/key-text.ts";
import type { Memory } from "../../src/ledger/sqlite/memory.ts";
import { cli, type Done } from "../support/cli.ts";
import { startLine, type Line } from "../support/line.ts";
import { ledgerOn, sha256 } from "../support/memory.ts";

let line: Line;
/** What the server that is running beside the command knows. */
let server: Memory;
beforeEach(() => {
  line = startLine();
  server = ledgerOn(line.connection, line.config.secret);
});
afterEach(() => line.stop());

const DAY_MS = 24 * 60 * 60 * 1000;

function key(...args: readonly string[]): Promise<Done> {
  return cli(["key", ...args], { DATABASE_URL: `file:${line.databaseFile}` });
}

type Made = {
  readonly key: string;
  readonly id: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly businesses: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
};

async function made(...args: readonly string[]): Promise<Made> {
  const { code, out, err } = await key("add", ...args, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out) as Made;
}

async function accesses(): Promise<readonly string[]> {
  const { rows } = await server.reading.accesses({}, { cursor: null, limit: 10, direction: "next" });
  return rows.map(({ actorName, action, subject, detail }) =>
    [actorName, action, subject, detail].join(" | "),
  );
}

describe("yesline key add", () => {
  it("prints a key this once, with which the running server knows the system at once", async () => {
    const { key: secret, ...shown } = await made("--name", "booking system");
    expect(secret).toMatch(/^yl_[\w-]{43}$/);
    expect(shown).toMatchObject({
      name: "booking system",
      prefix: secret.slice(0, 10),
      scopes: USUAL_SCOPES,
      businesses: null,
      createdBy: "cli",
      expiresAt: null,
      revokedAt: null,
    });
    expect(await server.keys.find(sha256(secret), Date.now())).toMatchObject({ id: shown.id });
    expect(JSON.stringify(line.rows("api_key"))).not.toContain(secret);
    expect((await key("list", "--json")).out).not.toContain(secret);
  });

  it("prints the key alone to scripts that want it alone, and the rest to people", async () => {
    const { code, out, err } = await key(
      "add",
      "--name",
      "shop",
      "--scope",
      "permissions",
      "--expires",
      "90d",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^yl_[\w-]{43}\n$/);
    expect(err).toMatch(/shop\n {2}permissions; every business; expires \S+; never used\n {2}Keep it now/);
    expect(err).not.toContain(out.trim());
  });

  it("opens only what it is made for, and only so long", async () => {
    const rights = ["--scope", "permissions", "consents:read", "--business", "hotel-miramar"];
    const { key: secret, ...shown } = await made("--name", "shop", "--expires", "90d", ...rights);
    expect(shown.scopes).toEqual(["consents:read", "permissions"]);
    expect(shown.businesses).toEqual(["hotel-miramar"]);
    const expires = Date.parse(shown.expiresAt ?? "");
    expect(expires - Date.parse(shown.createdAt)).toBe(90 * DAY_MS);
    expect(await server.keys.find(sha256(secret), expires - 1)).toMatchObject({ name: "shop" });
    expect(await server.keys.find(sha256(secret), expires)).toBeNull();
  });

  it("makes every key anew", async () => {
    const keys = await Promise.all([made("--name", "shop"), made("--name", "shop")]);
    expect(new Set(keys.map((each) => each.key)).size).toBe(2);
  });

  it("is in the access log, without the key", async () => {
    const { key: secret, id, prefix } = await made("--name", "shop", "--business", "acme-dental");
    const [logged = ""] = await accesses();
    expect(logged).toBe(
      `command line | key-added | ${id} | shop (${prefix}): ${USUAL_SCOPES.join(" ")}; acme-dental`,
    );
    expect(logged).not.toContain(secret);
  });

  it.each([
    ["no name", [], /--name/],
    ["an empty name", ["--name", " "], /name of 1 to 100/],
    ["a name that goes on and on", ["--name", "x".repeat(101)], /name of 1 to 100/],
    ["a telephone number for a name", ["--name", "Mina +14155550123"], /without a telephone number/],
    [
      "a scope that there is not",
      ["--name", "x", "--scope", "everything"],
      /Allowed choices are consents:read/,
    ],
    ["a business that there is not", ["--name", "x", "--business", "acme"], /acme: use one of acme-dental/],
    ["a time without a unit", ["--name", "x", "--expires", "90"], /such as 90d/],
    ["no time at all", ["--name", "x", "--expires", "0d"], /such as 90d/],
    ["a time that nobody lives to see", ["--name", "x", "--expires", "11y"], /at most 10y/],
  ])("with %s says what to do, with exit code 2, and makes none", async (_what, args, told) => {
    const { code, out, err } = await key("add", ...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(told);
    expect(line.rows("api_key")).toEqual([]);
    expect(await accesses()).toEqual([]);
  });

  it("says when no more keys may stand, and logs none that was not made", async () => {
    const insert = line.connection.client.prepare(
      `INSERT INTO api_key (id, digest, name, prefix, scopes, created_at, created_by)
       VALUES (?, ?, 'one of many', ?, '[]', 1, 'cli')`,
    );
    line.connection.client.transaction(() => {
      for (let each = 0; each < 1_000; each++) insert.run(`${each}`, `${each}`, `${each}`);
    })();
    const { code, out, err } = await key("add", "--name", "shop");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("revoke those that nobody uses");
    expect(await accesses()).toEqual([]);
  });
});

describe("yesline key list", () => {
  it("tells of every key what it opens, and when it was last used, in words and as JSON", async () => {
    const { key: secret, id, prefix } = await made("--name", "shop");
    const now = Date.now();
    await server.keys.find(sha256(secret), now);
    await server.ledger.probe();
    const used = new Date(now).toISOString();
    expect((await key("list")).out).toBe(
      `${id}  ${prefix}…  shop\n  ${USUAL_SCOPES.join(" ")}; every business; never expires; last used ${used}\n`,
    );
    expect(JSON.parse((await key("list", "--json")).out)).toMatchObject([
      { id, prefix, name: "shop", lastUsedAt: used, revokedAt: null },
    ]);
  });

  it("is empty where there are none", async () => {
    expect(await key("list", "--json")).toEqual({ code: 0, out: "[]\n", err: "" });
    expect(await key("list")).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("yesline key revoke", () => {
  it("takes a key's rights away, within a second in the running server, and is in the access log", async () => {
    const { key: secret, id, prefix } = await made("--name", "shop");
    const now = Date.now();
    expect(await server.keys.find(sha256(secret), now)).toMatchObject({ id });
    const { code, out } = await key("revoke", id, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id, name: "shop", revokedAt: expect.any(String) as string });
    expect(await server.keys.find(sha256(secret), now + 1_000)).toBeNull();
    expect((await key("list")).out).toContain("; revoked 20");
    const [logged] = await accesses();
    expect(logged).toContain(`command line | key-revoked | ${id} | shop (${prefix})`);
  });

  it("finds the key by what stands at its beginning, or by its name", async () => {
    const [one] = [await made("--name", "one"), await made("--name", "two")];
    expect((await key("revoke", one.prefix)).code).toBe(0);
    expect((await key("revoke", "two")).code).toBe(0);
    expect(line.rows("api_key").filter((row) => row["revoked_at"] === null)).toEqual([]);
  });

  it("revokes none where two have the name, and names them", async () => {
    const [one, two] = [await made("--name", "shop"), await made("--name", "shop")];
    const { code, out, err } = await key("revoke", "shop");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(one.id);
    expect(err).toContain(two.id);
    expect(line.rows("api_key").map((row) => row["revoked_at"])).toEqual([null, null]);
  });

  it("revokes none that is unknown or revoked already", async () => {
    const { id } = await made("--name", "shop");
    await key("revoke", id);
    for (const which of [id, "shop", "nobody"]) {
      const { code, err } = await key("revoke", which);
      expect(code).toBe(2);
      expect(err).toContain("yesline key list");
    }
    expect(await accesses()).toHaveLength(2);
  });
});

describe("a key", () => {
  it("is 32 random bytes behind three letters that tell what it is", () => {
    const { key: text, prefix, digest } = keyText(new Uint8Array(32).fill(255));
    expect(text).toBe(`yl_${"_".repeat(42)}8`);
    expect([prefix, digest]).toEqual(["yl________", sha256(text)]);
    expect(digestOfKey(text)).toBe(digest);
  });

  it("is not made of less", () => {
    expect(() => keyText(new Uint8Array(31))).toThrow("32 bytes");
  });
});
