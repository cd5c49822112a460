import { hashPassword, verifyPassword } from "better-auth/crypto";
import { describe, expect, it } from "vitest";
import { passwordThread } from "../../src/console/identity/password-thread.ts";

const PASSWORD = "pässword of an opérateur";

describe("a password that is hashed beside the line", () => {
  it("is the one that better-auth knows, and the other way round", async () => {
    const { hash, verify } = passwordThread();
    expect(await verifyPassword({ hash: await hash(PASSWORD), password: PASSWORD })).toBe(true);
    const theirs = await hashPassword(PASSWORD);
    expect(await verify({ hash: theirs, password: PASSWORD })).toBe(true);
    expect(await verify({ hash: theirs, password: `${PASSWORD}!` })).toBe(false);
    expect(await verify({ hash: theirs.slice(0, -2), password: PASSWORD })).toBe(false);
    expect(await verify({ hash: "no hash at all", password: PASSWORD })).toBe(false);
  });

  it("has another salt each time, and is one however its letters are typed", async () => {
    const { hash, verify } = passwordThread();
    const [one, other] = await Promise.all([hash(PASSWORD), hash(PASSWORD)]);
    expect(one).not.toBe(other);
    expect(await verify({ hash: one, password: PASSWORD.normalize("NFD") })).toBe(true);
  });
});
