import type { Outgoing, OutgoingKind, Payload } from "../outgoing.ts";

/** A row of the outbox as SQLite gives it. */
export type Row = Omit<Outgoing, "payload" | "simulated"> & {
  readonly kind: OutgoingKind;
  readonly payload: string;
  readonly simulated: 0 | 1;
};

export const COLUMNS = `seq, business_id AS businessId, id, kind, cause, subscriber_id AS subscriberId, simulated,
  entry_id AS entryId, payload, state, attempts, due_at AS dueAt, expires_at AS expiresAt,
  unclear_since AS unclearSince, provider_sid AS providerSid, error_code AS errorCode, error_message AS errorMessage,
  requested_by AS requestedBy, at, finished_at AS finishedAt`;

export function outgoingOf({ kind: _kind, payload, simulated, ...rest }: Row): Outgoing {
  return { ...rest, payload: JSON.parse(payload) as Payload, simulated: simulated === 1 };
}
