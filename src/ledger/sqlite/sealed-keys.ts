import { hkdfSync } from "node:crypto";
import { numberVault, type NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";

/** Keys that outlive a change of YESLINE_SECRET: sealed with it in the database, and sealed anew when it changes. */
export function sealedKeys({ client }: Pick<Connection, "client">, vault: NumberVault) {
  const find = client.prepare<[string], Buffer>("SELECT sealed FROM sealed_key WHERE name = ?").pluck();
  const add = client.prepare<[string, Buffer]>(
    "INSERT INTO sealed_key (name, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  // As it is sealed now, and as it is: another process may seal it anew, or a transaction may be taken back.
  const opened = new Map<string, { readonly sealed: Buffer; readonly key: Buffer }>();

  function keyOf(name: string): Buffer | null {
    const sealed = find.get(name);
    if (sealed === undefined) return null;
    const known = opened.get(name);
    if (known?.sealed.equals(sealed) === true) return known.key;
    const key = Buffer.from(vault.unsealSecret(sealedKeyOwner(name), sealed), "base64");
    opened.set(name, { sealed, key });
    return key;
  }

  /** Null where another secret has sealed it. */
  function opens(name: string, sealed: Buffer): Buffer | null {
    try {
      return Buffer.from(vault.unsealSecret(sealedKeyOwner(name), sealed), "base64");
    } catch {
      // Node says no more than "unable to authenticate".
      return null;
    }
  }

  return {
    keyOf,
    /** As it is kept; null where there is none. */
    sealedOf: (name: string): Buffer | null => find.get(name) ?? null,
    /** Keeps one that was sealed before, where there is none. @returns whether it is the one that is there now */
    adopt(name: string, sealed: Buffer): boolean {
      const key = opens(name, sealed);
      if (key === null) return false;
      return this.keep(name, () => key).equals(key);
    },
    /** The one that is there, or this one from now on. */
    keep(name: string, make: () => Buffer): Buffer {
      const kept = keyOf(name);
      if (kept !== null) return kept;
      add.run(name, vault.sealSecret(sealedKeyOwner(name), make().toString("base64")));
      const added = keyOf(name);
      if (added === null) throw new Error(`The key ${name} was kept, and is not there.`);
      return added;
    },
  };
}

/** What is bound into a sealed key, so that it cannot be taken for another one. */
export function sealedKeyOwner(name: string): string {
  return `sealed key\0${name}`;
}

/** What signs operators' sessions and seals their second factors: a new secret leaves both as they are. */
export function operatorKey(
  connection: Pick<Connection, "client">,
  { secret, olderSecrets }: { readonly secret: Uint8Array; readonly olderSecrets: readonly Uint8Array[] },
): Buffer {
  // Until it was kept, it was made from the secret of the time: what was signed and sealed then stays so.
  const then = olderSecrets[0] ?? secret;
  return sealedKeys(connection, numberVault(secret, olderSecrets)).keep("operators", () =>
    Buffer.from(hkdfSync("sha256", then, new Uint8Array(0), "yesline operators 1", KEY_BYTES)),
  );
}

const KEY_BYTES = 32;
