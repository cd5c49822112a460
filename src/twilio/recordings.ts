import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import type { Media } from "./media.ts";
import { found, notAccepted, sent, type Found, type NotAccepted, type Sent } from "./rest-outcome.ts";

/**
 * Recordings of calls, as one account. Like all that is asked over REST: nothing here throws or repeats.
 * Source: twilio.com/docs/voice/api/recording.
 */
export type RecordingRest = {
  /** The whole call from now on, both parties, silence and all. Refused where the call is not in progress. */
  startRecording(recording: NewRecording): Promise<Sent>;
  stopRecording(callSid: string, sid: string): Promise<Sent>;
  /** Those of one call, whatever became of them; bounded. */
  findRecordings(callSid: string): Promise<Found<CallRecording>>;
  fetchRecording(
    sid: string,
  ): Promise<{ readonly kind: "recording"; readonly recording: CallRecording } | NotAccepted>;
  /** Twilio forgets the audio. What is not there any more counts as accepted. */
  deleteRecording(sid: string): Promise<Sent>;
  /** The audio itself, piece by piece. */
  readonly fetchMedia: Media;
};

export type NewRecording = {
  readonly callSid: string;
  /** Told when the audio is there. That there is none is found by looking. */
  readonly statusCallback: string;
};

export type CallRecording = {
  readonly sid: string;
  readonly callSid: string;
  readonly status: string;
  /** Null until it has ended. */
  readonly seconds: number | null;
  /** Why it is absent. */
  readonly errorCode: string | null;
};

/** So many of one call are looked through: ours is one. */
const MAX_FOUND = 20;
const NOT_FOUND = "20404";

export function recordingRest(api: () => Promise<AccountContext>, fetchMedia: Media): RecordingRest {
  return {
    startRecording: ({ callSid, statusCallback }) =>
      sent(async () =>
        (await api()).calls(callSid).recordings.create({
          recordingStatusCallback: statusCallback,
          recordingStatusCallbackMethod: "POST",
          recordingChannels: "mono",
          // What was said and how long nobody said anything: all of it.
          trim: "do-not-trim",
        }),
      ),
    stopRecording: (callSid, sid) =>
      sent(async () => (await api()).calls(callSid).recordings(sid).update({ status: "stopped" })),
    findRecordings: (callSid) =>
      found(async () =>
        (await (await api()).calls(callSid).recordings.page({ pageSize: MAX_FOUND })).instances.map(
          recordingOf,
        ),
      ),
    async fetchRecording(sid) {
      try {
        return { kind: "recording", recording: recordingOf(await (await api()).recordings(sid).fetch()) };
      } catch (error) {
        return notAccepted(error);
      }
    },
    async deleteRecording(sid) {
      const answer = await sent(async () => {
        await (await api()).recordings(sid).remove();
        return { sid };
      });
      return answer.kind === "refused" && NOT_THERE.has(answer.code) ? { kind: "accepted", sid } : answer;
    },
    fetchMedia,
  };
}

const NOT_THERE: ReadonlySet<string> = new Set([NOT_FOUND, "404"]);

/** As Twilio shows it, of a call or by itself. */
type Shown = {
  readonly sid: string;
  readonly callSid: string;
  readonly status: string;
  readonly duration: string | null;
  readonly errorCode: number | null;
};

function recordingOf({ sid, callSid, status, duration, errorCode }: Shown): CallRecording {
  return {
    sid,
    callSid,
    status,
    // Twilio says -1 as long as it does not know.
    seconds: /^\d{1,9}$/.test(duration ?? "") ? Number(duration) : null,
    errorCode: errorCode ? String(errorCode) : null,
  };
}
