import type { PlacingVerdict } from "../call/calling.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OutgoingStore } from "../ledger/outgoing.ts";
import type { TwilioRest } from "../twilio/rest.ts";
import { cancelled, CLOCK_SKEW_MS, fateOf, NO_ACCOUNT, notNow, type Carrier, type Job } from "./carrier.ts";

export type CallParts = {
  readonly publicUrl: string;
  readonly ledger: Pick<Ledger, "numberOf">;
  readonly outgoing: Pick<OutgoingStore, "list">;
  /** Asked right before a call is placed: hours, caps and what the person said may have changed while it waited. */
  readonly guard: (job: Job<"call">, now: number) => Promise<Verdict>;
  /** Law 6: each world has its own account; null where this line has none. */
  readonly restOf: (simulated: boolean) => TwilioRest | null;
};

export type Verdict = PlacingVerdict;

/** Twilio's default; from 3 to 59. */
const MACHINE_DETECTION_TIMEOUT_SECONDS = 30;
/** So many calls are told apart when a lost answer is looked up: more than leave while Twilio's clock is behind ours. */
const MAX_KNOWN = 100;

/** The language that whoever asked for the call named. */
function localeOf({ payload: { locale } }: Job<"call">): string {
  return locale === null ? "" : `?locale=${locale}`;
}

/** Calls that ask for consent. Who answers, a person or a machine, is found out before the first word. */
export function callCarrier({ publicUrl, ledger, outgoing, guard, restOf }: CallParts): Carrier<"call"> {
  const numberOf = async ({ businessId, subscriberId }: Job<"call">) =>
    subscriberId === null ? null : ledger.numberOf(businessId, subscriberId);

  return {
    async look(job) {
      const to = await numberOf(job);
      // An erased number cannot be looked for, and is not called again.
      if (to === null) return { kind: "absent" };
      const found = await restOf(job.simulated)?.findCalls({ from: job.payload.line, to });
      if (found === undefined) return { kind: "unknown", reason: NO_ACCOUNT };
      if (found.kind === "unknown") return found;
      const { businessId, subscriberId, unclearSince } = job;
      const calls = { businessId, kind: "call", limit: MAX_KNOWN } as const;
      const known = await Promise.all([
        outgoing.list({ ...calls, subscriberId: subscriberId ?? undefined }),
        // Whoever was forgotten and has come back was somebody else when this number was called before.
        outgoing.list({ ...calls, states: ["sent"], before: job.seq }),
      ]);
      const others = new Set(known.flat().map(({ id, providerSid }) => (id === job.id ? null : providerSid)));
      // Of one person's calls only one is under way: what was placed from this line since then is ours.
      const since = (unclearSince ?? 0) - CLOCK_SKEW_MS;
      const call = found.items.find(
        ({ sid, direction, createdAt }) => direction !== "inbound" && createdAt >= since && !others.has(sid),
      );
      return call === undefined ? { kind: "absent" } : { kind: "arrived", sid: call.sid };
    },

    async send(job, now) {
      const to = await numberOf(job);
      if (to === null) return cancelled("The number has been erased.");
      const rest = restOf(job.simulated);
      if (rest === null) return notNow(NO_ACCOUNT);
      const verdict = await guard(job, now);
      switch (verdict.kind) {
        case "hold":
          return { kind: "held", until: verdict.until };
        case "cancel":
          return cancelled(verdict.reason);
        case "go":
          return fateOf(
            await rest.placeCall({
              from: job.payload.line,
              to,
              url: `${publicUrl}/voice${localeOf(job)}`,
              statusCallback: `${publicUrl}/voice/status`,
              machineDetectionTimeoutSeconds: MACHINE_DETECTION_TIMEOUT_SECONDS,
            }),
          );
      }
    },
  };
}
