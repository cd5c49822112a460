import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { standingJurisdiction, type Business } from "../call/business.ts";
import type { ConsentState } from "../call/consent.ts";
import { e164 } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutcomeQuestions } from "../simulator/index.ts";
import type { Memory } from "../ledger/sqlite/memory.ts";
import { openMemory } from "./with-ledger.ts";

/** What a scenario may ask of the line it has called or written to, and how it starts afresh. */
export type ConsentBook = Required<Pick<OutcomeQuestions, "consentOf" | "entriesOf">> & {
  /**
   * Withdraws what simulated calls left of a number, as `subscriber revoke` does; real consent is not touched.
   *
   * @param line a number that is called, or a sender that is written to
   */
  forget(line: string, number: string): Promise<void>;
  /** Resolves when nothing waits to be sent to that number any more, or after a while. */
  settled(line: string, number: string): Promise<void>;
  /** Where the keys of other systems are, and who made them. */
  readonly keyring: Pick<Memory, "keys" | "reading">;
  close(): Promise<void>;
};

/** The server looks every second for what was added beside it. */
const SETTLES_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
/** Of one person, the newest: a scenario writes far fewer. */
const MAX_MESSAGES = 500;

/** Best first: what a number that stands differently on several topics is said to be. */
const RANK: readonly ConsentState[] = ["granted", "pending", "revoked", "refused", "none"];

const STANDS: ReadonlySet<ConsentState> = new Set(["granted", "pending"]);

/** The questions of `subscriber show`, put to this configuration's ledger; null where there is none here. */
export function consentBook(config: Config, accountSid: string): ConsentBook | null {
  if (!existsSync(config.databaseFile)) return null;
  const { ledger, messages, outgoing, keys, reading } = openMemory(config);
  const simulated = accountSid === config.simulator?.accountSid;
  const businessOf = (line: string) =>
    config.businesses.find(
      ({ lines, whatsapp }) => whatsapp.sender === line || lines.some((own) => own === line),
    );
  const find = async (line: string, number: string) => {
    const business = businessOf(line);
    const known = e164(number);
    return business === undefined || known === null ? null : ledger.subscriber(business.id, known);
  };
  return {
    keyring: { keys, reading },
    async consentOf({ line, subscriber, topic }) {
      const found = await find(line, subscriber);
      const asked = (found?.consents ?? []).filter(
        (consent) => consent.simulated === simulated && (topic === undefined || consent.topic === topic),
      );
      const states = new Set(asked.map(({ state }) => state));
      return RANK.find((state) => states.has(state)) ?? "none";
    },
    async entriesOf({ line, sources, subscriber }) {
      const business = businessOf(line);
      const found = await find(line, subscriber);
      if (business === undefined || found === null) return 0;
      // Outside a message is known by Twilio's SID, here by its own id.
      const kept = await messages.withSubscriber(business.id, found.id, MAX_MESSAGES);
      const own = kept.flatMap(({ id, sid }) => (sid !== null && sources.includes(sid) ? [id] : []));
      const from = new Set([...sources, ...own]);
      return found.entries.filter(({ sourceId }) => from.has(sourceId)).length;
    },
    async forget(line, number) {
      const business = businessOf(line);
      if (business !== undefined && simulated) await withdraw(ledger, business, number);
    },
    async settled(line, number) {
      const found = await find(line, number);
      if (found === null) return;
      const waiting = { kind: "message", states: ["waiting", "sending"], limit: 1 } as const;
      for (let waitedMs = 0; waitedMs < SETTLES_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
        const left = await outgoing.list({ ...waiting, subscriberId: found.id });
        if (left.length === 0) return;
        await delay(LOOK_EVERY_MS);
      }
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
