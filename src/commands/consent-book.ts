import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { standingJurisdiction, type Business } from "../call/business.ts";
import type { ConsentState } from "../call/consent.ts";
import { e164 } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutcomeQuestions } from "../simulator/index.ts";
import { openLedger } from "./with-ledger.ts";

/** What a scenario may ask of the line it has called, and how it starts afresh. */
export type ConsentBook = Required<OutcomeQuestions> & {
  /** Withdraws what simulated calls left of a number, as `subscriber revoke` does; real consent is not touched. */
  forget(line: string, number: string): Promise<void>;
  close(): Promise<void>;
};

/** Best first: what a number that stands differently on several topics is said to be. */
const RANK: readonly ConsentState[] = ["granted", "pending", "revoked", "refused", "none"];

const STANDS: ReadonlySet<ConsentState> = new Set(["granted", "pending"]);

/** The questions of `subscriber show`, put to this configuration's ledger; null where there is none here. */
export function consentBook(config: Config, accountSid: string): ConsentBook | null {
  if (!existsSync(config.databaseFile)) return null;
  const ledger = openLedger(config);
  const simulated = accountSid === config.simulator?.accountSid;
  const businessOf = (line: string) =>
    config.businesses.find((each) => each.lines.some((own) => own === line));
  const lineOf = (call: { direction: string; to: string; from: string }) =>
    call.direction === "inbound" ? call.to : call.from;
  const find = async (line: string, number: string) => {
    const business = businessOf(line);
    const known = e164(number);
    return business === undefined || known === null ? null : ledger.subscriber(business.id, known);
  };
  return {
    async consentOf({ call, subscriber, topic }) {
      const found = await find(lineOf(call), subscriber);
      const asked = (found?.consents ?? []).filter(
        (consent) => consent.simulated === simulated && (topic === undefined || consent.topic === topic),
      );
      const states = new Set(asked.map(({ state }) => state));
      return RANK.find((state) => states.has(state)) ?? "none";
    },
    async entriesOf({ call, subscriber }) {
      const found = await find(lineOf(call), subscriber);
      return (found?.entries ?? []).filter((entry) => entry.sourceId === call.callSid).length;
    },
    async forget(line, number) {
      const business = businessOf(line);
      if (business !== undefined && simulated) await withdraw(ledger, business, number);
    },
    close: () => ledger.close(),
  };
}

/** Only what stands: a kind of update that nobody agreed to is left as nobody left it. */
async function withdraw(ledger: Ledger, business: Business, text: string): Promise<void> {
  const number = e164(text);
  const found = number === null ? null : await ledger.subscriber(business.id, number);
  const standing = (found?.consents ?? []).filter(({ simulated, state }) => simulated && STANDS.has(state));
  if (number === null || standing.length === 0) return;
  await ledger.revoke({
    businessId: business.id,
    number,
    topics: standing.map(({ topic }) => topic),
    simulated: true,
    source: "cli",
    sourceId: randomUUID(),
    reason: "a scenario starts afresh",
    locale: business.locales[0],
    jurisdiction: standingJurisdiction(business),
    script: business.script,
    at: Date.now(),
  });
}
