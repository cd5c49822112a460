import type { CallIdentity, Turn } from "../ledger.ts";
import type { Failure } from "../outgoing.ts";
import type { RecordingState, RecordingStep } from "../recordings.ts";
import type { Connection } from "./connection.ts";
import type { OutboxBook } from "./outbox-book.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** So long each step is tried. A call that is not recorded by then is over; audio that is to go must go. */
const LIFE_MS: Readonly<Record<RecordingStep, number>> = {
  start: 5 * MINUTE_MS,
  stop: 5 * MINUTE_MS,
  keep: 3 * DAY_MS,
  delete: 90 * DAY_MS,
};
/** Twilio tells when a recording has ended; where that gets lost, it is looked for. */
const LOOK_FOR_END_MS = 15 * MINUTE_MS;

export type RecordingBook = ReturnType<typeof recordingBook>;

/** Recordings and their steps in the queue, inside the transaction of what causes them. Nothing here commits. */
export function recordingBook({ client }: Connection, outbox: OutboxBook) {
  const want = client.prepare<[string, string, 0 | 1, string, string, string, number, number]>(
    `INSERT INTO recording (business_id, call_sid, simulated, locale, jurisdiction, script, state, at, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, 'wanted', ?, ?) ON CONFLICT DO NOTHING`,
  );
  const find = client.prepare<[string, string], Found>(
    "SELECT state, sid, simulated FROM recording WHERE business_id = ? AND call_sid = ?",
  );
  const change = client.prepare<[RecordingState, string | null, string | null, number, string, string]>(
    `UPDATE recording SET state = ?, sid = coalesce(sid, ?), reason = ?, changed_at = ?
     WHERE business_id = ? AND call_sid = ?`,
  );
  const hasten = client.prepare<[number, string, string, number]>(
    `UPDATE outbox SET due_at = ? WHERE business_id = ? AND kind = 'recording' AND cause = ? AND state = 'waiting'
       AND due_at > ?`,
  );
  const cancel = client.prepare<[number, string, string]>(
    `UPDATE outbox SET state = 'cancelled', finished_at = ? WHERE business_id = ? AND kind = 'recording' AND cause = ?
       AND state = 'waiting' AND unclear_since IS NULL`,
  );
  const ofPerson = client
    .prepare<[Person], string>(
      `SELECT call_sid FROM call INDEXED BY call_of_subscriber
         WHERE business_id = @businessId AND subscriber_id = @subscriberId
       UNION SELECT call_sid FROM entry INDEXED BY entry_of_subscriber
         WHERE business_id = @businessId AND subscriber_id = @subscriberId AND call_sid IS NOT NULL`,
    )
    .pluck();

  function queue(
    step: RecordingStep,
    { businessId, callSid, simulated }: Of,
    dueAt: number,
    at: number,
    twin?: string,
  ): void {
    outbox.add(
      {
        businessId,
        cause: `${causeOf(step, callSid)}${twin === undefined ? "" : `:${twin}`}`,
        // Nobody's: the audio may be of several people, and one that is to go must go when its person has gone.
        subscriberId: null,
        simulated,
        entryId: null,
        payload: { kind: "recording", step, callSid, ...(twin === undefined ? {} : { sid: twin }) },
        dueAt,
        expiresAt: at + LIFE_MS[step],
        requestedBy: null,
      },
      at,
    );
  }

  function set(state: RecordingState, { businessId, callSid }: Where, at: number, more: More = {}): void {
    change.run(state, more.sid ?? null, more.reason ?? null, at, businessId, callSid);
  }

  function goes(of: Of, at: number): void {
    set("deleting", of, at);
    queue("delete", of, at, at);
  }

  /** A name that Twilio gave it, whoever brings it first: the answer, a search, or a callback. */
  function started(of: Of, sid: string, at: number): Found | undefined {
    const row = find.get(of.businessId, of.callSid);
    if (row === undefined || row.sid !== null) return row;
    const isUnwanted = row.state === "deleting" || row.state === "deleted";
    set(row.state === "deleted" ? "deleted" : isUnwanted ? "deleting" : "started", of, at, { sid });
    if (isUnwanted) queue("delete", of, at, at);
    else queue("keep", of, at + LOOK_FOR_END_MS, at);
    return { ...row, sid };
  }

  return {
    set,
    started,
    goes,
    /** Twilio has begun twice, because an answer got lost: this one is nobody's evidence. */
    twinGoes: (of: Of, sid: string, at: number): void => queue("delete", of, at, at, sid),

    /** The announcement is served, or an agent takes over who never asked to be recorded. */
    follow({ call, recording, jurisdiction, script, served: { locale } }: Turn): void {
      if (recording === undefined || recording === null) return;
      const { businessId, callSid, simulated, at } = call;
      if (recording === "stop") {
        if (find.get(businessId, callSid) !== undefined) queue("stop", call, at, at);
        return;
      }
      const marked = simulated ? 1 : 0;
      const { changes } = want.run(businessId, callSid, marked, locale, jurisdiction, script, at, at);
      if (changes === 1) queue("start", call, at, at);
    },

    /** It is over, by whatever says so: what is to come of it need not wait. */
    hasten({ businessId, callSid }: Where, at: number): void {
      hasten.run(at, businessId, causeOf("keep", callSid), at);
    },

    /** A step that was given up. What has never begun is missing; what should not be there, and is not, is gone. */
    gaveUp(
      { businessId, callSid }: Where,
      step: RecordingStep,
      { code, message }: Failure,
      at: number,
    ): void {
      const row = find.get(businessId, callSid);
      if (row === undefined || step === "stop" || step === "delete") return;
      const where = { businessId, callSid };
      if (row.state === "deleting" && row.sid === null) set("deleted", where, at);
      if (row.state !== "wanted" && row.state !== "started") return;
      set("missing", where, at, { reason: code === null ? message : `Twilio ${code}: ${message}` });
    },

    /** Audio of the calls that somebody made, or that were about them. @returns how many go */
    forget(person: Person, at: number): number {
      const { businessId } = person;
      let going = 0;
      for (const callSid of ofPerson.all(person)) {
        const row = find.get(businessId, callSid);
        if (row === undefined || row.state === "deleting" || row.state === "deleted") continue;
        const of = { businessId, callSid, simulated: row.simulated === 1 };
        if (row.sid !== null) goes(of, at);
        else if (
          row.state === "missing" ||
          cancel.run(at, businessId, causeOf("start", callSid)).changes === 1
        )
          set("deleted", of, at);
        else set("deleting", of, at);
        going += row.state === "missing" && row.sid === null ? 0 : 1;
      }
      return going;
    },
  };
}

type Where = Pick<CallIdentity, "businessId" | "callSid">;
type Of = Pick<CallIdentity, "businessId" | "callSid" | "simulated">;
type Person = { readonly businessId: string; readonly subscriberId: string };
type Found = { readonly state: RecordingState; readonly sid: string | null; readonly simulated: 0 | 1 };
type More = { readonly sid?: string; readonly reason?: string };

function causeOf(step: RecordingStep, callSid: string): string {
  return `${step}:${callSid}`;
}
