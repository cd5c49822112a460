import { createHash } from "node:crypto";
import type { Recording, Recordings } from "../ledger/recordings.ts";
import type { TwilioRest } from "../twilio/rest.ts";
import {
  cancelled,
  failed,
  fateOf,
  NO_ACCOUNT,
  notNow,
  type Carrier,
  type Fate,
  type Job,
  type Seen,
} from "./carrier.ts";

export type RecordingParts = {
  readonly publicUrl: string;
  readonly recordings: Recordings;
  /** Law 6: each world has its own account; null where this line has none. */
  readonly restOf: (simulated: boolean) => TwilioRest | null;
};

/** A lost answer is looked for so soon: the call is going on, and is to be recorded. */
const LOOK_AFTER_MS = 5_000;
/** What is not over yet is looked at again after so long, less and less often. */
const SHORTEST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** Audio that cannot go now is still being made. */
const DELETE_AGAIN_MS = 60_000;

/**
 * What is to be done at Twilio about a call's recording. Twilio knows whether a call is going on: one that has ended
 * cannot be recorded any more, which Twilio says, and the recording is missing.
 */
export function recordingCarrier({ publicUrl, recordings, restOf }: RecordingParts): Carrier<"recording"> {
  /** Twilio has begun: from here on a failure of ours leaves it in doubt, and it is looked for. */
  async function begun(job: Job<"recording">, sid: string, now: number): Promise<Fate> {
    try {
      await recordings.started(job.businessId, job.payload.callSid, sid, now);
      return { kind: "accepted", sid };
    } catch (error) {
      const message = `Twilio records, and it could not be noted: ${error instanceof Error ? error.name : "unknown"}.`;
      return { kind: "again", failure: { code: null, message }, unclear: true, afterMs: 0 };
    }
  }

  async function start(job: Job<"recording">, { state, sid }: Recording, rest: TwilioRest, now: number) {
    if (sid !== null) return { kind: "accepted", sid } as const;
    if (state !== "wanted") return cancelled(NOT_WANTED);
    const { businessId, payload } = job;
    const statusCallback = `${publicUrl}/voice/recording?business=${encodeURIComponent(businessId)}`;
    const sent = await rest.startRecording({ callSid: payload.callSid, statusCallback });
    if (sent.kind === "accepted") return begun(job, sent.sid, now);
    const fate = fateOf(sent);
    return fate.kind === "again" && fate.unclear ? { ...fate, afterMs: LOOK_AFTER_MS } : fate;
  }

  async function stop(
    { payload }: Job<"recording">,
    { state, sid }: Recording,
    rest: TwilioRest,
    now: number,
  ) {
    if (state === "wanted") return { kind: "held", until: now + SHORTEST_WAIT_MS } as const;
    if (state !== "started" || sid === null) return cancelled("It is over already.");
    const sent = await rest.stopRecording(payload.callSid, sid);
    if (sent.kind !== "refused") return fateOf(sent);
    const asked = await rest.fetchRecording(sid);
    const goesOn = asked.kind !== "recording" || asked.recording.status === "in-progress";
    return goesOn ? fateOf(sent) : cancelled("It is over already.");
  }

  async function keep(job: Job<"recording">, { sid, state }: Recording, rest: TwilioRest, now: number) {
    if (sid === null || !(state === "started" || state === "missing")) return cancelled(NOT_WANTED);
    const { businessId, payload } = job;
    const { callSid } = payload;
    const standing = await recordings.standing(businessId, callSid);
    if (standing?.hasEntry !== true) {
      if (standing?.ended !== true) return later(job, now);
      await recordings.drop(businessId, callSid, now);
      return cancelled("Nothing was recorded of what the caller said: nobody needs the audio, and it goes.");
    }
    const asked = await rest.fetchRecording(sid);
    if (asked.kind !== "recording") return fateOf(asked);
    const { status, seconds, errorCode } = asked.recording;
    if (UNFINISHED.has(status)) return later(job, now);
    if (status !== "completed")
      return {
        kind: "failed",
        failure: { code: errorCode, message: `Twilio's audio is ${status}.` },
      } as const;
    const digest = createHash("sha256");
    const taken = await rest.fetchMedia(sid, (piece) => digest.update(piece));
    if (taken.kind === "too-long") return failed("The audio is longer than any call.");
    if (taken.kind !== "taken") return fateOf(taken);
    if (taken.bytes === 0) return failed("Twilio's audio is empty.");
    const audio = { sid, seconds: seconds ?? 0, bytes: taken.bytes, sha256: digest.digest("hex") };
    const entry = await recordings.keep(businessId, callSid, audio, now);
    return entry === null ? cancelled(NOT_WANTED) : ({ kind: "accepted", sid } as const);
  }

  async function remove(
    { businessId, payload }: Job<"recording">,
    recording: Recording,
    rest: TwilioRest,
    now: number,
  ) {
    const sid = payload.sid ?? recording.sid;
    if (sid === null) return cancelled("It never began.");
    const sent = await rest.deleteRecording(sid);
    if (sent.kind === "refused") {
      const { code, message } = sent;
      return { kind: "again", failure: { code, message }, unclear: false, afterMs: DELETE_AGAIN_MS } as const;
    }
    if (sent.kind === "accepted" && sid === recording.sid)
      await recordings.deleted(businessId, payload.callSid, now);
    return fateOf(sent);
  }

  return {
    /** All but the start may be done twice. */
    async look(job): Promise<Seen> {
      const { step, callSid } = job.payload;
      if (step !== "start") return { kind: "absent" };
      const found = await restOf(job.simulated)?.findRecordings(callSid);
      if (found === undefined) return { kind: "unknown", reason: NO_ACCOUNT };
      if (found.kind === "unknown") return found;
      const [first] = found.items;
      if (first === undefined) return { kind: "absent" };
      const noted = await begun(job, first.sid, job.unclearSince ?? job.at);
      return noted.kind === "accepted"
        ? { kind: "arrived", sid: first.sid }
        : { kind: "unknown", reason: "it could not be noted" };
    },

    async send(job, now): Promise<Fate> {
      const { businessId, simulated, payload } = job;
      const recording = await recordings.of(businessId, payload.callSid);
      if (recording === null) return cancelled(NOT_WANTED);
      const rest = restOf(simulated);
      if (rest === null) return notNow(NO_ACCOUNT);
      switch (payload.step) {
        case "start":
          return start(job, recording, rest, now);
        case "stop":
          return stop(job, recording, rest, now);
        case "keep":
          return keep(job, recording, rest, now);
        case "delete":
          return remove(job, recording, rest, now);
      }
    },
  };
}

const NOT_WANTED = "It is not wanted any more.";
const UNFINISHED: ReadonlySet<string> = new Set(["in-progress", "paused", "stopped", "processing"]);

function later({ at }: Job<"recording">, now: number): Fate {
  const wait = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (now - at) / 10));
  return { kind: "held", until: Math.ceil(now + wait) };
}

/** Audio for somebody's ears. It is held against what was sealed before a second of it is heard. */
export type Played =
  | { readonly kind: "audio"; readonly audio: Uint8Array<ArrayBuffer> }
  /** There is none, or none any more. */
  | { readonly kind: "none"; readonly reason: string }
  /** It is not the audio that was sealed. */
  | { readonly kind: "altered"; readonly sealed: string; readonly found: string }
  | { readonly kind: "unreachable"; readonly reason: string };

/** An hour of telephone audio: what is played is held in memory, because it is checked as a whole. */
const MAX_PLAYED_BYTES = 64_000_000;
const MAX_PLAYED_AT_ONCE = 3;

export function recordingPlayer({ recordings, restOf }: Pick<RecordingParts, "recordings" | "restOf">) {
  let underWay = 0;

  async function play(businessId: string, callSid: string): Promise<Played> {
    const recording = await recordings.of(businessId, callSid);
    const audio = await recordings.audioOf(businessId, callSid);
    if (recording === null || recording.state !== "kept" || audio === null)
      return { kind: "none", reason: "There is no audio of this call, or none any more." };
    if (audio.bytes > MAX_PLAYED_BYTES)
      return { kind: "unreachable", reason: "It is longer than an hour: fetch it from Twilio." };
    const rest = restOf(recording.simulated);
    if (rest === null) return { kind: "unreachable", reason: NO_ACCOUNT };
    const pieces: Uint8Array[] = [];
    const digest = createHash("sha256");
    let kept = 0;
    const taken = await rest.fetchMedia(audio.sid, (piece) => {
      digest.update(piece);
      kept += piece.length;
      if (kept <= audio.bytes) pieces.push(piece);
    });
    if (taken.kind === "too-long") return { kind: "unreachable", reason: "Twilio's audio does not end." };
    if (taken.kind !== "taken") {
      const reason =
        "reason" in taken ? taken.reason : "message" in taken ? taken.message : "too many requests";
      return { kind: "unreachable", reason: `Twilio gives no audio: ${reason}` };
    }
    const found = digest.digest("hex");
    if (found !== audio.sha256) return { kind: "altered", sealed: audio.sha256, found };
    return { kind: "audio", audio: new Uint8Array(Buffer.concat(pieces)) };
  }

  return async (businessId: string, callSid: string): Promise<Played> => {
    if (underWay >= MAX_PLAYED_AT_ONCE)
      return { kind: "unreachable", reason: "Others are listening: try again in a moment." };
    underWay += 1;
    try {
      return await play(businessId, callSid);
    } finally {
      underWay -= 1;
    }
  };
}
