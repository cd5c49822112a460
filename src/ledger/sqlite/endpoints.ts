import type { EntryKind } from "../../call/consent.ts";
import { TooManyEndpoints, type Endpoint, type Endpoints } from "../integration.ts";
import type { NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";

/** Enabled ones of one business; each of them gets a row for every entry. */
export const MAX_ENDPOINTS = 20;

type Wanting = { readonly businessId: string; readonly id: string; readonly kinds: readonly EntryKind[] };

export type EndpointBook = ReturnType<typeof endpointBook>;

/**
 * Which endpoints want to hear of an entry. Read once and kept, because every entry asks: SQLite tells when another
 * connection has committed, and our own changes say so themselves.
 */
export function endpointBook({ client }: Connection) {
  const enabled = client.prepare<[], { businessId: string; id: string; kinds: string }>(
    "SELECT business_id AS businessId, id, kinds FROM endpoint WHERE disabled_at IS NULL ORDER BY created_at, id",
  );
  const version = client.prepare<[], number>("PRAGMA data_version").pluck();
  let known: { readonly version: number | undefined; readonly list: readonly Wanting[] } | null = null;
  /** Changes of our own that are not known to be committed: what is read meanwhile may yet be rolled back. */
  let changing = 0;

  function read(): readonly Wanting[] {
    return enabled.all().map((row) => ({ ...row, kinds: JSON.parse(row.kinds) as EntryKind[] }));
  }

  return {
    wanting(businessId: string, kind: EntryKind): readonly string[] {
      if (changing > 0) known = null;
      const now = version.get();
      const list = known !== null && known.version === now ? known.list : read();
      if (known?.list !== list) known = { version: now, list };
      return list.flatMap((each) =>
        each.businessId === businessId && each.kinds.includes(kind) ? [each.id] : [],
      );
    },
    /** Every write to the table goes through here. */
    async change<T>(write: () => Promise<T>): Promise<T> {
      changing += 1;
      try {
        return await write();
      } finally {
        changing -= 1;
        known = null;
      }
    },
  };
}

export function sqliteEndpoints(
  { client }: Connection,
  { vault, write, book }: { vault: NumberVault; write: Write; book: EndpointBook },
): Endpoints {
  const count = client
    .prepare<[string], number>("SELECT count(*) FROM endpoint WHERE business_id = ? AND disabled_at IS NULL")
    .pluck();
  const insert = client.prepare<[string, string, string, Buffer, string, string, number, string]>(
    `INSERT INTO endpoint (business_id, id, url, secret, kinds, description, created_at, created_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = client.prepare<[], Omit<Endpoint, "kinds"> & { kinds: string }>(
    `SELECT business_id AS businessId, id, url, kinds, description, created_at AS createdAt, created_by AS createdBy,
       disabled_at AS disabledAt
     FROM endpoint ORDER BY business_id, created_at, id`,
  );
  const secretOf = client
    .prepare<[string, string], Buffer>("SELECT secret FROM endpoint WHERE business_id = ? AND id = ?")
    .pluck();
  const disable = client.prepare<[number, string, string]>(
    "UPDATE endpoint SET disabled_at = ? WHERE business_id = ? AND id = ? AND disabled_at IS NULL",
  );
  const enable = client.prepare<[string, string]>(
    "UPDATE endpoint SET disabled_at = NULL WHERE business_id = ? AND id = ? AND disabled_at IS NOT NULL",
  );

  function assertRoom(businessId: string): void {
    if ((count.get(businessId) ?? 0) < MAX_ENDPOINTS) return;
    throw new TooManyEndpoints(`${businessId} has ${MAX_ENDPOINTS} endpoints: disable one of them first.`);
  }

  return {
    add: ({ businessId, id, url, kinds, description, createdAt, createdBy }, secret) =>
      book.change(() =>
        write(() => {
          assertRoom(businessId);
          const sealed = vault.sealSecret(endpointOwner(businessId, id), secret);
          insert.run(businessId, id, url, sealed, JSON.stringify(kinds), description, createdAt, createdBy);
        }),
      ),
    async list() {
      return all.all().map((row) => ({ ...row, kinds: JSON.parse(row.kinds) as EntryKind[] }));
    },
    async secret(businessId, id) {
      const sealed = secretOf.get(businessId, id);
      return sealed === undefined ? null : vault.unsealSecret(endpointOwner(businessId, id), sealed);
    },
    disable: (businessId, id, at) =>
      book.change(() => write(() => disable.run(at, businessId, id).changes === 1)),
    enable: (businessId, id) =>
      book.change(() =>
        write(() => {
          assertRoom(businessId);
          return enable.run(businessId, id).changes === 1;
        }),
      ),
  };
}

/** What is bound into the secret. */
export function endpointOwner(businessId: string, id: string): string {
  return `endpoint\0${businessId}\0${id}`;
}
