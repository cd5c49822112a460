import { isClearSalt, type NumberVault } from "../numbers.ts";
import { RESEALED, type Privacy, type ResealPlace, type ResealStep } from "../privacy.ts";
import type { Connection } from "./connection.ts";
import { endpointOwner } from "./endpoints.ts";
import type { Write } from "./group-commit.ts";
import { sealedKeyOwner } from "./sealed-keys.ts";

/** Rows that one transaction seals anew, whatever is asked for: calls wait some milliseconds for it. */
const MAX_AT_ONCE = 200;

type Resealer = (
  after: number,
  limit: number,
) => { readonly looked: readonly number[]; readonly resealed: number };

/**
 * A change of YESLINE_SECRET while the line goes on: what is written is sealed with the present one, what was sealed
 * with an older one is read with it, and sealed anew here, a few rows at a time. So are salts that still stand in clear.
 */
export function resealing(
  connection: Connection,
  { vault, write, leaveTraces }: { vault: NumberVault; write: Write; leaveTraces: () => void },
): Pick<Privacy, "resealStep" | "isResealing" | "hasClearSalts" | "endResealing"> {
  const { client } = connection;
  const kept = client.prepare<[], number>("SELECT count(*) FROM secret_check").pluck();
  const clear = client
    .prepare<[], 0 | 1>(
      "SELECT EXISTS (SELECT 1 FROM subscriber INDEXED BY subscriber_clear_salt WHERE length(salt) = 32)",
    )
    .pluck();
  const strike = client.prepare<[string]>("DELETE FROM secret_check WHERE fingerprint <> ?");
  const resealers: Record<ResealPlace["kind"], Resealer> = {
    numbers: numberResealer(connection, vault),
    notes: wordResealer(connection, vault, "note", "text"),
    messages: wordResealer(connection, vault, "message", "sealed_body"),
    secrets: secretResealer(connection, vault),
  };

  return {
    resealStep: (after, limit) =>
      write((): ResealStep => {
        const { kind, rowid } = after ?? { kind: RESEALED[0], rowid: 0 };
        const most = Math.min(limit, MAX_AT_ONCE);
        const { looked, resealed } = resealers[kind](rowid, most);
        const last = looked.at(-1);
        if (last !== undefined && looked.length === most)
          return { kind, resealed, next: { kind, rowid: last } };
        const nextKind = RESEALED[RESEALED.indexOf(kind) + 1];
        return { kind, resealed, next: nextKind === undefined ? null : { kind: nextKind, rowid: 0 } };
      }),
    isResealing: async () => (kept.get() ?? 0) > 1,
    hasClearSalts: async () => clear.get() === 1,
    async endResealing() {
      await write(() => {
        strike.run(vault.fingerprint);
      });
      leaveTraces();
    },
  };
}

/** A number with its blind indexes, and its salt. */
function numberResealer({ client }: Connection, vault: NumberVault): Resealer {
  const page = client.prepare<
    [number, number],
    { rowid: number; businessId: string; id: string; number: Buffer; blindIndex: string; salt: Buffer }
  >(
    `SELECT rowid, business_id AS businessId, id, number, blind_index AS blindIndex, salt FROM subscriber
     WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const update = client.prepare<[Buffer, string, string, Buffer, number]>(
    "UPDATE subscriber SET number = ?, blind_index = ?, last_four_index = ?, salt = ? WHERE rowid = ?",
  );
  return (after, limit) => {
    const rows = page.all(after, limit);
    let resealed = 0;
    for (const { rowid, businessId, id, number: sealed, blindIndex, salt } of rows) {
      const number = vault.decrypt(id, sealed);
      const index = vault.blindIndex(businessId, number);
      if (index === blindIndex && !isClearSalt(salt)) continue;
      const anew = vault.sealSalt(id, vault.openSalt(id, salt));
      update.run(vault.encrypt(id, number), index, vault.lastFourIndex(businessId, number), anew, rowid);
      resealed += 1;
    }
    return { looked: rows.map(({ rowid }) => rowid), resealed };
  };
}

/** Words that are sealed with their person's salt; those of the erased are gone. */
function wordResealer(
  { client }: Connection,
  vault: NumberVault,
  table: "note" | "message",
  column: "text" | "sealed_body",
): Resealer {
  type Row = { seq: number; sealed: Buffer | null; owner: string; sealedSalt: Buffer | null };
  const page = client.prepare<[number, number], Row>(
    `SELECT seq, ${column} AS sealed, subscriber_id AS owner, salt AS sealedSalt FROM ${table} LEFT JOIN subscriber
       ON subscriber.business_id = ${table}.business_id AND subscriber.id = ${table}.subscriber_id
     WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const update = client.prepare<[Buffer, number]>(`UPDATE ${table} SET ${column} = ? WHERE seq = ?`);
  return (after, limit) => {
    const rows = page.all(after, limit);
    let resealed = 0;
    for (const { seq, sealed, owner, sealedSalt } of rows) {
      if (sealed === null || sealedSalt === null) continue;
      const salt = vault.openSalt(owner, sealedSalt);
      if (isReadBy(() => vault.present.unseal(salt, sealed))) continue;
      update.run(vault.seal(salt, vault.unseal(salt, sealed)), seq);
      resealed += 1;
    }
    return { looked: rows.map(({ seq }) => seq), resealed };
  };
}

/** Secrets of endpoints, and keys that outlive the change. */
function secretResealer({ client }: Connection, vault: NumberVault): Resealer {
  const endpoints = client.prepare<
    [number, number],
    { rowid: number; businessId: string; id: string; secret: Buffer }
  >(
    `SELECT rowid, business_id AS businessId, id, secret FROM endpoint WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const updateEndpoint = client.prepare<[Buffer, number]>("UPDATE endpoint SET secret = ? WHERE rowid = ?");
  const keys = client.prepare<[], { name: string; sealed: Buffer }>("SELECT name, sealed FROM sealed_key");
  const updateKey = client.prepare<[Buffer, string]>("UPDATE sealed_key SET sealed = ? WHERE name = ?");

  /** Null where the present secret has sealed it. */
  function anew(owner: string, sealed: Buffer): Buffer | null {
    if (isReadBy(() => vault.present.unsealSecret(owner, sealed))) return null;
    return vault.sealSecret(owner, vault.unsealSecret(owner, sealed));
  }

  return (after, limit) => {
    let resealed = 0;
    // There are few of them, each with a name.
    for (const { name, sealed } of after === 0 ? keys.all() : []) {
      const fresh = anew(sealedKeyOwner(name), sealed);
      if (fresh !== null) resealed += updateKey.run(fresh, name).changes;
    }
    const rows = endpoints.all(after, limit);
    for (const { rowid, businessId, id, secret } of rows) {
      const fresh = anew(endpointOwner(businessId, id), secret);
      if (fresh !== null) resealed += updateEndpoint.run(fresh, rowid).changes;
    }
    return { looked: rows.map(({ rowid }) => rowid), resealed };
  };
}

function isReadBy(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    // Node says "unable to authenticate": another secret has sealed it. If none has, the one who reads it says so.
    return false;
  }
}
