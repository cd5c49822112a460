import { randomBytes } from "node:crypto";
import type { Business } from "../../src/call/business.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import type { Intent } from "../../src/call/reply.ts";
import type { Arrival } from "../../src/ledger/messages.ts";
import type { Draft, Outgoing, OutgoingKind } from "../../src/ledger/outgoing.ts";
import { clinic } from "../call/clinic.ts";
import { agree, callOf, someNumber, textOf, type Memory } from "../support/memory.ts";

export const NOW = Date.UTC(2026, 10, 23, 9);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const LEASE_MS = 60_000;
export const TOPICS = ["visits", "offers"];

/** A call with the clinic. */
export function clinicCall(over: Parameters<typeof callOf>[0] = {}) {
  return callOf({ businessId: "clinic", caller: someNumber(), at: NOW, ...over });
}

/** What a carrier would render. */
export function composed(words: string) {
  return { ...textOf(words), contentSid: null };
}

export function messageSid(): string {
  return `SM${randomBytes(16).toString("hex")}`;
}

/** A person writes; what comes of it is the real decision. */
export function writes(
  { messages }: Pick<Memory, "messages">,
  from: E164,
  intent: Intent,
  { business = clinic(), ...over }: Partial<Arrival> & { business?: Business; simulated?: boolean } = {},
) {
  const arrival: Arrival = {
    businessId: business.id,
    sid: messageSid(),
    from,
    simulated: false,
    intent,
    body: intent.kind.toUpperCase(),
    payload: null,
    repliedSid: null,
    at: NOW,
    ...over,
  };
  return { arrival, answered: messages.receive(arrival, { business, locale: null }) };
}

/** Everything of a kind that is due leaves, and Twilio takes it. */
export async function leaves(
  { outgoing }: Pick<Memory, "outgoing">,
  now: number,
  kinds: readonly OutgoingKind[] = ["message"],
): Promise<{ readonly job: Outgoing; readonly sid: string }[]> {
  const left: { job: Outgoing; sid: string }[] = [];
  for (let rounds = 0; rounds < 20; rounds++) {
    const jobs = await outgoing.claim({ now, leaseMs: LEASE_MS, limit: 100, kinds });
    if (jobs.length === 0) break;
    for (const job of jobs) {
      const sid = messageSid();
      if (job.payload.kind === "message") await outgoing.compose(job, composed(`${purposeOf(job)}.`), now);
      await outgoing.accepted(job.id, sid, now);
      left.push({ job, sid });
    }
  }
  return left;
}

export function purposeOf({ payload }: Draft): string {
  return payload.kind === "message" ? payload.purpose : payload.kind;
}

/** What waits in the outbox or has left it, oldest first: its purpose and its topics. */
export async function outbox({ outgoing }: Pick<Memory, "outgoing">): Promise<string[]> {
  const rows = await outgoing.list({ limit: 100 });
  return rows
    .toReversed()
    .map(({ payload }) =>
      payload.kind === "message" ? `${payload.purpose} ${payload.topics.toSorted().join("+")}` : payload.kind,
    );
}

/** A person who agreed to everything on the phone, was told so, and can be written to. */
export async function joined(memory: Memory, over: Parameters<typeof clinicCall>[0] = {}) {
  const call = clinicCall(over);
  await agree(memory.ledger, call, { topics: TOPICS });
  await leaves(memory, call.at);
  return { call, number: call.caller ?? someNumber() };
}
