import { alias, and, asc, eq, isNull, lt, sql } from "./drizzle.ts";
import type { ConsentState } from "../../call/consent.ts";
import type { Connection } from "./connection.ts";
import { rowInserter } from "./row-inserter.ts";
import { call, callEvent, consent, entry, probe, servedText, subscriber } from "./schema.ts";

const $ = sql.placeholder;
/** The event that a `key` event led to. */
const served = alias(callEvent, "served");

/** Every statement of the hot path, prepared once: what each webhook asks in plain SQL, what few ask with drizzle. */
export function prepare({ client, db }: Connection) {
  return {
    subscriberById: client.prepare<[Named<"businessId" | "id">], { number: Buffer; commitment: string }>(
      "SELECT number, commitment FROM subscriber WHERE business_id = :businessId AND id = :id",
    ),

    call: client.prepare<[OfCall], KnownCall>(
      `SELECT subscriber_id AS subscriberId, simulated, ended_at AS endedAt, facet_id AS facetId
       FROM call WHERE business_id = :businessId AND call_sid = :callSid`,
    ),
    callView: db
      .select({
        callSid: call.callSid,
        businessId: call.businessId,
        line: call.line,
        direction: call.direction,
        subscriberId: call.subscriberId,
        number: subscriber.number,
        attestation: call.attestation,
        simulated: call.simulated,
        status: call.status,
        begunAt: call.begunAt,
        endedAt: call.endedAt,
      })
      .from(call)
      .leftJoin(
        subscriber,
        and(eq(subscriber.businessId, call.businessId), eq(subscriber.id, call.subscriberId)),
      )
      .where(and(eq(call.businessId, $("businessId")), eq(call.callSid, $("callSid"))))
      .prepare(),
    eventsOf: db
      .select({
        kind: callEvent.kind,
        step: callEvent.step,
        attempt: callEvent.attempt,
        locale: callEvent.locale,
        keypress: callEvent.keypress,
        key: callEvent.key,
        words: servedText.words,
        action: callEvent.action,
        subscriberId: callEvent.subscriberId,
        at: callEvent.at,
      })
      .from(callEvent)
      .leftJoin(
        servedText,
        and(eq(servedText.businessId, callEvent.businessId), eq(servedText.digest, callEvent.textDigest)),
      )
      .where(and(eq(callEvent.businessId, $("businessId")), eq(callEvent.callSid, $("callSid"))))
      .orderBy(asc(callEvent.seq))
      .prepare(),
    addCall: rowInserter({ client }, call),
    endCall: client.prepare<[Ending]>(
      `UPDATE call SET status = :status, ended_at = :at, ended_by = 'twilio', duration_seconds = :durationSeconds,
         facet_id = :facetId
       WHERE business_id = :businessId AND call_sid = :callSid AND ended_at IS NULL`,
    ),
    openCalls: db
      .select({ businessId: call.businessId, callSid: call.callSid, facetId: call.facetId })
      .from(call)
      .where(and(isNull(call.endedAt), lt(call.begunAt, $("begunBefore"))))
      .limit($("limit"))
      .prepare(),
    closeAbandoned: db
      .update(call)
      .set({
        status: "completed",
        endedAt: sql`${$("at")}`,
        endedBy: "sweep",
        facetId: sql`${$("facetId")}`,
      })
      .where(and(eq(call.businessId, $("businessId")), eq(call.callSid, $("callSid")), isNull(call.endedAt)))
      .prepare(),

    addEvent: rowInserter({ client }, callEvent, "ON CONFLICT DO NOTHING"),
    answerOf: db
      .select({ twiml: servedText.twiml, action: served.action, subscriberId: served.subscriberId })
      .from(callEvent)
      .innerJoin(
        served,
        and(
          eq(served.businessId, callEvent.businessId),
          eq(served.callSid, callEvent.callSid),
          eq(served.step, callEvent.nextStep),
          eq(served.attempt, callEvent.nextAttempt),
          eq(served.kind, "served"),
        ),
      )
      .innerJoin(
        servedText,
        and(eq(servedText.businessId, served.businessId), eq(servedText.digest, served.textDigest)),
      )
      .where(
        and(
          eq(callEvent.businessId, $("businessId")),
          eq(callEvent.callSid, $("callSid")),
          eq(callEvent.step, $("step")),
          eq(callEvent.attempt, $("attempt")),
          eq(callEvent.kind, "key"),
          eq(callEvent.locale, $("locale")),
        ),
      )
      .prepare(),
    wasAsked: client
      .prepare<[Named<"businessId" | "callSid" | "action">], 1>(
        "SELECT 1 FROM call_event WHERE business_id = :businessId AND call_sid = :callSid AND action = :action",
      )
      .pluck(),
    addText: rowInserter({ client }, servedText, "ON CONFLICT DO NOTHING"),

    addEntry: rowInserter({ client }, entry),
    entriesOfStep: db
      .select()
      .from(entry)
      .where(
        and(
          eq(entry.businessId, $("businessId")),
          eq(entry.sourceId, $("callSid")),
          eq(entry.step, $("step")),
          eq(entry.attempt, $("attempt")),
        ),
      )
      .orderBy(asc(entry.seq))
      .prepare(),
    entriesOfSource: db
      .select()
      .from(entry)
      .where(and(eq(entry.businessId, $("businessId")), eq(entry.sourceId, $("sourceId"))))
      .orderBy(asc(entry.seq))
      .prepare(),
    entriesOf: db
      .select()
      .from(entry)
      .where(and(eq(entry.businessId, $("businessId")), eq(entry.subscriberId, $("subscriberId"))))
      .orderBy(asc(entry.seq))
      .prepare(),

    consent: client
      .prepare<[businessId: string, subscriberId: string, topic: string, simulated: 0 | 1], ConsentState>(
        "SELECT state FROM consent WHERE business_id = ? AND subscriber_id = ? AND topic = ? AND simulated = ?",
      )
      .pluck(),
    consentsOf: consentReader(client),
    setConsent: rowInserter(
      { client },
      consent,
      `ON CONFLICT (business_id, subscriber_id, topic, simulated)
       DO UPDATE SET state = excluded.state, entry_id = excluded.entry_id, at = excluded.at`,
    ),

    probe: db
      .insert(probe)
      .values({ id: 1, at: $("at") })
      .onConflictDoUpdate({ target: probe.id, set: { at: sql`excluded.at` } })
      .prepare(),
  };
}

/** Where a person stands, in both worlds. */
function consentReader(client: Connection["client"]) {
  type Standing = { readonly topic: string; readonly state: ConsentState; readonly at: number };
  const read = client.prepare<
    [Named<"businessId" | "subscriberId">],
    Standing & { readonly simulated: 0 | 1 }
  >(
    `SELECT topic, state, simulated, at FROM consent
     WHERE business_id = :businessId AND subscriber_id = :subscriberId`,
  );
  return {
    all: (
      which: Named<"businessId" | "subscriberId">,
    ): readonly (Standing & {
      readonly simulated: boolean;
    })[] => read.all(which).map((row) => ({ ...row, simulated: row.simulated === 1 })),
  };
}

type Named<Name extends string> = Readonly<Record<Name, string>>;
type OfCall = Named<"businessId" | "callSid">;

/** What a webhook has to know of its call. */
type KnownCall = {
  readonly subscriberId: string | null;
  readonly simulated: 0 | 1;
  readonly endedAt: number | null;
  readonly facetId: number | null;
};

type Ending = OfCall & {
  readonly status: string;
  readonly at: number;
  readonly durationSeconds: number | null;
  readonly facetId: number | null;
};
