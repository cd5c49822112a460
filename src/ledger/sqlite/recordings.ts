import type { Entry } from "../ledger.ts";
import type { Audio, EndedRecording, Recording, Recordings, Standing } from "../recordings.ts";
import type { Connection } from "./connection.ts";
import { NOTICE_OF_CALL, type EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";

/** So many are counted; more are as bad. */
const MAX_COUNTED = 10_000;

/** Calls that are recorded, on one SQLite file. */
export function sqliteRecordings(
  { client }: Connection,
  { write, book }: { write: Write; book: EntryBook },
): Recordings {
  const { recordings } = book;
  const find = client.prepare<[string, string], Row>(
    `SELECT business_id AS businessId, call_sid AS callSid, simulated, locale, jurisdiction, script, state, sid, reason,
       entry_id AS entryId, at, changed_at AS changedAt
     FROM recording WHERE business_id = ? AND call_sid = ?`,
  );
  const call = client.prepare<[string, string], Called>(
    `SELECT subscriber_id AS subscriberId, attestation, ended_at AS endedAt FROM call
     WHERE business_id = ? AND call_sid = ?`,
  );
  /** Whom the call was about: its caller, where an entry is about them; else whoever it is about. */
  const about = client
    .prepare<[string, string, string | null], string>(
      `SELECT subscriber_id FROM entry WHERE business_id = ? AND source_id = ? AND kind <> 'recorded'
       ORDER BY subscriber_id IS NOT ?, seq LIMIT 1`,
    )
    .pluck();
  const audio = client.prepare<[string, string], Audio>(
    `SELECT recording_sid AS sid, recording_seconds AS seconds, recording_bytes AS bytes, recording_sha256 AS sha256
     FROM entry WHERE business_id = ? AND source_id = ? AND step = '${STEP}' AND attempt = 1 AND kind = 'recorded'`,
  );
  const name = client.prepare<[string, string, string]>(
    "UPDATE recording SET entry_id = ? WHERE business_id = ? AND call_sid = ?",
  );
  const counted = (state: string, more = "") =>
    client
      .prepare<[], number>(
        `SELECT count(*) FROM (SELECT 1 FROM recording INDEXED BY recording_unwell WHERE state IN ('missing', 'deleting')
           AND state = '${state}' ${more}
         LIMIT ${MAX_COUNTED})`,
      )
      .pluck();
  const missing = counted(
    "missing",
    `AND EXISTS (SELECT 1 FROM entry WHERE entry.business_id = recording.business_id
       AND entry.source_id = recording.call_sid)`,
  );
  const deleting = counted("deleting");

  function keepNow(businessId: string, callSid: string, found: Audio, at: number): Entry | null {
    const row = find.get(businessId, callSid);
    const called = call.get(businessId, callSid);
    if (row === undefined || called === undefined || row.sid !== found.sid || !KEEPABLE.has(row.state))
      return null;
    const subscriberId = about.get(businessId, callSid, called.subscriberId);
    if (subscriberId === undefined) return null;
    const entry = book.insert({
      businessId,
      subscriberId,
      kind: "recorded",
      topics: [],
      locale: row.locale,
      jurisdiction: row.jurisdiction,
      script: row.script,
      source: "call",
      sourceId: callSid,
      step: STEP,
      attempt: 1,
      callSid,
      ...NOTICE_OF_CALL,
      attestation: called.attestation,
      simulated: row.simulated === 1,
      reason: null,
      recordingSid: found.sid,
      recordingSeconds: found.seconds,
      recordingBytes: found.bytes,
      recordingSha256: found.sha256,
      at,
    });
    recordings.set("kept", row, at);
    name.run(entry.id, businessId, callSid);
    return entry;
  }

  function endedNow({ simulated, sid, at, ...where }: EndedRecording): boolean {
    const row = find.get(where.businessId, where.callSid);
    if (row === undefined || (row.simulated === 1) !== simulated) return false;
    const known = recordings.started({ ...where, simulated }, sid, at);
    if (known?.sid === sid) recordings.hasten(where, at);
    else recordings.twinGoes({ ...where, simulated }, sid, at);
    return true;
  }

  function dropNow(businessId: string, callSid: string, at: number): void {
    const row = find.get(businessId, callSid);
    if (row !== undefined && KEEPABLE.has(row.state))
      recordings.goes({ businessId, callSid, simulated: row.simulated === 1 }, at);
  }

  return {
    async of(businessId, callSid) {
      return recordingOf(find.get(businessId, callSid));
    },
    async standing(businessId, callSid): Promise<Standing | null> {
      const recording = recordingOf(find.get(businessId, callSid));
      if (recording === null) return null;
      const called = call.get(businessId, callSid);
      const subscriberId = about.get(businessId, callSid, called?.subscriberId ?? null);
      return { recording, ended: (called?.endedAt ?? null) !== null, hasEntry: subscriberId !== undefined };
    },
    audioOf: async (businessId, callSid) => audio.get(businessId, callSid) ?? null,
    started: (businessId, callSid, sid, at) =>
      write(() => {
        const simulated = find.get(businessId, callSid)?.simulated === 1;
        recordings.started({ businessId, callSid, simulated }, sid, at);
      }),
    ended: (over) => write(() => endedNow(over)),
    keep: (businessId, callSid, found, at) => write(() => keepNow(businessId, callSid, found, at)),
    drop: (businessId, callSid, at) => write(() => dropNow(businessId, callSid, at)),
    deleted: (businessId, callSid, at) => write(() => recordings.set("deleted", { businessId, callSid }, at)),
    unwell: async () => ({ missing: missing.get() ?? 0, deleting: deleting.get() ?? 0 }),
  };
}

/** The step that makes a call's `recorded` entry the only one. */
const STEP = "recording";
const KEEPABLE: ReadonlySet<string> = new Set(["started", "missing"]);

type Row = Omit<Recording, "simulated"> & { readonly simulated: 0 | 1 };
type Called = {
  readonly subscriberId: string | null;
  readonly attestation: string;
  readonly endedAt: number | null;
};

function recordingOf(row: Row | undefined): Recording | null {
  return row === undefined ? null : { ...row, simulated: row.simulated === 1 };
}
