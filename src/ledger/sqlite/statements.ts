import {
  and,
  asc,
  eq,
  getTableColumns,
  isNull,
  lt,
  sql,
  type Placeholder,
  alias,
  type SQLiteTable,
} from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import { call, callEvent, consent, entry, probe, servedText, subscriber } from "./schema.ts";

const $ = sql.placeholder;
/** The event that a `key` event led to. */
const served = alias(callEvent, "served");

/** Every statement of the hot path, prepared once. */
export function prepare(db: Connection["db"]) {
  return {
    subscriberById: db
      .select({ number: subscriber.number, commitment: subscriber.commitment })
      .from(subscriber)
      .where(and(eq(subscriber.businessId, $("businessId")), eq(subscriber.id, $("id"))))
      .prepare(),

    call: db
      .select({
        subscriberId: call.subscriberId,
        simulated: call.simulated,
        status: call.status,
        endedAt: call.endedAt,
        facetId: call.facetId,
      })
      .from(call)
      .where(and(eq(call.businessId, $("businessId")), eq(call.callSid, $("callSid"))))
      .prepare(),
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
    addCall: db
      .insert(call)
      .values({ ...named(call), endedAt: null, endedBy: null, durationSeconds: null })
      .prepare(),
    endCall: db
      .update(call)
      .set({
        status: sql`${$("status")}`,
        endedAt: sql`${$("at")}`,
        endedBy: "twilio",
        durationSeconds: sql`${$("durationSeconds")}`,
        facetId: sql`${$("facetId")}`,
      })
      .where(and(eq(call.businessId, $("businessId")), eq(call.callSid, $("callSid")), isNull(call.endedAt)))
      .prepare(),
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

    addEvent: db.insert(callEvent).values(named(callEvent)).onConflictDoNothing().prepare(),
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
    wasAsked: db
      .select({ seq: callEvent.seq })
      .from(callEvent)
      .where(
        and(
          eq(callEvent.businessId, $("businessId")),
          eq(callEvent.callSid, $("callSid")),
          eq(callEvent.action, $("action")),
        ),
      )
      .limit(1)
      .prepare(),
    addText: db.insert(servedText).values(named(servedText)).onConflictDoNothing().prepare(),

    addEntry: db.insert(entry).values(named(entry)).returning().prepare(),
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

    consent: db
      .select({ state: consent.state })
      .from(consent)
      .where(
        and(
          eq(consent.businessId, $("businessId")),
          eq(consent.subscriberId, $("subscriberId")),
          eq(consent.topic, $("topic")),
          eq(consent.simulated, sql.param($("simulated"), consent.simulated)),
        ),
      )
      .prepare(),
    consentsOf: db
      .select({ topic: consent.topic, state: consent.state, simulated: consent.simulated, at: consent.at })
      .from(consent)
      .where(and(eq(consent.businessId, $("businessId")), eq(consent.subscriberId, $("subscriberId"))))
      .prepare(),
    setConsent: db
      .insert(consent)
      .values(named(consent))
      .onConflictDoUpdate({
        target: [consent.businessId, consent.subscriberId, consent.topic, consent.simulated],
        set: { state: sql`excluded.state`, entryId: sql`excluded.entry_id`, at: sql`excluded.at` },
      })
      .prepare(),

    probe: db
      .insert(probe)
      .values({ id: 1, at: $("at") })
      .onConflictDoUpdate({ target: probe.id, set: { at: sql`excluded.at` } })
      .prepare(),
  };
}

/** A placeholder for each column, named like it; the sequence is SQLite's to give. */
function named<T extends SQLiteTable>(of: T) {
  const names = Object.keys(getTableColumns(of)).filter((name) => name !== "seq");
  return Object.fromEntries(names.map((name) => [name, $(name)])) as {
    [Name in Exclude<keyof T["_"]["columns"] & string, "seq">]: Placeholder<Name>;
  };
}
