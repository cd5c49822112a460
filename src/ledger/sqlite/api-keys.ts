import { TooManyKeys, type ApiKey, type ApiKeys } from "../integration.ts";
import { and, asc, count, desc, eq, isNull, isNotNull, or, sql } from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";
import { apiKey } from "./sending-schema.ts";

/** A revocation, also another process's, is seen at the latest so much later. */
const TRUSTED_FOR_MS = 1_000;
/** So many keys are kept in memory; the one that was read first makes room. */
const MAX_REMEMBERED = 1_000;
/** So many may stand at a time. */
const MAX_STANDING = 1_000;
/** The newest of each, those that stand before those that are revoked. */
const MAX_LISTED = 2_000;
/** "Last used" is as exact as this. */
const USE_NOTED_EVERY_MS = 60_000;

/**
 * Keys of other systems. What is known is trusted for a second, so that a thousand requests cost one read; what is not
 * known is never remembered, so that a new key works at once and junk takes no room.
 */
export function sqliteApiKeys({ db }: Pick<Connection, "db">, { write }: { write: Write }): ApiKeys {
  const remembered = new Map<string, { readonly key: ApiKey; readonly readAt: number }>();
  /** By id: when a use was last noted, or is being noted. */
  const notedAt = new Map<string, number>();
  const byDigest = db
    .select(LISTED)
    .from(apiKey)
    .where(and(eq(apiKey.digest, sql.placeholder("digest")), isNull(apiKey.revokedAt)))
    .prepare();

  function read(digest: string, now: number): ApiKey | null {
    const known = remembered.get(digest);
    if (known !== undefined && now >= known.readAt && now - known.readAt < TRUSTED_FOR_MS) return known.key;
    remembered.delete(digest);
    const key = byDigest.get({ digest }) ?? null;
    if (key === null) return null;
    const [oldest] = remembered.keys();
    if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(digest, { key, readAt: now });
    return key;
  }

  /** Nobody waits for it. */
  function noteUse({ id, lastUsedAt }: ApiKey, now: number): void {
    const noted = Math.max(notedAt.get(id) ?? 0, lastUsedAt ?? 0);
    if (now - noted < USE_NOTED_EVERY_MS) return;
    if (notedAt.size >= MAX_REMEMBERED) notedAt.clear();
    notedAt.set(id, now);
    write(() => db.update(apiKey).set({ lastUsedAt: now }).where(eq(apiKey.id, id)).run()).catch(() => {
      // A use that is not noted harms nobody, and whoever waits for the same disk is told: the next use is noted instead.
      notedAt.delete(id);
    });
  }

  return {
    add: ({ id, name, prefix, scopes, businesses, createdAt, createdBy, expiresAt }, digest) =>
      write(() => {
        const standing = db.select({ keys: count() }).from(apiKey).where(isNull(apiKey.revokedAt)).get();
        if ((standing?.keys ?? 0) >= MAX_STANDING) {
          throw new TooManyKeys(`${MAX_STANDING} keys stand already: revoke those that nobody uses.`);
        }
        db.insert(apiKey)
          .values({ id, digest, name, prefix, scopes, businesses, createdAt, createdBy, expiresAt })
          .run();
      }),

    async find(digest, now) {
      const key = read(digest, now);
      if (key === null || (key.expiresAt !== null && key.expiresAt <= now)) return null;
      noteUse(key, now);
      return key;
    },

    async list() {
      return db
        .select(LISTED)
        .from(apiKey)
        .orderBy(asc(isNotNull(apiKey.revokedAt)), desc(apiKey.createdAt), desc(apiKey.id))
        .limit(MAX_LISTED)
        .all();
    },

    async revoke(which, at) {
      const revoked = await write(() => {
        const standing = db
          .select({ id: apiKey.id, prefix: apiKey.prefix })
          .from(apiKey)
          .where(
            and(
              isNull(apiKey.revokedAt),
              or(eq(apiKey.id, which), eq(apiKey.prefix, which), eq(apiKey.name, which)),
            ),
          )
          .limit(MAX_STANDING)
          .all();
        const exact =
          standing.find(({ id }) => id === which) ?? standing.find(({ prefix }) => prefix === which);
        const meant = exact ?? (standing.length === 1 ? standing[0] : undefined);
        if (meant === undefined) return null;
        db.update(apiKey).set({ revokedAt: at }).where(eq(apiKey.id, meant.id)).run();
        return meant.id;
      });
      for (const [digest, { key }] of remembered) if (key.id === revoked) remembered.delete(digest);
      return revoked !== null;
    },
  };
}

const LISTED = {
  id: apiKey.id,
  name: apiKey.name,
  prefix: apiKey.prefix,
  scopes: apiKey.scopes,
  businesses: apiKey.businesses,
  createdAt: apiKey.createdAt,
  createdBy: apiKey.createdBy,
  expiresAt: apiKey.expiresAt,
  revokedAt: apiKey.revokedAt,
  lastUsedAt: apiKey.lastUsedAt,
};
