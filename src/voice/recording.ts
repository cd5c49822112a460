import type { Recordings } from "../ledger/recordings.ts";
import type { Refusal } from "../twilio/fields.ts";
import { recordingInput } from "../twilio/form.ts";
import { webhookReader } from "../twilio/webhook.ts";
import type { ReceptionParts, Sighting } from "./reception.ts";

export type RecordingParts = Pick<ReceptionParts, "publicUrl" | "accounts"> & {
  readonly recordings: Pick<Recordings, "ended">;
  readonly now: () => number;
};

/** What became of a callback; `known` false: no call of ours was to be recorded under this name. */
export type RecordingHeard = Omit<Sighting, "caller"> & { readonly status: string; readonly known: boolean };

/**
 * Twilio tells that a call's audio is there, or that there is none. It is a hint, and signed: which audio it is, and of
 * what length, is asked for over REST. Whose call it is stands in the address, which we gave and Twilio signed.
 */
export function recordingEar({ publicUrl, accounts, recordings, now }: RecordingParts) {
  const genuine = webhookReader(publicUrl, accounts);
  return async (request: Request): Promise<RecordingHeard | Refusal> => {
    const received = await genuine(request, recordingInput);
    if ("refused" in received) return received;
    const { callSid, sid, status } = received.input;
    const { simulated } = received.account;
    const businessId = new URL(request.url).searchParams.get("business");
    const known =
      businessId !== null && (await recordings.ended({ businessId, callSid, sid, simulated, at: now() }));
    return { callSid, businessId: known ? businessId : null, simulated, status, known };
  };
}
