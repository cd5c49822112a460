import type { ConsentState } from "../../call/consent.ts";
import type { OutPurpose } from "../../call/reply.ts";
import type { Entry } from "../ledger.ts";
import type { Draft, Payload } from "../outgoing.ts";
import type { Connection } from "./connection.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Who is asked topic by topic gets one message about all of them: it waits for the end of the call, and so long for a
 * call that never tells of its end.
 */
export const CONFIRMATION_HOLD_MS = 5 * MINUTE_MS;
/** What is told late is told no more. */
export const MESSAGE_LIFE_MS = 24 * HOUR_MS;
export const EVENT_LIFE_MS = 72 * HOUR_MS;
/** WhatsApp: free text is allowed within 24 hours of the person's last message. */
export const SESSION_MS = 24 * HOUR_MS;

/** A number that somebody else names is asked so often in a day, however often it is named. */
export const MAX_VERIFICATIONS_A_DAY = 3;

/** When a message about an entry leaves, and until when. */
export type Timing = {
  readonly dueAt: number;
  readonly expiresAt: number;
  readonly sessionUntil: number | null;
};

export type OutboxBook = ReturnType<typeof outboxBook>;

/** Puts rows into the outbox, inside the transaction of what causes them. */
export function outboxBook({ client }: Connection, newId: () => string) {
  // One cause, one message: the unique index says so.
  const insert = client.prepare<InsertedValues>(
    `INSERT INTO outbox (business_id, id, kind, cause, subscriber_id, simulated, entry_id, payload, state, attempts,
       due_at, expires_at, requested_by, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?, ?, ?)
     ON CONFLICT (business_id, kind, cause) DO NOTHING`,
  );
  /** Only of the same person, in the same world, and as long as nothing has left. */
  const unsent = client.prepare<[string, string, string, 0 | 1], { id: string; payload: string }>(
    `SELECT id, payload FROM outbox WHERE business_id = ? AND kind = 'message' AND cause = ?
       AND subscriber_id = ? AND simulated = ? AND state = 'waiting' AND attempts = 0`,
  );
  const join = client.prepare<[string, number, string]>(
    "UPDATE outbox SET payload = ?, due_at = min(due_at, ?) WHERE id = ?",
  );
  const hasten = client.prepare<[number, string, string, string, number]>(
    `UPDATE outbox SET due_at = ? WHERE business_id = ? AND kind = 'message' AND cause IN (?, ?)
       AND state = 'waiting' AND attempts = 0 AND due_at > ?`,
  );
  const told = client
    .prepare<[string, string, number, 0 | 1, string, string], number>(
      `SELECT count(*) FROM outbox INDEXED BY outbox_of_subscriber
       WHERE business_id = ? AND subscriber_id = ? AND kind = 'message' AND at > ? AND simulated = ?
         AND cause GLOB ? AND instr(cause, ?) <> 1 AND state <> 'cancelled'`,
    )
    .pluck();
  const accept = client.prepare<[string | null, number, string]>(
    `UPDATE outbox SET state = 'sent', provider_sid = coalesce(provider_sid, ?), finished_at = ?, error_code = NULL,
       error_message = NULL, unclear_since = NULL, claimed_at = NULL, leased_until = NULL
     WHERE id = ? AND state <> 'sent'`,
  );
  const businessOf = client.prepare<[string], string>("SELECT business_id FROM outbox WHERE id = ?").pluck();
  // Most are as they were composed: no index of statuses need be touched.
  const nameComposed = client.prepare<[string, string, string]>(
    `UPDATE message SET sid = ?
     WHERE business_id = ? AND id = ? AND sid IS NULL AND status = 'queued' AND error_code IS NULL`,
  );
  const nameMessage = client.prepare<[string, string, string]>(
    `UPDATE message SET sid = ?, status = 'queued', error_code = NULL
     WHERE business_id = ? AND id = ? AND sid IS NULL`,
  );

  /** @returns its id; null where the cause had its row already */
  function add(draft: Draft, at: number): string | null {
    const id = newId();
    const { businessId, cause, subscriberId, simulated, entryId, payload, dueAt, expiresAt } = draft;
    const { changes } = insert.run(
      businessId,
      id,
      payload.kind,
      cause,
      subscriberId,
      simulated ? 1 : 0,
      entryId,
      JSON.stringify(payload),
      dueAt,
      expiresAt,
      draft.requestedBy,
      at,
    );
    return changes === 1 ? id : null;
  }

  return {
    add,

    /**
     * Row 46: a number that others name is asked a few times a day; what they said stays pending, and an earlier
     * question can still be answered. And who says once more that they have left has been told.
     */
    isEnough(purpose: OutPurpose, entry: Entry, before: readonly ConsentState[]): boolean {
      const { businessId, subscriberId, simulated, sourceId, at } = entry;
      const most = purpose === "verification" ? MAX_VERIFICATIONS_A_DAY : 1;
      const hasLeft = purpose === "withdrawn" && before.every((state) => state === "revoked");
      if (purpose !== "verification" && !hasLeft) return false;
      const lately = [businessId, subscriberId, at - 24 * HOUR_MS, simulated ? 1 : 0] as const;
      return (told.get(...lately, `${purpose}:*`, `${purpose}:${sourceId}`) ?? 0) >= most;
    },

    /** One message for all entries of one source: a later one's topics join what waits. */
    tell(purpose: OutPurpose, entry: Entry, { dueAt, expiresAt, sessionUntil }: Timing): void {
      const { businessId, subscriberId, simulated, topics, locale, jurisdiction, script } = entry;
      const cause = `${purpose}:${entry.sourceId}`;
      const payload = {
        kind: "message",
        purpose,
        topics,
        locale,
        jurisdiction,
        script,
        sessionUntil,
      } satisfies Payload;
      const whose = { businessId, subscriberId, simulated, entryId: entry.id, requestedBy: null };
      const draft: Draft = { ...whose, cause, payload, dueAt, expiresAt };
      if (add(draft, entry.at) !== null) return;
      const waiting = unsent.get(businessId, cause, subscriberId, simulated ? 1 : 0);
      // The first one has left, or was for another number: this one is told by itself.
      if (waiting === undefined) {
        add({ ...draft, cause: `${cause}:${entry.id}` }, entry.at);
        return;
      }
      const earlier = JSON.parse(waiting.payload) as Payload & { kind: "message" };
      const joined = { ...earlier, topics: [...new Set([...earlier.topics, ...topics])] };
      join.run(JSON.stringify(joined), dueAt, waiting.id);
    },

    /** Twilio has it, whoever says so first: its answer, a search for it, or a status callback. */
    accepted(id: string, providerSid: string | null, at: number): void {
      accept.run(providerSid, at, id);
      const businessId = businessOf.get(id);
      if (providerSid === null || businessId === undefined) return;
      if (nameComposed.run(providerSid, businessId, id).changes === 0)
        nameMessage.run(providerSid, businessId, id);
    },

    /** The call is over: nothing more will join what was held for its end. */
    hasten(businessId: string, callSid: string, at: number): void {
      hasten.run(at, businessId, `confirmation:${callSid}`, `verification:${callSid}`, at);
    },
  };
}

type InsertedValues = [
  businessId: string,
  id: string,
  kind: Payload["kind"],
  cause: string,
  subscriberId: string | null,
  simulated: 0 | 1,
  entryId: string | null,
  payload: string,
  dueAt: number,
  expiresAt: number,
  requestedBy: string | null,
  at: number,
];
