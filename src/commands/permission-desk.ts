import { randomBytes, randomUUIDv7 } from "node:crypto";
import { z } from "zod";
import type { Config } from "../config.ts";
import type { ApiKey } from "../ledger/integration.ts";
import { KEY_BYTES, keyText } from "../ledger/key-text.ts";
import type { PermissionAnswer, PermissionQuestion } from "../simulator/index.ts";
import { UsageError } from "./command.ts";
import type { ConsentBook } from "./consent-book.ts";
import { logKey } from "./key.ts";

/** Asks a line's API, as another system would, whether something may be sent. */
export type PermissionDesk = {
  permissionOf(question: PermissionQuestion): Promise<PermissionAnswer>;
  close(): Promise<void>;
};

export type PermissionDeskParts = {
  readonly url: string;
  readonly config: Config;
  readonly simulated: boolean;
  /** Undefined: one is made for this run, where the keyring is at hand, and revoked after it. */
  readonly apiKey: string | undefined;
  readonly keyring: ConsentBook["keyring"] | null;
  readonly now: () => number;
};

/** A key made for a run outlives a run that was killed by no more than this. */
const KEY_LIFE_MS = 60 * 60 * 1000;
const ASK_TIMEOUT_MS = 10_000;

const answerShape = z.object({ allowed: z.boolean(), reason: z.string() });
const problemShape = z.object({ detail: z.string() });

export function permissionDesk(parts: PermissionDeskParts): PermissionDesk {
  const { url, config, simulated, keyring, now } = parts;
  let made: { readonly key: string; readonly about: ApiKey } | null = null;

  async function makeKey(): Promise<string> {
    if (keyring === null) {
      throw new UsageError("A scenario asks for a permission: name a key of that line with --api-key.");
    }
    const { key, prefix, digest } = keyText(randomBytes(KEY_BYTES));
    const at = now();
    const about: ApiKey = {
      id: randomUUIDv7(),
      name: "call run",
      prefix,
      scopes: ["permissions"],
      businesses: null,
      createdAt: at,
      createdBy: "cli",
      expiresAt: at + KEY_LIFE_MS,
      revokedAt: null,
      lastUsedAt: null,
    };
    await keyring.keys.add(about, digest);
    await logKey(keyring.reading, "key-added", about, at);
    made = { key, about };
    return key;
  }

  return {
    async permissionOf({ line, to, topic, at }) {
      const business = config.businesses.find(
        ({ lines, whatsapp }) => whatsapp.sender === line || lines.some((own) => own === line),
      );
      if (business === undefined) throw new UsageError(`No business here has the number ${line}.`);
      const key = parts.apiKey ?? made?.key ?? (await makeKey());
      const asked = { business: business.id, to, topic, simulated, ...(at === undefined ? {} : { at }) };
      const where = `${url.replace(/\/+$/, "")}/api/v1/permissions`;
      try {
        const answer = await fetch(where, {
          method: "POST",
          headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
          body: JSON.stringify(asked),
          signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
        });
        const body: unknown = await answer.json();
        const verdict = answerShape.safeParse(body);
        if (answer.ok && verdict.success) return verdict.data;
        const why = problemShape.safeParse(body);
        const reason = why.success ? `: ${why.data.detail}` : "";
        return { trouble: `${where} answers HTTP ${answer.status}${reason}` };
      } catch (error) {
        return {
          trouble: `${where} cannot be asked: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    },
    async close() {
      if (made === null || keyring === null) return;
      const at = now();
      await keyring.keys.revoke(made.about.id, at);
      await logKey(keyring.reading, "key-revoked", made.about, at);
    },
  };
}
