/** A number from 0 up to, and not including, 1. */
export type Random = () => number;

/** The same seed gives the same numbers, for ever: SplitMix32 over a hashed seed. */
export function seededRandom(seed: string | number): Random {
  let state = 0x9e37_79b9;
  for (const character of String(seed))
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a_2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}

/** Unpredictable; for ids that must not come back, such as a CallSid. Bytes are fetched by the page. */
export const systemRandom: Random = (() => {
  const page = new Uint32Array(1_024);
  let used = page.length;
  return () => {
    if (used === page.length) {
      crypto.getRandomValues(page);
      used = 0;
    }
    const value = page[used] ?? 0;
    used += 1;
    return value / 2 ** 32;
  };
})();

export function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
}

/** A Twilio id: two letters and 32 hexadecimal digits. */
export function newSid(prefix: "AC" | "CA" | "RE" | "SM", random: Random): string {
  return prefix + hex(random, 32);
}

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

/** A whole number, both ends included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
