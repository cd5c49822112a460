import { randomUUIDv7 } from "node:crypto";
import { numberVault } from "../../src/ledger/numbers.ts";
import type { CallFilter, CallRow, PageRequest, Reading } from "../../src/ledger/reading.ts";
import { groupCommit } from "../../src/ledger/sqlite/group-commit.ts";
import { sqliteReading } from "../../src/ledger/sqlite/reading.ts";
import type { Caller, CallerOptions } from "../support/caller.ts";
import { sid, startLine } from "../support/line.ts";

export const HOTEL = "+34915550100";
export const DENTAL = "+14155550100";
export const FIRST: PageRequest = { cursor: null, limit: 50, direction: "next" };

/** The whole line with a Twilio account beside the simulator's, and what supervisors read of it. */
export function startReading() {
  const line = startLine({
    env: { TWILIO_ACCOUNT_SID: sid("AC"), TWILIO_AUTH_TOKEN: "a".repeat(32), YESLINE_SIMULATOR: "on" },
  });
  const vault = numberVault(line.config.secret);
  const { write } = groupCommit(line.connection.client, {
    onCommit: () => undefined,
    onFatal: () => undefined,
    monotonicMs: () => performance.now(),
  });
  const openReading = (monotonicMs = () => performance.now()): Reading =>
    sqliteReading(line.connection, { vault, write, newId: randomUUIDv7, monotonicMs });
  const reading = openReading();
  const { simulator } = line.config;
  return {
    ...line,
    vault,
    reading,
    /** As a server that has just started reads. */
    openReading,
    simulatedCall: (options: CallerOptions = {}): Caller =>
      line.call({
        accountSid: simulator?.accountSid ?? "",
        authToken: simulator?.authToken ?? "",
        ...options,
      }),
    /** A whole call: what is pressed, one answer after the other. */
    async finish(keys: readonly string[], options: CallerOptions = {}): Promise<Caller> {
      const call = line.call(options);
      await call.begin();
      for (const key of keys) await call.press(key);
      return call;
    },
    list: async (filter: CallFilter = {}): Promise<readonly CallRow[]> =>
      (await reading.calls(filter, FIRST)).rows,
  };
}

export type ReadingLine = ReturnType<typeof startReading>;

/** Twilio's last word about a call. */
export async function complete(call: Caller, seconds = 30, status = "completed"): Promise<void> {
  await call.post("/voice/status", {
    CallStatus: status,
    SequenceNumber: "3",
    CallDuration: String(seconds),
  });
}

/** The webhook that Twilio sends when somebody hangs up at a question. */
export async function hangUp(call: Caller): Promise<void> {
  await call.post(call.action(), { CallStatus: "completed" });
}

export function sids(rows: readonly { readonly callSid: string }[]): string[] {
  return rows.map(({ callSid }) => callSid);
}
