import { audit, type AuditParts, type AuditReport } from "../../src/proof/audit.ts";
import { faultText } from "../../src/proof/faults.ts";
import type { Memory } from "../support/memory.ts";
import { KEY } from "./sealing.ts";

/** The whole memory, verified as it is. */
export function auditOf(
  { audit: store }: Pick<Memory, "audit">,
  over: Partial<AuditParts> = {},
): Promise<AuditReport> {
  return audit({
    store,
    verifiers: [KEY.verifier],
    outside: [],
    page: 50,
    locate: true,
    rest: async () => undefined,
    progress: () => undefined,
    ...over,
  });
}

/** What is wrong, as it is printed. */
export function faultsOf({ faults }: AuditReport): readonly string[] {
  return faults.map(faultText);
}

/**
 * Somebody with the file and nothing to stop them: no triggers, no foreign keys, no checks. The triggers are put back, so
 * that it does not show; in the end all of it is undone.
 */
export async function byHand<T>(
  { connection: { client } }: Pick<Memory, "connection">,
  change: () => unknown,
  look: () => Promise<T>,
  { putBack = true } = {},
): Promise<T> {
  client.pragma("foreign_keys = OFF");
  client.pragma("ignore_check_constraints = ON");
  client.exec("BEGIN");
  try {
    const triggers = client.prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
    );
    const dropped = triggers.all();
    for (const { name } of dropped) client.exec(`DROP TRIGGER ${name}`);
    await change();
    for (const { sql } of putBack ? dropped : []) client.exec(sql);
    return await look();
  } finally {
    client.exec("ROLLBACK");
    client.pragma("ignore_check_constraints = OFF");
    client.pragma("foreign_keys = ON");
  }
}

/** The value with one bit of it the other way round. */
export function flip(value: unknown, bit: number): unknown {
  if (value === null) return "~";
  if (typeof value === "number") {
    const power = 2 ** (bit % 40);
    return Math.floor(value / power) % 2 === 1 ? value - power : value + power;
  }
  const bytes = Buffer.from(value as string | Buffer);
  if (bytes.length === 0) return Buffer.isBuffer(value) ? Buffer.from([1]) : "~";
  const at = Math.floor(bit / 7) % bytes.length;
  // The highest bit of a text's byte would leave UTF-8; what is read of it then is another text anyway.
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 7));
  return Buffer.isBuffer(value) ? bytes : bytes.toString("utf8");
}
