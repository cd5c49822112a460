import { mask, type E164 } from "../call/phone-number.ts";
import type { ElsewherePage } from "../ledger/quality.ts";
import type { Access, CallRow } from "../ledger/reading.ts";
import type { Columns } from "./exports.ts";
import { failureWords } from "./pages/failures.ts";
import { whatWords, type OutgoingRow } from "./pages/outgoing.ts";

export const CALL_COLUMNS: Columns<CallRow> = {
  begun_at: ({ begunAt }) => iso(begunAt),
  business: ({ businessId }) => businessId,
  call_sid: ({ callSid }) => callSid,
  reference: ({ reference }) => reference,
  outcome: ({ outcome }) => outcome,
  caller: ({ caller }) => masked(caller),
  subscriber: ({ subscriberId }) => subscriberId,
  direction: ({ direction }) => direction,
  status: ({ status }) => status,
  duration_seconds: ({ durationSeconds }) => durationSeconds,
  locale: ({ locale }) => locale,
  jurisdiction: ({ jurisdiction }) => jurisdiction,
  attestation: ({ attestation }) => attestation,
  script: ({ script }) => script,
  simulated: ({ simulated }) => simulated,
};

/** Of what came another way than by phone. */
export const ENTRY_COLUMNS: Columns<ElsewherePage["rows"][number]> = {
  at: ({ at }) => iso(at),
  entry: ({ id }) => id,
  kind: ({ kind }) => kind,
  business: ({ businessId }) => businessId,
  number: ({ number }) => masked(number),
  subscriber: ({ subscriberId }) => subscriberId,
  topics: ({ topics }) => topics.join(" "),
  source: ({ source }) => source,
  simulated: ({ simulated }) => simulated,
};

export const OUTGOING_COLUMNS: Columns<OutgoingRow> = {
  at: ({ job }) => iso(job.at),
  id: ({ job }) => job.id,
  kind: ({ job }) => job.payload.kind,
  what: ({ job }) => whatWords(job),
  business: ({ job }) => job.businessId,
  number: ({ number }) => masked(number),
  subscriber: ({ job }) => job.subscriberId,
  state: ({ job }) => job.state,
  attempts: ({ job }) => job.attempts,
  due_at: ({ job }) => iso(job.dueAt),
  finished_at: ({ job }) => (job.finishedAt === null ? null : iso(job.finishedAt)),
  arrived: ({ message }) => message?.status ?? null,
  error_code: ({ job, message }) => job.errorCode ?? message?.errorCode ?? null,
  error: ({ job, message }) => failureWords(job.errorCode ?? message?.errorCode ?? null, job.errorMessage),
  simulated: ({ job }) => job.simulated,
};

export const ACCESS_COLUMNS: Columns<Access> = {
  at: ({ at }) => iso(at),
  who: ({ actorName }) => actorName,
  action: ({ action }) => action,
  business: ({ businessId }) => businessId,
  subject: ({ subject }) => subject,
  detail: ({ detail }) => detail,
};

function masked(number: E164 | null): string | null {
  return number === null ? null : mask(number);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
