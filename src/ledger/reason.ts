/**
 * Why somebody withdrew, or changed a number, is typed by people, and may name one. An entry never changes and its leaf
 * is public, so both keep a commitment: HMAC-SHA256 of the words, under the person's salt. The words are a note on the
 * person, under the entry's id, and are erased with them. The line's own words stand in clear, and so do those of
 * entries from before.
 */
export function reasonOf(commitment: string): string {
  return PREFIX + commitment;
}

/** Hex; null where no reason was given, or it stands in clear. */
export function committedIn(reason: string | null): string | null {
  return reason !== null && COMMITTED.test(reason) ? reason.slice(PREFIX.length) : null;
}

/** The reason as far as it can be read: the words of a commitment are a note's. */
export function readable<T extends { readonly reason: string | null }>(entry: T, words: string | null): T {
  return committedIn(entry.reason) === null ? entry : { ...entry, reason: words };
}

const PREFIX = "hmac-sha256:";
const COMMITTED = /^hmac-sha256:[0-9a-f]{64}$/;
