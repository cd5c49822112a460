import { randomInt } from "node:crypto";

/** Too many people want their passwords checked at once; nobody is turned away for good. */
export class TooManyAtOnce extends Error {}

/** A login flood leaves webhooks alone: one thread hashes, and few wait for it. */
const MAX_AT_ONCE = 1;
const MAX_WAITING = 32;

/** Lets so many run at once and so many wait. @throws {TooManyAtOnce} for whoever comes after those */
export function fewAtOnce(atOnce = MAX_AT_ONCE, waiting = MAX_WAITING) {
  let running = 0;
  const queue: (() => void)[] = [];
  return async <T>(act: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new TooManyAtOnce("Too many sign-ins at once.");
      await new Promise<void>((resolve) => queue.push(resolve));
    }
    running++;
    try {
      return await act();
    } finally {
      running--;
      queue.shift()?.();
    }
  };
}

/** No 0 and O, no 1, l and I: someone may have to type it from a screen. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** A password of 98 bits, in groups that can be read out. */
export function newPassword(): string {
  const group = () =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}
