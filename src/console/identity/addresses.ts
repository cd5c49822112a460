import { z } from "zod";

/** Stands for "no domain at all": better-auth refuses `admin@localhost`, and RFC 2606 keeps this name for nobody. */
const NO_DOMAIN = ".invalid";

/** An operator's address as better-auth takes it. */
export function storedAddress(email: string): string {
  const address = email.trim().toLowerCase();
  return /@[^@.]+$/.test(address) ? address + NO_DOMAIN : address;
}

/** The address as people write it. */
export function shownAddress(stored: string): string {
  return stored.endsWith(NO_DOMAIN) ? stored.slice(0, -NO_DOMAIN.length) : stored;
}

/** Whether somebody can sign in with it. */
export function isAddress(email: string): boolean {
  return z.email().safeParse(storedAddress(email)).success;
}
