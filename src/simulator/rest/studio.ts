import { setImmediate as nextTurn } from "node:timers/promises";
import { virtualClock } from "../clock.ts";
import { newSid } from "../random.ts";
import { createWire } from "../wire.ts";
import { book, type Book } from "./book.ts";
import type { PostOfficeParts } from "./post-office.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { rfc2822 } from "./resources.ts";
import { SECONDS } from "./wav.ts";

/** A recording of a call (twilio.com/docs/voice/api/recording). */
export type Recording = {
  readonly sid: string;
  readonly callSid: string;
  readonly createdAt: number;
  status: "in-progress" | "completed";
  updatedAt: number;
  /** Whole seconds; null until it has ended. */
  seconds: number | null;
};

export type RecordingAsked = {
  readonly callSid: string;
  readonly statusCallback: string | undefined;
  /** Of which it wants to hear; "completed" unless told. */
  readonly events: ReadonlySet<string>;
};

/**
 * Where calls are recorded. The simulator's calls are played by whoever plays them, in minutes that take milliseconds:
 * so any call may be recorded here, and its audio is there at once.
 */
export type Studio = {
  readonly recordings: Book<Recording>;
  record(asked: RecordingAsked): Recording | Refusal;
  /** @returns false where there is no such recording */
  remove(sid: string): boolean;
};

const MAX_RECORDINGS = 1_000;
/** Recordings whose end is still being told. */
const MAX_UNDER_WAY = 50;

export function studio(parts: Omit<PostOfficeParts, "whatsappUrl" | "templates">): Studio {
  const { random, now, accountSid } = parts;
  const recordings = book<Recording>(MAX_RECORDINGS);
  let underWay = 0;

  async function finish(recording: Recording, { statusCallback, events }: RecordingAsked): Promise<void> {
    // The answer to the request comes first, then what follows from it.
    await nextTurn();
    recording.status = "completed";
    recording.seconds = SECONDS;
    recording.updatedAt = now();
    if (statusCallback === undefined || !events.has("completed")) return;
    const wire = createWire({ ...parts, clock: virtualClock() });
    const { sid, callSid, createdAt } = recording;
    const fields: [string, string][] = [
      ["AccountSid", accountSid],
      ["CallSid", callSid],
      ["ErrorCode", "0"],
      ["RecordingChannels", "1"],
      ["RecordingDuration", String(SECONDS)],
      ["RecordingSid", sid],
      ["RecordingSource", "StartCallRecordingAPI"],
      ["RecordingStartTime", rfc2822(createdAt)],
      ["RecordingStatus", "completed"],
      ["RecordingTrack", "both"],
      ["RecordingUrl", `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/${sid}`],
    ];
    await wire.request({ method: "POST", url: statusCallback, fields });
  }

  return {
    recordings,
    record(asked) {
      if (underWay >= MAX_UNDER_WAY) return refusal(429, 20_429, "Too Many Requests");
      const at = now();
      const sid = newSid("RE", random);
      const { callSid } = asked;
      const times = { createdAt: at, updatedAt: at };
      const recording: Recording = { sid, callSid, ...times, status: "in-progress", seconds: null };
      recordings.add(recording);
      underWay += 1;
      finish(recording, asked)
        .catch(parts.onError)
        .finally(() => (underWay -= 1));
      return recording;
    },
    remove: (sid) => recordings.remove(sid),
  };
}
