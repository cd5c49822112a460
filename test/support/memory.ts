import { createHash, randomUUIDv7 } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Business } from "../../src/call/business.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import type {
  CallIdentity,
  Ledger,
  NewEntry,
  Served,
  Text,
  Turn,
  Withdrawal,
} from "../../src/ledger/ledger.ts";
import { numberVault } from "../../src/ledger/numbers.ts";
import { migrate, open, type Connection } from "../../src/ledger/sqlite/connection.ts";
import { sqliteMemory } from "../../src/ledger/sqlite/memory.ts";
import { sid } from "./line.ts";

export const SECRET = new Uint8Array(32).fill(7);

/** The ledger alone, on a real file; only the clocks are ours. */
export type Memory = ReturnType<typeof openMemory>;

export type MemoryOptions = {
  readonly file?: string;
  readonly secret?: Uint8Array;
  readonly businesses?: readonly Business[];
};

export function openMemory({ file, secret = SECRET, businesses = [] }: MemoryOptions = {}) {
  const folder = temporaryFolder();
  const databaseFile = file ?? join(folder, "yesline.db");
  const connection: Connection = open(databaseFile, { busyTimeoutMs: 0 });
  migrate(connection);
  const { ledger, ...watched } = ledgerOn(connection, secret, businesses);
  return {
    ledger,
    connection,
    ...watched,
    file: databaseFile,
    folder,
    /** Rows of a table, as they are in the file. */
    rows: (table: string) =>
      connection.client.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[],
    /** How many rows a table has. */
    count: (table: string) =>
      connection.client.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number,
    async close() {
      if (connection.client.open) await ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The ledger and what stands beside it, on a connection that is open already, and what it tells of itself. */
export function ledgerOn(
  connection: Connection,
  secret: Uint8Array = SECRET,
  businesses: readonly Business[] = [],
  olderSecrets: readonly Uint8Array[] = [],
) {
  const clock = { now: Date.UTC(2026, 10, 23, 9), monotonic: 0 };
  const commits: number[] = [];
  const fatal: Error[] = [];
  const dropped: [webhooks: number, reason: string][] = [];
  const memory = sqliteMemory(connection, {
    vault: numberVault(secret, olderSecrets),
    businesses,
    newId: randomUUIDv7,
    now: () => clock.now,
    monotonicMs: () => clock.monotonic,
    onCommit: (jobs) => commits.push(jobs),
    onFatal: (error) => fatal.push(error),
    onDropped: (webhooks, { message }) => dropped.push([webhooks, message]),
  });
  return { ...memory, clock, commits, fatal, dropped };
}

/** A folder of its own for a test; whoever made it removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "yesline-"));
}

/** A call as the door for calls describes it. */
export function callOf(over: Partial<CallIdentity> = {}): CallIdentity {
  return {
    businessId: "acme-dental",
    callSid: sid("CA"),
    accountSid: `AC${"0".repeat(32)}`,
    line: "+14155550100",
    direction: "inbound",
    caller: "+14155550123",
    attestation: "passed-A",
    simulated: false,
    at: Date.UTC(2026, 10, 23, 9),
    ...over,
  };
}

const SPOKEN = { asked: null, jurisdiction: "US", script: "2026-11-22" } as const;

/** The call begins, and the whole notice is served with the first question. */
export function begins(call: CallIdentity, served: Partial<Served> = {}): Turn {
  return {
    call,
    step: "begin",
    attempt: 1,
    locale: served.locale ?? "en-US",
    keypress: null,
    key: null,
    ...SPOKEN,
    entries: [],
    served: { ...SERVED, step: "notice", action: "/voice/2026-11-22/en-US/choice?try=1", ...served },
  };
}

/** The caller answers the choice with a key. */
export function answers(call: CallIdentity, entries: readonly NewEntry[], over: Partial<Turn> = {}): Turn {
  return {
    call,
    step: "choice",
    attempt: 1,
    locale: "en-US",
    keypress: "key",
    key: "1",
    ...SPOKEN,
    entries,
    served: { ...SERVED, step: entries[0]?.kind ?? "no-answer" },
    ...over,
  };
}

export function entryOf(over: Partial<NewEntry> = {}): NewEntry {
  return {
    kind: "granted",
    topics: ["appointment-reminders", "policy-updates"],
    subscriberId: null,
    jurisdiction: "US",
    script: "2026-11-22",
    ...over,
  };
}

/** A supervisor withdraws consent to everything, by hand. */
export function withdrawalOf(number: E164): Withdrawal {
  return {
    businessId: "acme-dental",
    number,
    topics: ["appointment-reminders", "policy-updates"],
    source: "cli",
    sourceId: "01a20640-be81-73e4-9d40-ec4ea8502155",
    reason: null,
    locale: "en-US",
    jurisdiction: "US",
    script: "2026-11-22",
    at: Date.UTC(2026, 10, 23, 10),
  };
}

/** What was served, with its digests. */
export function textOf(words: string): Text {
  const twiml = `<Response><Say>${words}</Say></Response>`;
  return { twiml, words, digest: sha256(twiml), wordsDigest: sha256(words) };
}

/** A whole call in which the caller agrees. */
export async function agree(ledger: Ledger, call: CallIdentity, entry: Partial<NewEntry> = {}) {
  await ledger.record(begins(call));
  return ledger.record(answers(call, [entryOf(entry)]));
}

let numbers = 0;
/** A number that nobody else in the test has. */
export function someNumber(): E164 {
  return `+1415${5_552_000 + numbers++}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const SERVED: Served = {
  step: "notice",
  attempt: 1,
  locale: "en-US",
  text: textOf("Acme Dental asks whether it may write to you on WhatsApp."),
  action: null,
  subscriberId: null,
};
