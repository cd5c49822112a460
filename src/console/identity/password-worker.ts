import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { answering } from "../../ledger/asking-thread.ts";
import type { PasswordAsked } from "./password-thread.ts";

const SCRYPT = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 64;
const SALT_BYTES = 16;

function keyOf(password: string, salt: string): Buffer {
  return scryptSync(password.normalize("NFKC"), salt, KEY_BYTES, SCRYPT);
}

function answerTo({ password, hash }: PasswordAsked): string | boolean {
  if (hash === null) {
    const salt = randomBytes(SALT_BYTES).toString("hex");
    return `${salt}:${keyOf(password, salt).toString("hex")}`;
  }
  const [salt = "", key = ""] = hash.split(":");
  const kept = Buffer.from(key, "hex");
  const given = keyOf(password, salt);
  return kept.length === given.length && timingSafeEqual(kept, given);
}

/** The thread that hashes passwords; see `passwordThread`. In the form that better-auth's own functions write and read. */
answering(answerTo);
